"""The published table of R-MF-NAS: how much a result depends on the zero-cost proxy and on k.

Source: docs/R-MF-NAS.md and scripts of the code of MF-NAS (ELO-Lab/MF-NAS), revision of 2 November 2025. For each
problem, MF-NAS and R-MF-NAS are run with every proxy and k of the scripts; the table has the best and the
worst configuration (mean and standard deviation of its runs), mean and standard deviation of the means of
all configurations, and the gap between best and worst. Which revision of the code the MF-NAS column was made
with is not said.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from mfnas_vec.published.numbers import N_RUN
from mfnas_vec.published.verdicts import REPRODUCED, ROUNDING
from mfnas_vec.runs.result import describe
from mfnas_vec.runs.run import check_runs, check_seed, check_threads, prepare
from mfnas_vec.runs.threads import Progress
from mfnas_vec.search.protocols import HEAD2025
from mfnas_vec.sweeps.plan import load_inputs
from mfnas_vec.tables import dense
from mfnas_vec.tables.coverage import REFUSE
from mfnas_vec.tables.provenance import weakest
from mfnas_vec.tables.schema import COMPUTED, MEASURED

OPTIMIZERS = ("MF-NAS", "R-MF-NAS")

_NB201 = ("snip", "grasp", "fisher", "plain", "epe_nas", "jacov", "l2_norm", "zen", "grad_norm", "nwot", "synflow")
#: Proxies of the first stage and numbers of candidates, by space.
CONFIGURATIONS: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "nb101": (("synflow", "params", "flops", "snip", "grasp", "fisher", "grad_norm", "jacov"), (16, 32, 48, 64)),
    "nb201": ((*_NB201, "flops", "params"), (32, 48, 64, 96)),
    "nbasr": (
        ("synflow", "params", "flops", "fisher", "grad_norm", "jacov", "l2_norm", "plain", "snip"),
        (16,),
    ),
}


#: Attributes of every search that hold for the whole result.
_SHARED = ("space", "dataset", "opened_from_digest", "selected_on", "mfnas_vec_version")


class Robustness(NamedTuple):
    """One column of the table, in percent; ``sd`` is over the means of configurations, the others over runs."""

    best: float
    best_sd: float
    worst: float
    worst_sd: float
    mean: float
    sd: float
    gap: float


#: By problem and optimizer.
PUBLISHED: dict[str, dict[str, Robustness]] = {
    "nb101": {
        "MF-NAS": Robustness(93.89, 0.25, 84.01, 1.50, 90.18, 4.20, 9.88),
        "R-MF-NAS": Robustness(93.92, 0.23, 91.86, 1.24, 92.95, 0.84, 2.06),
    },
    "nb201-cifar10": {
        "MF-NAS": Robustness(94.36, 0.00, 89.42, 1.04, 93.13, 1.26, 4.94),
        "R-MF-NAS": Robustness(94.32, 0.08, 92.90, 0.68, 93.70, 0.35, 1.40),
    },
    "nb201-cifar100": {
        "MF-NAS": Robustness(73.51, 0.00, 60.72, 0.75, 69.96, 3.45, 12.79),
        "R-MF-NAS": Robustness(73.51, 0.00, 69.72, 1.19, 71.46, 1.05, 3.79),
    },
    "nb201-imagenet16": {
        "MF-NAS": Robustness(46.48, 0.21, 35.96, 0.31, 42.61, 3.98, 10.52),
        "R-MF-NAS": Robustness(46.41, 0.14, 43.03, 2.07, 45.06, 0.89, 3.38),
    },
    "nbasr": {
        "MF-NAS": Robustness(21.77, 0.00, 83.14, 7.99, 29.41, 19.01, 61.37),
        "R-MF-NAS": Robustness(21.78, 0.08, 23.28, 0.74, 22.42, 0.42, 1.50),
    },
}


def n_search(tables: Mapping[str, xr.Dataset]) -> int:
    """Number of searches of ``run_configurations``."""
    sizes = (CONFIGURATIONS[str(table.attrs["space"])] for table in tables.values())
    return len(OPTIMIZERS) * sum(len(proxies) * len(ks) for proxies, ks in sizes)


def run_configurations(
    problem: str,
    table: xr.Dataset,
    *,
    n_run: int = 500,
    seed: int = 0,
    protocol: str = HEAD2025,
    missing: str = REFUSE,
    n_thread: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Run MF-NAS and R-MF-NAS with every proxy and k on a problem.

    Parameters
    ----------
    problem
        A name of ``PUBLISHED``.
    table
        Its table.
    n_run, seed, protocol, missing, n_thread, progress
        As of ``run``.

    Returns
    -------
    xarray.Dataset
        Over ``optimizer``, ``metric_stage1`` and ``k``: ``mean`` and ``sd`` of the test performance (NaN
        where no run found an architecture), ``seconds`` and ``epochs``, means of a run, ``n_found``, runs
        that found an architecture.

    Raises
    ------
    ValueError
        If the table lacks a metric, or an argument is impossible.
    """
    n_run, seed, n_thread = check_runs(n_run), check_seed(seed), check_threads(n_thread)
    proxies, ks = CONFIGURATIONS[str(table.attrs["space"])]
    table = load_inputs(table, [("MF-NAS", {"metric_stage1": proxy}) for proxy in proxies])
    test = dense.test_results(table)
    shape = (len(OPTIMIZERS), len(proxies), len(ks))
    found = {name: np.full(shape, np.nan) for name in ("mean", "sd", "seconds", "epochs", "n_found")}
    kinds: set[str] = set()
    attrs: dict[str, Any] = {}
    for place in itertools.product(*map(range, shape)):
        settings = {"metric_stage1": proxies[place[1]], "n_candidate": ks[place[2]]}
        search = prepare(OPTIMIZERS[place[0]], table, settings, protocol=protocol, missing=missing)
        outcome = search.runs(seed, 0, n_run, n_thread, None, progress)
        told = describe(search.optimizer, search.table, search.job, search.values)
        attrs = told.attrs
        kinds |= {str(told.variables[name]["provenance"]) for name in ("search_score", "test_performance")}
        kinds |= {text.rpartition(": ")[2] for text in told.attrs["inputs"]}
        rows = outcome.row[outcome.row >= 0]
        values = {"seconds": outcome.seconds.mean(), "epochs": outcome.epochs.mean(), "n_found": rows.size}
        if rows.size:
            values |= {"mean": test[rows].mean(), "sd": test[rows].std()}
        for name, value in values.items():
            found[name][place] = value
    dims = ("optimizer", "metric_stage1", "k")
    name = dense.test_variable(table)
    unit = {"units": table[name].attrs.get("units", "1"), "direction": dense.direction(table, name)}
    notes = {
        "mean": unit,
        "sd": unit,
        "seconds": {"units": "s"},
        "epochs": {"units": "epoch"},
        "n_found": {"units": "1"},
    }
    return xr.Dataset(
        {key: (dims, array, notes[key] | {"provenance": weakest(kinds)}) for key, array in found.items()},
        coords={
            "optimizer": np.array(OPTIMIZERS, np.dtypes.StringDType()),
            "metric_stage1": np.array(proxies, np.dtypes.StringDType()),
            "k": np.array(ks),
        },
        attrs={
            "problem": problem,
            "protocol": protocol,
            "seed": seed,
            "n_run": n_run,
            **{key: attrs[key] for key in _SHARED if key in attrs},
        },
    )


