"""The published table of R-MF-NAS: how much a result depends on the zero-cost proxy and on k.

Source: docs/R-MF-NAS.md and scripts of the code of MF-NAS (ELO-Lab/MF-NAS), revision of 2 November 2025. For each
problem, MF-NAS and R-MF-NAS are run with every proxy and k of the scripts; the table has the best and the
worst configuration (mean and standard deviation of its runs), mean and standard deviation of the means of
all configurations, and the gap between best and worst. It does not state which revision of the code made the
MF-NAS column.
"""

import json
import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from mfnas_vec.analysis.searches import searches_of
from mfnas_vec.analysis.statistics import TEST, direction_sign
from mfnas_vec.analysis.summary import summarize
from mfnas_vec.published.numbers import N_RUN
from mfnas_vec.published.verdicts import REPRODUCED, ROUNDING
from mfnas_vec.runs.result import RUN, SELECTED_ON
from mfnas_vec.search.protocols import HEAD2025
from mfnas_vec.sweeps.grid import Entry, Grid
from mfnas_vec.tables.provenance import weakest
from mfnas_vec.tables.schema import COMPUTED, MEASURED

OPTIMIZERS = ("MF-NAS", "R-MF-NAS")

_NB201 = ("snip", "grasp", "fisher", "plain", "epe_nas", "jacov", "l2_norm", "zen", "grad_norm", "nwot", "synflow")
#: Proxies of the first stage and numbers of candidates, by space.
CONFIGURATIONS: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "nb101": (("synflow", "params", "flops", "snip", "grasp", "fisher", "grad_norm", "jacov"), (16, 32, 48, 64)),
    "nb201": ((*_NB201, "flops", "params"), (32, 48, 64, 96)),
    "nbasr": (("synflow", "params", "flops", "fisher", "grad_norm", "jacov", "l2_norm", "plain", "snip"), (16,)),
}


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


def robustness_grid(problems: Iterable[str] | None = None) -> Grid:
    """The grid of the table: MF-NAS and R-MF-NAS with every proxy and k.

    Parameters
    ----------
    problems
        Some of its problems; all by default.

    Raises
    ------
    ValueError
        If a problem is unknown.
    """
    entries = []
    for space, (proxies, ks) in CONFIGURATIONS.items():
        settings: dict[str, list[Any]] = {"metric_stage1": list(proxies), "n_candidate": list(ks)}
        on = tuple(name for name in PUBLISHED if name.partition("-")[0] == space)
        entries += [Entry(name, name, settings, on) for name in OPTIMIZERS]
    grid = Grid(
        name="robustness",
        title="MF-NAS and R-MF-NAS with every zero-cost metric and k",
        problems={name: {} for name in PUBLISHED},
        entries=tuple(entries),
        protocol=HEAD2025,
    )
    return grid.on_problems(problems)


def configurations(results: xr.Dataset) -> xr.Dataset:
    """Mean results of each configuration.

    Parameters
    ----------
    results
        Of a sweep of ``robustness_grid`` on a problem.

    Returns
    -------
    xarray.Dataset
        Over ``optimizer``, ``metric_stage1`` and ``k``: ``mean`` and ``sd`` of the test performance (NaN
        where no run found an architecture), and ``n_found``, runs that found an architecture.
    """
    (searches,) = searches_of(results).values()
    settings = [json.loads(search.settings) for search in searches.values()]
    coords = {
        "optimizer": list(OPTIMIZERS),
        "metric_stage1": list(dict.fromkeys(own["metric_stage1"] for own in settings)),
        "k": sorted({own["n_candidate"] for own in settings}),
    }
    shape = tuple(map(len, coords.values()))
    found = {name: np.full(shape, np.nan) for name in ("mean", "sd", "n_found")}
    for search, own in zip(searches.values(), settings, strict=True):
        values = (search.optimizer, own["metric_stage1"], own["n_candidate"])
        place = tuple(known.index(value) for known, value in zip(coords.values(), values, strict=True))
        ours = summarize(search.runs, interval=False)
        for name, array in found.items():
            array[place] = getattr(ours, name)
    test, first = results[TEST].attrs, next(iter(searches.values())).runs.attrs
    kind = weakest(search.provenance for search in searches.values())
    about = {key: test[key] for key in ("units", "direction")} | {"provenance": kind}
    dims = tuple(coords)
    return xr.Dataset(
        {
            "mean": (dims, found["mean"], about),
            "sd": (dims, found["sd"], about),
            "n_found": (dims, found["n_found"], {"units": "1"}),
        },
        coords=coords,
        attrs={
            "problem": results.attrs["problem"],
            "n_run": results.sizes[RUN],
            **{key: first[key] for key in ("protocol", "seed", SELECTED_ON) if key in first},
        },
    )


def robustness(result: xr.Dataset, optimizer: str) -> Robustness:
    """The column of an optimizer from the result of ``configurations``."""
    one = _by_configuration(result, optimizer)
    means, sds = one["mean"].values, one["sd"].values
    if not np.isfinite(means).any():
        return Robustness(*[math.nan] * 7)
    best, worst = _ends(one["mean"])
    gap = abs(means[best] - means[worst])
    numbers = (means[best], sds[best], means[worst], sds[worst], np.nanmean(means), np.nanstd(means), gap)
    return Robustness(*map(float, numbers))


def verdicts(result: xr.Dataset, optimizer: str) -> dict[str, str]:
    """A verdict on best, worst and mean of an optimizer: "reproduced" only of measured or computed values.

    Two means agree if they differ by no more than 1.96 standard errors of both and the rounding of the
    published one. For the mean over configurations, whose standard error is not published, ours is used
    for both.
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
    one = _by_configuration(result, optimizer)
    found = one[{"configuration": _ends(one["mean"])[0 if best else 1]}]
    return f"{found['metric_stage1'].item()}, k = {found['k'].item()}"


def _by_configuration(result: xr.Dataset, optimizer: str) -> xr.Dataset:
    """The results of an optimizer in a row: over ``configuration`` alone."""
    return result.sel(optimizer=optimizer).stack(configuration=("metric_stage1", "k"))


def _ends(means: xr.DataArray) -> tuple[int, int]:
    """Places of the best and the worst mean."""
    values = direction_sign(means.attrs) * means.values
    return int(np.nanargmax(values)), int(np.nanargmin(values))
