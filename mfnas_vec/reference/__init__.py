"""The same algorithms in plain Python: what the compiled ones are tested against."""

import functools
from collections.abc import Callable
from typing import Any

from mfnas_vec.reference.algorithms import evolution, local_search, random_search
from mfnas_vec.reference.genetic import genetic_algorithm
from mfnas_vec.reference.halving import mf_nas, r_mf_nas, successive_halving
from mfnas_vec.reference.hyperband import asha, hyperband
from mfnas_vec.reference.ledger import Ledger, ReferenceBudget, RunRecord
from mfnas_vec.reference.streams import Stream
from mfnas_vec.spaces import SearchSpace

#: By the name of the optimizer.
SEARCHES: dict[str, Callable[..., int | None]] = {
    "RS": random_search,
    "FLS": local_search,
    "BLS": local_search,
    "SH": successive_halving,
    "REA": evolution,
    "REA+W": evolution,
    "GA": genetic_algorithm,
    "MF-NAS": mf_nas,
    "R-MF-NAS": r_mf_nas,
    "Hyperband": hyperband,
    "ASHA": asha,
}


def run(optimizer: str, space: SearchSpace, stream: Stream, *, budget: ReferenceBudget, **arguments: Any) -> RunRecord:
    """One run of an optimizer; ``arguments`` are those of its search."""
    ledger = Ledger(space, budget)
    return ledger.record(SEARCHES[optimizer](ledger, stream, **arguments))


#: The run of each optimizer, a function of space, stream, budget and the arguments of its search.
REFERENCE: dict[str, Callable[..., RunRecord]] = {name: functools.partial(run, name) for name in SEARCHES}
