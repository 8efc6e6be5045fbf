"""MF-NAS: zero-cost local search, then successive halving of its best."""

import math

import xarray as xr

from mfnas_vec.kernels.mf_nas import STAGE1_BLS, STAGE1_FLS, STAGE1_RS, mf_nas_runs
from mfnas_vec.kernels.state import UNLIMITED
from mfnas_vec.optimizers import single_fidelity, successive_halving
from mfnas_vec.optimizers.base import (
    MAX_EVALUATIONS,
    Job,
    Optimizer,
    Setting,
    Values,
    make_budget,
)
from mfnas_vec.optimizers.published import N_PROXY_EVALUATION, iepoch, list_iepoch, max_time, published
from mfnas_vec.tables import dense

STAGE1 = {"FLS": STAGE1_FLS, "BLS": STAGE1_BLS, "RS": STAGE1_RS}

SETTINGS = (
    Setting("metric_stage1", "name", "metric the first stage looks at"),
    Setting(
        "using_zc_metric_stage1",
        "bool",
        "whether `metric_stage1` is a zero-cost one; follows it if not given",
        optional=True,
    ),
    Setting("optimizer_stage1", "name", "search of the first stage", choices=tuple(STAGE1)),
    Setting("max_eval_stage1", "int", "evaluations of the first stage", minimum=1, maximum=MAX_EVALUATIONS),
    single_fidelity.IEPOCH_SETTING,
    Setting("metric_stage2", "name", "metric of the successive halving"),
    Setting(
        "using_zc_metric_stage2",
        "bool",
        "whether `metric_stage2` is a zero-cost one; follows it if not given",
        optional=True,
    ),
    successive_halving.LIST_IEPOCH,
    successive_halving.N_CANDIDATE,
    single_fidelity.MAX_TIME,
)


def _defaults(table: xr.Dataset) -> Values:
    setup = published(table)
    return {
        "metric_stage1": "params",
        "using_zc_metric_stage1": None,
        "optimizer_stage1": "FLS",
        "max_eval_stage1": N_PROXY_EVALUATION,
        "iepoch": iepoch(table),
        "metric_stage2": setup.metric,
        "using_zc_metric_stage2": None,
        "list_iepoch": list_iepoch(table),
        "n_candidate": setup.n_candidate,
        "max_time": max_time(table),
    }


def _prepare(table: xr.Dataset, values: Values, corrected: bool) -> Job:
    name = values["metric_stage1"]
    rungs, read = successive_halving.make_rungs(table, values, "metric_stage2", "using_zc_metric_stage2", corrected)
    if values["using_zc_metric_stage1"]:
        objective, read1 = dense.zero_cost_objective(table, name), (name, None)
    else:
        objective, read1 = dense.training_objective(table, name, values["iepoch"]), (name, values["iepoch"])
    # The published first stage knows no time limit; the corrected protocol never overshoots.
    budget1 = make_budget(values["max_eval_stage1"], values["max_time"] if corrected else math.inf, corrected)
    budget = make_budget(UNLIMITED, values["max_time"], corrected)
    space = dense.table_space(table).arrays
    stage1 = STAGE1[values["optimizer_stage1"]]
    arguments = (space, objective, stage1, budget1, values["n_candidate"], rungs, budget)
    metric2 = values["metric_stage2"]
    return Job(
        mf_nas_runs,
        arguments,
        values["n_candidate"],
        values["max_eval_stage1"] + 2.0 * values["n_candidate"],
        (read1, *read),
        metric2,
        dense.sign(table, metric2),
    )


MF_NAS = Optimizer(
    "MF-NAS",
    "zero-cost local search, then successive halving of its best",
    SETTINGS,
    _defaults,
    _prepare,
    successive_halving.ALIASES,
    (("metric_stage1", "using_zc_metric_stage1"), ("metric_stage2", "using_zc_metric_stage2")),
    untrained="using_zc_metric_stage1",
)
