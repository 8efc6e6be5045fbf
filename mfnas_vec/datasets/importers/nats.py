"""NATS-Bench records: the folders ``NATS-tss-v1_0-3ffb9-simple`` (topology, NAS-Bench-201) and
``NATS-sss-v1_0-50262-simple`` (size), or their tar archives.

A bz2 pickle per architecture, ``NNNNNN.pickle.pbz2``: trainings by data set and seed, each with
accuracy and loss of every epoch. Trainings of the longest schedule are read: 200 epochs (topology) or
90 (size). Splits:

- cifar10: trained on half of the training set and validated on the other (``cifar10-valid``, ``x-valid``)
  gives ``val_*``, ``train_*`` and seconds; trained on all of it (``cifar10``, ``ori-test``) gives ``test_acc``;
- cifar100, imagenet16: the halves of the test set are evaluated after the last epoch only; ``val_*`` is the
  validation half (``x-valid``) there and the whole test set (``ori-test``) before, ``test_acc`` the test
  half (``x-test``).

Accuracies are percent. Reads one file at a time; peak memory about 400 MB.
"""

import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec._errors import naming
from mfnas_vec.datasets.importers.draft import MEAN, PERCENT, Draft, Options, Rows, number
from mfnas_vec.datasets.readers.files import DAMAGED, unpack
from mfnas_vec.datasets.readers.pickles import loads, read_pickles
from mfnas_vec.spaces import get_space
from mfnas_vec.tables.schema import TRAIN_SECONDS

SOURCE, LICENCE = "NATS-Bench (Dong et al., TPAMI 2021)", "MIT"

#: By format: space and epochs of the longest trainings, whose name in a record is this number.
BENCHMARKS = {"nats-tss": ("nb201", 200), "nats-sss": ("nats-sss", 90)}
#: Largest unpacked record: real ones have about a megabyte.
MAX_RECORD = 64 * 2**20
#: Validated training, its validation split, the one of earlier epochs; tested training, its test split.
SPLITS = {
    "cifar10": ("cifar10-valid", "x-valid", "x-valid", "cifar10", "ori-test"),
    "cifar100": ("cifar100", "x-valid", "ori-test", "cifar100", "x-test"),
    "imagenet16": ("ImageNet16-120", "x-valid", "ori-test", "ImageNet16-120", "x-test"),
}

FloatArray = npt.NDArray[np.float64]


def read_records(paths: list[Path]) -> Iterator[tuple[str, Any]]:
    """Name and content of every record of files, folders and tar archives, one at a time, or a ValueError."""
    for path in paths:
        if _is_tar(path):
            yield from _tar_records(path)
        else:
            for file in _files([path]):
                yield str(file), read_pickles(file, limit=MAX_RECORD)[0]


def _is_tar(path: Path) -> bool:
    return path.is_file() and path.suffix == ".tar"


