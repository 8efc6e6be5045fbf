"""Optimizers: validated settings and one kernel call each."""

import importlib

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


#: Optimizers that need a library of their own, and the module that registers them.
OPTIONAL = {"OPTUNA-TPE": "mfnas_vec.adapters.optuna", "OPTUNA-RS": "mfnas_vec.adapters.optuna"}


def get_optimizer(name: str) -> Optimizer:
    """The optimizer of that name.

    Raises
    ------
    ValueError
        If there is none, or its library is not installed.
    """
    if name in OPTIONAL and name not in OPTIMIZERS:
        try:
            importlib.import_module(OPTIONAL[name])
        except ImportError as error:
            raise ValueError(f"optimizer={name!r}: {error}") from None
    if name not in OPTIMIZERS:
        raise ValueError(f"optimizer={name!r} is unknown; {nearest(str(name), list(OPTIMIZERS))}")
    return OPTIMIZERS[name]
