"""Reaching a target: when runs do, how often, and what it costs."""

import numpy as np
import xarray as xr

from mfnas_vec.analysis.anytime import COSTS, UNITS, check_cost, check_table, incumbent_tests, step_costs
from mfnas_vec.analysis.bootstrap import LEVEL, FloatArray
from mfnas_vec.analysis.statistics import TEST, direction_sign, leading_dims, over_runs
from mfnas_vec.runs.incumbents import COMPLETED_RUNG, check_rule
from mfnas_vec.runs.result import RUN
from mfnas_vec.runs.trace import check_trace


def hitting_costs(
    result: xr.Dataset,
    target: float,
    *,
    over: str = "seconds",
    table: xr.Dataset,
    incumbent: str = COMPLETED_RUNG,
) -> FloatArray:
    """Cost of each run until its incumbent first reached a test result.

    Parameters
    ----------
    result, target, over, table
        As of ``time_to_target``; with a trace.
    incumbent
        As of ``anytime``.

    Returns
    -------
    numpy.ndarray
        Shape ``(..., n_run)``; infinite for a run that did not.

    Raises
    ------
    ValueError
        As of ``anytime``.
    """
    check_cost(result, over, table)
    check_rule(incumbent)
    check_trace(result)
    check_table(result, table)
    sign = direction_sign(result[TEST].attrs)
    hit = sign * incumbent_tests(result, table, incumbent) >= sign * target
    steps, _ = step_costs(result, over)
    if not steps.shape[-1]:  # no run evaluated anything
        return np.full(steps.shape[:-1], np.inf)
    first = np.take_along_axis(steps, hit.argmax(axis=-1)[..., None], axis=-1)[..., 0]
    return np.where(hit.any(axis=-1), first, np.inf)


def time_to_target(
    result: xr.Dataset, target: float, *, over: str = "seconds", table: xr.Dataset | None = None
) -> xr.Dataset:
    """How often runs reach a test result, and the expected cost of reaching it.

    The expected cost ("ERT", Hansen et al., 2021, COCO) is the cost of all runs, of successful ones up
    to the target, divided by the number of successes: the cost of restarting until success.

    Parameters
    ----------
    result
        As of ``statistics``.
    target
        A test result, in the units and direction of ``test_performance``.
    over
        "seconds", "epochs" or "evaluations".
    table
        The result's table. With it and a trace, a run succeeds when its incumbent first reaches the
        target, and is charged up to that evaluation. Otherwise a run succeeds if its final result
        reaches the target, and is charged completely: an upper bound of the cost.

    Returns
    -------
    xarray.Dataset
        Over the leading dimensions: ``n_run, n_success, success_rate``, its 95 % interval (Wilson)
        ``success_low, success_high``, and ``expected_cost``, infinite without a success.

    Raises
    ------
    ValueError
        If the target is not a finite number, or as of ``anytime``.
    """
    from scipy.stats import binomtest

    check_cost(result, over, table)
    if not np.isfinite(target):
        raise ValueError(f"target={target} must be a number")
    total = over_runs(result, COSTS[over])
    test = over_runs(result, TEST)
    sign = direction_sign(test.attrs)
    costs = total.values
    if table is None:
        reached = sign * test.values >= sign * target
    else:
        first = hitting_costs(result, target, over=over, table=table)
        reached = np.isfinite(first)
        costs = np.where(reached, first, costs)
    there = ~np.isnan(total.values)
    n_run, n_success = there.sum(axis=-1), (reached & there).sum(axis=-1)
    spent = np.where(there, costs, 0.0).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(n_run == 0, np.nan, np.where(n_success > 0, spent / n_success, np.inf))
        rate = n_success / np.where(n_run > 0, n_run, np.nan)
    low, high = (np.full(n_run.shape, np.nan) for _ in range(2))
    for place in np.ndindex(*n_run.shape):
        if n_run[place]:
            tested = binomtest(int(n_success[place]), int(n_run[place]))
            ends = tested.proportion_ci(LEVEL, method="wilson")
            low[place], high[place] = ends.low, ends.high
    dims = leading_dims(result)
    kept = {key: test.attrs[key] for key in ("provenance",) if key in test.attrs}
    price = result["cost_seconds"].attrs.get("provenance") if over == "seconds" else None
    units = UNITS[over]
    inner = [name for name, coord in result.coords.items() if RUN in coord.dims]
    found = xr.Dataset(coords=result.coords.to_dataset().drop_vars(inner).coords, attrs=result.attrs)
    found["n_run"] = dims, n_run, {"long_name": "runs"}
    found["n_success"] = dims, n_success, {"long_name": "runs that reach the target", **kept}
    found["success_rate"] = dims, rate, {"long_name": "share of runs that reach the target", "units": "1", **kept}
    found["success_low"] = dims, low, {"long_name": "lower end of its 95 % interval", "units": "1"}
    found["success_high"] = dims, high, {"long_name": "upper end of its 95 % interval", "units": "1"}
    found["expected_cost"] = (
        dims,
        expected,
        {
            "long_name": f"expected {over} to the target",
            "units": units,
            "charged": "whole runs" if table is None else "up to the target",
            **({"provenance": price} if price else {}),
        },
    )
    return found.assign_attrs(target=target)
