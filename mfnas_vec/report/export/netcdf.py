"""Results as netCDF, complete: a group per problem."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec.analysis.statistics import leading_dims
from mfnas_vec.report.export.cells import Results


def write_netcdf(results: Results, path: str, attrs: Mapping[str, Any]) -> None:
    """Write results; a single one of ``run`` has no group."""
    if len(results) == 1 and not leading_dims(next(iter(results.values()))):
        _plain(next(iter(results.values()))).to_netcdf(path, engine="h5netcdf")
        return
    tree = xr.DataTree.from_dict({name: _plain(result) for name, result in results.items()})
    tree.attrs = dict(attrs)
    tree.to_netcdf(path, engine="h5netcdf")


def _plain(result: xr.Dataset) -> xr.Dataset:
    """A copy with strings that netCDF can store, without encodings of zarr."""
    plain = result.load().drop_encoding()
    for name, variable in plain.variables.items():
        if variable.dtype.kind == "T":
            values = np.array(variable.values.tolist(), dtype=object)
            plain[name] = xr.Variable(variable.dims, values, variable.attrs)
    return plain
