"""The best k of a stream of scored items, without sorting or storing the stream.

The published code ranks with ``flip(stable_argsort(score))``: highest score first and, among equal
scores, the *later* item of the list first. With ``order`` the item's place in that list, this is
the total order (score, order) descending, which an insertion into k sorted places keeps.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mfnas_vec._jit import njit_inline

_HALF = 32
_LOW_HALF = (1 << _HALF) - 1
_ZERO = np.uint64(0)
_ONE = np.uint64(1)


class Top(NamedTuple):
    """The best items so far, best first. ``item`` is ``order * 2**32 + code``."""

    score: npt.NDArray[np.float64]  # [k]
    item: npt.NDArray[np.int64]  # [k]


def make_top(k: int) -> Top:
    """Room for the best ``k`` items."""
    return Top(np.zeros(k), np.zeros(k, np.int64))


@njit_inline
def insert(top, n, k, score, order, code):
    """Offer an item to the ``n`` kept of at most ``k``; returns the new number of kept items."""
    item = (order << _HALF) | code
    if n == k:
        if k == 0 or score < top.score[n - 1] or (score == top.score[n - 1] and item < top.item[n - 1]):
            return n
        n -= 1
    i = np.uint64(n)
    while i > _ZERO:
        before = i - _ONE
        other = top.score[before]
        if other > score or (other == score and top.item[before] > item):
            break
        top.score[i] = other
        top.item[i] = top.item[before]
        i = before
    top.score[i] = score
    top.item[i] = item
    return n + 1


@njit_inline
def code_at(top, i):
    """Code of a kept item."""
    return top.item[i] & _LOW_HALF


@njit_inline
def order_at(top, i):
    """Place of a kept item in the list that is ranked."""
    return top.item[i] >> _HALF
