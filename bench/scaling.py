"""How cost scales, measured; and what a billion searches would take on more cores, modelled.

    python bench/scaling.py [--quick] [--out bench/scaling.json]

Reads the bytes per search of ``bench/sweeps.json``.
"""

import argparse
import dataclasses
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from mfnas_bench.limit import Limit
from mfnas_bench.machine import describe, load_average
from mfnas_bench.measure import kernel_seconds
from scaling_model import Constants, model

from mfnas_vec import open_table
from mfnas_vec._files import new_file
from mfnas_vec.runs.run import PreparedSearch, prepare
from mfnas_vec.runs.threads import available_threads
from mfnas_vec.search.fidelity import as_rungs
from mfnas_vec.spaces.base import SearchSpace
from mfnas_vec.sweeps.cluster import connect
from mfnas_vec.sweeps.sweep import sweep
from mfnas_vec.tables.dense import Objective

HERE = Path(__file__).parent
PROBLEMS = ("nb201-cifar10", "nbasr", "nb101")
CHUNK = 8192


class SmallSpace(SearchSpace):
    """81 genotypes, each an architecture of its own."""

    def __init__(self) -> None:
        super().__init__("small", (3,) * 4, 81, key_is_row=False)

    def arch_key(self) -> list[str]:
        return [str(i) for i in range(81)]

    def to_string(self, genotype: Any) -> str:
        return "".join(map(str, genotype))

    def from_string(self, text: str) -> Any:
        return [int(letter) for letter in text]


def small_search(search: PreparedSearch) -> PreparedSearch:
    """The same search on a small synthetic table, in the place of its own."""
    score = np.random.default_rng(0).random(81)
    metric = as_rungs(Objective(score, np.zeros(1), 0, 0))
    arguments = search.job.arguments._replace(space=SmallSpace().arrays, objective=metric, proxy=metric)
    return search._replace(job=dataclasses.replace(search.job, arguments=arguments))


def warm_seconds(search: PreparedSearch, n_run: int, n_thread: int, n_repeat: int) -> list[float]:
    """Kernel seconds of a batch, warm."""
    search.runs(0, 0, min(n_run, 100), n_thread)
    return [kernel_seconds(search, n_run, n_thread) for _ in range(n_repeat)]


def median_seconds(search: PreparedSearch, n_run: int, n_thread: int, n_repeat: int) -> float:
    """The median of ``warm_seconds``."""
    return statistics.median(warm_seconds(search, n_run, n_thread, n_repeat))


def thread_counts() -> list[int]:
    """One, two, four and so on, and all."""
    every = available_threads()
    return sorted({every, *(2**i for i in range(every.bit_length()) if 2**i <= every)})


def measure_runs(tables: dict[str, xr.Dataset], counts: list[int], n_repeat: int) -> list[dict[str, Any]]:
    """MF-NAS with ever more runs, on one thread and on more."""
    rows = []
    for name, table in tables.items():
        search = prepare("MF-NAS", table, {})
        for n_run in counts:
            for n_thread in thread_counts():
                seconds = warm_seconds(search, n_run, n_thread, n_repeat)
                row = {"problem": name, "n_run": n_run, "n_thread": n_thread}
                rows.append(row | {"seconds": statistics.median(seconds), "least": min(seconds)})
    return rows


def measure_evaluations(table: xr.Dataset, budgets: list[int], n_repeat: int) -> list[dict[str, Any]]:
    """Searches with ever more evaluations per run, one thread."""
    rows = []
    for name in ("RS", "FLS", "BLS", "MF-NAS"):
        for budget in budgets:
            own = {"max_eval_stage1": budget} if name == "MF-NAS" else {"max_eval": budget, "max_time": None}
            settings = own if name == "MF-NAS" else own | {"metric": "params"}
            search = prepare(name, table, settings)
            evaluations = int(search.runs(0, 0, 100, 1).evaluations.sum())
            seconds = median_seconds(search, 100, 1, n_repeat)
            rows.append({"optimizer": name, "budget": budget, "ns_per_evaluation": 1e9 * seconds / evaluations})
    return rows


def measure_sizes(tables: dict[str, xr.Dataset], n_run: int, n_repeat: int) -> list[dict[str, Any]]:
    """The same searches of 2,000 evaluations on tables of other sizes, and the limit; one thread."""
    rows = []
    settings = {"metric": "params", "max_eval": 2000, "max_time": None}
    searches = {
        table.sizes["arch"]: {n: prepare(n, table, settings) for n in ("RS", "FLS")} for table in tables.values()
    }
    some = next(iter(tables.values()))
    searches[81] = {n: small_search(prepare(n, some, settings)) for n in ("RS", "FLS")}
    for n_arch in sorted(searches):
        row: dict[str, Any] = {"n_arch": n_arch}
        for name, search in searches[n_arch].items():
            evaluations = int(search.runs(0, 0, n_run, 1).evaluations.sum())
            row[name] = 1e9 * median_seconds(search, n_run, 1, n_repeat) / evaluations
        limit = Limit(n_arch, 2000 * n_run, n_run)
        limit.seconds(1)
        row["limit"] = 1e9 * statistics.median(limit.seconds(1) for _ in range(n_repeat)) / (2000 * n_run)
        rows.append(row)
    return rows


