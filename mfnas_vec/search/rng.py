"""Random numbers: one generator per run, SplitMix64 with a step of its own.

Source: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
The state of a run is ``(position, step, next draw)``, derived from (seed, run index) only. The next
draw is made one ahead, so that it is there when a branch has been mispredicted. Rule for choices:
a choice among one draws nothing.
"""

import numpy as np

from mfnas_vec._jit import njit_inline

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_STEP_1 = np.uint64(0xFF51AFD7ED558CCD)
_STEP_2 = np.uint64(0xC4CEB9FE1A85EC53)
_ALTERNATE = np.uint64(0xAAAAAAAAAAAAAAAA)
_ONE = np.uint64(1)
_S11 = np.uint64(11)
_S27 = np.uint64(27)
_S30 = np.uint64(30)
_S31 = np.uint64(31)
_S32 = np.uint64(32)
_S33 = np.uint64(33)
_LOW_32 = np.uint64(0xFFFFFFFF)
_TWO_32 = np.uint64(1 << 32)
_TO_UNIT = 2.0**-53


@njit_inline
def mix(z: np.uint64) -> np.uint64:
    """Scramble 64 bits (the finalizer of SplitMix64)."""
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@njit_inline
def mix_step(z):
    """An odd step with enough bit changes between neighbours."""
    z = (z ^ (z >> _S33)) * _STEP_1
    z = (z ^ (z >> _S33)) * _STEP_2
    z = (z ^ (z >> _S33)) | _ONE
    changes = 0
    bits = z ^ (z >> _ONE)
    while bits:
        bits &= bits - _ONE
        changes += 1
    return z ^ _ALTERNATE if changes < 24 else z


@njit_inline
def seed_run(state, seed, run):
    """Set ``state`` (uint64, shape ``(3,)``) for a run of a seed."""
    root = mix(np.uint64(seed) + _GOLDEN)
    place = (np.uint64(run) << _ONE) * _GOLDEN
    state[0] = mix(root + place + _GOLDEN)
    state[1] = mix_step(root + place + _GOLDEN + _GOLDEN)
    state[0] += state[1]
    state[2] = mix(state[0])


@njit_inline
def next_bits(state):
    """The next 64 random bits."""
    bits = state[2]
    state[0] += state[1]
    state[2] = mix(state[0])
    return bits


@njit_inline
def high_half(bits):
    """The upper 32 of 64 bits."""
    return bits >> _S32


@njit_inline
def low_half(bits):
    """The lower 32 of 64 bits."""
    return bits & _LOW_32


@njit_inline
def below(state, n):
    """A uniform integer of ``[0, n)``, ``1 <= n < 2**32``, without bias; nothing is drawn for ``n = 1``."""
    return choose(state, high_half(next_bits(state)), n) if n > 1 else 0


@njit_inline
def choose(state, half, n):
    """``below`` of 32 random bits that are there; in the rare case that they are biased, of new ones.

    Source: D. Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 2019.
    """
    bound = np.uint64(n)
    product = half * bound
    if (product & _LOW_32) < bound:
        rejected = (_TWO_32 - bound) % bound
        while (product & _LOW_32) < rejected:
            product = (next_bits(state) >> _S32) * bound
    return np.int64(product >> _S32)


@njit_inline
def unit(state):
    """A uniform float of ``[0, 1)``, a multiple of 2**-53."""
    return np.float64(next_bits(state) >> _S11) * _TO_UNIT
