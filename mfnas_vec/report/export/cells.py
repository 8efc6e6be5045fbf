"""The combinations of results, one by one, as every export needs them."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from mfnas_vec.analysis.searches import label_of
from mfnas_vec.analysis.statistics import leading_dims, present
from mfnas_vec.tables.provenance import UNSTATED

#: Results by problem.
Results = Mapping[str, xr.Dataset]


def cells_of(result: xr.Dataset) -> Iterator[tuple[str, xr.Dataset]]:
    """Label and runs of each combination that exists."""
    dims = leading_dims(result)
    if not dims:
        yield str(result.attrs["optimizer"]), result
        return
    exists = present(result).transpose(*dims).values
    for at in zip(*np.nonzero(exists), strict=True):
        place = dict(zip(dims, map(int, at), strict=True))
        yield label_of(result, place, exists), result.isel(place)


def stated(cell: xr.Dataset, coordinate: str, variable: str, attribute: str) -> str:
    """A fact that a sweep keeps in a coordinate, and ``run`` in an attribute of a variable."""
    if coordinate in cell.coords:
        return str(cell[coordinate].item())
    return str(cell[variable].attrs.get(attribute, UNSTATED))
