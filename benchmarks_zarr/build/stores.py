"""How embedded tables are encoded, shared by the build scripts."""

import hashlib
import shutil
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from zarr.codecs import ZstdCodec

from mfnas_vec.tables.files import write_zarr
from mfnas_vec.tables.schema import EPOCH, GENE, TRIAL

FOLDER = Path(__file__).parents[1]

_NORMAL = statistics.NormalDist()


def hashed_normal(key: str, name: str) -> float:
    """A standard normal number that depends on the architecture's key and a name only."""
    bits = int.from_bytes(hashlib.sha256(f"{name}/{key}".encode()).digest()[:6], "big")
    return _NORMAL.inv_cdf((bits + 0.5) / 2**48)


def hashed_normals(keys: list[str], name: str) -> npt.NDArray[np.float64]:
    """``hashed_normal`` of many keys, shape ``(n_arch,)``."""
    return np.array([hashed_normal(key, name) for key in keys])


def encoding(table: xr.Dataset, scales: dict[str, tuple[str, float]]) -> dict[str, Any]:
    """One file per variable; one epoch, trial or gene is one contiguous chunk of it.

    ``scales`` gives (integer type, step) of variables kept as integers; -1 stands for missing.
    Chunks carry a checksum, so that a damaged one is noticed when it is read.
    """
    result = {}
    for name, variable in table.variables.items():
        if variable.ndim == 0 or name == EPOCH:
            continue
        chunk = tuple(1 if dim in (EPOCH, TRIAL, GENE) else size for dim, size in variable.sizes.items())
        options: dict[str, Any] = {"chunks": chunk, "compressors": [ZstdCodec(level=19, checksum=True)]}
        if chunk != variable.shape:
            options["shards"] = variable.shape
        if name in scales:
            dtype, step = scales[str(name)]
            options |= {"dtype": dtype, "scale_factor": step, "_FillValue": -1}
        elif np.issubdtype(variable.dtype, np.floating):
            options["_FillValue"] = np.nan
        result[str(name)] = options
    return result


def write_table(table: xr.Dataset, name: str, scales: dict[str, tuple[str, float]]) -> None:
    """Write an embedded table, replacing an earlier one."""
    path = FOLDER / f"{name}.zarr"
    if path.exists():
        shutil.rmtree(path)
    write_zarr(table, path, encoding=encoding(table, scales))
