"""MF-NAS: a search on a cheap metric, then successive halving of its k best architectures.

Source: Q. M. Phan and N. H. Luong, "Efficient Multi-Fidelity Neural Architecture Search with
Zero-Cost Proxy-Guided Local Search", GECCO 2024.
"""

import dataclasses
from typing import Annotated, Any, Literal

import numpy as np
import xarray as xr
from msgspec import Meta

from mfnas_vec._jit import njit_call, njit_inline
from mfnas_vec.search.defaults import N_PROXY_EVALUATION
from mfnas_vec.search.evolution import evolve
from mfnas_vec.search.fidelity import Iepoch, Inputs, ListIepoch, MaxTime, halving_of, objective_of, selected_on
from mfnas_vec.search.genetic_algorithm import breed
from mfnas_vec.search.local_search import search_locally
from mfnas_vec.search.lookup import at, key_of, row_of
from mfnas_vec.search.random_search import random_search
from mfnas_vec.search.ranking import code_at, insert, join
from mfnas_vec.search.registry import optimizer
from mfnas_vec.search.settings import MAX_EVALUATIONS, Settings, ZeroCost
from mfnas_vec.search.stages import next_stage, stage
from mfnas_vec.search.state import begin, epochs_of
from mfnas_vec.search.successive_halving import NCandidate, halve

# Searches of the first stage: compiled code is given the index of a choice.
STAGE1_FLS, _, STAGE1_RS, STAGE1_REA, _ = range(5)

#: Population and tournament size and probability of mutation of regularized evolution as a first stage.
REA_SETTINGS = (10, 10, 1.0)
#: Population size and probability of crossover of the genetic algorithm as a first stage.
GA_SETTINGS = (10, 0.9)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwoStages(Settings):
    """Settings of a search on a cheap metric, then a halving."""

    metric_stage1: Annotated[str, Meta(description="search metric of the first stage")] = "params"
    using_zc_metric_stage1: Annotated[
        ZeroCost, Meta(description="whether `metric_stage1` is a zero-cost one; follows it if not given")
    ] = None
    optimizer_stage1: Annotated[str, Meta(description="search of the first stage")] = "FLS"
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
        rungs, reads = halving_of(table, self.metric_stage2, self.using_zc_metric_stage2, self.list_iepoch, protocol)
        proxy, read = objective_of(table, self.metric_stage1, self.using_zc_metric_stage1, self.iepoch, protocol)
        return Inputs(
            metric=self.metric_stage2,
            objective=rungs,
            proxy=proxy,
            reads=(read, *reads),
            n_eval=self.max_eval_stage1 + 2.0 * self.n_candidate,
            proxy_first=True,
            selected_on=selected_on(protocol),
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class MFNAS(TwoStages):
    """Settings of MF-NAS."""

    optimizer_stage1: Annotated[
        Literal["FLS", "BLS", "RS", "REA", "GA"], Meta(description="search of the first stage")
    ] = "FLS"

    def search(self, registered: Any) -> Any:
        """The registered search; a population in the first stage has one of its own, compiled when asked for."""
        return mf_nas_of_population if self.optimizer_stage1 in ("REA", "GA") else registered


@njit_call
def choose_candidates(space, score, n_pool, k, bar, work):
    """Write the best ``k`` of ``work.pool`` to ``work.candidates``, best first; returns their number.

    Among equal scores the one with the larger key (code or row) comes first. Scores below ``bar``
    are left out: where ``k`` are found all the same, the bar made no difference.
    """
    n = 0
    for i in range(n_pool):
        code = np.int64(work.pool[i])
        refused = code < 0
        if refused:
            code = ~code
        row = row_of(space, code)
        found = -np.inf if refused else at(score, row)
        if found >= bar:
            n = insert(work.top, n, k, found, key_of(space, code, row), code)
            if n == k:
                bar = work.top.score[k - 1]
    for i in range(n):
        code = code_at(work.top, i)
        work.candidates[i] = join(row_of(space, code), code)
        work.latest[i] = work.top.score[i]
    return n


@njit_inline
def first_stage(ctx, p):
    """The context of the first stage."""
    # The published first stage of 2023 knows no time limit.
    seconds = ctx.budget.max_seconds if ctx.budget.rules.timed_stage1 else np.inf
    return stage(ctx, ctx.proxy, p.max_eval_stage1, seconds)


@njit_inline
def rank_first_stage(ctx, state, k):
    """Write the best ``k`` architectures of the first stage to ``work.candidates``; their number."""
    # Runs resemble each other: the lowest bar of earlier ones spares most of the sorting.
    work, score = ctx.work, ctx.proxy.score[0]
    bar = work.hint[0]
    n = choose_candidates(ctx.space, score, state.n_pool, k, bar, work)
    if n < k:
        n = choose_candidates(ctx.space, score, state.n_pool, k, -np.inf, work)
    if n == k:
        work.hint[0] = min(bar, work.top.score[k - 1])
    return n


@njit_inline
def second_stage(ctx, first, state, n):
    """Halve the ``n`` candidates in ``work.candidates`` on what is left of the budget."""
    second = stage(ctx, ctx.objective, ctx.budget.max_eval, ctx.budget.max_seconds - state.seconds)
    # Published: the epochs are those of the halving alone.
    epochs = epochs_of(first, state) if ctx.budget.rules.counted_stage1 else 0
    return halve(second, next_stage(second, state, epochs), n)


@optimizer(
    "MF-NAS",
    MFNAS,
    title="zero-cost local search, then successive halving of its best",
    memory=lambda space, p: max(p.n_candidate, 3 * GA_SETTINGS[0]),
)
def mf_nas(ctx, p):
    """One run; the budget of seconds is for both stages."""
    first = first_stage(ctx, p)
    if p.optimizer_stage1 == STAGE1_RS:
        state = random_search(first, p)
    else:
        state = search_locally(first, p.optimizer_stage1 == STAGE1_FLS)
    return second_stage(ctx, first, state, rank_first_stage(ctx, state, p.n_candidate))


@njit_inline
def mf_nas_of_population(ctx, p):
    """``mf_nas`` with an evolutionary first stage."""
    first = first_stage(ctx, p)
    state = evolve(first, begin(), REA_SETTINGS, 0) if p.optimizer_stage1 == STAGE1_REA else breed(first, GA_SETTINGS)
    return second_stage(ctx, first, state, rank_first_stage(ctx, state, p.n_candidate))
