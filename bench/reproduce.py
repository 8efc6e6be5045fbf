"""Make the results of the documentation: grids on measured tables, the published one on the embedded tables and on
measured values.

    python bench/reproduce.py [DATA_FOLDER]

writes ``bench/results.json``. With a folder that holds ``nb201_measured.csv.gz`` the NAS-Bench-201
tables are run again with all that is measured there: accuracy after 200 epochs (as embedded), test
accuracy, seconds, zero-cost scores. Accuracies of earlier epochs stay the modelled ones. Without
the folder the measured part of the JSON stays as it is.
"""

import csv
import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from mfnas_bench.machine import describe

from mfnas_vec import open_table, sweep
from mfnas_vec.analysis.summary import summarize
from mfnas_vec.published.reproduce import GRID
from mfnas_vec.report.export.cells import cells_of
from mfnas_vec.report.reproduction import records
from mfnas_vec.sweeps.grid_files import load_grid
from mfnas_vec.tables.dense import metric_names, test_variable
from mfnas_vec.tables.schema import MEASURED

OUT = Path(__file__).with_name("results.json")
N_RUN, SEED = 500, 0
#: Grids on measured tables.
GRIDS = {"nbgraph": "nbgraph/main", "mnist1d": "mnist1d/main", "mnist1d_proxies": "mnist1d/ablation-zc"}
DATASETS = ("cifar10", "cifar100", "imagenet16")
#: In the published files, "no score".
NO_SCORE = -9e7


def grid_records(name: str) -> list[dict[str, Any]]:
    """Results of a shipped grid on measured tables, and what there was to find."""
    found = []
    grid = load_grid(name)
    results = sweep(grid, n_run=N_RUN, seed=SEED)
    for problem in grid.problems:
        table = open_table(problem)
        test = test_variable(table)
        val = table[test.replace("test", "val")]
        last = val.isel(epoch=-1) if "epoch" in val.dims else val
        best = {
            "optimum": float(table[test].max()),
            "best_on_validation": float(table[test][np.argmax(last.values)]),
        }
        for label, cell in cells_of(results[problem].to_dataset()):
            s = summarize(cell, interval=False)
            kind = {"test_provenance": cell["test_performance"].attrs["provenance"], "n_run": s.n_run, "seed": SEED}
            costs = {"epochs": s.epochs, "seconds": s.seconds, "distinct": s.unique_evaluations}
            found.append({"problem": problem, "search": label, "mean": s.mean, "sd": s.sd} | costs | best | kind)
    return found


def measured_table(folder: Path, dataset: str) -> xr.Dataset:
    """The embedded table with all that is measured in its place."""
    with gzip.open(folder / "nb201_measured.csv.gz", "rt") as stream:
        rows = sorted(csv.DictReader(stream), key=lambda row: row["genotype"])
    table = open_table(f"nb201-{dataset}").load()
    scores = {name for name, zero_cost in metric_names(table).items() if zero_cost}
    found = {name: f"{dataset}_{name}" for name in scores if f"{dataset}_{name}" in rows[0]}
    for name, column in (found | {"test_acc": f"{dataset}_test_acc_200"}).items():
        values = np.array([float(row[column] or "nan") for row in rows])
        attrs = table[name].attrs | {"provenance": MEASURED}
        table[name] = (("arch",), np.where(values <= NO_SCORE, np.nan, values), attrs)
    return table


def measured_results(table: xr.Dataset) -> xr.Dataset:
    """Results of the baselines, and of MF-NAS with every zero-cost metric."""
    optimizers = {entry.label: entry.settings for entry in load_grid(GRID).entries}
    optimizers["MF-NAS"] = {
        "metric_stage1": sorted(name for name, zero_cost in metric_names(table).items() if zero_cost)
    }
    (node,) = sweep({"problems": [table], "optimizers": optimizers}, n_run=N_RUN, seed=SEED).children.values()
    return node.to_dataset()


def measured_records(folder: Path) -> list[dict[str, Any]]:
    """Results on the measured values, and where each metric of the first stage comes from."""
    found = []
    for dataset in DATASETS:
        table = measured_table(folder, dataset)
        for record in records(measured_results(table)):
            metric = record["optimizer"].partition("(")[2].removesuffix(")")
            found.append(record | {"stage1_provenance": table[metric].attrs["provenance"] if metric else ""})
    return found


def main() -> None:
    """Run, and write the JSON."""
    report: dict[str, Any] = json.loads(OUT.read_text(encoding="utf-8")) if OUT.is_file() else {"measured": []}
    for key, grid in GRIDS.items():
        report[key] = grid_records(grid)
    embedded = sweep(GRID, n_run=N_RUN, seed=SEED, embedded=True).children.values()
    report["embedded"] = [record for node in embedded for record in records(node.to_dataset())]
    if len(sys.argv) > 1:
        report["measured"] = measured_records(Path(sys.argv[1]))
    report["machine"] = describe()
    OUT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for record in [r for key in (*GRIDS, "embedded", "measured") for r in report[key]]:
        label = record.get("search") or record["optimizer"]
        print(f"{record['problem']:17} {label:20} {record['mean']:6.2f} ± {record['sd']:.2f}")


if __name__ == "__main__":
    main()
