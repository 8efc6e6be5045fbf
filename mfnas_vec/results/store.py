"""Write results to zarr: the same result gives the same bytes."""

from pathlib import Path

import xarray as xr

from mfnas_vec.results.assemble import TIMING_PREFIX
from mfnas_vec.tables.files import check_target, write_zarr

__all__ = ["check_target", "write_result"]


def write_result(result: xr.Dataset, path: str | Path, *, overwrite: bool = False) -> None:
    """Write a result store; it appears whole or not at all. Timings are left out.

    Raises
    ------
    ValueError
        If the path exists (unless ``overwrite`` and it is a zarr store) or cannot be written.
    """
    kept = {k: v for k, v in result.attrs.items() if not k.startswith(TIMING_PREFIX)}
    write_zarr(result.drop_attrs(deep=False).assign_attrs(kept), path, overwrite=overwrite)
