"""A genetic algorithm: tournaments, two-point crossover, mutation; every generation replaces the last but its best."""

import dataclasses
from typing import Annotated

from msgspec import Meta

from mfnas_vec import optimizer
from mfnas_vec.search import (
    SingleFidelity,
    begin,
    below,
    evaluate_row,
    gene_of,
    going,
    inlined,
    mutate,
    row_of,
    sample,
    uniform,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Genetic(SingleFidelity):
    """Settings of the genetic algorithm."""

    pop_size: Annotated[int, Meta(ge=1, le=10_000, description="size of the population")] = 20
    tournament_size: Annotated[int, Meta(ge=1, le=10_000, description="members drawn for each tournament")] = 3
    prob_crossover: Annotated[float, Meta(ge=0, le=1, description="probability of a crossover")] = 0.9
    prob_mutation: Annotated[float, Meta(ge=0, le=100, description="expected number of genes to change")] = 1.0


@inlined
def select(ctx, first, p):
    """Code of the best of a tournament among the members from place ``first`` on."""
    scores = ctx.work.values
    best = first + below(ctx, p.pop_size)
    for _ in range(p.tournament_size - 1):
        other = first + below(ctx, p.pop_size)
        if scores[other] > scores[best]:
            best = other
    return ctx.work.codes[best]


@inlined
def cross(ctx, mother, father):
    """The mother with the father's genes between two cuts; the mother herself if that is no architecture."""
    space = ctx.space
    n_gene = space.cardinality.size
    one, other = below(ctx, n_gene + 1), below(ctx, n_gene + 1)
    child = mother
    for i in range(min(one, other), max(one, other)):
        child += (gene_of(space, father, i) - gene_of(space, mother, i)) * space.weight[i]
    return child if row_of(space, child) >= 0 else mother


@optimizer("GA-2P", Genetic, memory=lambda space, p: 2 * p.pop_size)
def genetic(ctx, p):
    """Genetic algorithm with two-point crossover."""
    codes, scores = ctx.work.codes, ctx.work.values
    state = begin()
    made, parents, children = True, p.pop_size, 0  # places of the first parent and of the first child
    for i in range(p.pop_size):
        if made and going(ctx, state):
            code, row = sample(ctx)
            score, state, made = evaluate_row(ctx, state, code, row)
            codes[parents + i], scores[parents + i] = code, score
    while made and going(ctx, state):
        best = parents
        for i in range(1, p.pop_size):
            if scores[parents + i] > scores[best]:
                best = parents + i
        codes[children], scores[children] = codes[best], scores[best]
        for i in range(min(1, p.pop_size - 1), p.pop_size):
            if made and going(ctx, state):
                code = select(ctx, parents, p)
                if uniform(ctx) < p.prob_crossover:
                    code = cross(ctx, code, select(ctx, parents, p))
                code, row = mutate(ctx, code, p.prob_mutation)
                score, state, made = evaluate_row(ctx, state, code, row)
                codes[children + i], scores[children + i] = code, score
        parents, children = children, parents
    return state
