"""Settings that optimizers with one metric at one fidelity share (RS, FLS, BLS, REA, REA+W)."""

import xarray as xr

from mfnas_vec.optimizers.base import (
    MAX_EVALUATIONS,
    Setting,
    Values,
    check_ends,
)
from mfnas_vec.optimizers.published import iepoch, max_time, published
from mfnas_vec.tables import dense

USING_ZC_METRIC = Setting(
    "using_zc_metric",
    "bool",
    "whether `metric` is a zero-cost one; follows `metric` if not given",
    optional=True,
)
METRIC = Setting("metric", "name", "metric the search looks at")
IEPOCH_SETTING = Setting(
    "iepoch",
    "int",
    "epochs of training of each evaluation of a training-based metric; none where a table has no epochs",
    minimum=1,
    optional=True,
)
MAX_EVAL = Setting("max_eval", "int", "budget of evaluations", maximum=MAX_EVALUATIONS, optional=True)
MAX_TIME = Setting("max_time", "float", "budget of seconds of training (and scoring)", optional=True)

#: For ``Optimizer.metrics``.
METRICS = (("metric", "using_zc_metric"),)

SETTINGS = (USING_ZC_METRIC, METRIC, IEPOCH_SETTING, MAX_EVAL, MAX_TIME)


def defaults(table: xr.Dataset) -> Values:
    """The published values of ``SETTINGS``."""
    setup = published(table)
    return {
        "using_zc_metric": None,
        "metric": setup.metric,
        "iepoch": iepoch(table),
        "max_eval": setup.max_eval,
        "max_time": max_time(table),
    }


def make_objective(table: xr.Dataset, values: Values) -> tuple[dense.Objective, tuple[str, int | None]]:
    """The metric of a search, and the (variable, epoch) it reads.

    Raises
    ------
    ValueError
        If epoch or budget are impossible.
    """
    name = values["metric"]
    if values["using_zc_metric"]:
        objective, read = dense.zero_cost_objective(table, name), (name, None)
    else:
        objective, read = dense.training_objective(table, name, values["iepoch"]), (name, values["iepoch"])
    check_ends(values, objective)
    return objective, read
