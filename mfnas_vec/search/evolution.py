"""Regularized evolution, plain (REA) and started from a zero-cost warm-up (REA+W).

Sources: E. Real et al., "Regularized Evolution for Image Classifier Architecture Search",
AAAI 2019; M. Abdelfattah et al., "Zero-Cost Proxies for Lightweight NAS", ICLR 2021.
"""

import dataclasses
from typing import Annotated

import numpy as np
import xarray as xr
from msgspec import Meta

from mfnas_vec._jit import njit_inline
from mfnas_vec.search.defaults import N_PROXY_EVALUATION
from mfnas_vec.search.fidelity import Inputs, SingleFidelity, objective_of
from mfnas_vec.search.interface import evaluate_row, going, mutate, refuses, sample, settle
from mfnas_vec.search.lookup import row_of
from mfnas_vec.search.memory import is_seen, visit, write_step
from mfnas_vec.search.protocols import rules_of
from mfnas_vec.search.ranking import code_at, insert
from mfnas_vec.search.registry import optimizer
from mfnas_vec.search.rng import below
from mfnas_vec.search.settings import MAX_EVALUATIONS, check_metric
from mfnas_vec.search.state import State, begin, keep
from mfnas_vec.spaces.arrays import NO_ARCH
from mfnas_vec.tables.schema import ARCH

#: Largest population.
MAX_POPULATION = 100_000

WarmUp = Annotated[bool, Meta(description="whether the first population are the best of a zero-cost warm-up")]


