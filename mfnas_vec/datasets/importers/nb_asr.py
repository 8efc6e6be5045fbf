"""The official pickles of NAS-Bench-ASR (SamsungLabs/nb-asr): ``nb-asr-e40-1234.pickle``, ``nb-asr-info.pickle``, ...

A file holds two pickles: a header (``dataset_type`` "training" or "static", ``columns``, ``epochs``, ``seed``)
and a list of rows in the order of ``columns``: graph hash, validation error of every epoch, test error; or
graph hash, parameters, FLOPs. Error rates are shares of 1 (and may exceed it) and become percent, parameters
and FLOPs are counts and become millions. Peak memory about 300 MB.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec._errors import naming
from mfnas_vec.datasets.importers.draft import COUNTS, ERRORS, MEAN, Draft, Options, Rows, number
from mfnas_vec.datasets.readers.pickles import plain, read_pickles
from mfnas_vec.spaces import get_space

SOURCE, LICENCE = "NAS-Bench-ASR (Mehrotra et al., ICLR 2021)", "Apache-2.0"
MAX_FILE = 512 * 2**20


def _read_file(path: Path) -> tuple[Mapping[str, Any], Sequence[Any]]:
    header, lines = read_pickles(path, 2, limit=MAX_FILE)
    if not isinstance(header, Mapping) or not isinstance(lines, (list, tuple)):
        raise ValueError(f"{path} has no header and rows of NAS-Bench-ASR")
    columns = header.get("columns")
    if not isinstance(columns, (list, tuple)) or not all(isinstance(c, str) for c in columns):
        raise ValueError(f"{path} has no header of NAS-Bench-ASR")
    return header, lines


def read(paths: list[Path], options: Options) -> xr.Dataset:
    """Import trainings of equal length, the mean of their seeds or one of them, and static data.

    Raises
    ------
    ValueError
        If a file is not of NAS-Bench-ASR, the trainings differ in length, or a seed or a graph
        occurs twice.
    """
    kinds: dict[str, list[tuple[Path, Mapping[str, Any], Sequence[Any]]]] = {"training": [], "static": []}
    for i, path in enumerate(paths):
        options.report_progress(i, len(paths))
        header, lines = _read_file(path)
        kind = header.get("dataset_type")
        if not isinstance(kind, str) or kind not in kinds:
            raise ValueError(f"{path} is of type {kind!r:.60}; training and static are read")
        if kind == "training":
            _check_training(path, header, kinds[kind])
        kinds[kind].append((path, header, lines))
    trainings = [t for t in kinds["training"] if options.trials in (MEAN, str(t[1]["seed"]))]
    if not trainings:
        raise ValueError("none of the files holds trainings" + ("" if options.trials == MEAN else " of that seed"))
    epochs = {t[1]["epochs"] for t in trainings}
    if len(epochs) != 1:
        raise ValueError(f"the files are of trainings of different length: {sorted(map(str, epochs))}")
    (n_epoch,) = epochs
    space = get_space("nbasr")
    draft = Draft(space, range(1, n_epoch + 1), source=SOURCE, licence=LICENCE)
    curves = np.full((len(trainings), n_epoch, space.n_arch), np.nan)
    tests = np.full((len(trainings), space.n_arch), np.nan)
    for i, (path, header, lines) in enumerate(trainings):
        rows = Rows(space)
        key, val, test = _columns(path, header, "model_hash", "val_per", "test_per")
        for k, line in enumerate(lines):
            with naming(f"{path}, row {k}"):
                row = rows(_cell(line, key))
                curves[i, :, row] = _curve(_cell(line, val), n_epoch)
                tests[i, row] = number(_cell(line, test))
    draft.curve("val_per")[:] = curves.mean(axis=0)
    draft.score("test_per")[:] = tests.mean(axis=0)
    rows = Rows(space)
    for path, header, lines in kinds["static"]:
        optional = ["flops"] if "flops" in header["columns"] else []
        key, params, *flops = _columns(path, header, "model_hash", "params", *optional)
        for k, line in enumerate(lines):
            with naming(f"{path}, row {k}"):
                row = rows(_cell(line, key))
                draft.score("params")[row] = number(_cell(line, params))
                if flops:
                    draft.score("flops")[row] = number(_cell(line, flops[0]))
    draft.convert({"val_per": ERRORS, "test_per": ERRORS} | COUNTS)
    trials = f"mean of {len(trainings)} seeds" if options.trials == MEAN else f"seed {options.trials}"
    return draft.finish("nbasr", "timit", format_name="nb-asr", files=paths, trials=trials)


def _check_training(path: Path, header: Mapping[str, Any], others: Sequence[tuple[Path, Any, Any]]) -> None:
    """Check that a header has epochs and a seed, which is not that of another file."""
    epochs, seed = header.get("epochs"), header.get("seed")
    if type(epochs) is not int or not 1 <= epochs <= 10_000:
        raise ValueError(f"{path} has trainings of {epochs!r:.60} epochs, not of 1 to 10,000")
    if type(seed) is not int:
        raise ValueError(f"{path} has the seed {seed!r:.60}, which is not an integer")
    for other, known, _ in others:
        if known["seed"] == seed:
            raise ValueError(f"{path} and {other} are both of seed {seed}; give one")


def _curve(values: Any, n_epoch: int) -> list[float]:
    values = plain(values)
    if isinstance(values, np.ndarray):
        values = values.tolist() if values.ndim == 1 else None
    if not isinstance(values, (list, tuple)) or len(values) != n_epoch:
        raise ValueError(f"a curve is not of {n_epoch} epochs")
    return [number(v) for v in values]


def _columns(path: Path, header: Mapping[str, Any], *names: str) -> list[int]:
    columns = list(header["columns"])
    for name in names:
        if name not in columns:
            raise ValueError(f"{path} has no column {name!r}")
    return [columns.index(name) for name in names]


def _cell(line: Any, place: int) -> Any:
    if not isinstance(line, (list, tuple)) or len(line) <= place:
        raise ValueError("the row is too short")
    return line[place]
