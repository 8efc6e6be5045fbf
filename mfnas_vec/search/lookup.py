"""From codes to rows, and what distinguishes architectures."""

import numpy as np

from mfnas_vec._jit import njit_inline
from mfnas_vec.spaces.arrays import IDENTITY, N_MASK, NO_ARCH, ONE_LEVEL, SPLIT_SHIFT

_N_MASK = np.uint32(N_MASK)


@njit_inline
def at(array, i):
    """``array[i]`` of an index known not to be negative, without the test for that."""
    return array[np.uint64(i)]


@njit_inline
def row_of(space, code):
    """Table row of a code; ``NO_ARCH`` where the genotype is invalid."""
    if space.kind == IDENTITY:
        return code
    if space.kind == ONE_LEVEL:
        return np.int64(at(space.cell, code))
    high = (code * space.split) >> SPLIT_SHIFT
    low = code - high * space.n_low
    form = at(space.high_form, high)
    if form < 0:
        return np.int64(NO_ARCH)
    packed = np.uint32(at(space.form, form))
    compressed = space.low_code[np.uint64(packed % _N_MASK), np.uint64(low)]
    return np.int64(np.uint32(space.cell[np.uint64(packed // _N_MASK + compressed)]))


@njit_inline
def key_of(space, code, row):
    """What two evaluations of the same architecture share."""
    return row if space.key_is_row else code
