"""The reproduced table."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from mfnas_vec.analysis.statistics import unit_text
from mfnas_vec.published import numbers
from mfnas_vec.published.verdicts import NOT_TIMED, Comparison, compare
from mfnas_vec.report.sheet import Sheet, blank
from mfnas_vec.report.text import interval_text, selection_note
from mfnas_vec.tables.schema import COMPUTED, MEASURED

TITLE = "Published vs. this run"
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


def sheet(results: xr.Dataset) -> Sheet:
    """The table of one problem."""
    rows, attrs, test = compare(results), results.attrs, results["test_performance"].attrs
    about = (
        f"{test['long_name']} in {unit_text(test)}, {results.sizes['run']:,} runs, seed {attrs['seed']}, "
        f"protocol {attrs['protocol']}"
    )
    return Sheet(
        title=f"{attrs['problem']}: {attrs['title']}",
        about=[about, _provenance(rows)],
        columns=COLUMNS,
        rows=[*map(_cells, rows), _optimum(attrs)],
        notes=_notes(attrs, rows),
        right=range(1, 9),
        renamed={"interval": "95 % interval"},
    )


def _number(value: float | None, form: str) -> str:
    return "-" if value is None or math.isnan(value) else format(value, form)


def _cells(row: Comparison) -> list[str]:
    known, ours = row.published, row.ours
    return [
        row.optimizer,
        "-" if known is None else f"{known.mean:.2f} ± {known.sd:.2f}",
        _number(known and known.seconds, ",.0f"),
        _number(known and known.epochs, ",.0f"),
        "-" if ours.n_tested == 0 else f"{ours.mean:.2f} ± {ours.sd:.2f}",
        interval_text(ours),
        _number(None if row.charged == NOT_TIMED else ours.seconds, ",.0f"),
        _number(ours.epochs, ",.0f"),
        _number(row.difference, "+.2f"),
        row.verdict,
    ]


def _optimum(attrs: Mapping[Any, Any]) -> list[str]:
    """The row of the best test result of the table."""
    known, here, kind = numbers.OPTIMUM.get(attrs["problem"]), attrs["optimum"], attrs["optimum_provenance"]
    difference = "" if known is None else _number(here - known, "+.2f")
    verdict = kind if kind in (MEASURED, COMPUTED) else f"on {kind} values"
    return ["optimum", _number(known, ".2f"), "", "", _number(here, ".2f"), "", "", "", difference, verdict]


def _provenance(rows: Sequence[Comparison]) -> str:
    words = {"searched": "search metrics", "tested": "test performance", "charged": "seconds"}
    kinds = {what: dict.fromkeys(getattr(row, name) for row in rows) for name, what in words.items()}
    return "provenance: " + "; ".join(f"{what} {' or '.join(found)}" for what, found in kinds.items())


def _notes(attrs: Mapping[Any, Any], rows: Sequence[Comparison]) -> list[str]:
    """Notes on the table and on runs without a result."""
    found = [str(attrs["table_note"])] if attrs["table_note"] else []
    if chosen := [row.optimizer for row in rows if row.selected_on == "test"]:
        found.append(selection_note(chosen))
    for row in rows:
        lost, untested = row.ours.n_run - row.ours.n_found, row.ours.n_found - row.ours.n_tested
        if lost:
            found.append(f"{row.optimizer}: {lost} runs found no architecture within the budget")
        if untested:
            found.append(f"{row.optimizer}: {untested} runs found an architecture without a test result")
    return found


def records(results: xr.Dataset) -> list[dict[str, Any]]:
    """The comparisons of a problem, one flat record each; missing numbers are "", as in CSV."""
    return [_record(row, results.attrs) for row in compare(results)]


def _record(row: Comparison, attrs: Mapping[Any, Any]) -> dict[str, Any]:
    known, ours = row.published, row.ours
    record = {
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
    return {key: blank(value) for key, value in record.items()}
