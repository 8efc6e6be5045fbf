"""The numbers of a page: one row per search and problem."""

import csv
import dataclasses
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from mfnas_vec.analysis.searches import Search
from mfnas_vec.analysis.statistics import TEST, direction_sign, iqm, regret, unique_share, unit_text
from mfnas_vec.analysis.study import Study
from mfnas_vec.analysis.summary import summarize

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
    sign: float

    @property
    def score(self) -> float:
        """The mean, to be maximised; minus infinity where there is none."""
        return self.sign * self.mean if self.n_known else -math.inf


def decimals(units: str) -> int:
    """Decimals that test results are shown with."""
    return 2 if units == "%" else 4


def rows_of(study: Study) -> list[Row]:
    """A row per search and problem, in the order of the stores.

    Parameters
    ----------
    study
        The results.

    Returns
    -------
    list
        Intervals are those of ``summarize``; success is the share of runs that end within ``CLOSE`` of
        the table's best test result, relative to it; seconds are NaN where searches are not timed.
    """
    found = []
    for problem, searches in study.searches.items():
        best = study.optimum(problem)
        timed = study.timed(problem)
        found += [_row(problem, search, best, timed) for search in searches.values()]
    return found


def _row(problem: str, search: Search, best: float | None, timed: bool) -> Row:
    runs = search.runs
    sign = direction_sign(runs[TEST].attrs)
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
        sign=sign,
    )


def best_of_problem(rows: Iterable[Row], problem: str) -> list[Row]:
    """The rows of a problem by their mean, the best first, those without one last."""
    return sorted((row for row in rows if row.problem == problem), key=lambda row: -row.score)


def csv_text(header: Sequence[str], records: Iterable[Sequence[Any]]) -> str:
    """Records as CSV, unrounded; missing numbers are empty."""

    def cell(value: Any) -> Any:
        return "" if isinstance(value, float) and math.isnan(value) else value

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([cell(value) for value in record] for record in records)
    return stream.getvalue()


def rows_csv(rows: Iterable[Row]) -> str:
    """The rows as CSV, unrounded."""
    names = [field.name for field in dataclasses.fields(Row) if field.name != "sign"]
    return csv_text([*names, "direction"], [[*(getattr(row, n) for n in names), _direction(row)] for row in rows])


def _direction(row: Row) -> str:
    return "maximize" if row.sign > 0 else "minimize"
