"""Successive halving (SH): train all candidates a little, keep the better half, train on.

Source: K. Jamieson and A. Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter
Optimization", AISTATS 2016, as MF-NAS uses it.
"""

import dataclasses
from typing import Annotated

from msgspec import Meta

from mfnas_vec._jit import njit_inline
from mfnas_vec.search.fidelity import MultiFidelity
from mfnas_vec.search.interface import STOP_COMPLETED, STOP_TIME, begin, end, sample, train_to
from mfnas_vec.search.ranking import high_of, join, low_of, rank
from mfnas_vec.search.registry import optimizer

#: Largest number of candidates of a halving.
MAX_CANDIDATES = 100_000

NCandidate = Annotated[
    int,
    Meta(ge=1, le=MAX_CANDIDATES, description="number of candidates at the first rung", extra={"alias": "k"}),
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SuccessiveHalving(MultiFidelity):
    """Settings of successive halving."""

    n_candidate: NCandidate

    def n_eval(self) -> float:
        """Evaluations that a run makes at most."""
        return 2.0 * self.n_candidate + len(self.list_iepoch or (None,))


@njit_inline
def halve(ctx, state, n):
    """Play the ``n`` candidates in ``work.candidates`` against each other."""
    work, rungs = ctx.work, ctx.objective
    candidates, charged, places, top = work.candidates, work.values, work.places, work.top
    charged[:n] = 0.0
    trained = 0
    stop = STOP_COMPLETED if n > 0 else STOP_TIME
    for rung in range(rungs.epochs.size):
        for i in range(n):
            code, row = low_of(candidates[i]), high_of(candidates[i])
            score, state, made, charged[i] = train_to(ctx, state, code, row, rung, trained, charged[i])
            if not made:
                return end(state, STOP_TIME)
            top.score[i] = score
        n_keep = (n + 1) // 2
        if n_keep <= 1:
            break
        rank(top, places, n)
        # What a candidate has paid moves with it; the scores of the rung are not needed any more.
        for i in range(n_keep):
            top.score[i], top.item[i] = charged[places[i]], candidates[places[i]]
        for i in range(n_keep):
            charged[i], candidates[i] = top.score[i], top.item[i]
        n = n_keep
        trained = rungs.epochs[rung]
    return end(state, stop)


@optimizer("SH", SuccessiveHalving, title="successive halving", memory=lambda space, p: p.n_candidate)
def successive_halving(ctx, p):
    """Successive halving of random candidates."""
    for i in range(p.n_candidate):
        code, row = sample(ctx)
        ctx.work.candidates[i] = join(row, code)
    return halve(ctx, begin(), p.n_candidate)