def measure_bandwidth(n_byte: int = 1 << 28) -> float:
    """Bytes a second that one core reads and writes together when it copies."""
    source = np.ones(n_byte // 8)
    target = np.empty_like(source)
    seconds = []
    for _ in range(7):
        begun = time.perf_counter()
        np.copyto(target, source)
        seconds.append(time.perf_counter() - begun)
    return 2 * n_byte / min(seconds)


def _sweep_seconds(grid: dict[str, Any], **options: Any) -> float:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        sweep(grid, Path(folder) / "r.zarr", **options)
        return time.perf_counter() - begun


def measure_writing(n_chunk: tuple[int, int], n_repeat: int) -> float:
    """Seconds per search that a sweep on one thread takes besides the kernel: from the least of two sizes."""
    grid = {"problems": ["nb201-cifar10"], "optimizers": {"MF-NAS": None}}
    search = prepare("MF-NAS", open_table("nb201-cifar10"), {})
    few, many, kernel = [], [], []
    for _ in range(n_repeat):
        few.append(_sweep_seconds(grid, n_run=CHUNK * n_chunk[0], n_thread=1))
        many.append(_sweep_seconds(grid, n_run=CHUNK * n_chunk[1], n_thread=1))
        kernel.append(kernel_seconds(search, CHUNK, 1))
    per_chunk = (min(many) - min(few)) / (n_chunk[1] - n_chunk[0]) - min(kernel)
    return max(per_chunk, 0.0) / CHUNK


def _nothing(_: int) -> None:
    return None


def measure_tasks(n_cell: tuple[int, int], n_repeat: int) -> dict[str, float]:
    """Seconds per Dask task on two worker processes, from the least of two numbers of tasks.

    ``block``: blocks of one short search, through a sweep; ``block_here``: in this process, without
    Dask. ``empty``: tasks that do nothing.
    """

    def grid(n: int) -> dict[str, Any]:
        settings = {"metric": "params", "max_time": None, "max_eval": list(range(1, n + 1))}
        return {"problems": ["nb201-cifar10"], "n_run": 1, "optimizers": {"RS": settings}}

    def both(**options: Any) -> tuple[float, float]:
        few, many = (_sweep_seconds(grid(n), **options) for n in n_cell)
        return few, many

    blocks, here, empty = [], [], []
    with connect(None, 2) as client:
        client.gather(client.map(_nothing, range(10), pure=False))
        _sweep_seconds(grid(n_cell[0]), scheduler=client.scheduler.address)  # workers have imported all from here on
        for _ in range(n_repeat):
            blocks.append(both(scheduler=client.scheduler.address))
            here.append(both(n_thread=1))
            n = 10 * n_cell[1]
            begun = time.perf_counter()
            client.gather([client.submit(_nothing, i, pure=False) for i in range(n)])
            empty.append((time.perf_counter() - begun) / n)
    found = {}
    for name, pairs in (("block", blocks), ("block_here", here)):
        few, many = (min(seconds) for seconds in zip(*pairs, strict=True))
        found[name] = (many - few) / (n_cell[1] - n_cell[0])
    return found | {"empty": min(empty)}


def main() -> None:
    """Measure, model and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small numbers")
    parser.add_argument("--out", type=Path, default=HERE / "scaling.json")
    args = parser.parse_args()
    quick, n_repeat = args.quick, 1 if args.quick else 5
    load = load_average()
    tables = {name: open_table(name).load() for name in PROBLEMS}
    counts = [1, 10, 100] if quick else [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000]
    budgets = [100, 200] if quick else [125, 250, 500, 1000, 2000, 4000, 8000, 16_000]
    sweeps = json.loads((HERE / "sweeps.json").read_text(encoding="utf-8"))["sweeps"]
    stored = {row["searches"]: row["bytes"] for row in sweeps if row["title"].startswith("MF-NAS")}
    report: dict[str, Any] = {
        "machine": describe(),
        "runs": measure_runs(tables, counts, min(n_repeat, 3)),
        "evaluations": measure_evaluations(tables["nb201-cifar10"], budgets, n_repeat),
        "sizes": measure_sizes(tables, 10 if quick else 200, n_repeat),
        "copy_bytes_per_second": measure_bandwidth(1 << (22 if quick else 28)),
        "writing_seconds_per_search": measure_writing((1, 2) if quick else (2, 14), min(n_repeat, 3)),
        "tasks": measure_tasks((2, 6) if quick else (20, 120), min(n_repeat, 3)),
        "stored_bytes_per_search": stored[max(stored)] / max(stored),
    }
    constants = {}
    for name, table in tables.items():
        mine = [r for r in report["runs"] if (r["problem"], r["n_thread"]) == (name, 1)]
        largest = max(mine, key=lambda r: r["n_run"])
        evaluations = float(prepare("MF-NAS", table, {}).runs(0, 0, 100, 1).evaluations.mean())
        constants[name] = Constants(
            largest["least"] / largest["n_run"],
            report["writing_seconds_per_search"],
            report["tasks"]["empty"],
            report["stored_bytes_per_search"],
            evaluations,
        )
    report["constants"] = {name: c._asdict() for name, c in constants.items()}
    report["modelled"] = model(constants)
    report["load_average"] = {"start": load, "end": load_average()}
    with new_file(args.out, overwrite=True) as scratch:
        Path(scratch).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for row in report["modelled"]:
        print(f"{row['problem']}, {row['case']}: {row['seconds']:,.0f} s ({row['bend']})")


if __name__ == "__main__":
    main()
