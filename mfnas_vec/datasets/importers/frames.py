"""User files as data frames, with a bound on their size that is checked before anything is read.

Parquet, netCDF and zarr are opened by their libraries. The HDF5 library may hang or crash on a damaged
netCDF file, and nothing in the same process can stop it: it runs in a child process with a time limit.
"""

import csv
import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mfnas_vec._files import read_zarr
from mfnas_vec.datasets.readers.files import read_bytes

#: Columns that may name architectures, in order of preference.
KEYS = ("genotype", "arch", "arch_str", "arch_key", "hash", "key", "architecture")
MAX_ROW, MAX_COLUMN, MAX_CELL = 5_000_000, 5_000, 50_000_000
#: Bytes of an unpacked CSV file, and of the data in other formats.
MAX_DATA = 2**30
#: Seconds that reading a netCDF file may take, and bytes for which another second is allowed.
NETCDF_SECONDS, NETCDF_SPEED = 60, 2**22
_UNNAMED = re.compile(r"(Unnamed: \d+(\.\d+)?|__index_level_\d+__|)")


def read_frame(path: Path) -> pd.DataFrame:
    """Rows of a file, in the format of its suffix; CSV as text.

    Raises
    ------
    ValueError
        If the file cannot be read, is too large, or has two columns of one name.
    """
    suffixes = {s.lower() for s in path.suffixes}
    try:
        if ".parquet" in suffixes:
            return _read_parquet(path)
        if path.is_dir():
            return _read_xarray(read_zarr(path))
        if ".nc" in suffixes:
            return _read_netcdf(path)
        return _read_csv(read_bytes(path, limit=MAX_DATA))
    except Exception as error:  # readers raise many types
        raise ValueError(str(error) if str(path) in str(error) else f"cannot read {path}: {error}") from error


def _check_size(n_row: int, n_column: int, size: int = 0) -> None:
    if n_row > MAX_ROW or n_column > MAX_COLUMN or n_row * n_column > MAX_CELL:
        raise ValueError(
            f"it has {n_row:,} rows and {n_column:,} columns; at most {MAX_ROW:,} and {MAX_COLUMN:,} are read, "
            f"{MAX_CELL:,} cells in all"
        )
    if size > MAX_DATA:
        raise ValueError(f"it holds {size:,} bytes; at most {MAX_DATA:,} are read")


def _check_names(names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen and not _UNNAMED.fullmatch(name):
            raise ValueError(f"two columns are called {name!r:.60}")
        seen.add(name)


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Without unnamed columns, which pandas writes for an index."""
    return frame[[c for c in frame.columns if not _UNNAMED.fullmatch(str(c))]]


def _read_csv(data: bytes) -> pd.DataFrame:
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
    header = next((line for line in csv.reader(text) if line), [])
    _check_names(header)
    # Cells are counted by their separators: a file of separators takes much more memory than its size.
    n_cell = data.count(b",") + data.count(b"\n") + data.count(b"\r")
    if len(header) > MAX_COLUMN or n_cell > MAX_CELL:
        _check_size(-(-n_cell // max(1, len(header))), max(1, len(header)))
        raise ValueError(f"it has {n_cell:,} cells; at most {MAX_CELL:,} are read")
    frame = pd.read_csv(io.BytesIO(data), dtype=str, nrows=MAX_ROW + 1, encoding="utf-8")
    _check_size(len(frame), 1)
    if not isinstance(frame.index, pd.RangeIndex):
        raise ValueError("its rows have more cells than its header has names")
    return _named(frame)


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        facts, schema = file.metadata, file.schema_arrow
        size = sum(facts.row_group(i).total_byte_size for i in range(facts.num_row_groups))
        _check_size(facts.num_rows, facts.num_columns, size)
        _check_names(schema.names)
        text = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
        plain = [f.name for f in schema if pa.types.is_primitive(f.type) and not pa.types.is_temporal(f.type)]
    # Text is kept as a dictionary: a small file may repeat a long text in all rows.
    with pq.ParquetFile(path, read_dictionary=text) as file:
        return _named(file.read(columns=[*text, *plain]).to_pandas(ignore_metadata=True))


def _read_netcdf(path: Path) -> pd.DataFrame:
    limit = NETCDF_SECONDS + path.stat().st_size / NETCDF_SPEED
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "frame.parquet"
        child = [sys.executable, "-c", f"from {__name__} import netcdf_child; netcdf_child()"]
        child += [str(path), str(out)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(p or os.curdir for p in sys.path)}
        try:
            done = subprocess.run(child, capture_output=True, text=True, env=environment, timeout=limit)
        except subprocess.TimeoutExpired:
            raise ValueError(f"not read within {limit:.0f} s: it is damaged or not a netCDF file") from None
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            raise ValueError(lines[-1][:300] if lines and done.returncode > 0 else "reading it crashed: it is damaged")
        return pd.read_parquet(out)


def netcdf_child() -> None:
    """In the child process: read a netCDF file, write its frame. The arguments are the paths of both."""
    path, out = sys.argv[1:]
    try:
        frame = _read_xarray(xr.open_dataset(path))
    except Exception as error:  # readers raise many types
        raise SystemExit(" ".join(f"{error}".split()) or type(error).__name__) from None
    frame.to_parquet(out)


def _read_xarray(data: xr.Dataset) -> pd.DataFrame:
    """Variables along the dimension of architectures, a column for each (and each epoch)."""
    with data:
        key = next((k for k in ("arch_key", *KEYS) if k in data.variables and data[k].ndim == 1), None)
        if key is None:
            raise ValueError(f"it has no variable of one dimension that names architectures: {', '.join(KEYS)}")
        dim = data[key].dims[0]
        curves, scores = [], []
        for name in map(str, data.data_vars):
            variable = data[name]
            if name == key or not np.issubdtype(variable.dtype, np.number) or dim not in variable.dims:
                continue
            if variable.ndim == 1:
                scores.append(name)
            elif variable.ndim == 2 and "epoch" in variable.dims:
                curves.append(name)
        n_column = 1 + len(scores) + data.sizes.get("epoch", 0) * len(curves)
        _check_size(data.sizes[dim], n_column, sum(data[name].nbytes for name in (key, *scores, *curves)))
        epochs = data["epoch"].values.tolist() if curves else []
        _check_names(["key", *scores, *(f"{name}_{epoch}" for name in curves for epoch in epochs)])
        columns: dict[str, Any] = {"key": [str(v) for v in data[key].values.tolist()]}
        columns |= {name: data[name].values for name in scores}
        for name in curves:
            values = data[name].transpose("epoch", dim).values
            columns |= {f"{name}_{epoch}": values[i] for i, epoch in enumerate(epochs)}
        return pd.DataFrame(columns)
