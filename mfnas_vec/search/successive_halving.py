"""Successive halving (SH): train all candidates a little, keep the better half, train on.

Source: K. Jamieson and A. Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter
Optimization", AISTATS 2016, as MF-NAS uses it.
"""

import dataclasses
from typing import Annotated

import numpy as np
import xarray as xr
from msgspec import Meta

from mfnas_vec._jit import njit_inline
from mfnas_vec.protocols import REFUSE
from mfnas_vec.search.fidelity import Inputs, MultiFidelity, Read, halving_of, selected_on
from mfnas_vec.search.interface import sample, settle, train_to
from mfnas_vec.search.ranking import high_of, join, low_of, rank
from mfnas_vec.search.registry import optimizer
from mfnas_vec.search.state import STOP_COMPLETED, STOP_TIME, begin, end, with_incumbent
from mfnas_vec.spaces.arrays import NO_ARCH
from mfnas_vec.tables import dense

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

    def rungs(self, table: xr.Dataset, protocol: str) -> tuple[dense.Rungs, list[Read]]:
        """The metric at its rungs, and what else chooses the answer."""
        return halving_of(table, self.metric, self.using_zc_metric, self.list_iepoch, protocol)

    def inputs(self, table: xr.Dataset, protocol: str) -> Inputs:
        """The metric at its rungs as objective."""
        return super().inputs(table, protocol)._replace(selected_on=selected_on(protocol))

    def n_eval(self) -> float:
        """Evaluations that a run makes at most."""
        return 2.0 * self.n_candidate + len(self.list_iepoch or (None,))


@njit_inline
def cut(ctx, state, first, n):
    """The state after the budget has cut a halving before the candidates from ``first`` on."""
    work, rules = ctx.work, ctx.budget.rules
    if rules.budget == REFUSE:
        if rules.stale_scores:
            for i in range(first, n):
                if work.latest[i] > state.score:
                    code, row = low_of(work.candidates[i]), high_of(work.candidates[i])
                    state = with_incumbent(state, work.latest[i], code, row)
        if rules.empty_if_cut and ctx.objective.minimized:
            state = with_incumbent(state, -np.inf, NO_ARCH, NO_ARCH)
        settle(ctx, state)
    return end(state, STOP_TIME)


@njit_inline
def crown(ctx, state, n):
    """The state with the candidate of the highest test value as incumbent; the first of equals."""
    work = ctx.work
    best = 0
    for i in range(1, n):
        if ctx.objective.test[high_of(work.candidates[i])] > ctx.objective.test[high_of(work.candidates[best])]:
            best = i
    code, row = low_of(work.candidates[best]), high_of(work.candidates[best])
    state = with_incumbent(state, work.latest[best], code, row)
    settle(ctx, state)
    return state


@njit_inline
def halve(ctx, state, n):
    """Play the ``n`` candidates in ``work.candidates`` against each other.

    Rules with ``stale_scores`` need what has chosen the candidates, in ``work.latest``.
    """
    work, rungs, rules = ctx.work, ctx.objective, ctx.budget.rules
    candidates, charged, places, top = work.candidates, work.values, work.places, work.top
    follows = rules.stale_scores or rules.test_winner
    charged[:n] = 0.0
    trained = 0
    if n == 0:
        return end(state, STOP_TIME)
    for rung in range(rungs.epochs.size):
        for i in range(n):
            code, row = low_of(candidates[i]), high_of(candidates[i])
            score, state, made, charged[i] = train_to(ctx, state, code, row, rung, trained, charged[i])
            if not made:
                return cut(ctx, state, i, n)
            top.score[i] = score
            if follows:
                work.latest[i] = score
        n_keep = (n + 1) // 2
        if n == 1 or (n_keep <= 1 and not rules.trains_last) or rung == rungs.epochs.size - 1:
            break
        rank(top, places, n)
        # What a candidate has paid moves with it; the scores of the rung are not needed any more.
        for i in range(n_keep):
            top.score[i], top.item[i] = charged[places[i]], candidates[places[i]]
        for i in range(n_keep):
            charged[i], candidates[i] = top.score[i], top.item[i]
        if follows:
            for i in range(n_keep):
                top.score[i] = work.latest[places[i]]
            for i in range(n_keep):
                work.latest[i] = top.score[i]
        n = n_keep
        trained = rungs.epochs[rung]
    if rules.test_winner:
        state = crown(ctx, state, n)
    return end(state, STOP_COMPLETED)


@optimizer("SH", SuccessiveHalving, title="successive halving", memory=lambda space, p: p.n_candidate)
def successive_halving(ctx, p):
    """Successive halving of random candidates."""
    for i in range(p.n_candidate):
        code, row = sample(ctx)
        ctx.work.candidates[i], ctx.work.latest[i] = join(row, code), -np.inf
    return halve(ctx, begin(), p.n_candidate)
