"""FLS and BLS: first- and best-improvement local search."""

import xarray as xr

from mfnas_vec.kernels.local_search import local_search_runs
from mfnas_vec.optimizers import single_fidelity
from mfnas_vec.optimizers.base import Job, Optimizer, Values, eval_bound, make_budget
from mfnas_vec.tables import dense


def _prepare(table: xr.Dataset, values: Values, corrected: bool, first_improvement: bool) -> Job:
    objective, read = single_fidelity.make_objective(table, values)
    budget = make_budget(values["max_eval"], values["max_time"], corrected)
    arguments = (dense.table_space(table).arrays, objective, budget, first_improvement)
    return Job(
        local_search_runs, arguments, 0, eval_bound(values, objective), (read,), read[0], dense.sign(table, read[0])
    )


def _prepare_first(table: xr.Dataset, values: Values, corrected: bool) -> Job:
    return _prepare(table, values, corrected, True)


def _prepare_best(table: xr.Dataset, values: Values, corrected: bool) -> Job:
    return _prepare(table, values, corrected, False)


FLS = Optimizer(
    "FLS",
    "first-improvement local search",
    single_fidelity.SETTINGS,
    single_fidelity.defaults,
    _prepare_first,
    metrics=single_fidelity.METRICS,
)
BLS = Optimizer(
    "BLS",
    "best-improvement local search",
    single_fidelity.SETTINGS,
    single_fidelity.defaults,
    _prepare_best,
    metrics=single_fidelity.METRICS,
)
