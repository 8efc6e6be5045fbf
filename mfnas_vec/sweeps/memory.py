"""The results of a sweep in memory: the variables and attributes that its store would have."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec.runs.result import RUN, RUN_VARIABLES
from mfnas_vec.sweeps.skeleton import COMPLETE, RUN_INDEX, STATE, Group, stored_attrs


class MemoryResults:
    """Arrays over runs, to be filled block by block."""

    def __init__(self, attrs: Mapping[str, Any], groups: Mapping[str, Group]) -> None:
        self._attrs, self._groups = attrs, groups
        self._arrays = {
            problem: {
                name: np.full((*group.template["exists"].shape, group.n_run), fill, dtype)
                for name, (_, dtype, fill) in RUN_VARIABLES.items()
            }
            for problem, group in groups.items()
        }

    def write(self, problem: str, position: tuple[int, ...], start: int, arrays: Mapping[str, Any]) -> None:
        """Write runs from ``start`` on of one combination."""
        for name, values in arrays.items():
            self._arrays[problem][name][position][start : start + len(values)] = values

    def tree(self) -> xr.DataTree:
        """The results, a node per problem."""
        root = xr.Dataset(attrs={**self._attrs, STATE: COMPLETE})
        return xr.DataTree.from_dict({"/": root, **{problem: self._dataset(problem) for problem in self._groups}})

    def _dataset(self, problem: str) -> xr.Dataset:
        group = self._groups[problem]
        dims = group.template["exists"].dims
        runs = {
            name: ((*dims, *over), self._arrays[problem][name], stored_attrs(group, name))
            for name, (over, _, _) in RUN_VARIABLES.items()
        }
        index = {RUN: (RUN, np.arange(group.n_run), RUN_INDEX)}
        return xr.decode_cf(group.template.assign(runs).assign_coords(index)).load()