def check_distinct(table: xr.Dataset, name: str, n: int) -> None:
    """Refuse more distinct samples than a space has architectures."""
    n_arch = table.sizes[ARCH]
    if n > n_arch:
        raise ValueError(f"{name}={n} must be <= {n_arch}, the architectures of the space, of which all are distinct")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evolution(SingleFidelity):
    """Settings of regularized evolution."""

    pop_size: Annotated[int, Meta(ge=1, le=MAX_POPULATION, description="size of the population")] = 10
    tournament_size: Annotated[int, Meta(ge=1, le=MAX_POPULATION, description="members drawn for each tournament")] = 10
    prob_mutation: Annotated[
        float, Meta(ge=0, le=1e9, description="expected number of genes a mutation tries to change")
    ] = 1.0
    warm_up: WarmUp = False
    n_sample_warmup: Annotated[
        int,
        Meta(ge=1, le=MAX_EVALUATIONS, description="samples of the warm-up", extra={"needs": "warm_up"}),
    ] = N_PROXY_EVALUATION
    metric_warmup: Annotated[str, Meta(description="zero-cost metric of the warm-up", extra={"needs": "warm_up"})]

    def inputs(self, table: xr.Dataset, protocol: str) -> Inputs:
        """The metric of the search, and that of the warm-up."""
        found = super().inputs(table, protocol)
        if self.tournament_size > self.pop_size:
            raise ValueError(f"tournament_size={self.tournament_size} must be <= pop_size={self.pop_size}")
        n_eval = found.n_eval + self.pop_size
        rules = rules_of(protocol)
        if rules.distinct_population:
            check_distinct(table, "pop_size", self.pop_size)
        if not self.warm_up:
            return found._replace(proxy=found.objective, n_eval=n_eval)
        name = self.metric_warmup
        if not check_metric(table, name, "metric_warmup", None, ""):
            raise ValueError(f"metric_warmup={name!r} is training-based; a warm-up needs a zero-cost metric")
        if self.n_sample_warmup < self.pop_size:
            raise ValueError(f"n_sample_warmup={self.n_sample_warmup} must be >= pop_size={self.pop_size}")
        if rules.distinct_warm_up:
            check_distinct(table, "n_sample_warmup", self.n_sample_warmup)
        read = (name, None)
        # Published: the warm-up's seconds are not charged.
        unpaid = (read,) if not rules.charged_warm_up and read not in found.reads else ()
        return found._replace(
            proxy=objective_of(table, name, True, 0, protocol)[0],
            reads=(*found.reads, read),
            unpaid=unpaid,
            n_eval=n_eval + self.n_sample_warmup,
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class WarmEvolution(Evolution):
    """Settings of regularized evolution with a warm-up."""

    warm_up: WarmUp = True


@njit_inline
def warm_up(ctx, n_sample, k):
    """Score ``n_sample`` samples; leaves the best ``k`` in ``work.top``.

    Gecco2024: the seconds are not charged. Corrected: they are, and the budget ends the warm-up.
    Head2025: samples are distinct, and one that the budget does not cover is left without a score.
    Returns the number of samples left in ``work.top``, and the state.
    """
    work, proxy, rules = ctx.work, ctx.proxy, ctx.budget.rules
    seconds = 0.0
    n_unique = n_top = n_before = 0
    while n_before < n_sample:
        code, row = sample(ctx)
        if rules.distinct_warm_up and is_seen(ctx.space, work, code, row):
            continue
        score = proxy.score[0, np.uint64(row)]
        if rules.charged_warm_up:
            price = proxy.seconds[0, np.uint64(row * proxy.seconds_step)]
            if seconds + price <= ctx.budget.max_seconds:
                seconds += price
            elif rules.persistent_warm_up:
                score = -np.inf
            else:
                break
        n_unique += visit(ctx.space, work, n_unique, code, row)
        n_top = insert(work.top, n_top, k, score, n_before, code)
        if n_before < ctx.trace.code.shape[1]:
            write_step(ctx.trace, ctx.run, n_before, code, 0, score, seconds, 0, code_at(work.top, 0))
        n_before += 1
    start = begin()
    return n_top, State(n_before, 0, n_unique, 0, 0, 0.0, seconds, start.stop, -np.inf, NO_ARCH, NO_ARCH)


@njit_inline
def draw_parent(scores, oldest, n, tournament_size, taken, rng):
    """Place of the best of a tournament; among equal scores the youngest (added last) wins."""
    taken[:n] = 0
    winner = winner_rank = -1
    best = -np.inf
    for t in range(tournament_size):
        # Floyd's sampling: a uniform subset with one draw a member.
        last = n - tournament_size + t
        rank = below(rng, last + 1)  # 0: the oldest
        if taken[rank]:
            rank = last
        taken[rank] = 1
        place = oldest + rank
        if place >= n:
            place -= n
        score = scores[place]
        if score > best or (score == best and rank > winner_rank):
            winner, winner_rank, best = place, rank, score
    return winner


@njit_inline
def best_of_all(scores, oldest, n):
    """Place of the best of the population, the youngest of equal ones; nothing is drawn."""
    winner = oldest
    for rank in range(1, n):
        place = oldest + rank
        if place >= n:
            place -= n
        if scores[place] >= scores[winner]:
            winner = place
    return winner


@njit_inline
def is_among(space, codes, n, code, row):
    """Whether one of the ``n`` codes is of the same architecture."""
    found = False
    for i in range(n):
        found |= codes[i] == code or (space.key_is_row and row_of(space, codes[i]) == row)
    return found


@njit_inline
def evolve(ctx, state, settings, n_winner):
    """Evolution from the ``n_winner`` best of a warm-up in ``work.top``, or from samples.

    ``settings`` are population and tournament size and the probability of mutation.
    """
    space, work, rules = ctx.space, ctx.work, ctx.budget.rules
    codes, scores = work.codes, work.values
    pop_size, tournament_size, probability = settings
    size = n_winner if n_winner > 0 else pop_size
    # A tournament of the whole population visits all of it only if its best has died.
    whole = tournament_size >= size
    n = oldest = 0
    parent = -1
    while n < size or going(ctx, state):
        if n == size:
            if not whole:
                parent = draw_parent(scores, oldest, size, tournament_size, work.marks, work.rng)
            elif parent < 0:
                parent = best_of_all(scores, oldest, size)
            code, row = mutate(ctx, codes[parent], probability)
        elif n_winner > 0:
            code = code_at(work.top, n)
            row = row_of(space, code)
        else:
            code, row = sample(ctx)
            while rules.distinct_population and is_among(space, codes, n, code, row):
                code, row = sample(ctx)
        before = state
        score, state, made = evaluate_row(ctx, before, code, row)
        if n < size and refuses(ctx, before, row):
            # One of the first population keeps its score of the warm-up, and competes with it.
            previous = work.top.score[n] if n_winner > 0 else -np.inf
            state = keep(state, previous, code, row)
            settle(ctx, state)
        if not made:
            break
        if n < size:
            place = n
            n += 1
        else:
            place = oldest
            oldest = oldest + 1 if oldest + 1 < size else 0
            if place == parent:
                parent = -1
            elif score >= scores[parent]:
                parent = place
        codes[place], scores[place] = code, score
    return state


@optimizer(
    "REA+W",
    WarmEvolution,
    title="regularized evolution with a zero-cost warm-up",
    memory=lambda space, p: p.pop_size,
)
@optimizer("REA", Evolution, title="regularized evolution", memory=lambda space, p: p.pop_size)
def evolution(ctx, p):
    """One run; the first population are the best of the warm-up, or samples if there is none."""
    n_winner, state = warm_up(ctx, p.n_sample_warmup if p.warm_up else 0, p.pop_size)
    return evolve(ctx, state, (p.pop_size, p.tournament_size, p.prob_mutation), n_winner)
