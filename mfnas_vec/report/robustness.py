"""The reproduced table of R-MF-NAS: as text for a terminal, as Markdown, as CSV."""

import csv
import io
import math
from collections.abc import Iterable
from typing import Any

import xarray as xr

from mfnas_vec.analysis.statistics import unit_text
from mfnas_vec.published.robust import (
    OPTIMIZERS,
    PUBLISHED,
    configuration_of,
    robustness,
    verdicts,
)
from mfnas_vec.report.text import aligned, selection_note

LEGEND = (
    "published: ELO-Lab/MF-NAS, docs/R-MF-NAS.md, 500 runs. Best and worst: configuration (proxy and k) with the best "
    "and the worst mean, its mean ± standard deviation over runs; mean: mean ± standard deviation of the means of all "
    "configurations; gap: between best and worst. The publication does not name its proxies per column, its "
    "revision of the code or its budgets"
)
COLUMNS = ("", "published", "here", "verdict", "configuration here")


def _pair(mean: float, sd: float) -> str:
    return "-" if math.isnan(mean) else f"{mean:.2f} ± {sd:.2f}"


def _rows(result: xr.Dataset, optimizer: str) -> list[tuple[str, ...]]:
    known, ours = PUBLISHED[result.attrs["problem"]][optimizer], robustness(result, optimizer)
    words = verdicts(result, optimizer)
    found = not math.isnan(ours.best)
    rows: list[tuple[str, ...]] = [(optimizer, "", "", "", "")]
    for name in ("best", "worst"):
        spread = f"{name}_sd"
        place = configuration_of(result, optimizer, best=name == "best") if found else "-"
        pairs = [_pair(getattr(column, name), getattr(column, spread)) for column in (known, ours)]
        rows.append((f"  {name}", *pairs, words[name], place))
    rows.append(("  mean", _pair(known.mean, known.sd), _pair(ours.mean, ours.sd), words["mean"], ""))
    rows.append(("  gap", f"{known.gap:.2f}", f"{ours.gap:.2f}" if found else "-", "", ""))
    return rows


def _heading(result: xr.Dataset) -> tuple[str, str]:
    attrs, mean = result.attrs, result["mean"]
    sizes = f"{result.sizes['metric_stage1']} proxies x {result.sizes['k']} k"
    return (
        f"{attrs['problem']}: how far MF-NAS and R-MF-NAS depend on proxy and k",
        f"test performance in {unit_text(mean.attrs)} ({mean.attrs['direction']}), {sizes}, "
        f"{attrs['n_run']:,} runs each, seed {attrs['seed']}, protocol {attrs['protocol']}; "
        f"numbers here: {mean.attrs['provenance']}",
    )


def notes(result: xr.Dataset) -> list[str]:
    """What else a reader has to know."""
    found = [selection_note(OPTIMIZERS)] if result.attrs.get("selected_on") == "test" else []
    lost = int((result.attrs["n_run"] - result["n_found"]).sum())
    if lost:
        found.append(f"{lost:,} runs found no architecture within the budget")
    return found


def problem_text(result: xr.Dataset) -> str:
    """The table of one problem for a terminal."""
    title, what = _heading(result)
    table = aligned([COLUMNS, *(row for name in OPTIMIZERS for row in _rows(result, name))], right=(1, 2))
    lines = [title, f"  {what}", *("  " + line for line in table.splitlines())]
    return "\n".join([*lines, *(f"  note: {note}" for note in notes(result))])


def markdown(results: Iterable[xr.Dataset]) -> str:
    """All tables in Markdown."""
    parts = [f"# How far results depend on proxy and k: published and here\n\n{LEGEND[0].upper()}{LEGEND[1:]}."]
    for result in results:
        title, what = _heading(result)
        rows: list[tuple[str, ...]] = [COLUMNS, ("---", "---:", "---:", "---", "---")]
        rows += [tuple(cell.strip() for cell in row) for name in OPTIMIZERS for row in _rows(result, name)]
        lines = ["| " + " | ".join(cells) + " |" for cells in rows]
        listed = "".join(f"\n\nNote: {note}." for note in notes(result))
        parts.append(f"## {title}\n\n{what}.\n\n" + "\n".join(lines) + listed)
    return "\n\n".join(parts) + "\n"


def records(result: xr.Dataset) -> list[dict[str, Any]]:
    """Published and found numbers of a problem, one flat record per optimizer."""
    attrs = result.attrs
    return [
        {
            "problem": attrs["problem"],
            "optimizer": name,
            "n_run": attrs["n_run"],
            "seed": attrs["seed"],
            "protocol": attrs["protocol"],
            **{f"published_{key}": value for key, value in PUBLISHED[attrs["problem"]][name]._asdict().items()},
            **robustness(result, name)._asdict(),
            **{f"{key}_verdict": verdict for key, verdict in verdicts(result, name).items()},
            "provenance": result["mean"].attrs["provenance"],
            "selected_on": attrs.get("selected_on", "metric"),
        }
        for name in OPTIMIZERS
    ]


def csv_text(results: Iterable[xr.Dataset]) -> str:
    """All numbers as CSV, unrounded; missing ones are empty."""
    lines = [record for result in results for record in records(result)]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    for line in lines:
        writer.writerow({k: "" if isinstance(v, float) and math.isnan(v) else v for k, v in line.items()})
    return stream.getvalue()
