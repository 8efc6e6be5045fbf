"""The best k of a stream of scored items, without sorting or storing the stream.

The published code ranks with ``flip(stable_argsort(score))``: highest score first and, among equal
scores, the *later* item of the list first. With ``order`` the item's place in that list, this is
the total order (score, order) descending, which an insertion into k sorted places keeps.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mfnas_vec._jit import njit_call, njit_inline
from mfnas_vec._structs import alone

_HALF = 32
_LOW_HALF = (1 << _HALF) - 1
_ZERO = np.uint64(0)
_ONE = np.uint64(1)


class Top(NamedTuple):
    """The best items so far, best first. ``item`` is ``order * 2**32 + code``."""

    score: npt.NDArray[np.float64]  # [k]
    item: npt.NDArray[np.int64]  # [k]


def make_top(k: int) -> Top:
    """Slots for the best ``k`` items."""
    return Top(alone(k, np.float64), alone(k, np.int64))


@njit_inline
def join(high, low):
    """Two integers of ``[0, 2**31)`` in one."""
    return (high << _HALF) | low


@njit_inline
def low_of(joined):
    """The lower one."""
    return joined & _LOW_HALF


@njit_inline
def high_of(joined):
    """The upper one."""
    return joined >> _HALF


@njit_inline
def rank(top, places, n):
    """Write the places of the ``n`` numbers in ``top.score`` to ``places``, in the order of ``insert``.

    Every pair is compared once, and counted at its later number: for few numbers that is faster than
    unpredictable branches.
    """
    for i in range(np.uint64(n)):
        score = top.score[i]
        n_before = 0
        for j in range(i):
            earlier_wins = top.score[j] > score
            n_before += earlier_wins
            top.item[j] += not earlier_wins
        top.item[i] = n_before
    for i in range(np.uint64(n)):
        places[np.uint64(top.item[i])] = np.int64(i)


@njit_inline
def insert(top, n, k, score, order, code):
    """Offer an item to the ``n`` kept of at most ``k``; returns the new number of kept items."""
    item = join(order, code)
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


@njit_call
def sift(items, i, n):
    """Move item ``i`` down to where no item below it in the heap of ``n`` is greater."""
    item = items[i]
    while 2 * i + 1 < n:
        child = 2 * i + 1
        if child + 1 < n and items[child + 1] > items[child]:
            child += 1
        if items[child] <= item:
            break
        items[i] = items[child]
        i = child
    items[i] = item


@njit_call
def sort(items, n):
    """Sort the first ``n`` integers in place, ascending (heapsort: without memory of its own)."""
    for first in range(n // 2 - 1, -1, -1):
        sift(items, first, n)
    for last in range(n - 1, 0, -1):
        items[0], items[last] = items[last], items[0]
        sift(items, 0, last)


@njit_call
def is_in(items, n, item):
    """Whether one of ``n`` ascending integers is ``item``."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if items[middle] < item:
            low = middle + 1
        else:
            high = middle
    return low < n and items[low] == item


@njit_inline
def code_at(top, i):
    """Code of a kept item."""
    return low_of(top.item[i])
