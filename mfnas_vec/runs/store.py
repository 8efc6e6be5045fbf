"""Write results to zarr: the same result gives the same bytes."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from mfnas_vec._files import check_target as check_path
from mfnas_vec._files import new_folder, write_zarr
from mfnas_vec.runs import conventions
from mfnas_vec.runs.result import TIMING_PREFIX

#: Attribute that every result has: stores without it are no results and are never replaced.
MARK = "mfnas_vec_version"


def check_format(attrs: Mapping[str, Any], place: str) -> None:
    """Refuse results of a version whose results have another form.

    Raises
    ------
    ValueError
        If they do not say that they have this one.
    """
    if attrs.get(conventions.FORMAT) != conventions.FORMAT_NUMBER:
        raise ValueError(
            f"{place} holds results of another version of mfnas_vec, which have another form: make them again with "
            "the same command (run, reproduce or sweep) and another --out; runs repeat exactly"
        )


def check_target(path: str | Path, *, overwrite: bool = False) -> None:
    """Refuse a place where no result may be written, before any work is done.

    Raises
    ------
    ValueError
        If the path exists (unless ``overwrite`` and it is a result) or its folder does not.
    """
    check_path(path, mark=MARK if overwrite else None)


def write_result(result: xr.Dataset, path: str | Path, *, overwrite: bool = False) -> None:
    """Write a result store; it appears whole or not at all. Timings are left out.

    Raises
    ------
    ValueError
        If the path exists (unless ``overwrite`` and it is a result) or cannot be written.
    """
    write_zarr(without_timings(result), path, replace=MARK if overwrite else None)


def without_timings(result: xr.Dataset) -> xr.Dataset:
    """The result without the attributes that differ from one time to the next."""
    kept = {k: v for k, v in result.attrs.items() if not k.startswith(TIMING_PREFIX)}
    return result.drop_attrs(deep=False).assign_attrs(kept)


#: The store of a ``results_folder``; a folder without it is never replaced.
RESULTS = "results.zarr"


@contextlib.contextmanager
def results_folder(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A folder to fill with the store ``RESULTS`` and other files; it appears whole or not at all.

    Raises
    ------
    ValueError
        If the path exists (unless ``overwrite`` and it holds results) or cannot be written.
    """
    with new_folder(path, replace=MARK if overwrite else None, within=RESULTS) as folder:
        yield folder
