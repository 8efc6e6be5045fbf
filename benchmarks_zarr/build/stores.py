"""How embedded tables are encoded, shared by the build scripts."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from zarr.codecs import ZstdCodec

from mfnas_vec.tables.files import write_zarr
from mfnas_vec.tables.schema import EPOCH, GENE, TRIAL

FOLDER = Path(__file__).parents[1]


def encoding(table: xr.Dataset, scales: dict[str, tuple[str, float]]) -> dict[str, Any]:
    """One file per variable; one epoch, trial or gene is one contiguous chunk of it.

    ``scales`` gives (integer type, step) of variables kept as integers; -1 stands for missing, or
    the largest number of an unsigned type. Chunks carry a checksum, so that a damaged one is noticed when it is read.
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
            options |= {"dtype": dtype, "scale_factor": step}
            options["_FillValue"] = int(np.iinfo(dtype).max) if dtype.startswith("u") else -1
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
