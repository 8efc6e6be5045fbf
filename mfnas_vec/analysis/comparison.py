"""Comparison of searches on one problem: rank tests and effect sizes.

Runs of different searches are treated as independent samples, even with the same seed: run i of
one search is not paired with run i of another. A failed run, which found no architecture, counts as
worse than every other; a run whose architecture has no test result in the table is left out.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec.analysis.bootstrap import FloatArray
from mfnas_vec.analysis.power import ALPHA, detectable_difference, least_p, pilot_sd
from mfnas_vec.analysis.statistics import TEST, direction_sign

#: Distances of A12 from 0.5 from which an effect is small, medium, large (Vargha and Delaney, 2000).
EFFECTS = ((0.21, "large"), (0.14, "medium"), (0.06, "small"))
NEGLIGIBLE = "negligible"
#: Most runs of both searches together for which the distribution of U is computed exactly, with ties:
#: of three equal runs against three better ones, the normal approximation gives p = 0.047, exact is 0.1.
_EXACT_RUNS = 60

FIRST, SECOND = "first", "second"

#: Test scores of each search by its label, to be maximised; minus infinity for a failed run.
Samples = Mapping[str, FloatArray]


def scores_of(result: xr.Dataset) -> FloatArray:
    """Test scores of runs, to be maximised: minus infinity for failed runs; unknown ones are left out.

    Parameters
    ----------
    result
        Over ``run`` alone.
    """
    test = result[TEST].values.astype(np.float64) * direction_sign(result[TEST].attrs)
    scores = np.where(result["arch"].isnull().values, -np.inf, test)
    return scores[~np.isnan(scores)]


def a12(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Probability that a run of the first has the higher score, ties half (Vargha and Delaney, 2000).

    Returns
    -------
    float
        In [0, 1]; 0.5 where neither is better; NaN if one has no runs.

    Examples
    --------
    >>> a12([3, 4], [1, 3])
    0.875
    """
    a, b = _without_nan(first, second)
    return _effect(_ranks(a, b), a.size, b.size) if a.size and b.size else math.nan


