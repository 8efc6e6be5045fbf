"""mfnas_vec: hundreds of architecture searches on tabular benchmarks at once.

An architecture is a row of integers, a benchmark a labelled table (xarray on zarr), an optimizer
a compiled loop over many runs at once, a result an xarray Dataset.
"""

import importlib
from typing import TYPE_CHECKING, Any

from mfnas_vec._version import __version__ as __version__

__all__ = [
    "OPTIMIZERS",
    "SPACES",
    "CategoricalSpace",
    "Simulator",
    "build_table",
    "compare",
    "genotypes",
    "open_table",
    "optimizer",
    "register_space",
    "report",
    "run",
    "save_table",
    "simulate",
    "sweep",
]

if TYPE_CHECKING:
    from mfnas_vec.report.comparison import compare
    from mfnas_vec.report.page.write import report
    from mfnas_vec.runs.genotypes import genotypes
    from mfnas_vec.runs.run import run
    from mfnas_vec.runs.simulate import simulate
    from mfnas_vec.runs.simulator import Simulator
    from mfnas_vec.search import OPTIMIZERS, optimizer
    from mfnas_vec.spaces import SPACES, CategoricalSpace, register_space
    from mfnas_vec.sweeps.sweep import sweep
    from mfnas_vec.tables.build import build_table
    from mfnas_vec.tables.store import open_table, save_table

# Loaded on first use: `mfnas --help` should not wait for numba and xarray.
_HOMES = {
    "OPTIMIZERS": "mfnas_vec.search",
    "SPACES": "mfnas_vec.spaces",
    "CategoricalSpace": "mfnas_vec.spaces",
    "Simulator": "mfnas_vec.runs.simulator",
    "build_table": "mfnas_vec.tables.build",
    "compare": "mfnas_vec.report.comparison",
    "genotypes": "mfnas_vec.runs.genotypes",
    "open_table": "mfnas_vec.tables.store",
    "optimizer": "mfnas_vec.search",
    "register_space": "mfnas_vec.spaces",
    "run": "mfnas_vec.runs.run",
    "save_table": "mfnas_vec.tables.store",
    "simulate": "mfnas_vec.runs.simulate",
    "sweep": "mfnas_vec.sweeps.sweep",
}


def __getattr__(name: str) -> Any:
    if name == "report":  # a package that can be called
        return importlib.import_module("mfnas_vec.report")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
