"""The numbers of a page: one row per search and problem."""

import dataclasses
import math
from collections.abc import Iterable

import numpy as np

from mfnas_vec.analysis.searches import Search
from mfnas_vec.analysis.statistics import TEST, direction_sign, iqm, regret, unique_share, unit_text
from mfnas_vec.analysis.study import Study
from mfnas_vec.analysis.summary import summarize
from mfnas_vec.report.sheet import csv_text

#: A run is a success if its test result is within this share of the best of its table.
CLOSE = 0.01


@dataclasses.dataclass(frozen=True)
class Row:
    """One search on one problem; NaN where a number is not known."""

    problem: str
    search: str
    provenance: str
    n_run: int
    n_known: int
    mean: float
    low: float
    high: float
    sd: float
    median: float
    iqm: float
    regret: float
    success: float
    seconds: float
    epochs: float
    evaluations: float
    unique_share: float
    #: Unit and direction of the test result.
    units: str
    direction: str

    @property
    def sign(self) -> float:
        """``+1.0`` where a higher test result is better, else ``-1.0``."""
        return 1.0 if self.direction == "maximize" else -1.0

    @property
    def score(self) -> float:
        """The mean, to be maximised; minus infinity where there is none."""
        return self.sign * self.mean if self.n_known else -math.inf


def decimals(units: str) -> int:
    """Decimals that test results are shown with."""
    return 2 if units == "%" else 4


def rows_of(study: Study) -> list[Row]:
    """A row per search and problem, in the order of the stores.

    Intervals are those of ``summarize``; success is the share of runs that end within ``CLOSE`` of the table's best
    test result, relative to it; seconds are NaN where searches are not timed.
    """
    found = []
    for problem, searches in study.searches.items():
        best = study.optimum(problem)
        timed = study.timed(problem)
        found += [_row(problem, search, best, timed) for search in searches.values()]
    return found


def _row(problem: str, search: Search, best: float | None, timed: bool) -> Row:
    runs = search.runs
    test = runs[TEST].values
    known = test[~np.isnan(test)]
    s = summarize(runs)
    median, middle = (float(np.median(known)), float(iqm(known))) if known.size else (math.nan, math.nan)
    lost, success = math.nan, math.nan
    if best is not None:
        away = regret(runs, best)["regret"].values
        away = away[~np.isnan(away)]
        n_judged = known.size + int(runs["arch"].isnull().sum())
        lost = float(away.mean()) if known.size else math.nan
        success = float((away <= CLOSE * abs(best)).sum() / n_judged) if n_judged else math.nan
    share = unique_share(runs)["unique_share"].values
    share = share[~np.isnan(share)]
    return Row(
        problem=problem,
        search=search.label,
        provenance=search.provenance,
        n_run=s.n_run,
        n_known=s.n_tested,
        mean=s.mean,
        low=s.low,
        high=s.high,
        sd=s.sd,
        median=median,
        iqm=middle,
        regret=lost,
        success=success,
        seconds=s.seconds if timed else math.nan,
        epochs=s.epochs,
        evaluations=s.evaluations,
        unique_share=float(share.mean()) if share.size else math.nan,
        units="" if (unit := unit_text(runs[TEST].attrs)) == "1" else unit,
        direction="minimize" if direction_sign(runs[TEST].attrs) < 0 else "maximize",
    )


def best_of_problem(rows: Iterable[Row], problem: str) -> list[Row]:
    """The rows of a problem by their mean, the best first, those without one last."""
    return sorted((row for row in rows if row.problem == problem), key=lambda row: -row.score)


def rows_csv(rows: Iterable[Row]) -> str:
    """The rows as CSV, unrounded."""
    return csv_text([dataclasses.asdict(row) for row in rows])
