"""Tables of the measured values of NAS-Bench-201."""

import csv
import gzip

import numpy as np

from mfnas_vec import build_table
from mfnas_vec.spaces import get_space

EPOCHS = (12, 25, 50, 100, 200)


def read_cells(shared):
    """Columns of the measured values, in row order."""
    with gzip.open(shared / "data" / "nb201_measured.csv.gz", "rt") as stream:
        rows = sorted(csv.DictReader(stream), key=lambda row: row["genotype"])
    assert [row["genotype"] for row in rows] == [get_space("nb201").digits(c) for c in range(15_625)]
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def measured_table(cells, dataset):
    """True accuracies and seconds at 200 epochs; computed from them, in the same order, at earlier rungs."""

    def column(name):
        return cells[f"{dataset}_{name}"].astype(float)

    share = np.array([0.6, 0.7, 0.8, 0.9, 1.0])[:, None]
    rate = column("train_s_per_epoch")
    return build_table(
        "nb201",
        {
            "val_acc": share * column("val_acc_200"),
            "test_acc": column("test_acc_200"),
            "params": cells["params_million"].astype(float),
            "flops": cells["flops_million"].astype(float),
        },
        epochs=EPOCHS,
        train_seconds=rate * np.array(EPOCHS)[:, None],
        seconds={"params": 0.4, "flops": 0.4},
        provenance={
            "val_acc": "computed",
            "test_acc": "measured",
            "params": "computed",
            "flops": "computed",
            "train_seconds": "computed",
        },
        name=f"nb201-{dataset}",
        dataset=dataset,
    )
