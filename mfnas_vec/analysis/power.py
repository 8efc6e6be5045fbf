"""How many runs a comparison needs: power of the Mann-Whitney U test with Holm's correction.

The model: test results of two searches are normal with the same standard deviation, taken from a pilot,
and differ by their means only. The power is that of the test with the level of the first step of Holm's
correction, ``alpha / n_pair``: a lower bound of the power of the corrected test for any one pair.
Mean and variance of U are exact under this model (Mann and Whitney, 1947; Birnbaum, 1956), its
distribution is taken to be normal. Sizes for which no p-value can be small enough have power 0.
"""

import math
from collections.abc import Callable

import numpy as np

from mfnas_vec.analysis.bootstrap import FloatArray

#: Level of all tests.
ALPHA = 0.05
#: Power that differences and numbers of runs are given for.
POWER = 0.8
#: Most runs of a search that are planned.
MAX_RUNS = 10_000_000


def least_p(n_first: int, n_second: int) -> float:
    """The smallest possible p-value of samples of these sizes: all values of one above all of the other."""
    if not n_first or not n_second:
        return math.nan
    log_choices = math.lgamma(n_first + n_second + 1) - math.lgamma(n_first + 1) - math.lgamma(n_second + 1)
    return min(1.0, 2.0 * math.exp(-log_choices))


def power_of(difference: float, sd: float, n_first: int, n_second: int | None = None, *, n_pair: int = 1) -> float:
    """Probability that a difference is found to be significant.

    Parameters
    ----------
    difference
        Difference of the means, in the units of ``sd``; its sign does not matter.
    sd
        Standard deviation of the test results of each search.
    n_first, n_second
        Runs of either search; the second has as many as the first by default.
    n_pair
        Pairs of searches that are corrected for.

    Raises
    ------
    ValueError
        If an argument is not a number of its kind.
    """
    from scipy.special import ndtr, ndtri, owens_t

    n, m = n_first, n_first if n_second is None else n_second
    _check(sd=sd, n_runs=min(n, m), n_pair=n_pair)
    if not math.isfinite(difference):
        raise ValueError(f"difference={difference} must be a number")
    level = ALPHA / n_pair
    if least_p(n, m) > level:
        return 0.0
    h = abs(difference) / (sd * math.sqrt(2.0))
    p = float(ndtr(h))
    # Probability that a run of the first is better than two of the second: normals with correlation 1/2.
    both = p - 2.0 * float(owens_t(h, 1.0 / math.sqrt(3.0)))
    equal = math.sqrt(n * m * (n + m + 1) / 12.0)
    spread = math.sqrt(max(n * m * (p * (1.0 - p) + (n + m - 2) * (both - p * p)), 0.0))
    critical = -float(ndtri(level / 2.0)) * equal + 0.5  # continuity, as the test has it

    def beyond(distance: float) -> float:
        return float(ndtr(distance / spread)) if spread > 0 else float(distance >= 0)

    lead = (p - 0.5) * n * m
    return beyond(lead - critical) + beyond(-lead - critical)


def detectable_difference(
    sd: float, n_first: int, n_second: int | None = None, *, n_pair: int = 1, power: float = POWER
) -> float:
    """The smallest difference of means that is found with a power; infinite if so few runs find none.

    Parameters
    ----------
    sd, n_first, n_second, n_pair
        As of ``power_of``.
    power
        Between 0 and 1.

    Raises
    ------
    ValueError
        As of ``power_of``.
    """
    from scipy.optimize import brentq

    _check(power=power)

    def lacking(difference: float) -> float:
        return power_of(difference, sd, n_first, n_second, n_pair=n_pair) - power

    high = sd
    while lacking(high) < 0:
        high *= 2.0
        if high > 64.0 * sd:
            return math.inf
    return float(brentq(lacking, 0.0, high, xtol=1e-9 * sd, rtol=1e-9)) if lacking(0.0) < 0 else 0.0


def runs_needed(difference: float, sd: float, *, n_pair: int = 1, power: float = POWER) -> int:
    """Runs of each search that find a difference of means with a power.

    Parameters
    ----------
    difference, sd, n_pair
        As of ``power_of``; the difference is not 0.
    power
        Between 0 and 1.

    Raises
    ------
    ValueError
        As of ``power_of``, or if more than ``MAX_RUNS`` are needed.
    """
    _check(power=power)
    if not difference:
        raise ValueError("difference=0 cannot be found with any number of runs")

    def enough(n: int) -> bool:
        return power_of(difference, sd, n, n_pair=n_pair) >= power

    high = 2
    while not enough(high):
        high *= 2
        if high > MAX_RUNS:
            raise ValueError(f"difference={difference:g} needs more than {MAX_RUNS:,} runs of each search")
    return _first(enough, high // 2, high)


def _first(enough: Callable[[int], bool], low: int, high: int) -> int:
    """The smallest number above ``low`` that is enough; ``high`` is."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def pilot_sd(*samples: FloatArray) -> float:
    """Standard deviation within samples, pooled; failed runs (infinite) are left out; NaN if none has two runs."""
    known = [values[np.isfinite(values)] for values in samples]
    known = [values for values in known if values.size > 1]
    if not known:
        return math.nan
    freedom = [values.size - 1 for values in known]
    return math.sqrt(float(np.average([_variance(values) for values in known], weights=freedom)))


def _variance(values: FloatArray) -> float:
    """Unbiased variance, exactly 0 for equal values, whose mean may differ from them in the last digit."""
    return float(values.var(ddof=1)) if np.ptp(values) > 0 else 0.0


def _check(*, sd: float = 1.0, n_runs: int = 1, n_pair: int = 1, power: float = POWER) -> None:
    if not (math.isfinite(sd) and sd > 0):
        raise ValueError(f"sd={sd} must be a positive number")
    if n_runs < 1:
        raise ValueError(f"runs={n_runs} must be >= 1")
    if n_pair < 1:
        raise ValueError(f"pairs={n_pair} must be >= 1")
    if not 0.0 < power < 1.0:
        raise ValueError(f"power={power} must be between 0 and 1")
