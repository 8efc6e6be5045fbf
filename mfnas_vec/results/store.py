"""Write results to zarr: the same result gives the same bytes."""

from pathlib import Path

import xarray as xr

from mfnas_vec.results.assemble import TIMING_PREFIX
from mfnas_vec.tables import files

#: Attribute that every result has: stores without it are no results and are never replaced.
MARK = "mfnas_vec_version"


def check_target(path: str | Path, *, overwrite: bool = False) -> None:
    """Refuse a place where no result may be written, before any work is done.

    Raises
    ------
    ValueError
        If the path exists (unless ``overwrite`` and it is a result) or its folder does not.
    """
    files.check_target(path, mark=MARK if overwrite else None)


def write_result(result: xr.Dataset, path: str | Path, *, overwrite: bool = False) -> None:
    """Write a result store; it appears whole or not at all. Timings are left out.

    Raises
    ------
    ValueError
        If the path exists (unless ``overwrite`` and it is a result) or cannot be written.
    """
    kept = {k: v for k, v in result.attrs.items() if not k.startswith(TIMING_PREFIX)}
    result = result.drop_attrs(deep=False).assign_attrs(kept)
    files.write_zarr(result, path, replace=MARK if overwrite else None)
