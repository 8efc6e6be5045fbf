"""How a table is searched, and how an optimizer is written.

See ``mfnas_vec.search.interface`` for the functions of a search.
"""

from mfnas_vec._jit import njit_inline as inlined
from mfnas_vec.search.fidelity import Inputs, MultiFidelity, SingleFidelity
from mfnas_vec.search.fields import Field
from mfnas_vec.search.genome import gene_of
from mfnas_vec.search.interface import (
    below,
    evaluate,
    evaluate_row,
    going,
    mutate,
    neighbour,
    sample,
    train_to,
    uniform,
)
from mfnas_vec.search.lookup import row_of
from mfnas_vec.search.plugins import load_plugin
from mfnas_vec.search.protocols import CORRECTED, GECCO2024, PROTOCOLS
from mfnas_vec.search.registry import OPTIMIZERS, Optimizer, find_optimizer, get_optimizer, load_built_in, optimizer
from mfnas_vec.search.runner import Job
from mfnas_vec.search.settings import Settings
from mfnas_vec.search.state import Context, State, begin, end

load_built_in(__path__, __name__)

__all__ = [
    "CORRECTED",
    "GECCO2024",
    "OPTIMIZERS",
    "PROTOCOLS",
    "Context",
    "Field",
    "Inputs",
    "Job",
    "MultiFidelity",
    "Optimizer",
    "Settings",
    "SingleFidelity",
    "State",
    "begin",
    "below",
    "end",
    "evaluate",
    "evaluate_row",
    "find_optimizer",
    "gene_of",
    "get_optimizer",
    "going",
    "inlined",
    "load_plugin",
    "mutate",
    "neighbour",
    "optimizer",
    "row_of",
    "sample",
    "train_to",
    "uniform",
]
