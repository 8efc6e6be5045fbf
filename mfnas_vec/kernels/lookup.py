"""From codes to rows, and from rows to scores and prices."""

import numpy as np

from mfnas_vec._jit import njit_inline
from mfnas_vec.spaces.base import IDENTITY, NO_ARCH, ONE_LEVEL, SPLIT_SHIFT


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
    compressed = space.low_code[np.uint64(at(space.form_mask, form)), np.uint64(low)]
    return np.int64(at(space.cell, at(space.form_offset, form) + compressed))


@njit_inline
def key_of(space, code, row):
    """What two evaluations of the same architecture share."""
    return row if space.key_is_row else code


@njit_inline
def price_of(objective, row):
    """Seconds that one evaluation costs."""
    return at(objective.seconds, row * objective.seconds_step)
