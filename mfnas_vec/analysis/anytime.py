"""Anytime performance: curves of traced runs, and the cost of reaching a target."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec.analysis.statistics import (
    LEVEL,
    TEST,
    FloatArray,
    direction_sign,
    leading_dims,
    over_runs,
)
from mfnas_vec.runs.result import RUN, STEP
from mfnas_vec.runs.trace import check_trace, step_codes
from mfnas_vec.tables import dense
from mfnas_vec.tables.optimum import best_of
from mfnas_vec.tables.schema import TRAIN_SECONDS

#: Kinds of search cost, and the variable with a run's total.
COSTS = {"seconds": "cost_seconds", "epochs": "cost_epochs", "evaluations": "evaluations"}
UNITS = {"seconds": "s", "epochs": "epoch", "evaluations": "1"}
COST = "cost"


def is_timed(result: xr.Dataset) -> bool:
    """Whether the runs of a result are charged seconds."""
    return bool(int(result.attrs.get("timed", 1)) and over_runs(result, "cost_seconds").fillna(0).any())


def check_over(over: str) -> None:
    """Check the kind of cost.

    Raises
    ------
    ValueError
        If it is none of ``COSTS``.
    """
    if over not in COSTS:
        raise ValueError(f"over={over!r} must be one of {', '.join(COSTS)}")


def _check_cost(result: xr.Dataset, over: str, table: xr.Dataset | None = None) -> None:
    check_over(over)
    # Runs without evaluations cost no seconds even on a timed table, so the table decides if it is given.
    if over == "seconds" and not (is_timed(result) if table is None else TRAIN_SECONDS in table):
        raise ValueError("over='seconds': the table of this result has no seconds")


def _step_costs(result: xr.Dataset, over: str) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Cumulative cost of each step, shape ``(..., run, step)``, and whether the run made it."""
    taken = step_codes(result, "code") >= 0
    if over == "evaluations" and "trace_evaluations" not in result:
        return np.cumsum(taken, axis=-1).astype(np.float64), taken
    costs = result[f"trace_{over}"].transpose(..., RUN, STEP).values.astype(np.float64)
    return costs, taken


def _incumbent_scores(result: xr.Dataset, sign: float) -> FloatArray:
    """Search score of the incumbent at each step; ``sign`` makes it one to be maximised.

    NaN without an incumbent, and in a zero-cost stage before a trained one, whose scores have other
    units.
    """
    code, incumbent = step_codes(result, "code"), step_codes(result, "incumbent")
    score, fidelity = (result[f"trace_{name}"].transpose(..., RUN, STEP).values for name in ("score", "fidelity"))
    score = sign * score
    trained = (fidelity > 0).any(axis=-1)
    found = np.full(score.shape, np.nan)
    carried = np.full(score.shape[:-1], np.nan)
    for step in range(score.shape[-1]):
        counts = (code[..., step] >= 0) & ~(trained & (fidelity[..., step] == 0))
        before = incumbent[..., step - 1] if step else np.full(carried.shape, -1)
        changed = incumbent[..., step] != before
        carried = np.where(changed | ~counts, np.nan, carried)
        own = counts & (code[..., step] == incumbent[..., step])
        carried = np.where(own, np.fmax(carried, score[..., step]), carried)
        found[..., step] = carried
    return sign * found


def incumbent_tests(result: xr.Dataset, table: xr.Dataset) -> FloatArray:
    """Test result of the incumbent at each step, shape ``(..., run, step)``; NaN where there is none."""
    incumbent = step_codes(result, "incumbent")
    rows = dense.table_space(table).row(np.maximum(incumbent, 0))
    return np.where(incumbent >= 0, dense.test_results(table)[rows], np.nan)


def check_table(result: xr.Dataset, table: xr.Dataset) -> None:
    """Check that a table can be the one a result was made on.

    Raises
    ------
    ValueError
        If the table is of another space or has another digest.
    """
    ours, theirs = (str(result.attrs.get("opened_from_digest", "")), str(table.attrs.get("digest", "")))
    if dense.table_space(table).name != result.attrs.get("space", "") or (ours and theirs and ours != theirs):
        raise ValueError("the table differs from the one the result was made on")


