"""Write results to zarr: the same result gives the same bytes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from mfnas_vec import _files
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
    _files.check_target(path, mark=MARK if overwrite else None)


def write_result(result: xr.Dataset, path: str | Path, *, overwrite: bool = False) -> None:
    """Write a result store; it appears whole or not at all. Timings are left out.

    Raises
    ------
    ValueError
        If the path exists (unless ``overwrite`` and it is a result) or cannot be written.
    """
    _files.write_zarr(without_timings(result), path, replace=MARK if overwrite else None)


def without_timings(result: xr.Dataset) -> xr.Dataset:
    """The result without the attributes that differ from one time to the next."""
    kept = {k: v for k, v in result.attrs.items() if not k.startswith(TIMING_PREFIX)}
    return result.drop_attrs(deep=False).assign_attrs(kept)


#: The store of a folder that ``write_results`` writes; a folder without it is never replaced.
RESULTS = "results.zarr"


def check_folder(path: str | Path, *, overwrite: bool = False) -> None:
    """Refuse a folder where ``write_results`` may not write, before any work is done.

    Raises
    ------
    ValueError
        If the path exists (unless ``overwrite`` and it holds results) or its folder does not.
    """
    _files.check_target(path, mark=MARK if overwrite else None, within=RESULTS)


def write_results(
    results: Mapping[str, xr.Dataset], texts: Mapping[str, str], path: str | Path, *, overwrite: bool = False
) -> None:
    """Write a folder: ``results.zarr``, a group per problem, and text files by name.

    It appears whole or not at all. Timings are left out.

    Raises
    ------
    ValueError
        If the path exists (unless ``overwrite`` and it holds results) or cannot be written.
    """
    groups = {name: without_timings(result) for name, result in results.items()}
    version = next(iter(groups.values())).attrs[MARK]
    with _files.new_folder(path, replace=MARK if overwrite else None, within=RESULTS) as folder:
        about: dict[str, Any] = {
            conventions.FORMAT: conventions.FORMAT_NUMBER,
            "title": "The published grid of searches, run anew",
            conventions.DESCRIPTION: conventions.TREE,
        }
        _files.write_tree(groups, {MARK: version, **about}, folder / RESULTS)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
