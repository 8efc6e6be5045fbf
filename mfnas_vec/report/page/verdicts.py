"""Significance tests of a page: pairs on each problem, and ranks across problems."""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
import xarray as xr

from mfnas_vec.analysis.comparison import compare_runs, scores_of
from mfnas_vec.analysis.ranks import compare_problems
from mfnas_vec.analysis.statistics import unit_text
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.comparison import Verdict, verdicts_of
from mfnas_vec.report.page.summary import Row, best_of_problem, csv_text
from mfnas_vec.report.ranks import rank_verdict

#: Most searches of a problem of which all pairs are listed, and tested.
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


@dataclasses.dataclass(frozen=True)
class Ranks:
    """Average ranks across problems."""

    found: xr.Dataset
    #: Places of the labels, the best first.
    order: list[int]
    #: The verdict on them, and the pairs that differ, the better first.
    lines: list[str]
    apart: list[tuple[str, str]]
    left_out: list[str]

    @property
    def labels(self) -> list[str]:
        """Labels, the best first."""
        names = [str(label) for label in self.found["label"].values]
        return [names[i] for i in self.order]

    @property
    def average(self) -> list[float]:
        """Average ranks, the best first."""
        return [float(self.found["average_rank"][i]) for i in self.order]

    @property
    def problems(self) -> list[str]:
        """Problems that searches are ranked on."""
        return [str(problem) for problem in self.found["problem"].values]

    @property
    def rows(self) -> list[tuple[str, float, list[float]]]:
        """Label, average rank, and rank on each problem, the best first."""
        ranks = self.found["rank"].values[:, self.order].T.tolist()
        return list(zip(self.labels, self.average, ranks, strict=True))

    @property
    def improvement(self) -> list[tuple[str, list[float]]]:
        """Label, and its probability of improvement over each other, in the order of ``labels``; NaN for itself."""
        matrix = self.found["improvement"].values[np.ix_(self.order, self.order)]
        np.fill_diagonal(matrix, np.nan)
        return list(zip(self.labels, matrix.tolist(), strict=True))


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


def ranks_of(study: Study) -> tuple[Ranks | None, str]:
    """Ranks across problems, or why there are none."""
    samples = {p: {label: scores_of(s.runs) for label, s in found.items()} for p, found in study.searches.items()}
    try:
        found = compare_problems(samples)
    except ValueError as error:
        return None, f"No ranks: {error}."
    order = [int(i) for i in np.argsort(found["average_rank"].values, kind="stable")]
    verdict = rank_verdict(found, order)
    labels = {str(label) for label in found["label"].values}
    return Ranks(found, order, verdict.lines, verdict.apart, [k for k in study.labels if k not in labels]), ""


def pairs_csv(pairs: Sequence[Pairs]) -> str:
    """All pairs as CSV, unrounded."""
    names = ("a12", "p_value", "p_holm", "p_least", "n_first", "n_second", "detectable")
    records = []
    for each in pairs:
        columns = [each.found[name].values.tolist() for name in ("first", "second", *names)]
        for *numbers, verdict in zip(*columns, each.verdicts, strict=True):
            records.append([each.problem, *numbers, verdict.winner])
    return csv_text(["problem", "first", "second", *names, "better"], records)
