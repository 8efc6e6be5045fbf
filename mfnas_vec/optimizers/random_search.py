"""RS: random search."""

import xarray as xr

from mfnas_vec.kernels.random_search import random_search_runs
from mfnas_vec.optimizers import single_fidelity
from mfnas_vec.optimizers.base import Job, Optimizer, Values, eval_bound, make_budget
from mfnas_vec.tables import dense


def _prepare(table: xr.Dataset, values: Values, corrected: bool) -> Job:
    objective, read = single_fidelity.make_objective(table, values)
    budget = make_budget(values["max_eval"], values["max_time"], corrected)
    arguments = (dense.table_space(table).arrays, objective, budget)
    return Job(
        random_search_runs, arguments, 0, eval_bound(values, objective), (read,), read[0], dense.sign(table, read[0])
    )


RS = Optimizer(
    "RS",
    "random search",
    single_fidelity.SETTINGS,
    single_fidelity.defaults,
    _prepare,
    metrics=single_fidelity.METRICS,
)