def robustness(result: xr.Dataset, optimizer: str) -> Robustness:
    """The column of an optimizer from the result of ``run_configurations``."""
    one = result.sel(optimizer=optimizer)
    means, sds = one["mean"].values.ravel(), one["sd"].values.ravel()
    if not np.isfinite(means).any():
        return Robustness(*[math.nan] * 7)
    sign = -1.0 if one["mean"].attrs["direction"] == "minimize" else 1.0
    best, worst = int(np.nanargmax(sign * means)), int(np.nanargmin(sign * means))
    gap = abs(means[best] - means[worst])
    numbers = (means[best], sds[best], means[worst], sds[worst], np.nanmean(means), np.nanstd(means), gap)
    return Robustness(*map(float, numbers))


def verdicts(result: xr.Dataset, optimizer: str) -> dict[str, str]:
    """A verdict on best, worst and mean of an optimizer: "reproduced" only of measured or computed values.

    Two means agree if they differ by no more than 1.96 standard errors of both and the rounding of the
    published one. For the mean over configurations, whose standard error is not published, that of ours
    stands for both.
    """
    known, ours = PUBLISHED[result.attrs["problem"]][optimizer], robustness(result, optimizer)
    kind, n_run = str(result["mean"].attrs["provenance"]), int(result.attrs["n_run"])
    if kind not in (MEASURED, COMPUTED):
        return dict.fromkeys(("best", "worst", "mean"), f"on {kind} values")
    sds = result["sd"].sel(optimizer=optimizer).values
    over_all = math.sqrt(float(np.nansum(sds**2)) / n_run) / sds.size
    errors = {
        "best": math.hypot(known.best_sd / math.sqrt(N_RUN), ours.best_sd / math.sqrt(n_run)),
        "worst": math.hypot(known.worst_sd / math.sqrt(N_RUN), ours.worst_sd / math.sqrt(n_run)),
        "mean": math.hypot(over_all, over_all),
    }
    found = {}
    for name, error in errors.items():
        difference = getattr(ours, name) - getattr(known, name)
        agrees = abs(difference) <= ROUNDING + 1.96 * error
        found[name] = REPRODUCED if agrees else f"differs by {difference:+.2f}"
    return found


def configuration_of(result: xr.Dataset, optimizer: str, *, best: bool) -> str:
    """Proxy and k of the best or the worst configuration."""
    means = result["mean"].sel(optimizer=optimizer)
    sign = -1.0 if means.attrs["direction"] == "minimize" else 1.0
    values = sign * means.values
    flat = int(np.nanargmax(values) if best else np.nanargmin(values))
    proxy, k = np.unravel_index(flat, values.shape)
    return f"{result['metric_stage1'].values[proxy]}, k = {result['k'].values[k]}"


def columns(results: Sequence[xr.Dataset]) -> list[tuple[str, str, Robustness, Robustness, dict[str, str]]]:
    """(problem, optimizer, published, here, verdicts) of every column."""
    return [
        (problem, name, PUBLISHED[problem][name], robustness(result, name), verdicts(result, name))
        for result in results
        for problem in [str(result.attrs["problem"])]
        for name in OPTIMIZERS
    ]
