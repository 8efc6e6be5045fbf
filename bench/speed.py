"""Measure the simulator: kernels against their plain twins, and the command as a whole process.

    python bench/speed.py [--quick] [--out bench/speed.json]

Kernel times are of one process after compilation, medians over repeats; twins run one search at a
time. The JSON names machine, threads and versions; ``bench/render.py`` writes the README's table
from it.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import xarray as xr
from machine import describe

from mfnas_vec import open_table, run
from mfnas_vec.experiment.run import available_threads
from mfnas_vec.optimizers import OPTIMIZERS, get_optimizer
from mfnas_vec.reference.algorithms import TWINS
from mfnas_vec.reference.ledger import plain
from mfnas_vec.reference.streams import KernelStream
from mfnas_vec.tables.dense import table_space

IMPORTS = "import numba, xarray, zarr"


def measure_kernel(optimizer: str, table: xr.Dataset, n_run: int, n_repeat: int, n_thread: int) -> dict[str, Any]:
    """Median and range of the kernel seconds of a batch."""
    results = [run(optimizer, table, n_run=n_run, n_thread=n_thread) for _ in range(n_repeat + 1)][1:]
    seconds = [r.attrs["timing_kernel_seconds"] for r in results]
    evaluations = int(results[0]["evaluations"].sum())
    median = statistics.median(seconds)
    return {
        "optimizer": optimizer,
        "table": table.attrs["name"],
        "n_run": n_run,
        "n_thread": n_thread,
        "evaluations": evaluations,
        "kernel_seconds": median,
        "kernel_seconds_min": min(seconds),
        "kernel_seconds_max": max(seconds),
        "ns_per_evaluation": 1e9 * median / evaluations,
    }


def measure_twin(optimizer: str, table: xr.Dataset, n_run: int) -> float:
    """Median seconds of one run of the plain twin, its arguments ready."""
    spec = get_optimizer(optimizer)
    job = spec.job(table, spec.resolve(table, {}), "gecco2024")
    space = table_space(table)
    arguments = [plain(a) if hasattr(a, "_fields") else a for a in job.arguments[1:]]
    seconds = []
    for index in range(n_run):
        begun = time.perf_counter()
        TWINS[optimizer](space, *arguments, KernelStream(0, index))
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


#: A process inherits the peak memory of its parent, so that a small one has to start it.
LAUNCHER = """
import json, os, sys, time
begun = time.perf_counter()
sink = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=sink)
_, status, usage = os.wait4(process, 0)
print(json.dumps([time.perf_counter() - begun, usage.ru_maxrss / 1024, status]))
"""


def measure_process(command: list[str], n_repeat: int, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Wall seconds of a command as a whole process, and its peak memory."""
    runs = []
    for _ in range(n_repeat):
        launch = [sys.executable, "-S", "-c", LAUNCHER, *command]
        done = subprocess.run(launch, check=True, capture_output=True, env=os.environ | (environment or {}))
        runs.append(json.loads(done.stdout))
        if runs[-1][2] != 0:
            raise SystemExit(f"{' '.join(command)} failed")
    seconds = [run[0] for run in runs]
    return {"median": statistics.median(seconds), "runs": seconds, "peak_memory_mb": max(run[1] for run in runs)}


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repeats, no cold start")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("speed.json"))
    args = parser.parse_args()
    n_run, n_repeat, n_twin, n_process = (50, 2, 2, 1) if args.quick else (500, 15, 15, 7)

    rows = []
    for table in (open_table(name).load() for name in ("nb201-cifar10", "nb101", "nbasr")):
        name = table.attrs["name"]
        for optimizer in OPTIMIZERS:
            row = measure_kernel(optimizer, table, n_run, n_repeat, available_threads())
            row["twin_seconds_per_run"] = measure_twin(optimizer, table, n_twin)
            row["times_faster_per_run"] = row["twin_seconds_per_run"] / (row["kernel_seconds"] / n_run)
            rows.append(row)
            print(
                f"{name} {optimizer}: {1e3 * row['kernel_seconds']:.2f} ms, {row['times_faster_per_run']:,.0f} x twin"
            )

    mfnas = [sys.executable, "-m", "mfnas_vec.cli"]
    run_one = [*mfnas, "run", "--ss", "nb201", "--optimizer", "MF-NAS"]
    grid = [*mfnas, "reproduce"]
    processes = {"imports": measure_process([sys.executable, "-c", IMPORTS], n_process)}
    for name, command in (("mfnas run", run_one), ("mfnas reproduce", grid)):
        processes[name] = measure_process(command, n_process)
        if not args.quick:
            folder = tempfile.mkdtemp()
            processes[f"{name}, nothing compiled"] = measure_process(command, 1, {"MFNAS_CACHE_DIR": folder})
            shutil.rmtree(folder)
    report = {
        "machine": describe(),
        "repeats": n_repeat,
        "kernels": rows,
        "processes": processes,
    }
    args.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for name, process in processes.items():
        print(f"{name}: {process['median']:.2f} s, {process['peak_memory_mb']:.0f} MB")


if __name__ == "__main__":
    main()
