"""Measure the simulator: kernels against their plain twins, and the command as a whole process.

    python bench/speed.py [--quick] [--out bench/speed.json]

Kernel times are of one process after compilation, medians over repeats; twins run one search at a
time. The JSON names machine, threads and versions; ``bench/render.py`` writes the README's table
from it.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numba
import numpy as np
import xarray as xr
import zarr

import mfnas_vec
from mfnas_vec import SPACES, build_table, open_table, run
from mfnas_vec.experiment.run import available_threads
from mfnas_vec.optimizers import OPTIMIZERS, get_optimizer
from mfnas_vec.optimizers.published import PUBLISHED
from mfnas_vec.reference.algorithms import TWINS
from mfnas_vec.reference.ledger import plain
from mfnas_vec.reference.streams import KernelStream
from mfnas_vec.tables.dense import table_space


def random_table(space: str) -> xr.Dataset:
    """A table of random numbers of a space's real size: what matters to speed is the look-up."""
    draw = np.random.default_rng(0)
    n = SPACES[space].n_arch
    setup = PUBLISHED[space]
    epochs = setup.list_iepoch if 12 in setup.list_iepoch else sorted((*setup.list_iepoch, 12))
    metrics = {setup.metric: draw.random((len(epochs), n)), "test_acc": draw.random(n)}
    metrics |= {"params": draw.random(n), "synflow": draw.random(n)}
    seconds = draw.uniform(5, 25, n) * np.array(epochs)[:, None]
    prices = {"params": 0.3, "synflow": 1.4}
    return build_table(
        space,
        metrics,
        epochs=epochs,
        train_seconds=seconds,
        seconds=prices,
        provenance="modelled",
        name=f"{space} (random numbers)",
    )


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


def measure_process(command: list[str], n_repeat: int, environment: dict[str, str] | None = None) -> list[float]:
    """Wall seconds of a command as a whole process."""
    seconds = []
    for _ in range(n_repeat):
        begun = time.perf_counter()
        subprocess.run(
            command,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | (environment or {}),
        )
        seconds.append(time.perf_counter() - begun)
    return seconds


def processor() -> str:
    """Name of the processor, where the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repeats, no cold start")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("speed.json"))
    args = parser.parse_args()
    n_run, n_repeat, n_twin, n_process = (50, 2, 2, 1) if args.quick else (500, 15, 15, 7)

    rows = []
    for table in (open_table("nb201-cifar10").load(), random_table("nb101"), random_table("nbasr")):
        name = table.attrs["name"]
        for optimizer in OPTIMIZERS:
            row = measure_kernel(optimizer, table, n_run, n_repeat, available_threads())
            row["twin_seconds_per_run"] = measure_twin(optimizer, table, n_twin)
            row["times_faster_per_run"] = row["twin_seconds_per_run"] / (row["kernel_seconds"] / n_run)
            rows.append(row)
            print(
                f"{name} {optimizer}: {1e3 * row['kernel_seconds']:.2f} ms, {row['times_faster_per_run']:,.0f} x twin"
            )

    command = [sys.executable, "-m", "mfnas_vec.cli", "run", "--ss", "nb201", "--optimizer", "MF-NAS"]
    processes = {
        "imports": measure_process([sys.executable, "-c", IMPORTS], n_process),
        "mfnas run": measure_process(command, n_process),
    }
    if not args.quick:
        folder = tempfile.mkdtemp()
        processes["mfnas run, nothing compiled"] = measure_process(command, 1, {"MFNAS_CACHE_DIR": folder})
        shutil.rmtree(folder)
    report = {
        "machine": {
            "processor": processor(),
            "threads": available_threads(),
            "system": platform.system(),
            "python": platform.python_version(),
            "numba": numba.__version__,
            "numpy": np.__version__,
            "xarray": xr.__version__,
            "zarr": zarr.__version__,
            "mfnas_vec": mfnas_vec.__version__,
        },
        "repeats": n_repeat,
        "kernels": rows,
        "processes": {name: {"median": statistics.median(s), "runs": s} for name, s in processes.items()},
    }
    args.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for name, seconds in processes.items():
        print(f"{name}: {statistics.median(seconds):.2f} s")


if __name__ == "__main__":
    main()
