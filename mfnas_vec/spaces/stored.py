"""Spaces whose row map is enumerated once and kept in a store next to the tables."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mfnas_vec._embedded import embedded_folder


def space_store(name: str) -> Path:
    """Path of the store of a space."""
    return embedded_folder() / f"{name}-space.zarr"


def read_space(name: str, *arrays: str) -> list[npt.NDArray[Any]]:
    """Arrays of a space's store.

    Raises
    ------
    ValueError
        If the store is missing or damaged.
    """
    import zarr

    path = space_store(name)
    try:
        group = zarr.open_group(path, mode="r", zarr_format=3)
        return [np.asarray(group[array]) for array in arrays]
    except Exception as error:  # zarr and its codecs raise many types for a damaged store
        raise ValueError(f"cannot read the space {name!r} from {path}: {error}; reinstall the package") from error
