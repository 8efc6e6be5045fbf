"""The results of a sweep in memory: the variables and attributes that its store would have."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec.runs.result import RUN, RUN_VARIABLES
from mfnas_vec.sweeps.skeleton import COMPLETE, RUN_INDEX, STATE, Group


def _decoded(dtype: str) -> str:
    """The type that readers of a store give numbers that may be missing."""
    return dtype if dtype.startswith("float") else "float32" if np.dtype(dtype).itemsize <= 2 else "float64"


class MemoryResults:
    """Arrays over runs, to be filled block by block; NaN where nothing is."""

    def __init__(self, attrs: Mapping[str, Any], groups: Mapping[str, Group]) -> None:
        self._attrs, self._groups = attrs, groups
        self._arrays = {
            problem: {
                name: np.full((*group.template["exists"].shape, group.n_run), np.nan, _decoded(dtype))
                for name, (_, dtype, _) in RUN_VARIABLES.items()
            }
            for problem, group in groups.items()
        }

    def write(self, problem: str, position: tuple[int, ...], start: int, arrays: Mapping[str, Any]) -> None:
        """Write runs from ``start`` on of one combination."""
        for name, values in arrays.items():
            known = np.where(values == RUN_VARIABLES[name][2], np.nan, values)
            self._arrays[problem][name][position][start : start + len(values)] = known

    def tree(self) -> xr.DataTree:
        """The results, a node per problem."""
        root = xr.Dataset(attrs={**self._attrs, STATE: COMPLETE})
        return xr.DataTree.from_dict({"/": root, **{problem: self._dataset(problem) for problem in self._groups}})

    def _dataset(self, problem: str) -> xr.Dataset:
        group = self._groups[problem]
        dims = group.template["exists"].dims
        runs = {}
        for name, (over, dtype, fill) in RUN_VARIABLES.items():
            # As read from a store, so that it is written as there.
            stored = {} if dtype.startswith("float") else {"dtype": np.dtype(dtype), "_FillValue": int(fill)}
            runs[name] = xr.Variable(
                (*dims, *over), self._arrays[problem][name], dict(group.run_attrs[name]), encoding=stored
            )
        index = {RUN: (RUN, np.arange(group.n_run), RUN_INDEX)}
        return group.template.assign(runs).assign_coords(index)
