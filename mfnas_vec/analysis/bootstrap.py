"""Percentile bootstrap over runs: every interval of this package."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

#: Level of every interval.
LEVEL = 0.95
#: Fewest runs with a result for which an interval is given. The percentile bootstrap is too narrow
#: for few values: of normal ones, its 95 % interval covers the mean in 83 % of samples of 5, in 90 %
#: of 10, in 94 % of 30.
LEAST_RUNS = 10
#: Numbers resampled at once: few enough to stay in the processor's cache.
_BATCH = 30_000


def bootstrap_interval(
    values: FloatArray, statistic: Callable[..., Any], *, n_resample: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of a statistic (Efron, 1979).

    Every interval of this package comes from here, so all commands give the same one for the same runs.

    Parameters
    ----------
    values
        Shape ``(n,)``, without NaN.
    statistic
        Takes an array and ``axis``.
    n_resample, seed
        Number of resamples, and the seed of their own generator: the same arguments give the same
        interval.

    Returns
    -------
    tuple
        Lower and upper end; NaN for fewer than ``LEAST_RUNS`` values.
    """
    n = values.size
    if n >= LEAST_RUNS and (values == values[0]).all():
        return float(values[0]), float(values[0])
    low, high = bootstrap_ends(values, statistic, n_resample=n_resample, seed=seed)
    return float(low), float(high)


def bootstrap_ends(
    values: FloatArray, statistic: Callable[..., Any], *, n_resample: int = 2000, seed: int = 0
) -> tuple[Any, Any]:
    """``bootstrap_interval`` of whole curves: runs are resampled, not points.

    Parameters
    ----------
    values
        Shape ``(n_run, ...)``, without NaN; the statistic is over the axis of the runs.
    statistic, n_resample, seed
        As of ``bootstrap_interval``; the ends have the shape of the statistic.
    """
    n = values.shape[0]
    if n < LEAST_RUNS:
        missing = np.full(np.shape(statistic(values, axis=0)) if n else values.shape[1:], np.nan)
        return missing, missing
    if statistic is np.mean:
        resampled = resampled_means(values, n_resample=n_resample, seed=seed)
    else:
        draws = _draws(n, n_resample, seed)
        n_batch = max(1, _BATCH // values.size)
        parts = [statistic(values[draws[i : i + n_batch]], axis=1) for i in range(0, n_resample, n_batch)]
        resampled = np.concatenate(parts)
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high


def resampled_means(values: FloatArray, *, n_resample: int = 2000, seed: int = 0) -> FloatArray:
    """Means of resampled runs, shape ``(n_resample, ...)``, with the resamples of ``bootstrap_interval``."""
    n = values.shape[0]
    flat = values.reshape(n, -1)
    means: FloatArray = _shares(n, n_resample, seed) @ flat
    return means.reshape(n_resample, *values.shape[1:])


@functools.lru_cache(maxsize=4)
def _draws(n: int, n_resample: int, seed: int) -> npt.NDArray[np.int64]:
    """The runs of each resample, shape ``(n_resample, n)``."""
    rng = np.random.default_rng(seed)
    n_batch = max(1, _BATCH // n)
    parts = [rng.integers(0, n, (min(n_batch, n_resample - i), n)) for i in range(0, n_resample, n_batch)]
    draws = np.concatenate(parts)
    draws.setflags(write=False)
    return draws


@functools.lru_cache(maxsize=16)
def _shares(n: int, n_resample: int, seed: int) -> FloatArray:
    """The share of each run in each resample, shape ``(n_resample, n)``."""
    draws = _draws(n, n_resample, seed)
    counts = np.bincount((draws + n * np.arange(n_resample)[:, None]).ravel(), minlength=n * n_resample)
    shares: FloatArray = counts.reshape(n_resample, n) / n
    shares.setflags(write=False)
    return shares
