"""The files of the published MF-NAS code (ELO-Lab/MF-NAS): what its install script downloads.

NAS-Bench-201: a pickle per data set, ``{"200": {gene digits: {"val_acc": [per epoch], "train_acc",
"val_loss", "train_loss", "test_acc", "train_time": seconds per epoch, "FLOPs", "params"}}}``, and a
JSON of zero-cost scores (see ``suite_zero``). NAS-Bench-101: ``{"4": {hash: {"val_acc", "test_acc",
"train_acc", "train_time", "n_params"}}, "12": ..., "36": ..., "108": ...}``, scores and FLOPs by hash.
NAS-Bench-ASR: ``{hash: {"val_per": [per epoch], "test_per", "params", "FLOPs"}}`` and scores by hash.

What a file is, is told from its content; names of 2023 and later ones are all taken. Shares become
percent, counts millions. Peak memory with all
architectures: 0.95 GB (NAS-Bench-201), 1.2 GB (NAS-Bench-101).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec.spaces import SearchSpace, get_space
from mfnas_vec.tables.importers.draft import Draft, Options, number, ours
from mfnas_vec.tables.importers.suite_zero import fill_scores, is_suite, read_json, suite_datasets
from mfnas_vec.tables.readers.pickles import plain, read_pickles
from mfnas_vec.tables.schema import SECONDS_SUFFIX, TRAIN_SECONDS

SOURCE, LICENCE = "files of the published MF-NAS code (ELO-Lab/MF-NAS)", "MIT"
NB101_EPOCHS = (4, 12, 36, 108)
N_EPOCH_201 = 200
CURVES = ("val_acc", "train_acc", "val_loss", "train_loss")
_DATASETS = {"cifar10": "cifar10", "cifar100": "cifar100", "imagenet16-120": "imagenet16", "imagenet16": "imagenet16"}


def load(path: Path) -> Any:
    """A file, JSON or pickle by its name."""
    if ".json" in path.name:
        return read_json(path)
    return read_pickles(path)[0]


def kind_of(content: Any) -> str:
    """What a file of the published code is.

    Raises
    ------
    ValueError
        If it is none.
    """
    if isinstance(content, Mapping) and content:
        if "200" in content:
            return "nb201"
        if "108" in content:
            return "nb101"
        if is_suite(content):
            return "suite"
        key, value = next(iter(content.items()))
        if isinstance(key, str) and len(key) == 32:
            return ("nbasr" if "val_per" in value else "scores") if isinstance(value, Mapping) else "flops"
    raise ValueError("it is no file of the published MF-NAS code")


def read(paths: list[Path], options: Options) -> xr.Dataset:
    """Import the files of one problem: its results, and scores if given.

    Raises
    ------
    ValueError
        If a file is none of the published ones, or results of other than one problem are given.
    """
    contents: dict[str, tuple[Path, Any]] = {}
    for i, path in enumerate(paths):
        options.tell(i, len(paths))
        try:
            content = load(path)
            kind = kind_of(content)
        except ValueError as error:
            raise ValueError(str(error) if str(path) in str(error) else f"{path}: {error}") from error
        if kind in contents:
            raise ValueError(f"{path} and {contents[kind][0]} are the same kind of file; give one")
        contents[kind] = (path, content)
    main = [kind for kind in contents if kind in ("nb101", "nb201", "nbasr")]
    if len(main) != 1:
        raise ValueError("give the results of one problem (data.p), and its scores if there are any")
    path, content = contents[main[0]]
    dataset = _dataset(path, options) if main[0] == "nb201" else {"nb101": "cifar10", "nbasr": "timit"}[main[0]]
    name = f"nb201-{dataset}" if main[0] == "nb201" else main[0]
    reader = {"nb201": _read_201, "nb101": _read_101, "nbasr": _read_asr}[main[0]]
    draft = reader(content, get_space(main[0]))
    if "suite" in contents:
        found = suite_datasets(contents["suite"][1])
        if dataset not in found:
            raise ValueError(f"{contents['suite'][0]} has no scores of {dataset}; it has {', '.join(found)}")
        fill_scores(draft, found[dataset])
    for kind in ("scores", "flops"):
        if kind in contents:
            _add_by_hash(draft, contents[kind][1])
    draft.percent("val_acc", "train_acc", "test_acc", "val_per", "test_per")
    draft.millions("params", "flops")
    return draft.finish(name, dataset, format_name="mf-nas", files=paths, trials="as in the files")


def _dataset(path: Path, options: Options) -> str:
    if options.dataset is not None:
        word = options.dataset.lower()
    else:
        found = [w for w in _DATASETS if f"[{w}]" in path.name.lower()]
        if not found:
            raise ValueError(f"{path.name} does not tell the data set; give --dataset")
        word = found[0]
    if word not in _DATASETS:
        raise ValueError(f"dataset={options.dataset!r} must be one of cifar10, cifar100, imagenet16")
    return _DATASETS[word]


def _mapping(value: Any, what: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{what} is no mapping")
    return value


def _numbers(value: Any, what: str) -> Any:
    value = plain(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return value.astype(np.float64).ravel()
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{what} is no list of numbers")
    return np.array([number(v) for v in value])


def _read_201(content: Any, space: SearchSpace) -> Draft:
    draft = Draft(space, range(1, N_EPOCH_201 + 1), source=SOURCE, licence=LICENCE)
    for key, values in _mapping(content["200"], "'200'").items():
        row, what = space.row_of_key(str(key)), f"cell {key}"
        values = _mapping(values, what)
        for name in CURVES:
            if name in values:
                curve = _numbers(values[name], f"{name} of {what}")
                if curve.size != N_EPOCH_201:
                    raise ValueError(f"{name} of {what} has {curve.size} epochs, not {N_EPOCH_201}")
                draft.curve(name)[:, row] = curve
        if "test_acc" in values:
            test = values["test_acc"]
            last = test if isinstance(test, (int, float)) else _numbers(test, f"test_acc of {what}")[-1]
            draft.score("test_acc")[row] = number(float(last))
        if "train_time" in values:
            draft.curve(TRAIN_SECONDS)[:, row] = number(values["train_time"]) * np.arange(1, N_EPOCH_201 + 1)
        for name in ("FLOPs", "params"):
            if name in values:
                draft.score(ours(name))[row] = number(values[name])
    return draft


def _read_101(content: Any, space: SearchSpace) -> Draft:
    draft = Draft(space, NB101_EPOCHS, source=SOURCE, licence=LICENCE)
    for i, epoch in enumerate(NB101_EPOCHS):
        for key, values in _mapping(content.get(str(epoch)), f"'{epoch}'").items():
            row = space.row_of_key(str(key))
            values = _mapping(values, f"cell {key}")
            for theirs, name in (("val_acc", "val_acc"), ("train_acc", "train_acc"), ("train_time", TRAIN_SECONDS)):
                if theirs in values:
                    draft.curve(name)[i, row] = number(values[theirs])
            if epoch == NB101_EPOCHS[-1]:
                for theirs in ("test_acc", "n_params", "flops"):
                    if theirs in values:
                        draft.score(ours(theirs))[row] = number(values[theirs])
    return draft


def _read_asr(content: Any, space: SearchSpace) -> Draft:
    n_epoch = max(len(_numbers(_mapping(v, "a graph")["val_per"], "val_per")) for v in content.values())
    draft = Draft(space, range(1, n_epoch + 1), source=SOURCE, licence=LICENCE)
    for key, values in content.items():
        row, values = space.row_of_key(str(key)), _mapping(values, f"graph {key}")
        curve = _numbers(values.get("val_per"), f"val_per of {key}")
        draft.curve("val_per")[: curve.size, row] = curve
        for theirs in ("test_per", "params", "FLOPs", "flops"):
            if theirs in values:
                draft.score(ours(theirs))[row] = number(values[theirs])
    return draft


def _add_by_hash(draft: Draft, content: Any) -> None:
    for key, values in content.items():
        row = draft.space.row_of_key(str(key))
        for name, value in (values if isinstance(values, Mapping) else {"flops": values}).items():
            if isinstance(value, Mapping):
                draft.score(ours(str(name)))[row] = number(value.get("score"))
                if "time" in value:
                    draft.score(ours(str(name)) + SECONDS_SUFFIX)[row] = number(value["time"])
            else:
                draft.score(ours(str(name)))[row] = number(value)