def anytime(
    result: xr.Dataset,
    table: xr.Dataset,
    *,
    over: str = "seconds",
    at: Sequence[float] | FloatArray | None = None,
    n_point: int = 100,
    search_score: bool = True,
) -> xr.Dataset:
    """Search score and test result of the incumbent after each cost, run by run.

    The incumbent is the best architecture so far by the search metric.
    ``statistics(curves, "test_performance")`` averages the curves.

    Parameters
    ----------
    result
        Of ``run`` with ``trace=True``; it may have more leading dimensions.
    table
        The table it was made on, which has the test results.
    over
        "seconds", "epochs" or "evaluations": the unit of the axis ``cost``.
    at
        Points of that axis, increasing; by default ``n_point`` equal steps up to the most expensive run.
    search_score
        Whether to compute the curves of the search score, too, which take longer.

    Returns
    -------
    xarray.Dataset
        ``test_performance`` and ``search_score`` over the leading dimensions, ``cost`` and ``run``:
        NaN before the first evaluation has ended; a finished run keeps its last value. A search score
        is NaN in a zero-cost stage before a trained one, and has the sign of its metric.

    Raises
    ------
    ValueError
        If there is no trace, ``over`` is unknown or the table has no such cost, or the table differs.
    """
    _check_cost(result, over, table)
    check_trace(result)
    check_table(result, table)
    costs, taken = _step_costs(result, over)
    longest = (float(costs[taken].max()) if taken.any() else 0.0) or 1.0
    points = np.linspace(0.0, longest, n_point + 1)[1:] if at is None else np.asarray(at, dtype=np.float64)
    if points.ndim != 1 or not points.size or np.isnan(points).any() or (np.diff(points) <= 0).any():
        raise ValueError("at must be increasing numbers")
    limited = np.where(taken, costs, np.inf)
    lead = limited.shape[:-1]
    flat = limited.reshape(math.prod(lead), limited.shape[-1])
    last = np.array([np.searchsorted(row, points, side="right") - 1 for row in flat]).reshape(*lead, points.size)
    steps = [(TEST, incumbent_tests(result, table), result[TEST].attrs)]
    if search_score:
        attrs = result["search_score"].attrs
        try:
            sign = direction_sign(attrs)
        except ValueError:  # it differs between the optimizers
            sign, attrs = 1.0, {"long_name": "score of the incumbent"}
        steps.append(("search_score", _incumbent_scores(result, sign), attrs))
    curves: dict[str, Any] = {}
    for name, values, attrs in steps:
        held = np.full(last.shape, np.nan)
        if values.shape[-1]:  # some run evaluated something
            held = np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=-1), np.nan)
        curves[name] = (*_curve_dims(result), held, attrs)
    units = UNITS[over]
    charged = {"provenance": result["cost_seconds"].attrs.get("provenance")} if over == "seconds" else {}
    axis = {"long_name": f"search cost in {over}", "units": units, **{k: v for k, v in charged.items() if v}}
    found = xr.Dataset(coords=result.coords, attrs=result.attrs).assign_coords({COST: (COST, points, axis)})
    found["arch"] = result["arch"]
    for name, (dims, values, attrs) in curves.items():
        found[name] = xr.DataArray(values, dims=dims, attrs=attrs).transpose(..., COST, RUN)
    return found.assign_attrs(best_of(table))


def _curve_dims(result: xr.Dataset) -> tuple[list[str]]:
    return ([str(dim) for dim in result["trace_code"].transpose(..., RUN, STEP).dims if dim != STEP] + [COST],)


def hitting_costs(result: xr.Dataset, target: float, *, over: str = "seconds", table: xr.Dataset) -> FloatArray:
    """Cost of each run until its incumbent first reached a test result.

    Parameters
    ----------
    result, target, over, table
        As of ``time_to_target``; with a trace.

    Returns
    -------
    numpy.ndarray
        Shape ``(..., n_run)``; infinite for a run that did not.

    Raises
    ------
    ValueError
        As of ``anytime``.
    """
    _check_cost(result, over, table)
    check_trace(result)
    check_table(result, table)
    sign = direction_sign(result[TEST].attrs)
    hit = sign * incumbent_tests(result, table) >= sign * target
    steps, _ = _step_costs(result, over)
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

    _check_cost(result, over, table)
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
