"""Simulated annealing (S. Kirkpatrick, C. Gelatt, M. Vecchi, Science 1983), with a geometric schedule."""

import dataclasses
import math
from typing import Annotated

from msgspec import Meta

from mfnas_vec import optimizer
from mfnas_vec.search import SingleFidelity, begin, evaluate_row, going, neighbour, sample, uniform


@dataclasses.dataclass(frozen=True, kw_only=True)
class Annealing(SingleFidelity):
    """Settings of simulated annealing; temperatures are in units of the metric."""

    temperature: Annotated[float, Meta(gt=0, le=1e9, description="first temperature")] = 1.0
    cooling: Annotated[float, Meta(gt=0, le=1, description="factor of each step's temperature")] = 0.99


@optimizer("SA", Annealing)
def annealing(ctx, p):
    """Simulated annealing."""
    current, row = sample(ctx)
    current_score, state, made = evaluate_row(ctx, begin(), current, row)
    temperature = p.temperature
    while made and going(ctx, state):
        code, row = neighbour(ctx, current)
        score, state, made = evaluate_row(ctx, state, code, row)
        if score >= current_score or uniform(ctx) < math.exp((score - current_score) / temperature):
            current, current_score = code, score
        temperature = max(temperature * p.cooling, 1e-12)
    return state
