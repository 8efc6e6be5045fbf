"""Where embedded tables are written, shared by the build scripts."""

import shutil
from pathlib import Path

import xarray as xr

from mfnas_vec._files import write_zarr
from mfnas_vec.tables.encoding import store_encoding

FOLDER = Path(__file__).parents[1]


def write_table(table: xr.Dataset, name: str, scales: dict[str, tuple[str, float]]) -> None:
    """Write an embedded table, replacing an earlier one."""
    path = FOLDER / f"{name}.zarr"
    if path.exists():
        shutil.rmtree(path)
    write_zarr(table, path, encoding=store_encoding(table, scales, level=19))
