"""Significance tests of a page: pairs on each problem, and ranks across problems."""

import dataclasses
import functools
from collections.abc import Sequence

import xarray as xr

from mfnas_vec.analysis.comparison import compare_runs, scores_of
from mfnas_vec.analysis.statistics import unit_text
from mfnas_vec.analysis.study import Study
from mfnas_vec.report import ranks
from mfnas_vec.report.comparison import Verdict, verdicts_of
from mfnas_vec.report.page.summary import Row, best_of_problem
from mfnas_vec.report.sheet import csv_text

#: Most searches of a problem whose pairs are all listed, and all tested.
MAX_LISTED, MAX_TESTED = 12, 60
#: Most searches whose probabilities of improvement are shown.
MAX_MATRIX = 12


@dataclasses.dataclass(frozen=True)
class Pairs:
    """The pairs of searches on one problem."""

    problem: str
    #: The result of ``compare_runs``, and the verdict on each of all pairs.
    found: xr.Dataset
    verdicts: list[Verdict]
    #: Indices of the pairs that the page lists, and a description of them.
    listed: list[int]
    scope: str

    @property
    def n_decided(self) -> int:
        """Number of pairs with a significant difference."""
        return sum(1 for v in self.verdicts if v.winner)

    @functools.cached_property
    def tally(self) -> dict[str, list[int]]:
        """How often each search is better, worse, or neither."""
        found: dict[str, list[int]] = {}
        for v, *pair in zip(self.verdicts, *(self.found[k].values.tolist() for k in ("first", "second")), strict=True):
            for label in pair:
                found.setdefault(label, [0, 0, 0])[0 if v.winner == label else 1 if v.winner else 2] += 1
        return found


def pairs_of(study: Study, rows: Sequence[Row]) -> tuple[list[Pairs], list[str], bool]:
    """The pairs on each problem, a note for each problem without, and whether any has too many to test."""
    found, notes, too_many = [], [], False
    for problem, searches in study.searches.items():
        n = len(searches)
        if n < 2:
            notes.append(f"{problem}: a single search, nothing to compare.")
            continue
        if n > MAX_TESTED:
            too_many = True
            notes.append(
                f"{problem}: {n * (n - 1) // 2:,} pairs of {n} searches are too many to test here; "
                "mfnas compare --against LABEL tests those with one search."
            )
            continue
        tested = compare_runs({label: scores_of(s.runs) for label, s in searches.items()})
        unit = unit_text(study.test_attrs(problem))
        verdicts = verdicts_of(tested, unit)
        listed, scope = list(range(len(verdicts))), f"all {len(verdicts):,} pairs"
        if n > MAX_LISTED:
            best = best_of_problem(rows, problem)[0].search
            firsts, seconds = (tested[name].values.tolist() for name in ("first", "second"))
            listed = [i for i, pair in enumerate(zip(firsts, seconds, strict=True)) if best in pair]
            scope = (
                f"the {len(listed)} pairs with {best}, which has the best mean; all {len(verdicts):,} pairs are tested "
                "and corrected for, and are in the CSV"
            )
        found.append(Pairs(problem, tested, verdicts, listed, scope))
    return found, notes, too_many


def ranks_of(study: Study) -> tuple[ranks.Ranks | None, str]:
    """Ranks across problems, or why there are none."""
    try:
        return ranks.ranks_of(study.searches), ""
    except ValueError as error:
        return None, f"No ranks: {error}."


def pairs_csv(pairs: Sequence[Pairs]) -> str:
    """All pairs as CSV, unrounded."""
    names = ("first", "second", "a12", "p_value", "p_holm", "p_least", "n_first", "n_second", "detectable")
    records = []
    for each in pairs:
        columns = (each.found[name].values.tolist() for name in names)
        for *values, verdict in zip(*columns, each.verdicts, strict=True):
            records.append({"problem": each.problem, **dict(zip(names, values, strict=True)), "better": verdict.winner})
    return csv_text(records)