def _without_nan(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    a, b = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if np.isnan(a).any() or np.isnan(b).any():
        raise ValueError("scores must not be NaN")
    return a, b


def _ranks(a: FloatArray, b: FloatArray) -> FloatArray:
    from scipy.stats import rankdata

    ranks: FloatArray = rankdata(np.concatenate([a, b]))
    return ranks


def _effect(ranks: FloatArray, n: int, m: int) -> float:
    return (float(ranks[:n].sum()) - n * (n + 1) / 2) / (n * m)


def mann_whitney(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[float, float]:
    """A12 and the two-sided p-value of Mann and Whitney's U test (1947).

    Exact, given the ties, for up to 60 runs of both together, else the normal approximation with
    corrections for ties and continuity. If all values are equal, p = 1.

    Parameters
    ----------
    first, second
        Shapes ``(n,)`` and ``(m,)``, to be maximised, without NaN; may be infinite.
    """
    a, b = _without_nan(first, second)
    if not a.size or not b.size:
        return math.nan, math.nan
    ranks = _ranks(a, b)
    effect = _effect(ranks, a.size, b.size)
    if (ranks == ranks[0]).all():
        return effect, 1.0
    if ranks.size <= _EXACT_RUNS:
        return effect, _exact_p(ranks, a.size)
    return effect, _normal_p(ranks, effect, a.size, b.size)


def _normal_p(ranks: FloatArray, effect: float, n: int, m: int) -> float:
    """The normal approximation of the two-sided p-value, with corrections for ties and continuity."""
    size = n + m
    _, ties = np.unique(ranks, return_counts=True)
    shared = float((ties.astype(np.float64) ** 3 - ties).sum()) / (size * (size - 1))
    sd = math.sqrt(n * m / 12 * (size + 1 - shared))
    z = (abs(effect - 0.5) * n * m - 0.5) / sd
    return min(1.0, math.erfc(z / math.sqrt(2.0)))


def _exact_p(ranks: FloatArray, n: int) -> float:
    """Two-sided exact p-value of the sum of the first n ranks, by counting all choices of n ranks."""
    doubled = np.rint(2 * ranks).astype(np.int64)  # shared ranks end in a half
    counts = np.zeros((n + 1, int(doubled.sum()) + 1))
    counts[0, 0] = 1.0
    for rank in doubled.tolist():
        # The right side is copied before the sum is stored, so that each rank is used at most once.
        counts[1:, rank:] += counts[:-1, : counts.shape[1] - rank].copy()
    found = int(doubled[:n].sum())
    chosen = counts[n]
    tail = min(float(chosen[: found + 1].sum()), float(chosen[found:].sum()))
    return min(1.0, 2.0 * tail / float(chosen.sum()))


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """P-values with Holm's correction for multiple tests (1979); NaN stays NaN and is not counted.

    Parameters
    ----------
    p_values
        Shape ``(m,)``.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    corrected = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    factors = np.arange(order.size, 0, -1)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * factors)) if order.size else []
    return corrected


def effect_name(effect: float) -> str:
    """ "negligible", "small", "medium" or "large", by the distance of A12 from 0.5."""
    for least, name in EFFECTS:
        if abs(effect - 0.5) >= least - 1e-12:
            return name
    return NEGLIGIBLE


def pairs_of(labels: Sequence[str], against: str | None = None) -> list[tuple[str, str]]:
    """The pairs to compare: all, or those with one label.

    Raises
    ------
    ValueError
        If there is no such label, or there are fewer than two.
    """
    if len(labels) < 2:
        raise ValueError(f"a comparison needs two searches; there is {labels[0] if labels else 'none'}")
    if against is not None:
        if against not in labels:
            raise ValueError(f"against={against!r} must be one of {', '.join(labels)}")
        return [(against, label) for label in labels if label != against]
    return [(a, b) for i, a in enumerate(labels) for b in labels[i + 1 :]]


def compare_runs(samples: Samples, against: str | None = None) -> xr.Dataset:
    """Compare searches on one problem, pair by pair.

    Parameters
    ----------
    samples
        Test scores by label, as of ``scores_of``.
    against
        Compare all others with this label only: fewer pairs, so a weaker correction.

    Returns
    -------
    xarray.Dataset
        Over ``pair``, with coordinates ``first`` and ``second``: ``a12`` (above 0.5: the first is
        better), ``p_value``, ``p_holm`` (corrected for all pairs), ``p_least``, the smallest
        corrected p-value that these numbers of runs allow, ``n_first, n_second``, and ``detectable``:
        the difference of means that would have been found with power 0.8, in the units of the scores,
        where no difference is significant, else NaN (see ``power``).

    Raises
    ------
    ValueError
        As of ``pairs_of``.
    """
    pairs = pairs_of(list(samples), against)
    tested = [mann_whitney(samples[a], samples[b]) for a, b in pairs]
    p_values = np.array([p for _, p in tested])
    sizes = np.array([(samples[a].size, samples[b].size) for a, b in pairs])
    n_test = int((~np.isnan(p_values)).sum())
    # Holm's correction is monotone: applied to the smallest possible p-values, it gives a lower bound.
    least = holm([least_p(int(n), int(m)) for n, m in sizes])
    corrected = holm(p_values)
    open_ones = [p >= ALPHA for p in corrected.tolist()]
    detectable = [
        _detectable(samples[a], samples[b], n_test) if is_open else math.nan
        for (a, b), is_open in zip(pairs, open_ones, strict=True)
    ]
    pair = "pair"
    return xr.Dataset(
        {
            "a12": (pair, [e for e, _ in tested], {"long_name": "probability that the first is better, ties half"}),
            "p_value": (pair, p_values, {"long_name": "p-value of the Mann-Whitney U test, two-sided"}),
            "p_holm": (pair, corrected, {"long_name": "p-value after Holm's correction"}),
            "p_least": (pair, least, {"long_name": "smallest p-value after correction of so many runs"}),
            "n_first": (pair, sizes[:, 0], {"long_name": "runs of the first"}),
            "n_second": (pair, sizes[:, 1], {"long_name": "runs of the second"}),
            "detectable": (pair, detectable, {"long_name": "difference of means that is found with power 0.8"}),
        },
        coords={FIRST: (pair, texts([a for a, _ in pairs])), SECOND: (pair, texts([b for _, b in pairs]))},
        attrs={"alpha": ALPHA, "n_test": n_test},
    )


def _detectable(first: FloatArray, second: FloatArray, n_pair: int) -> float:
    """The detectable difference of two samples; NaN without a spread, or if so few runs find none."""
    sd = pilot_sd(first, second)
    if not sd > 0:
        return math.nan
    found = detectable_difference(sd, first.size, second.size, n_pair=n_pair)
    return found if math.isfinite(found) else math.nan


def texts(values: Sequence[str]) -> Any:
    """Strings as an array of variable-width strings."""
    return np.array(list(values), dtype=np.dtypes.StringDType())
