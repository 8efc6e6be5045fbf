"""What was measured, as text: aligned for a terminal, or Markdown."""

from collections.abc import Sequence
from typing import Any

from mfnas_vec.report.text import aligned

Rows = list[list[str]]


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first row is the head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def least_repeats(report: dict[str, Any]) -> int:
    """How often the points that are compared with the yardsticks were measured at least."""
    return min(int(p["n_repeat"]) for p in report["points"] if "ratio_limit" in p)


def three_digits(value: float) -> str:
    """A positive number in three digits: 0.123, 12.3, 1,230, 1.23 M."""
    if value >= 1e6:
        return f"{value / 1e6:.3g} M" if value < 999.5e6 else f"{value / 1e6:,.0f} M"
    digits = 3 - len(str(int(value))) if value >= 1 else 3
    return f"{round(value, digits):,.{max(digits, 0)}f}"


def point_rows(report: dict[str, Any]) -> Rows:
    """A row per problem, optimizer and number of threads, with a head: all numbers of runs."""
    points = report["points"]
    counts = sorted({p["n_run"] for p in points})
    head = ["problem", "optimizer", "threads", *(f"searches/s of {n:,}" for n in counts)]
    rows = [[*head, "evaluations/s", "ns per evaluation", "spread", "x reference", "x limit"]]
    for key in dict.fromkeys((p["problem"], p["optimizer"], p["n_thread"]) for p in points):
        mine = {p["n_run"]: p for p in points if (p["problem"], p["optimizer"], p["n_thread"]) == key}
        cells = []
        for n in counts:
            fewer = f" ({mine[n]['n_repeat']})" if mine[n]["fewer_repeats"] else ""
            cells.append(three_digits(mine[n]["searches_per_second"]) + fewer)
        main = next(p for p in mine.values() if "ratio_limit" in p)
        cells += [three_digits(main["evaluations_per_second"]), f"{main['ns_per_evaluation']:.1f}"]
        cells += [f"{100 * main['seconds']['relative_spread']:.0f} %"]
        cells += [three_digits(main["ratio_reference"]), f"{main['ratio_limit']:.2f}"]
        rows.append([key[0], key[1], str(key[2]), *cells])
    return rows


def process_rows(processes: dict[str, Any]) -> Rows:
    """A row per process, with a head."""
    rows = [["process", "seconds", "peak memory"]]
    for name, p in processes["commands"].items():
        rows.append([name, f"{p['median']:.2f}", f"{p['peak_memory_mb']:.0f} MB"])
    for problem, p in processes["opening"].items():
        rows.append([f"opening {problem}; reading all of it", f"{p['open']:.3f}; {p['load']:.3f}", ""])
    if "compile" in processes:
        found = processes["compile"]
        rows.append(
            ["first use, nothing compiled: the whole", f"{found['process']:.1f}", f"{found['peak_memory_mb']:.0f} MB"]
        )
        rows += [[f"compiling {name}", f"{seconds:.1f}", ""] for name, seconds in found["kernels"].items()]
    return rows


def target_rows(targets: Sequence[dict[str, Any]]) -> Rows:
    """A row per target, with a head."""
    rows = [["target", "problem", "bound", "measured", "worst", "met"]]
    for t in targets:
        bound = f"{'at least' if t['at_least'] else 'at most'} {t['bound']:,g}"
        met = "yes" if t["met"] else "no"
        rows.append([t["title"], t["problem"], bound, three_digits(t["value"]), t["optimizer"], met])
    return rows


def machine_line(report: dict[str, Any]) -> str:
    """What it was measured on."""
    m = report["machine"]
    load = report["load_average"]
    load_text = "" if load["start"] is None else f"; load average {load['start'][0]:.1f} to {load['end'][0]:.1f}"
    return (
        f"{m['processor']}, {m['threads']} threads, governor {m['governor']}{load_text}; Python {m['python']}, "
        f"numba {m['numba']}, NumPy {m['numpy']}, xarray {m['xarray']}, zarr {m['zarr']}"
    )


def report_text(report: dict[str, Any], *, markdown: bool = False) -> str:
    """All tables and notes of a report."""

    def table(rows: Rows, right: Sequence[int]) -> str:
        return markdown_table(rows) if markdown else aligned(rows, right=right)

    points = point_rows(report)
    parts = [table(points, range(2, len(points[0])))]
    main = next(p for p in report["points"] if "ratio_limit" in p)
    parts.append(
        f"Medians of {least_repeats(report)} repeats or more; in brackets the repeats of points that would take too "
        "long. Evaluations, spread (slowest less fastest, over the median) and ratios are those of "
        f"{main['n_run']:,} runs: x reference, the seconds of one run of the reference implementation over "
        "those of one run in the batch; x limit, the kernel's seconds over those of the limit "
        "(bench/mfnas_bench/limit.py)."
    )
    if "processes" in report:
        parts.append(table(process_rows(report["processes"]), (1, 2)))
    if report["targets"]:
        parts.append(table(target_rows(report["targets"]), (3,)))
    parts.append(machine_line(report))
    return "\n\n".join(parts)
