"""A self-contained page on the results of stores (extra ``report``)."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from mfnas_vec._files import new_file
from mfnas_vec.analysis.bootstrap import LEAST_RUNS
from mfnas_vec.analysis.sources import open_study
from mfnas_vec.analysis.study import Study
from mfnas_vec.published.numbers import N_RUN
from mfnas_vec.report.comparison import METHOD, notes_of
from mfnas_vec.report.page.about import facts_of, recipes_of, settings_of, tables_of, versions_of
from mfnas_vec.report.page.checklist import checklist_of
from mfnas_vec.report.page.illustrations import ORDER, PageFigure, Styles, page_figure, styled
from mfnas_vec.report.page.leaks import leaks_of
from mfnas_vec.report.page.published import published_table
from mfnas_vec.report.page.render import check_packages, render
from mfnas_vec.report.page.summary import CLOSE, best_of_problem, decimals, rows_csv, rows_of
from mfnas_vec.report.page.verdicts import MAX_MATRIX, pairs_csv, pairs_of, ranks_of
from mfnas_vec.report.page.words import question_of, summary_of, title_of
from mfnas_vec.runs.pool import forks
from mfnas_vec.runs.threads import available_threads
from mfnas_vec.tables.provenance import weakest


def page(study: Study, title: str | None = None) -> str:
    """The page on a study, as HTML: the same results give the same bytes.

    Parameters
    ----------
    study
        The results.
    title
        Title of the page; by default that of the store.

    Raises
    ------
    ValueError
        If a package of the extra ``report`` is missing.
    """
    check_packages()
    styles, workers = Styles(), available_threads()
    study.trace(workers, _import_packages)
    with forks(workers, study) as submit:
        drawn = [submit(page_figure, kind) for kind in ORDER]
        rows = rows_of(study)
        pairs, untested, too_many = pairs_of(study, rows)
        ranks, no_ranks = ranks_of(study)
        leaks = leaks_of(study)
        found = [future.result() for future in drawn]
    figures = [styled(figure, styles) for figure in found if isinstance(figure, PageFigure)]
    content: dict[str, Any] = {
        "title": title or title_of(study),
        "question": question_of(study),
        "named": study.names,
        "summary": summary_of(study, rows, pairs, ranks, not_tested=too_many),
        "facts": facts_of(study),
        "problems": study.problems,
        "labels": study.labels,
        "groups": settings_of(study),
        "published": published_table(study, rows),
        "n_published": N_RUN,
        "figures": figures,
        "left_out": [reason for reason in found if isinstance(reason, str)],
        "rows": rows,
        "leaks": leaks,
        "checklist": checklist_of(study),
        "best": {problem: best_of_problem(rows, problem)[0].score for problem in study.problems},
        "places": {row.problem: decimals(row.units) for row in rows},
        "units": {row.problem: row.units for row in rows},
        "no_epochs": [p for p in study.problems if study.cost_unit(p, "epochs") != "epochs"],
        "lower": [row.problem for row in {row.problem: row for row in rows}.values() if row.sign < 0],
        "close": CLOSE,
        "least_runs": LEAST_RUNS,
        "pairs": pairs,
        "untested": untested,
        "ranks": ranks,
        "no_ranks": no_ranks,
        "max_matrix": MAX_MATRIX,
        "notes": notes_of(study.searches),
        "method": METHOD,
        "kind": weakest(row.provenance for row in rows),
        "tables": tables_of(study),
        "versions": versions_of(study),
        "recipes": recipes_of(study, title),
        "csv": {"summary": rows_csv(rows), "pairs": pairs_csv(pairs)},
    }
    return render(content, styles.css())


def _import_packages() -> None:
    """Import what all figures need, once, before processes that draw them are forked."""
    for name in ("matplotlib.figure", "matplotlib.backends.backend_svg", "scipy.stats"):
        importlib.import_module(name)


def report(
    results: Any,
    path: str | Path | None = None,
    *,
    tables: Sequence[xr.Dataset] = (),
    title: str | None = None,
    overwrite: bool = False,
) -> str:
    """The page on results in memory, as HTML.

    Parameters
    ----------
    results
        What ``run`` or ``sweep`` returned, a list of those, or a mapping by label (see ``searches_of``).
    path, overwrite
        A file to write it to, and whether it is replaced if it exists.
    tables
        The tables of the results, if they are not found by the names of the problems.
    title
        As of ``page``.

    Raises
    ------
    ValueError
        As of ``searches_of`` and ``write_page``.
    """
    check_packages()
    text = page(Study.of(results, *tables), title)
    if path is not None:
        with new_file(path, overwrite=overwrite) as scratch:
            Path(scratch).write_text(text, encoding="utf-8", newline="\n")
    return text


def write_page(
    places: Sequence[str],
    path: str | Path,
    *,
    title: str | None = None,
    tables: Sequence[str] = (),
    embedded: bool = False,
    overwrite: bool = False,
) -> None:
    """Write the page on result stores, completely or not at all.

    Parameters
    ----------
    places
        Stores, as of ``read_searches``.
    path, overwrite
        The file, and whether it is replaced if it exists.
    title
        As of ``page``.
    tables, embedded
        As of ``open_study``.

    Raises
    ------
    ValueError
        As of ``read_searches``; if a package is missing, or the file exists (unless ``overwrite``)
        or cannot be written.
    """
    check_packages()
    with new_file(path, overwrite=overwrite) as scratch:
        study = open_study(places, tables=tables, embedded=embedded)
        Path(scratch).write_text(page(study, title), encoding="utf-8", newline="\n")
