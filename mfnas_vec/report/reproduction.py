"""The reproduced table: as text for a terminal, as Markdown, as CSV."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

import xarray as xr

from mfnas_vec.analysis.statistics import unit_text
from mfnas_vec.published import numbers
from mfnas_vec.published.verdicts import NOT_TIMED, Comparison, compare
from mfnas_vec.report.text import aligned, interval_text, selection_note
from mfnas_vec.tables.schema import COMPUTED, MEASURED

NONE = "-"
LEGEND = (
    "published: ELO-Lab/MF-NAS, 500 runs. Mean ± standard deviation over runs; interval: 95 %, of the mean of this run "
    "(percentile bootstrap);\n  difference: mean of this run minus the published one. "
    "Seconds and epochs: simulated cost of a search, mean over runs.\n  A verdict compares means only, "
    "and is never 'reproduced' on modelled values"
)
COLUMNS = (
    "optimizer",
    "published",
    "published seconds",
    "published epochs",
    "this run",
    "interval",
    "seconds",
    "epochs",
    "difference",
    "verdict",
)
RIGHT = (1, 2, 3, 4, 5, 6, 7, 8)


def _number(value: float | None, form: str) -> str:
    return NONE if value is None or math.isnan(value) else format(value, form)


def _cells(row: Comparison) -> list[str]:
    known, ours = row.published, row.ours
    seconds = None if row.charged == NOT_TIMED else ours.seconds
    return [
        row.optimizer,
        NONE if known is None else f"{known.mean:.2f} ± {known.sd:.2f}",
        _number(known and known.seconds, ",.0f"),
        _number(known and known.epochs, ",.0f"),
        NONE if ours.n_tested == 0 else f"{ours.mean:.2f} ± {ours.sd:.2f}",
        interval_text(ours),
        _number(seconds, ",.0f"),
        _number(ours.epochs, ",.0f"),
        _number(row.difference, "+.2f"),
        row.verdict,
    ]


def _rows(results: xr.Dataset, rows: Sequence[Comparison]) -> list[list[str]]:
    attrs = results.attrs
    optimum = numbers.OPTIMUM.get(attrs["problem"])
    kind = attrs["optimum_provenance"]
    best = [""] * len(COLUMNS)
    best[0], best[1], best[4] = "optimum", _number(optimum, ".2f"), _number(attrs["optimum"], ".2f")
    if optimum is not None:
        best[8] = _number(attrs["optimum"] - optimum, "+.2f")
    best[9] = kind if kind in (MEASURED, COMPUTED) else f"on {kind} values"
    return [*(_cells(row) for row in rows), best]


def _heading(results: xr.Dataset) -> tuple[str, str]:
    attrs, test = results.attrs, results["test_performance"].attrs
    unit = unit_text(test)
    title = f"{attrs['problem']}: {attrs['title']}"
    what = (
        f"{test['long_name']} in {unit}, {results.sizes['run']:,} runs, seed {attrs['seed']}, "
        f"protocol {attrs['protocol']}"
    )
    return title, what


def provenance_line(rows: Sequence[Comparison]) -> str:
    """The provenance of the results: measured, computed or modelled."""
    parts = []
    words = {"searched": "search metrics", "tested": "test performance", "charged": "seconds"}
    for name, what in words.items():
        kinds = dict.fromkeys(getattr(row, name) for row in rows)
        parts.append(f"{what} {' or '.join(kinds)}")
    return "provenance: " + "; ".join(parts)


def notes(results: xr.Dataset, rows: Sequence[Comparison]) -> list[str]:
    """Notes on the table and on runs without a result."""
    found = [str(results.attrs["table_note"])] if results.attrs["table_note"] else []
    if chosen := [row.optimizer for row in rows if row.selected_on == "test"]:
        found.append(selection_note(chosen))
    for row in rows:
        lost, untested = row.ours.n_run - row.ours.n_found, row.ours.n_found - row.ours.n_tested
        if lost:
            found.append(f"{row.optimizer}: {lost} runs found no architecture within the budget")
        if untested:
            found.append(f"{row.optimizer}: {untested} runs found an architecture without a test result")
    return found


def problem_text(results: xr.Dataset) -> str:
    """The table of one problem for a terminal."""
    rows = compare(results)
    title, what = _heading(results)
    table = aligned([COLUMNS, *_rows(results, rows)], right=RIGHT)
    lines = [title, f"  {what}", f"  {provenance_line(rows)}", *("  " + line for line in table.splitlines())]
    lines += [f"  note: {note}" for note in notes(results, rows)]
    return "\n".join(lines)


def problem_markdown(results: xr.Dataset, *, level: int = 2) -> str:
    """The table of one problem in Markdown."""
    rows = compare(results)
    title, what = _heading(results)
    head = [c.replace("interval", "95 % interval") for c in COLUMNS]
    marks = ["---:" if i in RIGHT else "---" for i in range(len(COLUMNS))]
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, marks, *_rows(results, rows))]
    footnotes = "".join(f"\n\nNote: {note}." for note in notes(results, rows))
    return "\n".join([f"{'#' * level} {title}", "", f"{what}; {provenance_line(rows)}.", "", *lines]) + footnotes


def markdown(all_results: Iterable[xr.Dataset]) -> str:
    """All tables in Markdown."""
    parts = [problem_markdown(results) for results in all_results]
    head = f"# Published vs. this run\n\n{LEGEND[0].upper()}{LEGEND[1:]}."
    return "\n\n".join([head, *parts]) + "\n"


def csv_text(all_results: Iterable[xr.Dataset]) -> str:
    """All comparisons as CSV, unrounded."""
    lines = [record for results in all_results for record in records(results)]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return stream.getvalue()


def records(results: xr.Dataset) -> list[dict[str, Any]]:
    """The comparisons of a problem, one flat record each; missing numbers are "" (CSV knows no other)."""
    return [_record(row, results) for row in compare(results)]


def _record(row: Comparison, results: xr.Dataset) -> dict[str, Any]:
    known, ours, attrs = row.published, row.ours, results.attrs
    record: dict[str, Any] = {
        "problem": row.problem,
        "optimizer": row.optimizer,
        "n_run": ours.n_run,
        "n_found": ours.n_found,
        "n_tested": ours.n_tested,
        "seed": attrs["seed"],
        "protocol": attrs["protocol"],
        "published_mean": known and known.mean,
        "published_sd": known and known.sd,
        "published_seconds": known and known.seconds,
        "published_epochs": known and known.epochs,
        "mean": ours.mean,
        "sd": ours.sd,
        "interval_low": ours.low,
        "interval_high": ours.high,
        "seconds": None if row.charged == NOT_TIMED else ours.seconds,
        "epochs": ours.epochs,
        "evaluations": ours.evaluations,
        "unique_evaluations": ours.unique_evaluations,
        "difference": row.difference,
        "published_optimum": numbers.OPTIMUM.get(row.problem),
        "optimum": attrs["optimum"],
        "search_provenance": row.searched,
        "test_provenance": row.tested,
        "seconds_provenance": row.charged,
        "verdict": row.verdict,
    }
    missing = (k for k, v in record.items() if v is None or (isinstance(v, float) and math.isnan(v)))
    return record | dict.fromkeys(missing, "")
