"""Anytime performance: curves of traced runs."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec.analysis.bootstrap import FloatArray
from mfnas_vec.analysis.statistics import TEST, direction_sign, over_runs
from mfnas_vec.runs.incumbents import BEST_SEEN, COMPLETED_RUNG, answers, check_rule
from mfnas_vec.runs.result import RUN, STEP
from mfnas_vec.runs.trace import check_trace, incumbent_codes, step_codes
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


def check_cost(result: xr.Dataset, over: str, table: xr.Dataset | None = None) -> None:
    """Check that a result, or its table, has a kind of cost.

    Raises
    ------
    ValueError
        If it does not.
    """
    check_over(over)
    # Runs without evaluations cost no seconds even on a timed table, so the table decides if it is given.
    if over == "seconds" and not (is_timed(result) if table is None else TRAIN_SECONDS in table):
        raise ValueError("over='seconds': the table of this result has no seconds")


def step_costs(result: xr.Dataset, over: str) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Cumulative cost of each step, shape ``(..., run, step)``, and whether the run made it."""
    taken = step_codes(result, "code") >= 0
    if over == "evaluations" and "trace_evaluations" not in result:
        return np.cumsum(taken, axis=-1).astype(np.float64), taken
    costs = result[f"trace_{over}"].transpose(..., RUN, STEP).values.astype(np.float64)
    return costs, taken


def _incumbent_scores(result: xr.Dataset, sign: float, rule: str) -> FloatArray:
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
    if rule == BEST_SEEN:
        return sign * found
    _, answered = answers(result)
    differs = ((fidelity != fidelity[..., :1]) & (code >= 0)).any(axis=-1)
    several = np.asarray(differs & trained)[..., None]
    return sign * np.where(several, answered, found)


def incumbent_tests(result: xr.Dataset, table: xr.Dataset, incumbent: str = COMPLETED_RUNG) -> FloatArray:
    """Test result of the incumbent at each step, shape ``(..., run, step)``; NaN where there is none."""
    held = incumbent_codes(result, incumbent)
    rows = dense.table_space(table).row(np.maximum(held, 0))
    return np.where(held >= 0, dense.test_results(table)[rows], np.nan)


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
    incumbent: str = COMPLETED_RUNG,
) -> xr.Dataset:
    """Search score and test result of the incumbent after each cost, run by run.

    The incumbent is what the search would return if it were stopped then (``completed-rung``): the best
    architecture so far by the search metric; of a search that trains in rungs, the best of the last
    completed rung, and before that the best of its first stage by its metric.
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
    incumbent
        "completed-rung", or "best-seen", the rule of the published code of MF-NAS: the best score seen
        on any rung, though scores at different epochs are not comparable. After the last evaluation of
        a run, both are what the run returned.

    Returns
    -------
    xarray.Dataset
        ``test_performance`` and ``search_score`` over the leading dimensions, ``cost`` and ``run``:
        NaN before the first evaluation has ended; a finished run keeps its last value. A search score
        is NaN in a zero-cost stage before a trained one, and has the sign of its metric.

    Raises
    ------
    ValueError
        If there is no trace, ``over`` or ``incumbent`` is unknown, the table has no such cost, or the
        table differs.
    """
    check_cost(result, over, table)
    check_rule(incumbent)
    check_trace(result)
    check_table(result, table)
    costs, taken = step_costs(result, over)
    longest = (float(costs[taken].max()) if taken.any() else 0.0) or 1.0
    points = np.linspace(0.0, longest, n_point + 1)[1:] if at is None else np.asarray(at, dtype=np.float64)
    if points.ndim != 1 or not points.size or np.isnan(points).any() or (np.diff(points) <= 0).any():
        raise ValueError("at must be increasing numbers")
    limited = np.where(taken, costs, np.inf)
    lead = limited.shape[:-1]
    flat = limited.reshape(math.prod(lead), limited.shape[-1])
    last = np.array([np.searchsorted(row, points, side="right") - 1 for row in flat]).reshape(*lead, points.size)
    steps = [(TEST, incumbent_tests(result, table, incumbent), result[TEST].attrs)]
    if search_score:
        attrs = result["search_score"].attrs
        try:
            sign = direction_sign(attrs)
        except ValueError:  # it differs between the optimizers
            sign, attrs = 1.0, {"long_name": "score of the incumbent"}
        steps.append(("search_score", _incumbent_scores(result, sign, incumbent), attrs))
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
