"""A hill climber with a tabu list (F. Glover, ORSA Journal on Computing 1989): the best of some neighbours is next."""

import dataclasses
from typing import Annotated

import numpy as np
from msgspec import Meta

from mfnas_vec import optimizer
from mfnas_vec.search import SingleFidelity, begin, evaluate_row, going, inlined, neighbour, sample


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tabu(SingleFidelity):
    """Settings of the hill climber."""

    tabu_size: Annotated[int, Meta(ge=1, le=10_000, description="architectures that are not gone back to")] = 20
    n_neighbour: Annotated[int, Meta(ge=1, le=10_000, description="neighbours evaluated for each move")] = 8


@inlined
def is_tabu(tabu, n, code):
    """Whether one of the first ``n`` of a list is the code."""
    found = False
    for i in range(n):
        found |= tabu[i] == code
    return found


@optimizer("TABU", Tabu, memory=lambda space, p: p.tabu_size)
def climb(ctx, p):
    """Hill climber with a tabu list."""
    tabu, n_move = ctx.work.codes, 0
    current, row = sample(ctx)
    score, state, made = evaluate_row(ctx, begin(), current, row)
    while made and going(ctx, state):
        tabu[n_move % p.tabu_size] = current
        n_move += 1
        chosen, best = current, -np.inf
        for i in range(p.n_neighbour):
            code, row = neighbour(ctx, current)
            tries = 0
            while tries < 10 and is_tabu(tabu, min(n_move, p.tabu_size), code):
                code, row = neighbour(ctx, current)
                tries += 1
            if made and going(ctx, state):
                score, state, made = evaluate_row(ctx, state, code, row)
                if i == 0 or score > best:
                    chosen, best = code, score
        current = chosen
    return state
