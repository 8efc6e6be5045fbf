"""The same algorithms in plain Python: what the compiled ones are tested against."""

from typing import Any

from mfnas_vec.reference.algorithms import evolution, local_search, random_search
from mfnas_vec.reference.genetic import genetic_algorithm
from mfnas_vec.reference.halving import mf_nas, r_mf_nas, successive_halving
from mfnas_vec.reference.hyperband import asha, hyperband

#: By the name of the optimizer.
REFERENCE: dict[str, Any] = {
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
