"""The summary of the runs of one search: test performance and costs."""

import dataclasses
import math

import numpy as np
import xarray as xr

from mfnas_vec.analysis.bootstrap import bootstrap_interval
from mfnas_vec.analysis.statistics import TEST


@dataclasses.dataclass(frozen=True)
class Summary:
    """Test performance over the runs that have one; mean costs over all runs.

    ``n_found`` runs found an architecture, and the test performance of ``n_tested`` is known.
    """

    n_run: int
    n_found: int
    n_tested: int
    mean: float
    sd: float  # population standard deviation, as published
    low: float  # 95 % interval of the mean
    high: float
    seconds: float
    epochs: float
    evaluations: float
    unique_evaluations: float

    @property
    def has_interval(self) -> bool:
        """Whether there are enough runs for an interval."""
        return not math.isnan(self.low)


def summarize(result: xr.Dataset, *, interval: bool = True) -> Summary:
    """Mean, standard deviation and interval of the test performance, and mean costs.

    Parameters
    ----------
    result
        Over ``run`` alone.
    interval
        Whether to compute the 95 % interval of the mean, as of ``bootstrap_interval``; else NaN.
    """
    test = result[TEST].values.astype(np.float64)
    known = test[~np.isnan(test)]
    low, high = bootstrap_interval(known, np.mean) if interval else (math.nan, math.nan)

    def average(name: str) -> float:
        return float(result[name].values.mean())

    return Summary(
        n_run=test.size,
        n_found=int(result["arch"].notnull().sum()),
        n_tested=known.size,
        mean=float(known.mean()) if known.size else math.nan,
        sd=float(known.std()) if known.size else math.nan,
        low=low,
        high=high,
        seconds=average("cost_seconds"),
        epochs=average("cost_epochs"),
        evaluations=average("evaluations"),
        unique_evaluations=average("unique_evaluations"),
    )
