"""Spaces whose row map is enumerated once and kept in a store next to the tables."""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from mfnas_vec._embedded import embedded_folder
from mfnas_vec.spaces.arrays import IntArray
from mfnas_vec.spaces.base import SearchSpace


def read_space(name: str, *arrays: str) -> list[npt.NDArray[Any]]:
    """Arrays of a space's store; a ValueError if it is missing or damaged."""
    import zarr

    path = embedded_folder() / f"{name}-space.zarr"
    try:
        group = zarr.open_group(path, mode="r", zarr_format=3)
        return [np.asarray(group[array]) for array in arrays]
    except Exception as error:  # zarr and its codecs raise many types for a damaged store
        raise ValueError(f"cannot read the space {name!r} from {path}: {error}; reinstall the package") from error


class StoredSpace(SearchSpace):
    """A space that names its architectures by MD5 hashes; these and a code of each are in its store."""

    @functools.cached_property
    def arch_code(self) -> IntArray:
        """A code of each architecture, shape ``(n_arch,)``."""
        (code,) = read_space(self.name, "arch_code")
        return code.astype(np.int64)

    def arch_key(self) -> list[str]:
        """MD5 hashes in row order, which is their alphabetical order."""
        (digests,) = read_space(self.name, "hash")
        text = digests.tobytes().hex()
        return [text[i : i + 32] for i in range(0, len(text), 32)]
