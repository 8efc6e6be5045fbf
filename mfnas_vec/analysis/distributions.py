"""Distributions over runs at each cost: targets reached, results attained, and who is best, with intervals.

All intervals are percentile bootstraps that resample runs, whole curves at a time.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec.analysis.anytime import COST, COSTS, anytime, check_over
from mfnas_vec.analysis.bootstrap import LEAST_RUNS, FloatArray, bootstrap_ends, resampled_means
from mfnas_vec.analysis.comparison import texts
from mfnas_vec.analysis.statistics import TEST, direction_sign
from mfnas_vec.analysis.targets import hitting_costs
from mfnas_vec.runs.incumbents import COMPLETED_RUNG

LABEL = "label"
#: Shares of runs whose attained results are given.
SHARES = (0.25, 0.5, 0.75)
#: Score of a run without an incumbent: finite, so that quantiles between it and others are low, and not NaN.
_NOTHING = -1e300


def success_curve(
    result: xr.Dataset,
    targets: Sequence[float],
    *,
    over: str = "seconds",
    at: Sequence[float] | FloatArray,
    table: xr.Dataset,
    incumbent: str = COMPLETED_RUNG,
) -> xr.Dataset:
    """Share of pairs of run and target that are reached by each cost.

    With one target, it is the probability of reaching it; with several, the empirical distribution
    function over targets (Hansen et al., 2021, COCO). A target counts from the first time on that the
    incumbent reaches it.

    Parameters
    ----------
    result
        Over ``run``, with a trace.
    targets
        Test results.
    over, at, table, incumbent
        As of ``anytime``.

    Returns
    -------
    xarray.Dataset
        ``share``, and the ends ``low, high`` of its 95 % interval, over ``cost``.

    Raises
    ------
    ValueError
        As of ``anytime``, or if a target is not a number.
    """
    points = np.asarray(at, dtype=np.float64)
    goals = np.asarray(targets, dtype=np.float64)
    if goals.ndim != 1 or not goals.size or not np.isfinite(goals).all():
        raise ValueError(f"targets={targets!r} must be numbers")
    reached = np.zeros((result.sizes["run"], points.size))
    for goal in goals.tolist():
        costs = hitting_costs(result, goal, over=over, table=table, incumbent=incumbent)
        reached += costs[:, None] <= points
    reached /= goals.size
    low, high = bootstrap_ends(reached, np.mean)
    return _curves({"share": reached.mean(axis=0), "low": low, "high": high}, points, targets=goals.tolist())


def spread_targets(results: Sequence[FloatArray], sign: float, n: int = 21) -> list[float]:
    """Targets from the median to the best of some test results, evenly by rank.

    Parameters
    ----------
    results
        Test results of searches; NaN is left out.
    sign
        ``+1.0`` where higher is better, else ``-1.0``.
    n
        Number of ranks; equal results make one target.

    Raises
    ------
    ValueError
        If there is no result.
    """
    values = sign * np.concatenate([each[~np.isnan(each)] for each in results]) if results else np.empty(0)
    if not values.size:
        raise ValueError("no run ended with a test result to take targets from")
    found = np.unique(np.quantile(values, np.linspace(0.5, 1.0, n), method="inverted_cdf"))
    return [float(sign * value) for value in found]


def attainment(curves: xr.Dataset, shares: Sequence[float] = SHARES) -> xr.Dataset:
    """The test result that a share of the runs has attained by each cost.

    It is a level line of the empirical attainment function (Grunert da Fonseca et al., 2001): a run has
    attained the best test result of any of its incumbents so far.

    Parameters
    ----------
    curves
        Of ``anytime``, over ``cost`` and ``run``.
    shares
        Between 0 and 1.

    Returns
    -------
    xarray.Dataset
        ``attained`` and the ends ``low, high`` of its 95 % interval, over ``share`` and ``cost``: NaN
        where too few runs have attained anything.

    Raises
    ------
    ValueError
        If a share is not between 0 and 1.
    """
    levels = np.asarray(shares, dtype=np.float64)
    if not levels.size or not ((levels > 0) & (levels <= 1)).all():
        raise ValueError(f"shares={shares!r} must be above 0 and at most 1")
    sign = direction_sign(curves[TEST].attrs)
    scores = sign * curves[TEST].transpose("run", COST).values
    so_far = np.maximum.accumulate(np.where(np.isnan(scores), _NOTHING, scores), axis=1)
    rank = np.ceil(np.round(levels * so_far.shape[0], 9)).astype(np.int64)

    def attained(values: FloatArray, axis: int) -> Any:
        ordered = np.sort(values, axis=axis)
        return np.take(ordered, ordered.shape[axis] - rank, axis=axis)

    found = attained(so_far, 0)
    low, high = bootstrap_ends(so_far, attained)
    names = ("attained", "low", "high") if sign > 0 else ("attained", "high", "low")
    columns = zip(names, (found, low, high), strict=True)
    made = {name: np.where(values > _NOTHING / 1e9, sign * values, np.nan) for name, values in columns}
    dims = ("share", COST)
    return xr.Dataset({k: (dims, v) for k, v in made.items()}, coords={"share": levels, COST: curves[COST].values})


def budget_ranks(curves: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Who is best at which budget: ranks of the mean test results of searches at each cost.

    Parameters
    ----------
    curves
        Of ``anytime`` by label, over the same costs. A search is the worst at costs at which any of its
        runs has no incumbent yet; a run that ends without one does not count.

    Returns
    -------
    xarray.Dataset
        Over ``label`` and ``cost``: ``rank``, 1 is best, ties share a rank; ``mean_rank``, its mean
        over resamples of the runs, with its 95 % interval ``low, high``, NaN if a search has fewer than
        ``LEAST_RUNS`` runs; ``best``, the probability of being best, the share of resamples in which the
        search is (ties share it).

    Raises
    ------
    ValueError
        If there are fewer than two searches, or the costs differ.
    """
    from scipy.stats import rankdata

    if len(curves) < 2:
        raise ValueError("ranks need two searches")
    costs = [each[COST].values for each in curves.values()]
    if any(not np.array_equal(each, costs[0]) for each in costs):
        raise ValueError("the curves have different costs")
    own, drawn, n_run = [], [], []
    for i, each in enumerate(curves.values()):
        scores = direction_sign(each[TEST].attrs) * each[TEST].transpose("run", COST).values
        scores = scores[~np.isnan(scores[:, -1])]
        n_run.append(len(scores))
        late = np.isnan(scores).any(axis=0) if scores.size else np.ones(costs[0].size, bool)
        filled = np.where(np.isnan(scores), 0.0, scores) if scores.size else np.zeros((1, costs[0].size))
        # Searches are independent samples, so each has its own resamples.
        means = np.concatenate([filled.mean(axis=0)[None], resampled_means(filled, seed=i)])
        means[:, late] = -np.inf
        own.append(np.round(means[0], 9))
        drawn.append(np.round(means[1:], 9))
    rank = rankdata(-np.array(own), axis=0)
    ranks = rankdata(-np.array(drawn), axis=0)  # (label, resample, cost)
    first = ranks.min(axis=0) == ranks
    best = (first / first.sum(axis=0)).mean(axis=1)
    low, high = np.quantile(ranks, [0.025, 0.975], axis=1)
    if min(n_run) < LEAST_RUNS:
        low, high = np.full_like(low, np.nan), np.full_like(high, np.nan)
    dims = (LABEL, COST)
    found = {"rank": rank, "mean_rank": ranks.mean(axis=1), "low": low, "high": high, "best": best}
    return xr.Dataset(
        {name: (dims, values) for name, values in found.items()},
        coords={LABEL: texts(list(curves)), COST: costs[0]},
    )


def shared_curves(
    results: Mapping[str, xr.Dataset], table: xr.Dataset, *, over: str, n_point: int = 20
) -> dict[str, xr.Dataset]:
    """Curves of searches by label over the same costs, evenly spaced on a logarithmic axis.

    Parameters
    ----------
    results
        With traces, thinned or not.
    table, over
        As of ``anytime``.
    n_point
        Number of costs, up to that of the most expensive run.

    Raises
    ------
    ValueError
        As of ``anytime``.
    """
    check_over(over)
    longest = max((float(r[COSTS[over]].max()) for r in results.values()), default=0.0) or 1.0
    points = np.geomspace(longest / 1000.0, longest, n_point)
    return {label: anytime(r, table, over=over, at=points, search_score=False) for label, r in results.items()}


def _curves(columns: Mapping[str, FloatArray], points: FloatArray, **attrs: Any) -> xr.Dataset:
    return xr.Dataset({k: (COST, v) for k, v in columns.items()}, coords={COST: points}, attrs=attrs)
