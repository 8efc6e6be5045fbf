"""Published numbers vs. those of the stores, for searches with published settings."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from mfnas_vec.analysis.study import Study
from mfnas_vec.published import numbers
from mfnas_vec.published.verdicts import Comparison, compare_search
from mfnas_vec.report.page.summary import Row


class PublishedCell(NamedTuple):
    """A published result, and the row of the same search."""

    comparison: Comparison
    row: Row


class PublishedTable(NamedTuple):
    """What a page shows of published numbers."""

    cells: list[PublishedCell]
    #: Best test result of a table by problem: published, and of this run (NaN if not known).
    optima: dict[str, tuple[float, float]]
    notes: list[str]


def published_table(study: Study, rows: Sequence[Row]) -> PublishedTable:
    """The searches with published settings, each with its published result."""
    by_place = {(row.problem, row.search): row for row in rows}
    cells, notes, n_other = [], [], 0
    for problem, searches in study.searches.items():
        for label, search in searches.items():
            comparison = compare_search(study, problem, search)
            if comparison is None:
                n_other += 1
            else:
                cells.append(PublishedCell(comparison, by_place[problem, label]))
    if cells and n_other:
        notes.append(f"Not published: the other {n_other:,} of {len(rows):,} results, of other optimizers or settings.")
    optima = {}
    for problem in dict.fromkeys(cell.comparison.problem for cell in cells):
        if note := str(study.attrs(problem).get("table_note", "")):
            notes.append(f"{problem}: {note}.")
        if problem in numbers.OPTIMUM:
            found = study.optimum(problem)
            optima[problem] = numbers.OPTIMUM[problem], math.nan if found is None else found
    return PublishedTable(cells, optima, notes)
