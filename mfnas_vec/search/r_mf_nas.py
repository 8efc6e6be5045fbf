"""R-MF-NAS: MF-NAS whose candidates are not only the best of the first stage, for proxies that mislead.

Source: Q. M. Phan and N. H. Luong, the robust variant in the code of MF-NAS, revision of November 2025.
A third of the candidates are the best of the local search, a third its starts (and escapes), a third
what it moved to on its way. Decisions of the protocol that are accidents of the published code:

- ``double_shortfall``: missing starts are made up for twice, so that more than k candidates are halved.
- ``drops_first_listed``: the first start of all is left out, as meant; but where it is among the best,
  and so not listed, the published code leaves out the next one.
- ``keeps_shared_middles``: middles that are starts as well stay where no other middle is left.
- ``fills_up`` (corrected): exactly k candidates; missing middles are made up for by starts, and what
  is missing then by the ranking.
"""

import dataclasses
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from mfnas_vec._jit import njit_call
from mfnas_vec.search.defaults import N_PROXY_EVALUATION
from mfnas_vec.search.local_search import MIDDLE, START, climb
from mfnas_vec.search.lookup import key_of, row_of
from mfnas_vec.search.mf_nas import STAGE1_FLS, TwoStages, first_stage, rank_first_stage, second_stage
from mfnas_vec.search.ranking import high_of, is_in, join, low_of, sort
from mfnas_vec.search.registry import optimizer
from mfnas_vec.search.rng import below

#: Moves that may be noted beyond the budget: published first improvement overlooks its end while it moves.
SPARE_MOVES = 1_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class RMFNAS(TwoStages):
    """Settings of R-MF-NAS."""

    optimizer_stage1: Annotated[Literal["FLS", "BLS"], Meta(description="search of the first stage")] = "FLS"
    max_eval_stage1: Annotated[int, Meta(ge=1, le=1_000_000, description="evaluations of the first stage")] = (
        N_PROXY_EVALUATION
    )


@njit_call
def list_pool(space, work, n_trend, kind, skipped, drops_first, n_top, pool):
    """List the entries of a kind, from the one after ``skipped`` on, whose architectures are not in ``work.top``.

    One per architecture, ordered by key: as ``key * 2**32 + entry``. With ``drops_first`` the first
    that is found is left out. Returns their number.
    """
    n = n_found = 0
    for i in range(skipped, n_trend):
        if work.codes[i] & 3 == kind:
            code = work.codes[i] >> 2
            key = key_of(space, code, row_of(space, code))
            if not is_in(work.top.item, n_top, key):
                if n_found > 0 or not drops_first:
                    pool[n] = join(key, i)
                    n += 1
                n_found += 1
    sort(pool, n)
    n_kept = 0
    for i in range(n):
        if n_kept == 0 or high_of(pool[i]) != high_of(pool[n_kept - 1]):
            pool[n_kept] = pool[i]
            n_kept += 1
    return n_kept


@njit_call
def leave_out(pool, n, others, n_other):
    """Move what of a pool is not in another one to its front; their number."""
    n_kept = j = 0
    for i in range(n):
        while j < n_other and high_of(others[j]) < high_of(pool[i]):
            j += 1
        if j == n_other or high_of(others[j]) != high_of(pool[i]):
            pool[n_kept], pool[i] = pool[i], pool[n_kept]
            n_kept += 1
    return n_kept


@njit_call
def draw_from(space, work, pool, n, n_wanted, n_chosen):
    """Add ``n_wanted`` of a pool to the candidates, all in order if there are no more; the new number of candidates.

    What is a candidate already is not added again.
    """
    n_drawn = min(n, n_wanted)
    first = n_chosen
    for j in range(n_drawn):
        place = j
        if n > n_wanted:
            place = n - 1 - j
            i = below(work.rng, place + 1)
            pool[i], pool[place] = pool[place], pool[i]
        code = work.codes[low_of(pool[place])] >> 2
        row = row_of(space, code)
        new = True
        for i in range(first):
            other = low_of(work.candidates[i])
            new &= key_of(space, other, high_of(work.candidates[i])) != key_of(space, code, row)
        if new:
            work.candidates[n_chosen], work.latest[n_chosen] = join(row, code), -np.inf
            n_chosen += 1
    return n_chosen


@njit_call
def fill_up(space, work, n_rest, n_chosen, k):
    """Add the best of the ranking's rest in ``work.top`` to the candidates; their number."""
    for i in range(n_chosen):
        item = work.candidates[i]
        work.places[i] = key_of(space, low_of(item), high_of(item))
    n_before = n_chosen
    sort(work.places, n_before)
    for i in range(n_rest):
        item = work.top.item[i]
        if n_chosen < k and not is_in(work.places, n_before, key_of(space, low_of(item), high_of(item))):
            work.candidates[n_chosen], work.latest[n_chosen] = item, work.top.score[i]
            n_chosen += 1
    return n_chosen


@njit_call
def choose_robustly(space, work, rules, n_trend, n_ranked, k):
    """Make candidates of the ranking in ``work.candidates`` and of the trend in ``work.codes``; their number."""
    third = (k + 2) // 3
    n_top = min(third, n_ranked)
    starts, middles = work.places, work.candidates[2 * k :]
    for i in range(n_top):
        work.top.item[i] = key_of(space, low_of(work.candidates[i]), high_of(work.candidates[i]))
    sort(work.top.item, n_top)
    skipped = 0 if rules.drops_first_listed else 1
    n_start = list_pool(space, work, n_trend, START, skipped, rules.drops_first_listed, n_top, starts)
    n_middle = list_pool(space, work, n_trend, MIDDLE, 0, False, n_top, middles)
    n_other = leave_out(middles, n_middle, starts, n_start)
    if n_other > 0 or not rules.keeps_shared_middles:
        n_middle = n_other
    from_start = min(k // 3, n_start)
    from_middle = k - n_top - from_start
    if rules.double_shortfall:
        from_middle += max(third - n_start, 0)
    from_middle = min(from_middle, n_middle)
    if rules.fills_up:
        from_start = min(k - n_top - from_middle, n_start)
    n_rest = n_ranked - n_top
    for i in range(n_rest):
        work.top.item[i], work.top.score[i] = work.candidates[n_top + i], work.latest[n_top + i]
    n_chosen = draw_from(space, work, middles, n_middle, from_middle, n_top)
    n_chosen = draw_from(space, work, starts, n_start, from_start, n_chosen)
    return fill_up(space, work, n_rest, n_chosen, k) if rules.fills_up else n_chosen


@optimizer(
    "R-MF-NAS",
    RMFNAS,
    title="MF-NAS whose candidates are the best, starts and middles of the local search",
    memory=lambda space, p: 2 * p.n_candidate + p.max_eval_stage1 + SPARE_MOVES,
)
def r_mf_nas(ctx, p):
    """One run; the budget of seconds is for both stages."""
    first = first_stage(ctx, p)
    state, n_trend = climb(first, p.optimizer_stage1 == STAGE1_FLS, True)
    n_ranked = rank_first_stage(ctx, state, p.n_candidate)
    n = choose_robustly(ctx.space, ctx.work, ctx.budget.rules, n_trend, n_ranked, p.n_candidate)
    return second_stage(ctx, first, state, n)
