"""Published numbers beside those of the stores, where settings are the published ones."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mfnas_vec.analysis.replay import given_settings
from mfnas_vec.analysis.searches import Search
from mfnas_vec.analysis.statistics import TEST
from mfnas_vec.analysis.study import Study
from mfnas_vec.analysis.summary import summarize
from mfnas_vec.published import numbers
from mfnas_vec.published.verdicts import NOT_TIMED, Comparison, published_result
from mfnas_vec.report.page.summary import Row
from mfnas_vec.tables.provenance import weakest

#: The setting whose values the published table compares, and those that follow from the metrics.
_FREE = {"metric_stage1", "using_zc_metric_stage1", "using_zc_metric_stage2"}


class Beside(NamedTuple):
    """A published result, and the numbers here."""

    comparison: Comparison
    row: Row


class Published(NamedTuple):
    """What a page shows of published numbers."""

    cells: list[Beside]
    #: Best test result of a table by problem: published, and here (NaN if not known).
    optima: dict[str, tuple[float, float]]
    notes: list[str]


def beside(study: Study, rows: Sequence[Row]) -> Published:
    """The searches with published settings beside their published results."""
    by_place = {(row.problem, row.search): row for row in rows}
    cells, notes, n_other = [], [], 0
    for problem, searches in study.searches.items():
        for label, search in searches.items():
            comparison = _comparison(study, problem, search)
            if comparison is None:
                n_other += 1
            else:
                cells.append(Beside(comparison, by_place[problem, label]))
    shown = list(dict.fromkeys(cell.comparison.problem for cell in cells))
    if cells and n_other:
        notes.append(f"Not published: the other {n_other:,} of {len(rows):,} results, of other optimizers or settings.")
    for problem in shown:
        note = str(study.attrs(problem).get("table_note", ""))
        if note:
            notes.append(f"{problem}: {note}.")
    best = {problem: study.optimum(problem) for problem in shown}
    optima = {
        problem: (numbers.OPTIMUM[problem], math.nan if found is None else found)
        for problem, found in best.items()
        if problem in numbers.OPTIMUM
    }
    return Published(cells, optima, notes)


def _comparison(study: Study, problem: str, search: Search) -> Comparison | None:
    """The comparison of a search with published settings; ``None`` for any other."""
    if search.optimizer != "MF-NAS" or problem not in numbers.MF_NAS:
        return None
    known = published_result(problem, search.optimizer, search.settings)
    if known is None or not _has_published_settings(study, problem, search):
        return None
    runs, attrs = search.runs, search.runs.attrs
    return Comparison(
        problem=problem,
        optimizer=search.label,
        published=known,
        ours=summarize(runs),
        searched=weakest([search.searched, *(text.rpartition(": ")[2] for text in search.inputs)]),
        tested=str(runs[TEST].attrs.get("provenance")),
        charged=search.charged if study.timed(problem) else NOT_TIMED,
        protocol=str(attrs["protocol"]),
    )


def _has_published_settings(study: Study, problem: str, search: Search) -> bool:
    try:
        given: Mapping[str, object] = given_settings(search, study.table(problem))
    except ValueError:  # the table is not here any more: what is published for it cannot be told
        return False
    return set(given) <= _FREE
