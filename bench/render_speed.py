"""Generated parts on speed and scaling, from ``speed.json`` and ``scaling.json``."""

import json
from pathlib import Path
from typing import Any

from mfnas_bench.text import (
    least_repeats,
    machine_line,
    markdown_table,
    process_rows,
    target_rows,
    three_digits,
)

HERE = Path(__file__).parent


def _read(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def speed_rows(report: dict[str, Any]) -> list[list[str]]:
    """A row per problem and optimizer: the batch at which kernels are compared with the yardsticks."""
    most = max(report["threads"])
    main = [p for p in report["points"] if "ratio_limit" in p]
    runs = main[0]["n_run"]
    head = ["table", "optimizer", "evaluations per run", "ns per evaluation", "spread"]
    many = [f"{most} threads"] if most > 1 else []
    head += [f"searches/s of {runs} runs", *many, "x reference", "x limit"]
    rows = [head]
    for key in dict.fromkeys((p["problem"], p["optimizer"]) for p in main):
        mine = {p["n_thread"]: p for p in main if (p["problem"], p["optimizer"]) == key}
        one, all_threads = mine[min(mine)], mine[most]
        rows.append(
            [
                *key,
                f"{one['evaluations'] / runs:,.0f}",
                f"{one['ns_per_evaluation']:.1f}",
                f"{100 * one['seconds']['relative_spread']:.0f} %",
                three_digits(one["searches_per_second"]),
                *([three_digits(all_threads["searches_per_second"])] if most > 1 else []),
                f"{all_threads['ratio_reference']:,.0f}",
                f"{one['ratio_limit']:.2f}",
            ]
        )
    return rows


def headline_part() -> str:
    """MF-NAS on each table of ``speed.json``: a row per table."""
    report = _read("speed.json")
    most = max(report["threads"])
    rows = [["table", "MF-NAS searches per second, 1 thread", f"{most} threads", "ns per evaluation", "x plain Python"]]
    main = [p for p in report["points"] if "ratio_limit" in p and p["optimizer"] == "MF-NAS"]
    for problem in dict.fromkeys(p["problem"] for p in main):
        mine = {p["n_thread"]: p for p in main if p["problem"] == problem}
        speeds = [three_digits(mine[n]["searches_per_second"]) for n in (min(mine), most)]
        rows.append(
            [
                f"`{problem}`",
                *speeds,
                f"{mine[min(mine)]['ns_per_evaluation']:.1f}",
                f"{mine[most]['ratio_reference']:,.0f}",
            ]
        )
    return (
        f"{markdown_table(rows)}\n\n{main[0]['n_run']} runs at once, kernels alone, measured on "
        f"{report['machine']['processor']}. "
        f"*x plain Python*: against the reference\nimplementation, on {most} threads."
    )


def speed_part() -> str:
    """Tables, targets and figure of ``speed.json``."""
    report = _read("speed.json")
    most = max(report["threads"])
    targets = target_rows(report["targets"])
    n_met = sum(t["met"] for t in report["targets"])
    return (
        "![MF-NAS searches per second against the number of runs, by table and threads](../bench/speed.svg)\n\n"
        f"{markdown_table(speed_rows(report))}\n\n"
        f"Medians of {least_repeats(report)} repeats or more, kernels alone, measured. One thread, where no number is "
        "given; the spread is that of the\nseconds, slowest less fastest over the median. *x reference*: seconds of "
        f"one run of the reference implementation in plain Python over those of one run\nin the batch on "
        f"{most} thread{'s' * (most != 1)}. "
        "*x limit*: seconds over those of a compiled loop that makes as many evaluations and nothing\nelse: one "
        "random number, one dependent read of an array as long as the table, one note "
        "(`bench/mfnas_bench/limit.py`).\nReference, limit and kernel are measured in turn; what takes less than 20 ms "
        "is called as often in a row as takes that, and the mean counts.\n\n"
        f"{markdown_table(process_rows(report['processes']))}\n\n"
        "`mfnas reproduce` makes 22,500 searches. Kernels are compiled once for each version of the package.\n\n"
        f"Targets, {n_met} of {len(report['targets'])} met (the worst optimizer of each; reference and speed-up on two "
        "threads, the limit on one):\n\n"
        f"{markdown_table(targets)}\n\n"
        f"Measured on {machine_line(report)}."
    )


def published_part() -> str:
    """Milliseconds per run of the published code, and how many times as many runs are made here."""
    published, report = _read("published_speed.json"), _read("speed.json")
    rows = [["table", "optimizer", "published code, ms per run", "here, runs per second", "ratio"]]
    for problem, times in published["milliseconds_per_run"].items():
        for optimizer, milliseconds in times.items():
            (point,) = (
                p
                for p in report["points"]
                if (p["problem"], p["optimizer"], p["n_thread"]) == (problem, optimizer, 1) and "ratio_limit" in p
            )
            speed = point["searches_per_second"]
            ratio = f"about {float(f'{speed * milliseconds / 1e3:.1g}'):,.0f}"
            rows.append([problem, optimizer, f"{milliseconds:,g}", three_digits(speed), ratio])
    return (
        f"{markdown_table(rows)}\n\nPublished code: {published['source']}.\nHere: one thread, 500 runs at once, the "
        "table above. The two were measured at different times and perhaps on different\nmachines of one kind: "
        "take the ratios as orders of magnitude."
    )


def _seconds(value: float) -> str:
    return f"{value:,.0f} s" if value >= 10 else f"{value:.1f} s"


def scaling_part() -> str:
    """What is measured, and what is modelled from it."""
    report = _read("scaling.json")
    runs = report["runs"]
    counts = sorted({r["n_run"] for r in runs})
    threads = sorted({r["n_thread"] for r in runs})
    by_runs = [["µs per search, runs:", *(f"{n:,}" for n in counts)]]
    for problem in dict.fromkeys(r["problem"] for r in runs):
        for n_thread in threads:
            mine = {r["n_run"]: r["seconds"] for r in runs if (r["problem"], r["n_thread"]) == (problem, n_thread)}
            label = f"{problem}, {n_thread} thread{'s' * (n_thread != 1)}"
            by_runs.append([label, *(f"{1e6 * mine[n] / n:.1f}" for n in counts)])
    budgets = sorted({r["budget"] for r in report["evaluations"]})
    by_budget = [["ns per evaluation, budget:", *(f"{n:,}" for n in budgets)]]
    for name in dict.fromkeys(r["optimizer"] for r in report["evaluations"]):
        mine = {r["budget"]: r["ns_per_evaluation"] for r in report["evaluations"] if r["optimizer"] == name}
        by_budget.append([name, *(f"{mine[n]:.1f}" for n in budgets)])
    by_size = [["ns per evaluation, rows:", *(f"{r['n_arch']:,}" for r in report["sizes"])]]
    by_size += [[name, *(f"{r[name]:.1f}" for r in report["sizes"])] for name in ("RS", "FLS", "limit")]
    tasks = report["tasks"]
    modelled = [["table", "on", "seconds", "bends at", "cores", "scheduler", "object store", "memory, per node"]]
    for r in report["modelled"]:
        nodes = [_seconds(r[k]) if r[k] else "-" for k in ("workers", "scheduler", "store")]
        node = f"<= {r['bandwidth'] / (r['n_core'] / 64) / 1e9:,.0f} GB/s"
        modelled.append([r["problem"], r["case"], _seconds(r["seconds"]), r["bend"], *nodes, node])
    first = report["modelled"][0]
    return (
        "Measured: MF-NAS with ever more runs,\n\n"
        f"{markdown_table(by_runs)}\n\n"
        "more evaluations per run (`params` on `nb201-cifar10`, 100 runs, one thread),\n\n"
        f"{markdown_table(by_budget)}\n\n"
        "and larger tables (2,000 evaluations per run, one thread; the table of 81 rows is synthetic).\n\n"
        f"{markdown_table(by_size)}\n\n"
        "Besides the kernel, a sweep takes "
        f"{1e6 * report['writing_seconds_per_search']:.1f} µs per search to assemble, compress and write results "
        f"({report['stored_bytes_per_search']:.1f} bytes each, by "
        "`bench/sweeps.json`).\nA Dask task that does nothing costs "
        f"{1e3 * tasks['empty']:.2f} ms of client and scheduler; a block of one short search, on two worker "
        f"processes, {1e3 * tasks['block']:.1f} ms\n({1e3 * tasks['block_here']:.1f} ms without Dask: nine small files "
        f"and a prepared search). One core copies {report['copy_bytes_per_second'] / 1e9:.0f} GB/s.\n\n"
        "**Modelled**, not measured: a billion MF-NAS searches, "
        f"{first['n_byte'] / 1e9:.1f} GB of results in {first['n_object']:,} objects. From these constants (of "
        f"the kernel the least\nseconds per search in batches of {counts[-1]:,}), with cores as fast as this one, "
        "3,500 objects a second into the object store\n(assumed), and nothing else in the way. The parts overlap, so "
        "the\nlongest is the answer, and says where it bends:\n\n"
        f"{markdown_table(modelled)}\n\n"
        "Threads of one process share one thread that writes. Where the scheduler is the longest part, larger blocks "
        "help (`--block-size`):\nfewer tasks. The number of objects stays, since every chunk of 8,192 runs is one in "
        "each variable. Whole tasks leave cores idle in\nthe last round. Memory is what evaluations would move if "
        "nothing were in a cache, three lines each: an upper bound, since scores and\nprices of NAS-Bench-201 fit a "
        "core's own cache, those of NAS-Bench-101 a shared one. Where the bound exceeds what a node's memory\ngives, "
        "and the caches do not hold the table, memory is where it bends.\n\n"
        f"Measured on {machine_line(report)}."
    )
