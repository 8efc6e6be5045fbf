"""Optimizers: validated settings and one kernel call each."""

from mfnas_vec.optimizers.base import CORRECTED, GECCO2024, PROTOCOLS, Job, Optimizer, Setting, nearest
from mfnas_vec.optimizers.evolution import REA, REAW
from mfnas_vec.optimizers.local_search import BLS, FLS
from mfnas_vec.optimizers.mf_nas import MF_NAS
from mfnas_vec.optimizers.random_search import RS
from mfnas_vec.optimizers.successive_halving import SH

#: Every optimizer by its published name.
OPTIMIZERS: dict[str, Optimizer] = {o.name: o for o in (RS, FLS, BLS, SH, REA, REAW, MF_NAS)}

__all__ = [
    "CORRECTED",
    "GECCO2024",
    "OPTIMIZERS",
    "PROTOCOLS",
    "Job",
    "Optimizer",
    "Setting",
    "get_optimizer",
]


def get_optimizer(name: str) -> Optimizer:
    """The optimizer of that name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name not in OPTIMIZERS:
        raise ValueError(f"optimizer={name!r} is unknown; {nearest(str(name), list(OPTIMIZERS))}")
    return OPTIMIZERS[name]
