"""Published numbers of NAS-Bench-101 that its models are fitted to. Nothing of them is copied."""

import ast
import base64
import csv
import gzip
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mfnas_vec.spaces.nb101 import EDGES, NB101

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

EPOCHS = (4, 12, 36, 108)
N_VALIDATION_IMAGE = 9_984
#: Zero-cost scores of NAS-Bench-101 that the published README lists.
SCORES = ("synflow", "snip", "grasp", "fisher", "grad_norm", "jacov")
#: Operation codes of NAS-Bench-Suite-Zero to ours.
SUITE_OPERATIONS = {4: 0, 3: 1, 2: 2}


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
    """Rows and zero-cost scores of 500 entries of NAS-Bench-Suite-Zero."""
    path = folder / "upstream_formats/nas_bench_suite_zero/zc_nasbench101.json.gz"
    content = json.loads(gzip.decompress(path.read_bytes()))
    while len(content) == 1:  # outer levels name the benchmark and the data set
        content = next(iter(content.values()))
    rows, scores = [], []
    for key, values in content.items():
        code = ast.literal_eval(key)
        genes = [code[7 * a + b] for a, b in EDGES] + [SUITE_OPERATIONS[op] for op in code[50:55]]
        rows.append(int(space.row(space.encode(genes))))
        found = [values[name] for name in SCORES]
        scores.append([float(v["score"] if isinstance(v, dict) else v) for v in found])
    return np.array(rows), dict(zip(SCORES, np.array(scores).T, strict=True))


def read_retraining(folder: Path) -> dict[int, FloatArray]:
    """Final training and validation accuracy of a retraining of 91 small cells, three times each.

    Returns
    -------
    dict
        By budget: percentages, shape ``(n_training, 2)``.
    """
    data = (folder / "upstream_formats/nasbench101_tfrecord/energy_4V9E.tfrecord").read_bytes()
    found: dict[int, list[tuple[float, float]]] = {epoch: [] for epoch in EPOCHS}
    position = 0
    while position < len(data):
        (length,) = struct.unpack_from("<Q", data, position)
        record = json.loads(data[position + 12 : position + 12 + length])
        position += 16 + length
        evaluations = [value for field, value in _fields(base64.b64decode(record[4])) if field == 1]
        last = dict(_fields(evaluations[-1]))
        found[record[1]].append((100 * last[3], 100 * last[4]))
    return {epoch: np.array(pairs) for epoch, pairs in found.items()}


def _varint(data: bytes, i: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[i]
        value |= (byte & 127) << shift
        i, shift = i + 1, shift + 7
        if byte < 128:
            return value, i


def _fields(data: bytes) -> Iterator[tuple[int, float | bytes]]:
    """Fields of a protocol buffer message: numbers and raw bytes."""
    i = 0
    while i < len(data):
        key, i = _varint(data, i)
        field, wire = key >> 3, key & 7
        value: float | bytes
        if wire == 0:
            value, i = _varint(data, i)
        elif wire == 2:
            length, i = _varint(data, i)
            value, i = data[i : i + length], i + length
        elif wire in (1, 5):
            form, size = ("<d", 8) if wire == 1 else ("<f", 4)
            value, i = struct.unpack_from(form, data, i)[0], i + size
        else:
            raise ValueError(f"protocol buffer with wire type {wire}")
        yield field, value