def _files(paths: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        inside = path.glob("[0-9]*.pickle.pbz2") if path.is_dir() else [path]
        found += sorted(p for p in inside if not p.name.startswith("meta"))
    return found


def _tar_records(path: Path) -> Iterator[tuple[str, Any]]:
    """Records of an archive, read without unpacking it to disk."""
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if not member.isfile() or not name[:1].isdecimal() or not name.endswith(".pickle.pbz2"):
                    continue
                stream = archive.extractfile(member)
                if stream is None or member.size > MAX_RECORD:
                    raise ValueError(f"{path}: {member.name} is too large or cannot be read")
                data = unpack(stream.read(), member.name, limit=MAX_RECORD)
                with naming(f"{path}: {member.name} is not read as a pickle"):
                    record = loads(data)[0]
                yield f"{path}: {member.name}", record
    except (tarfile.TarError, *DAMAGED) as error:
        raise ValueError(f"{path} is not a complete tar archive: {error}") from error


def _trainings(record: Any, n_epoch: int) -> dict[tuple[str, int], Mapping[str, Any]]:
    try:
        results = record[str(n_epoch)]["all_results"]
        trainings = {(name, seed): training for (name, seed), training in results.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"it holds no trainings of {n_epoch} epochs") from error
    for name, seed in trainings:
        if not isinstance(name, str) or type(seed) is not int:
            raise ValueError(f"a training is named {(name, seed)!r:.60}, not by a data set and a seed")
    return trainings


def _by_epoch(values: Any, n_epoch: int, prefix: str = "") -> FloatArray:
    """Values of all epochs, NaN where an epoch has none."""
    if not isinstance(values, Mapping):
        raise ValueError("a training lacks its curves")
    keys = [f"{prefix}@{e}" if prefix else e for e in range(n_epoch)]
    return np.array([number(values[key]) if key in values else np.nan for key in keys])


def _curves(
    trainings: dict[tuple[str, int], Mapping[str, Any]], n_epoch: int, dataset: str, trials: str
) -> dict[str, FloatArray]:
    name, last, before, test_name, test_split = SPLITS[dataset]
    seeds = {n: [s for m, s in trainings if m == n and trials in (MEAN, str(s))] for n in (name, test_name)}
    parts: dict[str, list[FloatArray]] = {}
    for seed in seeds[name]:
        one = trainings[name, seed]
        for kind, key in (("acc", "acc1es"), ("loss", "losses")):
            parts.setdefault(f"train_{kind}", []).append(_by_epoch(one.get(f"train_{key}"), n_epoch))
            curve = _by_epoch(one.get(f"eval_{key}"), n_epoch, before)
            final = _by_epoch(one.get(f"eval_{key}"), n_epoch, last)[-1]
            parts.setdefault(f"val_{kind}", []).append(np.append(curve[:-1], final))
        parts.setdefault(TRAIN_SECONDS, []).append(np.cumsum(_by_epoch(one.get("train_times"), n_epoch)))
    for seed in seeds[test_name]:
        test = _by_epoch(trainings[test_name, seed].get("eval_acc1es"), n_epoch, test_split)[-1:]
        parts.setdefault("test_acc", []).append(test)
    return {key: np.mean(curves, axis=0) for key, curves in parts.items()}


def read(paths: list[Path], options: Options) -> xr.Dataset:
    """Import records of one data set (cifar10 by default): the mean of trials, or those of one seed.

    Raises
    ------
    ValueError
        If a file is damaged or not a record, an architecture occurs twice, or no training has the seed.
    """
    space_name, n_epoch = BENCHMARKS[options.format_name]
    dataset = (options.dataset or "cifar10").lower().replace("imagenet16-120", "imagenet16")
    if dataset not in SPLITS:
        raise ValueError(f"dataset={options.dataset!r} must be one of {', '.join(SPLITS)}")
    if options.trials != MEAN and not options.trials.isdecimal():
        raise ValueError(f"trials={options.trials!r} must be mean, or a seed such as 777")
    space = get_space(space_name)
    draft = Draft(space, range(1, n_epoch + 1), source=SOURCE, licence=LICENCE)
    total = space.n_arch if any(map(_is_tar, paths)) else len(_files(paths))
    n_read, rows = 0, Rows(space)
    for path, record in read_records(paths):
        if n_read % 50 == 0:
            options.report_progress(min(n_read, total), total)
        n_read += 1
        try:
            trainings = _trainings(record, n_epoch)
            row = rows(record[str(n_epoch)]["arch_str"])
            curves = _curves(trainings, n_epoch, dataset, options.trials)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is not a record of NATS-Bench: {error}") from error
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        for name, values in curves.items():
            if name == "test_acc":
                draft.score(name)[row] = values[0]
            else:
                draft.curve(name)[:, row] = values
    if n_read == 0:
        raise ValueError(f"{paths[0]} holds no NNNNNN.pickle.pbz2")
    draft.convert({"val_acc": PERCENT, "train_acc": PERCENT, "test_acc": PERCENT})
    note = f"training {SPLITS[dataset][0]}, split {SPLITS[dataset][1]}"
    if SPLITS[dataset][1] != SPLITS[dataset][2]:
        note += f" after epoch {n_epoch}, {SPLITS[dataset][2]} before"
    draft.attrs = {"val_acc": {"comment": note}, "val_loss": {"comment": note}}
    draft.attrs["test_acc"] = {"comment": f"training {SPLITS[dataset][3]}, split {SPLITS[dataset][4]}"}
    trials = "mean of all" if options.trials == MEAN else f"seed {options.trials}"
    return draft.finish(f"{space_name}-{dataset}", dataset, format_name=options.format_name, files=paths, trials=trials)
