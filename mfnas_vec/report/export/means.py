"""A table of means, as papers print it: a row per search, a column per problem."""

from typing import NamedTuple

from mfnas_vec.analysis.searches import provenance_of
from mfnas_vec.analysis.statistics import TEST, direction_sign, unit_text
from mfnas_vec.analysis.summary import Summary, summarize
from mfnas_vec.report.export.cells import Results, cells_of
from mfnas_vec.runs.result import RUN


class MeansTable(NamedTuple):
    """Cells as text."""

    header: list[str]
    rows: list[list[str]]
    #: Numbers of runs, provenance, and runs without a test result.
    notes: list[str]
    #: Whether each cell of ``rows`` is the best of its problem, as printed.
    best: list[list[bool]]


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
    leading = {}
    for problem, result in results.items():
        sign = direction_sign(result[TEST].attrs)
        means = [sign * float(f"{s[problem].mean:.2f}") for s in found.values() if problem in s and s[problem].n_tested]
        leading[problem] = sign * max(means, default=float("nan"))
    rows, best = [], []
    for label, summaries in found.items():
        cells = []
        for problem in results:
            s = summaries.get(problem)
            cells.append(f"{s.mean:.2f} ± {s.sd:.2f}" if s is not None and s.n_tested else "-")
        rows.append([label, *cells])
        best.append(
            [False, *(cell.partition(" ")[0] == f"{leading[p]:.2f}" for p, cell in zip(results, cells, strict=True))]
        )
    runs = ", ".join(f"{n:,}" for n in sorted(n_run))
    notes = [
        f"Test results, mean ± population standard deviation of {runs} runs; on {' and '.join(sorted(kinds))} values."
    ]
    if lacking:
        notes.append(f"Runs without a test result are left out: {', '.join(lacking)}.")
    return MeansTable(["search", *(f"{problem} ({units[problem]})" for problem in results)], rows, notes, best)
