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


#: Quantile 0.975 of Student's t for 1 to 9 degrees of freedom.
_T_FEW = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622)


def t_quantile(n_freedom: int) -> float:
    """Quantile 0.975 of Student's t, good to four digits (Fisher's expansion from 10 degrees of freedom on)."""
    if n_freedom <= len(_T_FEW):
        return _T_FEW[n_freedom - 1]
    z = statistics.NormalDist().inv_cdf(0.975)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / n_freedom + second / n_freedom**2 + third / n_freedom**3


def summarize(result: xr.Dataset) -> Summary:
    """Mean, standard deviation and 95 % interval of the test performance, and mean costs.

    The interval of the mean is Student's, from the sample standard deviation; NaN for one run.
    """
    test = result["test_performance"].values
    known = test[~np.isnan(test)]
    n = known.size
    mean = float(known.mean()) if n else math.nan
    half = math.nan
    if n > 1:
        half = t_quantile(n - 1) * float(known.std(ddof=1)) / math.sqrt(n)

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
