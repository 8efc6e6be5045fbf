"""How tables are laid out in zarr stores."""

from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec.tables.schema import EPOCH, GENE, TRIAL


def store_encoding(table: xr.Dataset) -> dict[str, Any]:
    """One file per variable; one epoch, trial or gene is one contiguous chunk of it.

    Chunks carry a checksum, so that a damaged one is noticed when it is read.
    """
    from zarr.codecs import ZstdCodec

    result = {}
    for name, variable in table.variables.items():
        if variable.ndim == 0 or name == EPOCH or 0 in variable.shape:
            continue
        chunk = tuple(1 if dim in (EPOCH, TRIAL, GENE) else size for dim, size in variable.sizes.items())
        options: dict[str, Any] = {"chunks": chunk, "compressors": [ZstdCodec(level=5, checksum=True)]}
        if chunk != variable.shape:
            options["shards"] = variable.shape
        if np.issubdtype(variable.dtype, np.floating):
            options["_FillValue"] = np.nan
        result[str(name)] = options
    return result
