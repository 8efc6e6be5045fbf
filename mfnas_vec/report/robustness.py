"""The reproduced table of R-MF-NAS."""

import math
from typing import Any

import xarray as xr

from mfnas_vec.analysis.statistics import unit_text
from mfnas_vec.published.robust import OPTIMIZERS, PUBLISHED, configuration_of, robustness, verdicts
from mfnas_vec.report.sheet import Sheet
from mfnas_vec.report.text import selection_note

TITLE = "How far results depend on proxy and k: published and here"
LEGEND = (
    "published: ELO-Lab/MF-NAS, docs/R-MF-NAS.md, 500 runs. Best and worst: configuration (proxy and k) with the best "
    "and the worst mean, its mean ± standard deviation over runs; mean: mean ± standard deviation of the means of all "
    "configurations; gap: between best and worst. The publication does not name its proxies per column, its "
    "revision of the code or its budgets"
)


def sheet(result: xr.Dataset) -> Sheet:
    """The table of one problem."""
    attrs, mean = result.attrs, result["mean"].attrs
    about = (
        f"test performance in {unit_text(mean)} ({mean['direction']}), {result.sizes['metric_stage1']} proxies x "
        f"{result.sizes['k']} k, {attrs['n_run']:,} runs each, seed {attrs['seed']}, protocol {attrs['protocol']}; "
        f"numbers here: {mean['provenance']}"
    )
    notes = [selection_note(OPTIMIZERS)] if attrs.get("selected_on") == "test" else []
    if lost := int((attrs["n_run"] - result["n_found"]).sum()):
        notes.append(f"{lost:,} runs found no architecture within the budget")
    return Sheet(
        title=f"{attrs['problem']}: how far MF-NAS and R-MF-NAS depend on proxy and k",
        about=[about],
        columns=("", "published", "here", "verdict", "configuration here"),
        rows=[row for name in OPTIMIZERS for row in _rows(result, name)],
        notes=notes,
        right=(1, 2),
    )


def _pair(mean: float, sd: float) -> str:
    return "-" if math.isnan(mean) else f"{mean:.2f} ± {sd:.2f}"


def _rows(result: xr.Dataset, optimizer: str) -> list[list[str]]:
    known, ours = PUBLISHED[result.attrs["problem"]][optimizer], robustness(result, optimizer)
    words, found = verdicts(result, optimizer), not math.isnan(ours.best)
    best, worst = (configuration_of(result, optimizer, best=best) if found else "-" for best in (True, False))
    return [
        [optimizer, "", "", "", ""],
        ["  best", _pair(known.best, known.best_sd), _pair(ours.best, ours.best_sd), words["best"], best],
        ["  worst", _pair(known.worst, known.worst_sd), _pair(ours.worst, ours.worst_sd), words["worst"], worst],
        ["  mean", _pair(known.mean, known.sd), _pair(ours.mean, ours.sd), words["mean"], ""],
        ["  gap", f"{known.gap:.2f}", f"{ours.gap:.2f}" if found else "-", "", ""],
    ]


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
