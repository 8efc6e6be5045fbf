"""MF-NAS: a search on a cheap metric, then successive halving of its k best architectures.

Source: Q. M. Phan and N. H. Luong, "Efficient Multi-Fidelity Neural Architecture Search with
Zero-Cost Proxy-Guided Local Search", GECCO 2024.
"""

import dataclasses
from typing import Annotated, Literal

import numpy as np
import xarray as xr
from msgspec import Meta

from mfnas_vec._jit import njit_call
from mfnas_vec.search.defaults import N_PROXY_EVALUATION
from mfnas_vec.search.fidelity import Iepoch, Inputs, ListIepoch, MaxTime, objective_of, rungs_of
from mfnas_vec.search.interface import epochs_of, next_stage, stage
from mfnas_vec.search.local_search import search_locally
from mfnas_vec.search.lookup import at, key_of, row_of
from mfnas_vec.search.random_search import random_search
from mfnas_vec.search.ranking import code_at, insert, join
from mfnas_vec.search.registry import optimizer
from mfnas_vec.search.settings import MAX_EVALUATIONS, Settings, ZeroCost
from mfnas_vec.search.successive_halving import NCandidate, halve

# Searches of the first stage: compiled code is given the index of a choice.
STAGE1_FLS, _, STAGE1_RS = range(3)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MFNAS(Settings):
    """Settings of MF-NAS."""

    metric_stage1: Annotated[str, Meta(description="search metric of the first stage")] = "params"
    using_zc_metric_stage1: Annotated[
        ZeroCost, Meta(description="whether `metric_stage1` is a zero-cost one; follows it if not given")
    ] = None
    optimizer_stage1: Annotated[Literal["FLS", "BLS", "RS"], Meta(description="search of the first stage")] = "FLS"
    max_eval_stage1: Annotated[int, Meta(ge=1, le=MAX_EVALUATIONS, description="evaluations of the first stage")] = (
        N_PROXY_EVALUATION
    )
    iepoch: Iepoch
    metric_stage2: Annotated[str, Meta(description="search metric of the successive halving")]
    using_zc_metric_stage2: Annotated[
        ZeroCost, Meta(description="whether `metric_stage2` is a zero-cost one; follows it if not given")
    ] = None
    list_iepoch: ListIepoch
    n_candidate: NCandidate
    max_time: MaxTime

    def inputs(self, table: xr.Dataset, protocol: str) -> Inputs:
        """The metric of the first stage as proxy, and that of the halving as objective."""
        rungs, reads = rungs_of(table, self.metric_stage2, self.using_zc_metric_stage2, self.list_iepoch, protocol)
        proxy, read = objective_of(table, self.metric_stage1, self.using_zc_metric_stage1, self.iepoch)
        return Inputs(
            metric=self.metric_stage2,
            objective=rungs,
            proxy=proxy,
            reads=(read, *reads),
            n_eval=self.max_eval_stage1 + 2.0 * self.n_candidate,
            proxy_first=True,
        )


@njit_call
def choose_candidates(space, score, n_pool, k, bar, work):
    """Write the best ``k`` of ``work.pool`` to ``work.candidates``, best first; returns their number.

    Among equal scores the one with the larger key (code or row) comes first. Scores below ``bar``
    are left out: where ``k`` are found all the same, the bar made no difference.
    """
    n = 0
    for i in range(n_pool):
        code = np.int64(work.pool[i])
        row = row_of(space, code)
        found = at(score, row)
        if found >= bar:
            n = insert(work.top, n, k, found, key_of(space, code, row), code)
            if n == k:
                bar = work.top.score[k - 1]
    for i in range(n):
        code = code_at(work.top, i)
        work.candidates[i] = join(row_of(space, code), code)
    return n


@optimizer(
    "MF-NAS",
    MFNAS,
    title="zero-cost local search, then successive halving of its best",
    memory=lambda space, p: p.n_candidate,
)
def mf_nas(ctx, p):
    """One run; the budget of seconds is for both stages."""
    work, k, rules = ctx.work, p.n_candidate, ctx.budget.rules
    # The published first stage knows no time limit; the corrected protocol never overshoots.
    first = stage(ctx, ctx.proxy, p.max_eval_stage1, ctx.budget.max_seconds if rules.timed_stage1 else np.inf)
    if p.optimizer_stage1 == STAGE1_RS:
        state = random_search(first, p)
    else:
        state = search_locally(first, p.optimizer_stage1 == STAGE1_FLS)
    # Runs resemble each other: the lowest bar of earlier ones spares most of the sorting.
    score, bar = ctx.proxy.score[0], work.hint[0]
    n = choose_candidates(ctx.space, score, state.n_pool, k, bar, work)
    if n < k:
        n = choose_candidates(ctx.space, score, state.n_pool, k, -np.inf, work)
    if n == k:
        work.hint[0] = min(bar, work.top.score[k - 1])
    second = stage(ctx, ctx.objective, ctx.budget.max_eval, ctx.budget.max_seconds - state.seconds)
    # Published: the epochs are those of the halving alone.
    return halve(second, next_stage(second, state, epochs_of(first, state) if rules.counted_stage1 else 0), n)
