"""Selection leak: what choosing the final architecture by its test result would seem to gain.

A search may choose by validation results only. If the best test result among all that a run evaluated
is reported instead, the test set has chosen, and the number is too good: the gap says by how much.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec.analysis.bootstrap import bootstrap_interval
from mfnas_vec.analysis.statistics import TEST, direction_sign, over_runs
from mfnas_vec.runs.result import RUN, STEP
from mfnas_vec.runs.trace import check_trace
from mfnas_vec.tables import dense

#: Variable over runs: the best test result among all that a run evaluated.
BEST_EVALUATED = "best_evaluated"


class Leak(NamedTuple):
    """Means over the runs that have a test result; NaN where there is none."""

    #: Runs that have both results.
    n_run: int
    #: Test result of the architecture that the search chose, and the best of all that it evaluated.
    selected: float
    best: float
    #: How much better the latter is, with its 95 % interval; not negative.
    gap: float
    low: float
    high: float


def best_evaluated(result: xr.Dataset, table: xr.Dataset) -> xr.DataArray:
    """The best test result among all architectures that a run evaluated, by any metric.

    Parameters
    ----------
    result
        Of ``run`` with ``trace=True``, not thinned; it may have more leading dimensions.
    table
        The table it was made on.

    Returns
    -------
    xarray.DataArray
        Over the leading dimensions and ``run``; NaN where no test result is known.

    Raises
    ------
    ValueError
        If there is no trace, or it is thinned.
    """
    check_trace(result)
    if "trace_evaluations" in result:
        raise ValueError("the trace is thinned: not all evaluated architectures are known")
    rows = result["trace_arch"].transpose(..., RUN, STEP)
    return best_of_rows(result, table, np.where(np.isnan(rows.values), -1, rows.values).astype(np.int64))


def best_of_rows(result: xr.Dataset, table: xr.Dataset, rows: npt.NDArray[np.int64]) -> xr.DataArray:
    """``best_evaluated`` of the rows that runs evaluated, -1 in unused steps; shape ``(..., n_run, n_step)``."""
    attrs = result[TEST].attrs
    sign = direction_sign(attrs)
    scores = sign * dense.test_results(table)
    best = np.append(np.where(np.isnan(scores), -np.inf, scores), -np.inf)[rows].max(axis=-1, initial=-np.inf)
    dims = result["arch"].transpose(..., RUN).dims
    found = xr.DataArray(sign * np.where(np.isinf(best), np.nan, best), dims=dims)
    kept = {name: attrs[name] for name in ("units", "direction", "provenance", "variable") if name in attrs}
    return found.assign_attrs(long_name="best test result among all evaluated", **kept)


def leak_of(result: xr.Dataset) -> Leak:
    """The selection leak of the runs of one search.

    Parameters
    ----------
    result
        Over ``run`` alone, with ``BEST_EVALUATED``.
    """
    sign = direction_sign(result[TEST].attrs)
    selected, best = (over_runs(result, name).values for name in (TEST, BEST_EVALUATED))
    known = ~np.isnan(selected) & ~np.isnan(best)
    if not known.any():
        return Leak(0, math.nan, math.nan, math.nan, math.nan, math.nan)
    gaps = sign * (best - selected)[known]
    low, high = bootstrap_interval(gaps, np.mean)
    return Leak(
        int(known.sum()), float(selected[known].mean()), float(best[known].mean()), float(gaps.mean()), low, high
    )
