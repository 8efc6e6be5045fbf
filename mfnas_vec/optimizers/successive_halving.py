"""SH: successive halving, and the rungs it shares with MF-NAS."""

import xarray as xr

from mfnas_vec.kernels.state import UNLIMITED
from mfnas_vec.kernels.successive_halving import successive_halving_runs
from mfnas_vec.optimizers import single_fidelity
from mfnas_vec.optimizers.base import Job, Optimizer, Setting, Values, make_budget
from mfnas_vec.optimizers.published import list_iepoch, max_time, published
from mfnas_vec.tables import dense

#: Largest number of candidates of a halving.
MAX_CANDIDATES = 100_000

LIST_IEPOCH = Setting(
    "list_iepoch",
    "epochs",
    "epochs of training done at each rung (of a zero-cost metric only their number counts); none, a single rung, "
    "where a table has no epochs",
    minimum=1,
    optional=True,
)
N_CANDIDATE = Setting("n_candidate", "int", "number of candidates at the first rung", minimum=1, maximum=MAX_CANDIDATES)
ALIASES = {"k": "n_candidate"}


def make_rungs(
    table: xr.Dataset, values: Values, metric: str, using_zc: str, corrected: bool
) -> tuple[dense.Rungs, list[tuple[str, int | None]]]:
    """The rungs of a halving, and the (variable, epoch) pairs they read.

    ``metric`` and ``using_zc`` name the two settings that choose the metric.

    Raises
    ------
    ValueError
        If the table lacks an epoch.
    """
    name, epochs = values[metric], values["list_iepoch"]
    if values[using_zc]:
        return dense.zero_cost_rungs(table, name, len(epochs or (None,))), [(name, None)]
    accounting = dense.CUMULATIVE if corrected else published(table).halving_accounting
    return dense.training_rungs(table, name, epochs, accounting), [(name, e) for e in epochs or (None,)]


def _defaults(table: xr.Dataset) -> Values:
    setup = published(table)
    return {
        "using_zc_metric": None,
        "metric": setup.metric,
        "list_iepoch": list_iepoch(table),
        "n_candidate": setup.n_candidate,
        "max_time": max_time(table),
    }


def _prepare(table: xr.Dataset, values: Values, corrected: bool) -> Job:
    rungs, read = make_rungs(table, values, "metric", "using_zc_metric", corrected)
    budget = make_budget(UNLIMITED, values["max_time"], corrected)
    arguments = (dense.table_space(table).arrays, rungs, budget, values["n_candidate"])
    name = values["metric"]
    return Job(
        successive_halving_runs,
        arguments,
        values["n_candidate"],
        2.0 * values["n_candidate"] + len(values["list_iepoch"] or (None,)),
        tuple(read),
        name,
        dense.sign(table, name),
    )


SH = Optimizer(
    "SH",
    "successive halving",
    (
        single_fidelity.USING_ZC_METRIC,
        single_fidelity.METRIC,
        LIST_IEPOCH,
        N_CANDIDATE,
        single_fidelity.MAX_TIME,
    ),
    _defaults,
    _prepare,
    ALIASES,
    single_fidelity.METRICS,
)
