"""The files that the install script of the published MF-NAS code (ELO-Lab/MF-NAS) downloads.

NAS-Bench-201: a pickle per data set, ``{"200": {gene digits: {"val_acc": [per epoch], "train_acc",
"val_loss", "train_loss", "test_acc", "train_time": seconds per epoch, "FLOPs", "params"}}}``, and a
JSON of zero-cost scores (see ``suite_zero``). NAS-Bench-101: ``{"4": {hash: {"val_acc", "test_acc",
"train_acc", "train_time", "n_params"}}, "12": ..., "36": ..., "108": ...}``, scores and FLOPs by hash.
NAS-Bench-ASR: ``{hash: {"val_per": [per epoch], "test_per", "params", "FLOPs"}}`` and scores by hash.

The kind of a file is recognized by its content; names of 2023 and later are accepted. Accuracies and error
rates are shares of 1 (error rates may exceed 1) and become percent; parameters and FLOPs are millions on
NAS-Bench-201, and counts, which become millions, elsewhere; implausible values are refused. Peak memory
with all architectures: 0.95 GB (NAS-Bench-201), 1.2 GB (NAS-Bench-101).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec._errors import naming
from mfnas_vec.datasets.importers.draft import (
    COUNTS,
    ERRORS,
    MILLIONS,
    SHARE,
    Draft,
    Options,
    Rows,
    check_score,
    number,
    ours,
)
from mfnas_vec.datasets.importers.suite_zero import fill_scores, is_suite, read_json, suite_datasets
from mfnas_vec.datasets.readers.pickles import plain, read_pickles
from mfnas_vec.spaces import SearchSpace, get_space
from mfnas_vec.tables.schema import SECONDS_SUFFIX, TRAIN_SECONDS

SOURCE, LICENCE = "files of the published MF-NAS code (ELO-Lab/MF-NAS)", "MIT"
NB101_EPOCHS = (4, 12, 36, 108)
N_EPOCH_201 = 200
MAX_EPOCH_ASR = 10_000
CURVES = ("val_acc", "train_acc", "val_loss", "train_loss")
_DATASETS = {"cifar10": "cifar10", "cifar100": "cifar100", "imagenet16-120": "imagenet16", "imagenet16": "imagenet16"}


def load(path: Path) -> Any:
    """The content of a file, JSON or pickle by its name."""
    if ".json" in path.name:
        return read_json(path)
    return read_pickles(path)[0]


def kind_of(content: Any) -> str:
    """The kind of a file of the published code, or a ValueError."""
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
    raise ValueError("it is not a file of the published MF-NAS code")


def read(paths: list[Path], options: Options) -> xr.Dataset:
    """Import the files of one problem: its results, and scores if given.

    Raises
    ------
    ValueError
        If a file is not one of the published ones, or the results are not of one problem.
    """
    contents: dict[str, tuple[Path, Any]] = {}
    for i, path in enumerate(paths):
        options.report_progress(i, len(paths))
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
    (space,) = main
    path, content = contents[space]
    dataset = _dataset(path, options) if space == "nb201" else {"nb101": "cifar10", "nbasr": "timit"}[space]
    name = f"nb201-{dataset}" if space == "nb201" else space
    reader = {"nb201": _read_201, "nb101": _read_101, "nbasr": _read_asr}[space]
    with naming(path):
        draft = reader(content, get_space(space))
        draft.convert({"val_acc": SHARE, "train_acc": SHARE, "test_acc": SHARE, "val_per": ERRORS, "test_per": ERRORS})
    if "suite" in contents:
        with naming(contents["suite"][0]):
            found = suite_datasets(contents["suite"][1])
            if dataset not in found:
                raise ValueError(f"it has no scores of {dataset}; it has {', '.join(found)}")
            fill_scores(draft, found[dataset])
    for kind in ("scores", "flops"):
        if kind in contents:
            with naming(contents[kind][0]):
                _add_by_hash(draft, contents[kind][1])
    with naming(path):
        draft.convert(MILLIONS if space == "nb201" else COUNTS)
    return draft.finish(name, dataset, format_name="mf-nas", files=paths, trials="as in the files")


def _dataset(path: Path, options: Options) -> str:
    if options.dataset is not None:
        word = options.dataset.lower()
    else:
        found = [w for w in _DATASETS if f"[{w}]" in path.name.lower()]
        if not found:
            raise ValueError(f"{path.name} does not name the data set; give --dataset")
        word = found[0]
    if word not in _DATASETS:
        raise ValueError(f"dataset={options.dataset!r} must be one of cifar10, cifar100, imagenet16")
    return _DATASETS[word]


def _mapping(value: Any, what: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{what} is not a mapping")
    return value


def _numbers(value: Any, what: str) -> Any:
    value = plain(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return value.astype(np.float64).ravel()
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{what} is not a list of numbers")
    with naming(what):
        return np.array([number(v) for v in value])


def _read_201(content: Any, space: SearchSpace) -> Draft:
    draft, rows = Draft(space, range(1, N_EPOCH_201 + 1), source=SOURCE, licence=LICENCE), Rows(space)
    for key, values in _mapping(content["200"], "'200'").items():
        with naming(f"cell {key!r:.60}"):
            _fill_201(draft, rows(key), _mapping(values, "it"))
    return draft


def _fill_201(draft: Draft, row: int, values: Mapping[Any, Any]) -> None:
    for name in CURVES:
        if name in values:
            curve = _numbers(values[name], name)
            if curve.size != N_EPOCH_201:
                raise ValueError(f"{name} has {curve.size} epochs, not {N_EPOCH_201}")
            draft.curve(name)[:, row] = curve
    if "test_acc" in values:
        test = values["test_acc"]
        if not isinstance(test, (int, float)):
            curve = _numbers(test, "test_acc")
            if not curve.size:
                raise ValueError("test_acc is empty")
            test = float(curve[-1])
        draft.score("test_acc")[row] = _number(test, "test_acc")
    if "train_time" in values:
        draft.curve(TRAIN_SECONDS)[:, row] = _number(values["train_time"], "train_time") * np.arange(1, N_EPOCH_201 + 1)
    _fill_scores(draft, row, values, "FLOPs", "params")


def _fill_scores(draft: Draft, row: int, values: Mapping[Any, Any], *names: str) -> None:
    for theirs in names:
        if theirs in values:
            draft.score(ours(theirs))[row] = _number(values[theirs], theirs)


def _number(value: Any, what: str) -> float:
    with naming(what):
        return number(value)


def _read_101(content: Any, space: SearchSpace) -> Draft:
    draft = Draft(space, NB101_EPOCHS, source=SOURCE, licence=LICENCE)
    for i, epoch in enumerate(NB101_EPOCHS):
        rows = Rows(space)
        for key, values in _mapping(content.get(str(epoch)), f"'{epoch}'").items():
            with naming(f"cell {key!r:.60} at {epoch} epochs"):
                row = rows(key)
                values = _mapping(values, "it")
                for theirs, name in (("val_acc", "val_acc"), ("train_acc", "train_acc"), ("train_time", TRAIN_SECONDS)):
                    if theirs in values:
                        draft.curve(name)[i, row] = _number(values[theirs], theirs)
                if epoch == NB101_EPOCHS[-1]:
                    _fill_scores(draft, row, values, "test_acc", "n_params", "flops")
    return draft


def _read_asr(content: Any, space: SearchSpace) -> Draft:
    curves: dict[int, Any] = {}
    rows = Rows(space)
    for key, values in content.items():
        with naming(f"graph {key!r:.60}"):
            curves[rows(key)] = _numbers(_mapping(values, "it").get("val_per"), "val_per")
    n_epoch = max(curve.size for curve in curves.values())
    if not 1 <= n_epoch <= MAX_EPOCH_ASR:
        raise ValueError(f"val_per has {n_epoch:,} epochs; 1 to {MAX_EPOCH_ASR:,} are read")
    draft = Draft(space, range(1, n_epoch + 1), source=SOURCE, licence=LICENCE)
    for (key, values), (row, curve) in zip(content.items(), curves.items(), strict=True):
        draft.curve("val_per")[: curve.size, row] = curve
        with naming(f"graph {key!r:.60}"):
            _fill_scores(draft, row, values, "test_per", "params", "FLOPs", "flops")
    return draft


def _add_by_hash(draft: Draft, content: Any) -> None:
    rows = Rows(draft.space)
    for key, values in content.items():
        with naming(f"architecture {key!r:.60}"):
            row = rows(key)
            for theirs, value in (values if isinstance(values, Mapping) else {"flops": values}).items():
                name = check_score(theirs)
                if isinstance(value, Mapping):
                    draft.score(name)[row] = _number(value.get("score"), name)
                    if "time" in value:
                        draft.score(check_score(name + SECONDS_SUFFIX))[row] = _number(value["time"], f"time of {name}")
                else:
                    draft.score(name)[row] = _number(value, name)
