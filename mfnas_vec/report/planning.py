"""Plans of comparisons as text: the smallest difference that runs find, and the runs that a difference needs."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mfnas_vec.analysis.comparison import scores_of
from mfnas_vec.analysis.power import ALPHA, POWER, detectable_difference, pilot_sd, runs_needed
from mfnas_vec.analysis.searches import Search
from mfnas_vec.analysis.statistics import TEST, unit_text
from mfnas_vec.report.text import aligned


class Pilot(NamedTuple):
    """What is known about a problem before the comparison."""

    problem: str
    #: Standard deviation within searches, pooled.
    sd: float
    #: Runs of each search, the fewest; None without a pilot.
    n_run: int | None
    n_search: int
    unit: str


def pilots_of(problems: Mapping[str, Mapping[str, Search]]) -> list[Pilot]:
    """The pilot on each problem; failed runs and those without a test result are left out.

    Raises
    ------
    ValueError
        If all results of a search are equal, or none has two runs.
    """
    found = []
    for problem, searches in problems.items():
        samples = [scores_of(search.runs) for search in searches.values()]
        sd = pilot_sd(*samples)
        if not sd > 0:
            raise ValueError(f"{problem}: the pilot has no spread: no search has two different test results")
        unit = unit_text(next(iter(searches.values())).runs[TEST].attrs)
        found.append(Pilot(problem, sd, min(each.size for each in samples), max(len(samples), 2), unit))
    return found


def plan_text(
    pilots: Sequence[Pilot],
    *,
    runs: int | None = None,
    searches: int | None = None,
    difference: float | None = None,
    power: float = POWER,
) -> str:
    """A line per problem.

    Parameters
    ----------
    pilots
        Of the problems.
    runs, searches
        Runs of each search, and searches whose pairs are all compared; by default those of the pilot.
    difference
        The difference of means to find.
    power
        The probability to find it.

    Raises
    ------
    ValueError
        If there is no number of runs and no difference, or an argument is not a number of its kind.
    """
    if searches is not None and searches < 2:
        raise ValueError(f"searches={searches} must be >= 2")
    rows = [("PROBLEM", "SD", "PAIRS", "RUNS", "DETECTABLE", "DIFFERENCE", "RUNS NEEDED")]
    for pilot in pilots:
        n_search = searches or pilot.n_search
        n_pair = n_search * (n_search - 1) // 2
        n = runs if runs is not None else pilot.n_run
        if n is None and difference is None:
            raise ValueError("without a pilot, plan needs --runs or --difference")
        found = math.nan if n is None else detectable_difference(pilot.sd, n, n_pair=n_pair, power=power)
        unit = "" if pilot.unit == "1" else f" {pilot.unit}"
        needed = "-" if difference is None else f"{runs_needed(difference, pilot.sd, n_pair=n_pair, power=power):,}"
        detectable = "-" if n is None else "none" if math.isinf(found) else f"{found:.3g}{unit}"
        wanted = "-" if difference is None else f"{difference:g}{unit}"
        cells = (f"{pilot.sd:.3g}{unit}", f"{n_pair:,}", "-" if n is None else f"{n:,}", detectable, wanted, needed)
        rows.append((pilot.problem or "-", *cells))
    note = (
        f"  note: Mann-Whitney U, two-sided, level {ALPHA:g} with Holm's correction over the pairs, power {power:g} "
        "for each pair; test results are taken to be normal with the standard deviation of the pilot, pooled over "
        "searches. Runs are of each search; differences are of means."
    )
    return f"{aligned(rows, right=tuple(range(1, 7)))}\n\n{note}"
