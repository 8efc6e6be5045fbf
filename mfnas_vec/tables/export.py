"""Tables for other tools: CSV, Parquet, netCDF."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from mfnas_vec._files import new_file
from mfnas_vec.spaces import get_space
from mfnas_vec.tables.schema import ARCH, EPOCH, TRIAL

FORMATS = ("csv", "parquet", "netcdf")


def export_table(table: xr.Dataset, path: str | Path, format_name: str, *, overwrite: bool = False) -> None:
    """Write a table as a file; it appears whole or not at all.

    CSV and Parquet have a row per architecture, named by ``arch_key``, and a column per variable,
    ``NAME_EPOCH`` where it has epochs; a file can be imported again. netCDF keeps everything.

    Raises
    ------
    ValueError
        If the format is unknown, a package for it is missing, or the path exists (unless
        ``overwrite``) or cannot be written.
    """
    with new_export(path, format_name, FORMATS, overwrite=overwrite) as scratch:
        if format_name == "netcdf":
            _netcdf(table, scratch)
        else:
            frame = columns(table).to_pandas()
            frame.index.name = "arch_key"
            if format_name == "csv":
                frame.to_csv(scratch, lineterminator="\n", encoding="utf-8")
            else:
                frame.to_parquet(scratch)


@contextlib.contextmanager
def new_export(path: str | Path, format_name: str, formats: Sequence[str], *, overwrite: bool) -> Iterator[str]:
    """A path to write a file of one of some formats to, as ``export_table`` does."""
    if format_name not in formats:
        raise ValueError(f"format={format_name!r} must be one of {', '.join(formats)}")
    with new_file(path, overwrite=overwrite) as scratch:
        try:
            yield scratch
        except ImportError as error:
            raise ValueError(
                f"{format_name} needs another package: {error} (pip install 'mfnas-vec[export]')"
            ) from error


def columns(table: xr.Dataset) -> xr.Dataset:
    """A variable per column along architectures, named by their published keys."""
    space = get_space(str(table.attrs["space"]))
    keys = np.array(table["arch_key"].values.tolist() if "arch_key" in table.variables else space.arch_key())
    found = {}
    for name in map(str, table.data_vars):
        variable = table[name]
        if variable.dims == (ARCH,):
            found[name] = variable.values
        elif set(variable.dims) in ({ARCH, EPOCH}, {ARCH, TRIAL}):
            other = EPOCH if EPOCH in variable.dims else TRIAL
            for label in table[other].values.tolist():
                found[f"{name}_{label}"] = variable.sel({other: label}).values
        elif variable.dims == ():
            found[name] = np.full(table.sizes[ARCH], float(variable))
    return xr.Dataset({key: (ARCH, values) for key, values in found.items()}, coords={ARCH: keys})


def _netcdf(table: xr.Dataset, path: str) -> None:
    plain = table.copy()
    if "arch_key" in plain.variables:
        plain["arch_key"] = (ARCH, np.array(plain["arch_key"].values.tolist()), plain["arch_key"].attrs)
    for variable in plain.variables.values():
        variable.encoding = {}
    plain.to_netcdf(path, engine="h5netcdf")
