"""Genetic algorithm (GA): binary tournaments, two-point crossover, mutation, tournaments of survival.

Source: the genetic algorithm of the code of MF-NAS, revision of November 2025. There mutation starts
from the population, and what crossover made is thrown away (``discards_crossover``); in other
protocols mutation starts from the children of crossover, as the settings describe the algorithm.
"""

import dataclasses
from typing import Annotated

import numpy as np
import xarray as xr
from msgspec import Meta

from mfnas_vec._jit import njit_inline
from mfnas_vec.protocols import REFUSE
from mfnas_vec.search.evolution import check_distinct, is_among
from mfnas_vec.search.fidelity import Inputs, SingleFidelity
from mfnas_vec.search.genome import gene_of, mutated
from mfnas_vec.search.interface import evaluate_row, going, sample
from mfnas_vec.search.lookup import row_of
from mfnas_vec.search.registry import optimizer
from mfnas_vec.search.rng import below, unit
from mfnas_vec.search.state import begin
from mfnas_vec.tables import dense

#: Largest population.
MAX_POPULATION = 1_000
#: Rounds of crossover or mutation whose children must be distinct; those of later rounds need not.
DISTINCT_ROUNDS = 51
#: Fewest genes: two cuts are drawn between the first and the last.
LEAST_GENES = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class GeneticAlgorithm(SingleFidelity):
    """Settings of the genetic algorithm. Each gene mutates with probability 1 / number of genes."""

    pop_size: Annotated[int, Meta(ge=2, le=MAX_POPULATION, description="size of the population, even")] = 10
    prob_crossover: Annotated[float, Meta(ge=0, le=1, description="probability that a pair of parents is crossed")] = (
        0.9
    )

    def inputs(self, table: xr.Dataset, protocol: str) -> Inputs:
        """The metric as objective; refuses spaces of too few genes or architectures."""
        found = super().inputs(table, protocol)
        if self.pop_size % 2:
            raise ValueError(f"pop_size={self.pop_size} must be even: parents come in pairs")
        check_distinct(table, "pop_size", self.pop_size)
        n_gene = dense.table_space(table).n_gene
        if n_gene < LEAST_GENES:
            raise ValueError(f"two-point crossover needs a space of {LEAST_GENES} or more genes; this one has {n_gene}")
        return found._replace(n_eval=found.n_eval + self.pop_size)


@njit_inline
def shuffle_places(places, n, rng):
    """Write ``range(n)`` in random order to ``places``."""
    for i in range(n):
        places[i] = i
    # Read from the end: the first of the order is drawn first.
    for last in range(n - 1, -1, -1):
        i = below(rng, last + 1)
        places[i], places[last] = places[last], places[i]


@njit_inline
def draw_parents(work, size):
    """Write the winners of two rounds of binary tournaments to ``work.candidates``."""
    codes, scores, places = work.codes, work.values, work.places
    n = 0
    for _ in range(2):
        shuffle_places(places, size, work.rng)
        for i in range(size - 1, 0, -2):
            a, b = places[i], places[i - 1]
            b_wins = below(work.rng, 2) == 1 if scores[a] == scores[b] else scores[b] > scores[a]
            work.candidates[n] = codes[b if b_wins else a]
            n += 1


@njit_inline
def cross(ctx, size, probability):
    """Cross the parents in ``work.candidates``; the children follow them there."""
    space, work = ctx.space, ctx.work
    made, places, rng = work.candidates, work.places, work.rng
    n_gene = space.cardinality.size
    children = made[size:]
    n = n_round = 0
    while True:
        shuffle_places(places, size, rng)
        for i in range(size - 1, 0, -2):
            a, b = made[places[i]], made[places[i - 1]]
            crossed = unit(rng) < probability
            if crossed:
                low, up = 0, 1
                if n_gene > LEAST_GENES:  # Floyd's sampling of two of n_gene - 2
                    low = below(rng, n_gene - 3)
                    up = below(rng, n_gene - 2)
                    if up == low:
                        up = n_gene - 3
                low, up = min(low, up) + 1, max(low, up) + 1
                moved = 0
                for g in range(low, up):
                    moved += (gene_of(space, b, g) - gene_of(space, a, g)) * space.weight[g]
                a, b = a + moved, b - moved
            for j in range(2):
                code = b if j else a
                row = row_of(space, code)
                taken = n_round < DISTINCT_ROUNDS and is_among(space, children, n, code, row)
                if not crossed or (row >= 0 and not taken):
                    children[n] = code
                    n += 1
                    if n == size:
                        return
        n_round += 1


@njit_inline
def mutate_into(ctx, size, origins):
    """Write mutants of the ``size`` origins, of architectures not in the population, to ``work.codes``."""
    space, work = ctx.space, ctx.work
    codes = work.codes
    threshold = 1 / space.cardinality.size
    n = n_round = 0
    while True:
        for i in range(size):
            code = mutated(space, origins[i], threshold, work.rng)
            row = row_of(space, code)
            if row >= 0 and (n_round >= DISTINCT_ROUNDS or not is_among(space, codes, size, code, row)):
                codes[size + n] = code
                n += 1
                if n == size:
                    return
        n_round += 1


@njit_inline
def survive(work, size):
    """Let the winners of binary tournaments of population and children be the population."""
    codes, scores, places = work.codes, work.values, work.places
    shuffle_places(places, 2 * size, work.rng)
    n = 2 * size
    for i in range(2 * size - 1, 0, -2):
        a, b = places[i], places[i - 1]
        winner = a if scores[a] >= scores[b] else b
        codes[n], scores[n] = codes[winner], scores[winner]
        n += 1
    for i in range(size):
        codes[i], scores[i] = codes[2 * size + i], scores[2 * size + i]


@njit_inline
def breed(ctx, settings):
    """One run; ``settings`` are the size of the population and the probability of crossover."""
    space, work, rules = ctx.space, ctx.work, ctx.budget.rules
    codes, scores = work.codes, work.values
    size, probability = settings
    state = begin()
    for n in range(size):
        code, row = sample(ctx)
        while is_among(space, codes, n, code, row):
            code, row = sample(ctx)
        codes[n], scores[n] = code, -np.inf
    n = 0
    made = True
    while n < size and made:
        scores[n], state, made = evaluate_row(ctx, state, codes[n], row_of(space, codes[n]))
        n += 1
    if not made and not (rules.budget == REFUSE and rules.overlooks_end_at_start):
        return state
    while going(ctx, state):
        draw_parents(work, size)
        cross(ctx, size, probability)
        mutate_into(ctx, size, codes if rules.discards_crossover else work.candidates[size:])
        for i in range(size, 2 * size):
            scores[i], state, made = evaluate_row(ctx, state, codes[i], row_of(space, codes[i]))
            if not made:
                return state
        survive(work, size)
    return state


@optimizer("GA", GeneticAlgorithm, title="genetic algorithm", memory=lambda space, p: 3 * p.pop_size)
def genetic_algorithm(ctx, p):
    """One run."""
    return breed(ctx, (p.pop_size, p.prob_crossover))
