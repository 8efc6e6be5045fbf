"""A table of means, as papers print it: a row per search, a column per problem."""

from typing import NamedTuple

from mfnas_vec.analysis.searches import provenance_of
from mfnas_vec.analysis.statistics import TEST, unit_text
from mfnas_vec.analysis.summary import Summary, summarize
from mfnas_vec.report.export.cells import Results, cells_of
from mfnas_vec.runs.result import RUN


class MeansTable(NamedTuple):
    """Cells as text."""

    header: list[str]
    rows: list[list[str]]
    #: Numbers of runs, provenance, and runs without a test result.
    notes: list[str]


def means_table(results: Results) -> MeansTable:
    """The mean test result and its standard deviation of each search on each problem."""
    found: dict[str, dict[str, Summary]] = {}
    kinds, units, n_run, lacking = set(), {}, set(), []
    for problem, result in results.items():
        attrs = result[TEST].attrs
        units[problem] = unit_text(attrs)
        for label, cell in cells_of(result):
            summary = found.setdefault(label, {})[problem] = summarize(cell, interval=False)
            n_run.add(cell.sizes[RUN])
            if summary.n_tested < cell.sizes[RUN]:
                lacking.append(f"{cell.sizes[RUN] - summary.n_tested:,} of {label} on {problem}")
            kinds.add(provenance_of(cell))
    rows = []
    for label, summaries in found.items():
        cells = []
        for problem in results:
            s = summaries.get(problem)
            cells.append(f"{s.mean:.2f} ± {s.sd:.2f}" if s is not None and s.n_tested else "-")
        rows.append([label, *cells])
    runs = ", ".join(f"{n:,}" for n in sorted(n_run))
    notes = [
        f"Test results, mean ± population standard deviation of {runs} runs; on {' and '.join(sorted(kinds))} values."
    ]
    if lacking:
        notes.append(f"Runs without a test result are left out: {', '.join(lacking)}.")
    return MeansTable(["search", *(f"{problem} ({units[problem]})" for problem in results)], rows, notes)
