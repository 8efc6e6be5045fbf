"""NAS-Bench-Graph's per-epoch pickles: ``cora0.bench``, ``cora1.bench``, ``cora2.bench``, and so on.

A file holds the trainings of one data set with one seed, by published name of the architecture: ``dur``
(a row per epoch: training, validation and test performance, the three losses, and the test performance
at the epoch of least validation loss so far), ``perf`` (the last of those, not rounded), ``para`` (in
millions) and ``latency`` (seconds). Performances are shares of 1 and become percent. There are no
training times. A loss that is infinite is missing. The objects of a whole file of 400 epochs
take about 7 GB of memory.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec._errors import naming
from mfnas_vec.datasets.importers.draft import MEAN, MILLIONS, SHARE, Draft, Options, number
from mfnas_vec.datasets.readers.pickles import plain, read_pickles
from mfnas_vec.spaces import SearchSpace, get_space
from mfnas_vec.spaces.nbgraph import DATASETS

SOURCE, LICENCE = "NAS-Bench-Graph (Qin et al., NeurIPS 2022), per-epoch files", "see figshare.com, article 20070371"
#: Attributes of the latency: as a proxy, more is better, as of parameters.
LATENCY = {"long_name": "time of one forward pass", "units": "s", "direction": "maximize"}
#: Bytes of a file, and times the usual memory of its objects: 26,206 trainings of up to 500 epochs.
MAX_FILE, SCALE = 4 * 2**30, 8
MAX_EPOCHS = 10_000
#: Columns of ``dur``; the test performance of the last column only, of the last epoch, where ``perf`` is absent.
_TRAIN, _VAL, _TRAIN_LOSS, _VAL_LOSS, _BEST, _N_COLUMN = 0, 1, 3, 4, 6, 7

FloatArray = npt.NDArray[np.float64]


class _Training:
    """What one seed's file holds: curves of the longest training, NaN after the end of shorter ones."""

    def __init__(self, path: Path, space: SearchSpace) -> None:
        content = read_pickles(path, limit=MAX_FILE, scale=SCALE)[0]
        if not isinstance(content, Mapping):
            raise ValueError(f"{path} holds no architectures by name")
        rows = {int(key): row for row, key in enumerate(space.arch_key())}
        self.dur: dict[int, FloatArray] = {}
        self.scores = {name: np.full(space.n_arch, np.nan) for name in ("test", "params", "latency")}
        for key, record in content.items():
            if type(key) is not int or key not in rows:
                raise ValueError(f"{path}: {key!r:.60} is the name of no architecture of {space.name}")
            with naming(f"{path}, architecture {key}"):
                self._add(rows[key], record)
        if not self.dur:
            raise ValueError(f"{path} holds no training")

    def _add(self, row: int, record: Any) -> None:
        if not isinstance(record, Mapping) or "dur" not in record:
            raise ValueError("it has no 'dur', the performance at each epoch")
        lines = plain(record["dur"])
        if isinstance(lines, np.ndarray):
            lines = lines.tolist()
        if not isinstance(lines, (list, tuple)) or not 1 <= len(lines) <= MAX_EPOCHS:
            raise ValueError(f"'dur' is not of 1 to {MAX_EPOCHS:,} epochs")
        if any(not isinstance(line, (list, tuple)) or len(line) != _N_COLUMN for line in lines):
            raise ValueError(f"an epoch of 'dur' is not of {_N_COLUMN} numbers")
        numbers = np.array([[number(v) for v in line] for line in lines])
        self.dur[row] = np.where(np.isinf(numbers), np.nan, numbers)
        self.scores["test"][row] = number(record.get("perf", lines[-1][_BEST]))
        self.scores["params"][row] = number(record.get("para"))
        self.scores["latency"][row] = number(record.get("latency"))

    def curves(self, n_epoch: int, n_arch: int) -> dict[int, FloatArray]:
        """Each column used, shape ``(n_epoch, n_arch)``."""
        found = {c: np.full((n_epoch, n_arch), np.nan) for c in (_TRAIN, _VAL, _TRAIN_LOSS, _VAL_LOSS)}
        for row, lines in self.dur.items():
            for column, values in found.items():
                values[: len(lines), row] = lines[:, column]
        return found


