"""Published numbers of NAS-Bench-101 that its models are fitted to."""

import csv
import gzip
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mfnas_vec.datasets.importers.nasbench101 import parse_record
from mfnas_vec.datasets.importers.suite_zero import row_of
from mfnas_vec.datasets.readers.tfrecords import read_records
from mfnas_vec.spaces.nb101 import NB101

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

EPOCHS = (4, 12, 36, 108)
N_VALIDATION_IMAGE = 9_984
#: Zero-cost scores of NAS-Bench-101 that the published README lists.
SCORES = ("synflow", "snip", "grasp", "fisher", "grad_norm", "jacov")


class Cells(NamedTuple):
    """A sample of the space: one training per cell and budget."""

    row: IntArray  # [cell]
    val_acc: FloatArray  # [epoch, cell], percent
    seconds: FloatArray  # [cell], of 108 epochs


def read_cells(folder: Path, space: NB101) -> Cells:
    """The 25,031 cells of ``nb101_cells.csv.gz``."""
    with gzip.open(folder / "nb101_cells.csv.gz", "rt") as stream:
        rows = list(csv.DictReader(stream))
    correct = [[int(r[f"val_correct_{e}_of_{N_VALIDATION_IMAGE}"]) for r in rows] for e in EPOCHS]
    return Cells(
        np.array([space.row_of_hash(r["hash"]) for r in rows]),
        np.array(correct) * (100 / N_VALIDATION_IMAGE),
        np.array([float(r["train_seconds_108"]) for r in rows]),
    )


def read_scores(folder: Path, space: NB101) -> tuple[IntArray, dict[str, FloatArray]]:
    """Rows and zero-cost scores of NAS-Bench-Suite-Zero: 500 entries, means over entries of the same cell."""
    path = folder / "upstream_formats/nas_bench_suite_zero/zc_nasbench101.json.gz"
    content = json.loads(gzip.decompress(path.read_bytes()))
    while len(content) == 1:  # outer levels name the benchmark and the data set
        content = next(iter(content.values()))
    rows, scores = [], []
    for key, values in content.items():
        rows.append(row_of(space, key))
        found = [values[name] for name in SCORES]
        scores.append([float(v["score"] if isinstance(v, dict) else v) for v in found])
    unique, member = np.unique(rows, return_inverse=True)
    means = [np.bincount(member, column) / np.bincount(member) for column in np.array(scores).T]
    return unique, dict(zip(SCORES, means, strict=True))


def read_retraining(folder: Path) -> dict[int, tuple[list[str], FloatArray]]:
    """Final training and validation accuracy of a retraining of 91 small cells, three times each.

    Returns
    -------
    dict
        By budget: hashes of the cells, and percentages, shape ``(n_training, 2)``.
    """
    path = folder / "upstream_formats/nasbench101_tfrecord/energy_4V9E.tfrecord"
    found: dict[int, tuple[list[str], list[tuple[float, float]]]] = {epoch: ([], []) for epoch in EPOCHS}
    for record, _ in read_records(path):
        key, epoch, values = parse_record(record)
        found[epoch][0].append(key)
        found[epoch][1].append((100 * values["train"], 100 * values["val"]))
    return {epoch: (keys, np.array(pairs)) for epoch, (keys, pairs) in found.items()}
