"""The best k of a stream of scored items, without sorting or storing the stream.

The published code ranks with ``flip(stable_argsort(score))``: highest score first and, among equal
scores, the *later* item of the list first. With ``order`` the item's place in that list, this is
the total order (score, order) descending, which an insertion into k sorted places keeps.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mfnas_vec._jit import njit_call


class Top(NamedTuple):
    """The best items so far, best first."""

    score: npt.NDArray[np.float64]  # [k]
    order: npt.NDArray[np.int64]  # [k]
    code: npt.NDArray[np.int64]  # [k]
    row: npt.NDArray[np.int64]  # [k]


def make_top(k: int) -> Top:
    """Room for the best ``k`` items."""
    order, code, row = (np.zeros(k, np.int64) for _ in range(3))
    return Top(np.zeros(k), order, code, row)


@njit_call
def insert(top, n, k, score, order, code, row):  # type: ignore[no-untyped-def]
    """Offer an item to the ``n`` kept of at most ``k``; returns the new number of kept items."""
    if n == k:
        if k == 0 or score < top.score[n - 1] or (score == top.score[n - 1] and order < top.order[n - 1]):
            return n
        n -= 1
    i = n
    while i > 0 and (top.score[i - 1] < score or (top.score[i - 1] == score and top.order[i - 1] < order)):
        top.score[i] = top.score[i - 1]
        top.order[i] = top.order[i - 1]
        top.code[i] = top.code[i - 1]
        top.row[i] = top.row[i - 1]
        i -= 1
    top.score[i] = score
    top.order[i] = order
    top.code[i] = code
    top.row[i] = row
    return n + 1
