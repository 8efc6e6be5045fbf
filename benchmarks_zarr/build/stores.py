"""How and where embedded tables are written, shared by the build scripts."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from zarr.codecs import ZstdCodec

from mfnas_vec._files import write_zarr
from mfnas_vec.tables.encoding import store_encoding

FOLDER = Path(__file__).parents[1]

#: (integer type, step) of variables that are kept as integers.
Scales = dict[str, tuple[str, float]]


def packed_encoding(table: xr.Dataset, scales: Scales) -> dict[str, Any]:
    """The encoding of tables, with strong compression and some variables as integers.

    -1 stands for missing, or the largest number of an unsigned type.
    """
    result = store_encoding(table)
    for name, options in result.items():
        options["compressors"] = [ZstdCodec(level=19, checksum=True)]
        if name in scales:
            dtype, step = scales[name]
            options |= {"dtype": dtype, "scale_factor": step}
            options["_FillValue"] = int(np.iinfo(dtype).max) if dtype.startswith("u") else -1
    return result


def write_table(table: xr.Dataset, name: str, scales: Scales) -> None:
    """Write an embedded table, replacing an earlier one."""
    path = FOLDER / f"{name}.zarr"
    if path.exists():
        shutil.rmtree(path)
    write_zarr(table, path, encoding=packed_encoding(table, scales))
