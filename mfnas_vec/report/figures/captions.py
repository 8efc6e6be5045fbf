"""Captions of figures of searches: runs, seeds, protocols, provenance, and which runs are left out."""

from collections.abc import Mapping, Sequence

from mfnas_vec.analysis.statistics import TEST
from mfnas_vec.analysis.study import Study
from mfnas_vec.report.text import range_text
from mfnas_vec.tables.provenance import weakest
from mfnas_vec.tables.schema import COMPUTED, MEASURED

#: Most searches of which a caption counts the runs left out.
_MOST_COUNTED = 6


def caption(study: Study, shown: Mapping[str, Sequence[str]], *more: str) -> str:
    """Runs, seeds, protocols and provenance of the searches shown, by problem."""
    searches = [study.searches[problem][label] for problem, labels in shown.items() for label in labels]
    n_run = range_text(s.runs.sizes["run"] for s in searches)
    text = [f"n = {n_run} {'run' if n_run == '1' else 'runs'} of each search"]
    for key in ("seed", "protocol"):
        text.append(f"{key} {' and '.join(sorted({str(s.runs.attrs.get(key)) for s in searches}))}")
    kinds = {s.provenance for s in searches}
    tests = weakest(str(s.runs[TEST].attrs.get("provenance")) for s in searches)
    parts = [*(f"{m.rstrip('.')}." for m in more if m), ", ".join(text) + f". Test results: {tests}."]
    if kinds - {MEASURED, COMPUTED}:
        worst = weakest(kinds)
        parts.append(f"Search metrics or test results are {worst}: these are not published or measured results.")
    return " ".join(parts)


def left_out(study: Study, shown: Mapping[str, Sequence[str]]) -> str:
    """A sentence on runs without a test result, which are left out; empty if there are none."""
    counts = []
    for problem, labels in shown.items():
        for label in labels:
            test = study.searches[problem][label].runs[TEST]
            if n := int(test.isnull().sum()):
                counts.append(f"{n:,} of {test.size:,} of {study.names[label]} on {problem}")
    more = f" and {len(counts) - _MOST_COUNTED} more" if len(counts) > _MOST_COUNTED else ""
    return f"Runs without a test result are left out: {', '.join(counts[:_MOST_COUNTED])}{more}" if counts else ""
