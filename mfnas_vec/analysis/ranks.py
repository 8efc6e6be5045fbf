"""Comparison of searches across problems: average ranks, and tests of their equality."""

import math
from collections.abc import Mapping

import numpy as np
import xarray as xr

from mfnas_vec.analysis.comparison import FIRST, SECOND, Samples, a12, texts
from mfnas_vec.analysis.power import ALPHA

#: With fewer problems, the tests across problems are rough approximations.
LEAST_PROBLEMS = 10
LABEL, PROBLEM = "label", "problem"


def critical_difference(n_label: int, n_problem: int, alpha: float = ALPHA) -> float:
    """Nemenyi's critical difference of average ranks (Demšar, 2006).

    Two labels differ if their average ranks differ by at least this.
    """
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - alpha, n_label, np.inf)) / math.sqrt(2)
    return q * math.sqrt(n_label * (n_label + 1) / (6 * n_problem))


def compare_problems(problems: Mapping[str, Samples]) -> xr.Dataset:
    """Compare searches across problems.

    On a problem, labels are ranked by their average probability of improvement over the others,
    which needs no mean and includes failed runs; ties share a rank.

    Parameters
    ----------
    problems
        Samples by problem; labels that are missing on a problem are left out.

    Returns
    -------
    xarray.Dataset
        ``rank`` over (``problem, label``), 1 is best; ``average_rank`` over ``label``;
        ``improvement`` over (``first, second``), the mean A12 over problems (Agarwal et al., 2021).
        Attributes: ``test`` of equal ranks, "Friedman" (1937), or "sign" for two labels, with its
        ``chi2`` (NaN for two) and ``p_value``; Nemenyi's ``critical_difference``.

    Raises
    ------
    ValueError
        If fewer than two problems or fewer than two labels on all of them are left.
    """
    from scipy import stats

    names = list(problems)
    if len(names) < 2:
        raise ValueError("a comparison across problems needs two of them")
    first = problems[names[0]]
    labels = [label for label in first if all(label in p and p[label].size for p in problems.values())]
    k = len(labels)
    if k < 2:
        raise ValueError("fewer than two searches have results on every problem")
    effects = np.full((len(names), k, k), 0.5)
    for at, name in enumerate(names):
        for i in range(k):
            for j in range(i + 1, k):
                effect = a12(problems[name][labels[i]], problems[name][labels[j]])
                effects[at, i, j], effects[at, j, i] = effect, 1.0 - effect
    # Rounded, so that sums of the same effects in different order are ties.
    ranks = np.array([stats.rankdata(np.round(-each.mean(axis=1), 12)) for each in effects])
    chi2, p_value = math.nan, math.nan
    if k > 2:
        same = (ranks == ranks[:, :1]).all()
        chi2, p_value = (0.0, 1.0) if same else map(float, stats.friedmanchisquare(*ranks.T))
    else:
        wins, losses = (int((sign * (ranks[:, 1] - ranks[:, 0]) > 0).sum()) for sign in (1, -1))
        p_value = float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0
    return xr.Dataset(
        {
            "rank": ((PROBLEM, LABEL), ranks, {"long_name": "rank on the problem, 1 is best"}),
            "average_rank": (LABEL, ranks.mean(axis=0), {"long_name": "average rank over problems"}),
            "improvement": (
                (FIRST, SECOND),
                effects.mean(axis=0),
                {"long_name": "probability that the first is better, mean over problems"},
            ),
        },
        coords={
            PROBLEM: texts(names),
            LABEL: texts(labels),
            FIRST: texts(labels),
            SECOND: texts(labels),
        },
        attrs={
            "alpha": ALPHA,
            "test": "Friedman" if k > 2 else "sign",
            "chi2": chi2,
            "p_value": p_value,
            "critical_difference": critical_difference(k, len(names)),
        },
    )
