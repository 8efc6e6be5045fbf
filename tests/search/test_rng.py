import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfnas_vec.reference.streams import KernelStream
from mfnas_vec.search import rng
from mfnas_vec.search.genome import draw_sample
from mfnas_vec.spaces import get_space

SEEDS = st.integers(0, 2**63 - 1)


def state_of(seed, run):
    state = np.zeros(3, np.uint64)
    rng.seed_run(state, seed, run)
    return state


def test_splitmix64_reference_values():
    state = np.array([1234567, 0x9E3779B97F4A7C15, 0], np.uint64)
    rng.next_bits(state)  # the draw made ahead
    assert [int(rng.next_bits(state)) for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


@pytest.mark.slow
@given(SEEDS, st.integers(0, 2**40), st.lists(st.integers(1, 2**32 - 1), min_size=1, max_size=20))
def test_kernel_stream_is_the_kernels_generator(seed, run, bounds):
    state, plain = state_of(seed, run), KernelStream(seed, run)
    for n in bounds:
        assert rng.below(state, n) == plain.index(n)
        assert rng.unit(state) == plain.unit()


def test_steps_are_odd_and_differ_between_runs():
    states = np.array([state_of(0, run) for run in range(2000)])
    assert (states[:, 1] % 2 == 1).all()
    assert len(np.unique(states[:, 0])) == len(np.unique(states[:, 1])) == 2000


def test_one_of_one_draws_nothing():
    state = state_of(5, 6)
    before = state.copy()
    assert rng.below(state, 1) == 0
    np.testing.assert_array_equal(state, before)


@pytest.mark.parametrize("n", [2, 3, 5, 26, 32, 325])
def test_below_is_uniform(n):
    draws = 200_000
    state = state_of(1, n)
    counts = np.bincount([rng.below(state, n) for _ in range(draws)], minlength=n)
    chi2 = ((counts - draws / n) ** 2 / (draws / n)).sum()
    assert counts.size == n
    assert abs(chi2 - (n - 1)) < 5 * np.sqrt(2 * (n - 1))


def test_neighbouring_runs_are_uncorrelated():
    first = np.array([KernelStream(0, run).unit() for run in range(20_000)])
    assert abs(first.mean() - 0.5) < 0.01
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.03


@pytest.mark.slow
def test_samples_are_uniform():
    space = get_space("nb201")
    state = state_of(2, 0)
    codes = np.array([draw_sample(space.arrays, state)[0] for _ in range(100_000)])
    genes = space.decode(codes)
    for gene in genes.T:
        assert np.abs(np.bincount(gene, minlength=5) / codes.size - 0.2).max() < 0.006
    assert np.unique(codes).size > 15_500
