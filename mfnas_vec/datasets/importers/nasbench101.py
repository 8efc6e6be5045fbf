"""The official TFRecord files of NAS-Bench-101: ``nasbench_full.tfrecord``, ``nasbench_only108.tfrecord``.

A record is a JSON list of module hash, epochs, adjacency, operations and a base64 protocol buffer: field 1
repeated, evaluations with fields 1 epoch, 2 seconds of training, 3 to 5 training, validation and test
accuracy; field 2 trainable parameters; field 3 total seconds. The last evaluation of a record is used. Each
cell is trained three times at each budget. Accuracies are shares of 1 and become percent, parameters are
counts and become millions. Reads a record at a time; peak memory about 650 MB.
"""

import base64
import binascii
import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec.datasets.importers.draft import COUNTS, MEAN, SHARE, Draft, Options, number, row_of
from mfnas_vec.datasets.readers.tfrecords import message_fields, read_records
from mfnas_vec.spaces import get_space
from mfnas_vec.tables.schema import TRAIN_SECONDS

SOURCE, LICENCE = "NAS-Bench-101 (Ying et al., ICML 2019)", "Apache-2.0"
EPOCHS = (4, 12, 36, 108)
N_REPEAT = 3


def parse_record(record: bytes) -> tuple[str, int, dict[str, float]]:
    """Hash, epochs and results of a record, or a ValueError."""
    try:
        key, epochs, _, _, text = json.loads(record)
        message = base64.b64decode(str(text).replace("\n", ""), validate=True)
        if not isinstance(key, str) or type(epochs) is not int:
            raise ValueError("hash or epochs are missing")
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise ValueError(f"it is not a record of NAS-Bench-101: {error}") from error
    last: dict[int, Any] = {}
    params = float("nan")
    for field, value in message_fields(message):
        if field == 1 and isinstance(value, bytes):
            last = dict(message_fields(value))
        elif field == 2 and isinstance(value, int):
            params = float(value)
    if not {2, 3, 4, 5} <= set(last):
        raise ValueError("it has no finished evaluation")
    seconds, train, val, test = (number(last[i]) for i in (2, 3, 4, 5))
    return key, epochs, {"seconds": seconds, "train": train, "val": val, "test": test, "params": params}


def read(paths: list[Path], options: Options) -> xr.Dataset:
    """Import a file, its repeated trainings as their mean or one of them.

    Raises
    ------
    ValueError
        If the file is damaged or not of NAS-Bench-101, or ``trials`` is none of "mean", 0, 1 and 2.
    """
    if len(paths) != 1:
        raise ValueError("give one TFRecord file")
    wanted = options.trials
    if wanted != MEAN and wanted not in [str(i) for i in range(N_REPEAT)]:
        raise ValueError(f"trials={wanted!r} must be mean, or 0, 1 or 2: the number of a training in the file")
    space = get_space("nb101")
    shape = (len(EPOCHS), space.n_arch)
    names = ("seconds", "train", "val", "test")
    sums = {name: np.zeros(shape) for name in names}
    count = np.zeros(shape, np.int16)
    params = np.full(space.n_arch, np.nan)
    total = max(1, paths[0].stat().st_size)
    for i, (record, position) in enumerate(read_records(paths[0])):
        if i % 10_000 == 0:
            options.report_progress(min(position, total), total)
        try:
            key, epochs, values = parse_record(record)
            if epochs not in EPOCHS:
                raise ValueError(f"it is a training of {epochs} epochs; NAS-Bench-101 has {EPOCHS}")
            at = EPOCHS.index(epochs), row_of(space, key)
            if count[at] == N_REPEAT:
                raise ValueError(
                    f"it is training {N_REPEAT + 1} of cell {key} with {epochs} epochs; there are {N_REPEAT}"
                )
        except ValueError as error:
            raise ValueError(f"{paths[0]}, record {i} (before byte {position:,}): {error}") from error
        if wanted == MEAN or count[at] == int(wanted):
            for name in names:
                sums[name][at] += values[name]
            params[at[1]] = values["params"]
        count[at] += 1
    divisor = np.where(count > 0, count, np.nan) if wanted == MEAN else np.where(count > int(wanted), 1.0, np.nan)
    found = [i for i in range(len(EPOCHS)) if count[i].any()]
    draft = Draft(space, [EPOCHS[i] for i in found], source=SOURCE, licence=LICENCE)
    for name, ours in (("train", "train_acc"), ("val", "val_acc"), ("seconds", TRAIN_SECONDS)):
        if found:
            draft.curve(ours)[:] = (sums[name] / divisor)[found]
    if found and EPOCHS[found[-1]] == EPOCHS[-1]:
        draft.score("test_acc")[:] = sums["test"][-1] / divisor[-1]
    draft.score("params")[:] = params
    draft.convert({"train_acc": SHARE, "val_acc": SHARE, "test_acc": SHARE} | COUNTS)
    trials = "mean of all" if wanted == MEAN else f"training {wanted} of each"
    return draft.finish("nb101", "cifar10", format_name="nasbench101", files=paths, trials=trials)
