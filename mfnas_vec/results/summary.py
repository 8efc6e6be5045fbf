"""Short summaries of a result."""

import dataclasses
import math
import statistics

import numpy as np
import xarray as xr


@dataclasses.dataclass(frozen=True)
class Summary:
    """Means over the runs of a result; costs over all of them.

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


def summarize(result: xr.Dataset) -> Summary:
    """Mean, standard deviation and 95 % interval of the test performance, and mean costs.

    The interval of the mean is the normal one, from the sample standard deviation; NaN for one run.
    """
    test = result["test_performance"].values
    known = test[~np.isnan(test)]
    n = known.size
    mean = float(known.mean()) if n else math.nan
    half = math.nan
    if n > 1:
        half = statistics.NormalDist().inv_cdf(0.975) * float(known.std(ddof=1)) / math.sqrt(n)

    def average(name: str) -> float:
        return float(result[name].values.mean())

    return Summary(
        n_run=test.size,
        n_found=int((result["arch"].values >= 0).sum()),
        n_tested=n,
        mean=mean,
        sd=float(known.std()) if n else math.nan,
        low=mean - half,
        high=mean + half,
        seconds=average("cost_seconds"),
        epochs=average("cost_epochs"),
        evaluations=average("evaluations"),
        unique_evaluations=average("unique_evaluations"),
    )
