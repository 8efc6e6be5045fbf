"""Random search (RS): sample, evaluate, keep the best."""

import dataclasses

from mfnas_vec.search.fidelity import SingleFidelity
from mfnas_vec.search.interface import evaluate_row, going, sample
from mfnas_vec.search.registry import optimizer
from mfnas_vec.search.state import begin


@dataclasses.dataclass(frozen=True, kw_only=True)
class RandomSearch(SingleFidelity):
    """Settings of random search."""


@optimizer("RS", RandomSearch, title="random search")
def random_search(ctx, p):
    """One run; leaves the architectures it saw in ``ctx.work.pool``."""
    state = begin()
    made = True
    while made and going(ctx, state):
        code, row = sample(ctx)
        _, state, made = evaluate_row(ctx, state, code, row)
    return state
