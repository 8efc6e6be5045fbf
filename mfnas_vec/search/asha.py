"""ASHA: asynchronous successive halving, here with one worker.

Source: L. Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020, algorithm 2.
Whenever the worker is free, the best candidate that is among the first 1/eta of its rung and was not
promoted yet is trained on, the highest rung first; where there is none, another candidate begins. The
answer is the architecture with the best score of any rung.
"""

import dataclasses
from typing import Annotated

from msgspec import Meta

from mfnas_vec._jit import njit_inline
from mfnas_vec.search.hyperband import Promoting, n_rung
from mfnas_vec.search.interface import sample, train_to
from mfnas_vec.search.ranking import high_of, join, low_of
from mfnas_vec.search.registry import optimizer
from mfnas_vec.search.state import STOP_COMPLETED, STOP_EPOCHS, STOP_TIME, begin, end, epochs_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asha(Promoting):
    """Settings of ASHA."""

    max_candidate: Annotated[int, Meta(ge=1, le=100_000, description="candidates that begin, at most")] = 4_096

    def ends(self) -> float:
        """Evaluations of as many candidates."""
        return float(self.max_candidate) * n_rung(self)


@njit_inline
def next_promotion(work, n_rung, n_slot, eta):
    """The rung and the place there of what is promoted next; (-1, -1) if nothing is."""
    for rung in range(n_rung - 2, -1, -1):
        for i in range(work.places[rung] // eta):
            if not work.marks[rung * n_slot + i]:
                return rung, i
    return -1, -1


@njit_inline
def arrive(work, rung, n_slot, score, item, charged):
    """Note a candidate on a rung, which is kept in order: best first, then earliest."""
    top, n = work.top, work.places[rung]
    i = rung * n_slot + n
    while i > rung * n_slot and top.score[i - 1] < score:
        top.score[i], top.item[i] = top.score[i - 1], top.item[i - 1]
        work.values[i], work.marks[i] = work.values[i - 1], work.marks[i - 1]
        i -= 1
    top.score[i], top.item[i], work.values[i], work.marks[i] = score, item, charged, 0
    work.places[rung] = n + 1


@optimizer(
    "ASHA",
    Asha,
    title="asynchronous successive halving, one worker",
    memory=lambda space, p: p.max_candidate * n_rung(p),
)
def asha(ctx, p):
    """One run."""
    work, rungs = ctx.work, ctx.objective
    n_rung, n_slot = rungs.epochs.size, p.max_candidate
    state = begin()
    for rung in range(n_rung):
        work.places[rung] = 0
    while True:
        rung, i = next_promotion(work, n_rung, n_slot, p.eta)
        trained, charged = 0, 0.0
        if rung >= 0:
            place = rung * n_slot + i
            work.marks[place] = 1
            item, charged, trained = work.top.item[place], work.values[place], rungs.epochs[rung]
            code, row = low_of(item), high_of(item)
        elif work.places[0] == n_slot:
            return end(state, STOP_COMPLETED)
        else:
            code, row = sample(ctx)
            item = join(row, code)
        if epochs_of(ctx, state) + rungs.epochs[rung + 1] - trained > p.max_epochs:
            return end(state, STOP_EPOCHS)
        score, state, made, charged = train_to(ctx, state, code, row, rung + 1, trained, charged)
        if not made:
            return end(state, STOP_TIME)
        arrive(work, rung + 1, n_slot, score, item, charged)
