"""Measure sweeps as whole processes: a published ablation, and one setting with ever more runs.

python bench/sweeps.py [--quick] [--out bench/sweeps.json]
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from mfnas_bench.machine import describe
from mfnas_bench.processes import measure_process

GRID = "problems: [nb201-cifar10]\noptimizers:\n  MF-NAS:\n"


def measure_sweep(grid: str, n_run: int, n_repeat: int) -> dict[str, Any]:
    """Seconds, peak memory and bytes of a sweep into a new store."""
    found = []
    for _ in range(n_repeat):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "r.zarr"
            command = [sys.executable, "-m", "mfnas_vec.cli", "sweep", grid, "--n_run", str(n_run), "--out", str(out)]
            found.append(measure_process(command))
            n_byte = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
            attrs = json.loads((out / "zarr.json").read_text(encoding="utf-8"))["attributes"]
    found.sort(key=lambda process: process["seconds"])
    return {
        "n_run": n_run,
        "title": attrs["title"],
        "seconds": found[len(found) // 2]["seconds"],
        "seconds_all": [process["seconds"] for process in found],
        "peak_memory_mb": max(process["peak_memory_mb"] for process in found),
        "bytes": n_byte,
    }


def main() -> None:
    """Measure and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small numbers of runs")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("sweeps.json"))
    args = parser.parse_args()
    rows = [measure_sweep("paper/ablation-zc", 20 if args.quick else 500, 1 if args.quick else 3)]
    with tempfile.TemporaryDirectory() as folder:
        grid = Path(folder) / "grid.yaml"
        grid.write_text(GRID, encoding="utf-8")
        for n_run in (100, 1000) if args.quick else (10_000, 100_000, 1_000_000):
            rows.append(measure_sweep(str(grid), n_run, 1 if args.quick else 3))
            print(f"{n_run:,} runs: {rows[-1]['seconds']:.2f} s, {rows[-1]['peak_memory_mb']:.0f} MB")
    rows[0]["searches"] = 156 * rows[0]["n_run"]
    for row in rows[1:]:
        row["title"] = "MF-NAS on nb201-cifar10"
        row["searches"] = row["n_run"]
    args.out.write_text(json.dumps({"machine": describe(), "sweeps": rows}, indent=1) + "\n", encoding="utf-8")
    print(f"{rows[0]['title']}: {rows[0]['seconds']:.2f} s")


if __name__ == "__main__":
    main()