def dataset_and_seed(path: Path) -> tuple[str, str]:
    """Data set and seed that a file's name states; empty if none."""
    match = re.match(rf"({'|'.join(DATASETS)})(\d+)\b", path.name.lower())
    return (match[1], match[2]) if match else ("", "")


def _files(paths: list[Path], options: Options) -> tuple[str, list[Path]]:
    """The data set, and the files of the trainings wanted."""
    files = [file for path in paths for file in (sorted(path.glob("*.bench")) if path.is_dir() else [path])]
    if not files:
        raise ValueError(f"{paths[0]} holds no *.bench")
    stated = {dataset_and_seed(file)[0] for file in files} - {""}
    dataset = (options.dataset or (stated.pop() if len(stated) == 1 else "")).lower()
    if dataset not in DATASETS:
        raise ValueError(
            f"dataset={options.dataset!r} must be one of {', '.join(DATASETS)}; "
            "the names of the files state none, or several"
        )
    if other := next((file for file in files if dataset_and_seed(file)[0] not in ("", dataset)), None):
        raise ValueError(f"{other} is not of the data set {dataset}")
    if options.trials != MEAN:
        files = [file for file in files if dataset_and_seed(file)[1] == options.trials]
        if not files:
            raise ValueError(
                f"trials={options.trials!r} is the seed of none of the files; it is the digit of their name"
            )
    return dataset, files


def read(paths: list[Path], options: Options) -> xr.Dataset:
    """Import the trainings of one data set: the mean of all seeds given, or one of them.

    An architecture, or an epoch, that a seed lacks is missing in the mean.

    Raises
    ------
    ValueError
        If a file is damaged or none of the format, of another data set, or names no architecture of the space.
    """
    dataset, files = _files(paths, options)
    space = get_space("nbgraph-proteins" if dataset == "proteins" else "nbgraph")
    n_epoch = 0
    total: dict[int, FloatArray] = {}
    scores: dict[str, FloatArray] = {}
    for i, path in enumerate(files):
        options.report_progress(i, len(files))
        training = _Training(path, space)
        longest = max(map(len, training.dur.values()))
        if n_epoch and longest != n_epoch:
            raise ValueError(f"{path} has trainings of up to {longest} epochs, the files before it {n_epoch}")
        n_epoch = longest
        for column, values in training.curves(n_epoch, space.n_arch).items():
            total[column] = total[column] + values if i else values
        for name, values in training.scores.items():
            scores[name] = scores[name] + values if i else values
    kind = "auc" if dataset == "proteins" else "acc"
    draft = Draft(space, range(1, n_epoch + 1), source=SOURCE, licence=LICENCE)
    names = {_TRAIN: f"train_{kind}", _VAL: f"val_{kind}", _TRAIN_LOSS: "train_loss", _VAL_LOSS: "val_loss"}
    for column, name in names.items():
        draft.curve(name)[:] = total[column] / len(files)
    for name in scores:
        draft.score(f"test_{kind}" if name == "test" else name)[:] = scores[name] / len(files)
    draft.convert({f"train_{kind}": SHARE, f"val_{kind}": SHARE, f"test_{kind}": SHARE} | MILLIONS)
    best = {"comment": "of each training at its epoch of least validation loss"}
    draft.attrs = {"latency": LATENCY, f"test_{kind}": best}
    trials = f"mean of {len(files)} seeds" if options.trials == MEAN else f"seed {options.trials}"
    return draft.finish(f"nbgraph-{dataset}", dataset, format_name="nbgraph-full", files=files, trials=trials)
