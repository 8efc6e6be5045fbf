"""Missing numbers, and the genotypes of runs, whose results hold one code each."""

from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec.spaces import get_space
from mfnas_vec.tables.schema import GENE


def with_nan(values: np.ndarray[Any, Any], missing: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The values; as floats with NaN in place of missing ones, if there are any."""
    return np.where(missing, np.nan, values) if missing.any() else values


def genotypes(result: xr.Dataset) -> xr.DataArray:
    """The genotypes that runs found.

    Parameters
    ----------
    result
        Of ``run``, or a problem's node of ``sweep`` and ``reproduce``.

    Returns
    -------
    xarray.DataArray
        The dimensions of ``code`` and ``gene``: a number per gene, NaN where a run found no
        architecture.

    Raises
    ------
    ValueError
        If the result names no known space.
    """
    code = result["code"]
    known = code.notnull().values
    genes = get_space(str(result.attrs.get("space", ""))).decode(np.where(known, code.values, 0).astype(np.int64))
    values = with_nan(genes, np.broadcast_to(~known[..., None], genes.shape))
    return xr.DataArray(values, coords=code.coords, dims=(*code.dims, GENE), attrs={"long_name": "genotype found"})
