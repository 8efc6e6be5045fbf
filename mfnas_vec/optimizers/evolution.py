"""REA and REA+W: regularized evolution, plain and with a zero-cost warm-up."""

import xarray as xr

from mfnas_vec.kernels.evolution import evolution_runs
from mfnas_vec.optimizers import single_fidelity
from mfnas_vec.optimizers.base import (
    MAX_EVALUATIONS,
    Job,
    Optimizer,
    Setting,
    Values,
    check_metric,
    eval_bound,
    make_budget,
)
from mfnas_vec.optimizers.published import N_PROXY_EVALUATION, published
from mfnas_vec.tables import dense

#: Largest population.
MAX_POPULATION = 100_000

SETTINGS = (
    *single_fidelity.SETTINGS,
    Setting("pop_size", "int", "size of the population", minimum=1, maximum=MAX_POPULATION),
    Setting("tournament_size", "int", "members drawn for each tournament", minimum=1, maximum=MAX_POPULATION),
    Setting("prob_mutation", "float", "expected number of genes a mutation tries to change", maximum=1e9),
    Setting("warm_up", "bool", "whether the first population are the best of a zero-cost warm-up"),
    Setting("n_sample_warmup", "int", "samples of the warm-up", minimum=1, maximum=MAX_EVALUATIONS),
    Setting("metric_warmup", "name", "zero-cost metric of the warm-up"),
)


def _defaults(table: xr.Dataset, warm_up: bool) -> Values:
    return single_fidelity.defaults(table) | {
        "pop_size": 10,
        "tournament_size": 10,
        "prob_mutation": 1.0,
        "warm_up": warm_up,
        "n_sample_warmup": N_PROXY_EVALUATION,
        "metric_warmup": published(table).metric_warmup,
    }


def _defaults_plain(table: xr.Dataset) -> Values:
    return _defaults(table, False)


def _defaults_warm(table: xr.Dataset) -> Values:
    return _defaults(table, True)


def _prepare(table: xr.Dataset, values: Values, corrected: bool) -> Job:
    objective, read = single_fidelity.make_objective(table, values)
    pop_size, tournament_size = values["pop_size"], values["tournament_size"]
    if tournament_size > pop_size:
        raise ValueError(f"tournament_size={tournament_size} must be <= pop_size={pop_size}")
    reads = [read]
    unpaid: list[tuple[str, int | None]] = []
    warm_objective, n_warm = objective, 0
    if values["warm_up"]:
        name, n_warm = values["metric_warmup"], values["n_sample_warmup"]
        if not check_metric(table, name, "metric_warmup", None, ""):
            raise ValueError(f"metric_warmup={name!r} is training-based; a warm-up needs a zero-cost metric")
        if n_warm < pop_size:
            raise ValueError(f"n_sample_warmup={n_warm} must be >= pop_size={pop_size}")
        warm_objective = dense.zero_cost_objective(table, name)
        reads.append((name, None))
        if not corrected and read != (name, None):
            unpaid.append((name, None))  # published: the warm-up's seconds are not charged
    budget = make_budget(values["max_eval"], values["max_time"], corrected)
    settings = (pop_size, tournament_size, values["prob_mutation"])
    arguments = (dense.table_space(table).arrays, objective, budget, settings, warm_objective, n_warm)
    return Job(
        evolution_runs,
        arguments,
        pop_size,
        eval_bound(values, objective) + pop_size + n_warm,
        tuple(reads),
        read[0],
        dense.sign(table, read[0]),
        tuple(unpaid),
    )


#: Settings of the warm-up, which do nothing without it.
SWITCHES = {"n_sample_warmup": "warm_up", "metric_warmup": "warm_up"}

REA = Optimizer(
    "REA",
    "regularized evolution",
    SETTINGS,
    _defaults_plain,
    _prepare,
    metrics=single_fidelity.METRICS,
    switches=SWITCHES,
)
REAW = Optimizer(
    "REA+W",
    "regularized evolution with a zero-cost warm-up",
    SETTINGS,
    _defaults_warm,
    _prepare,
    metrics=single_fidelity.METRICS,
    switches=SWITCHES,
)
