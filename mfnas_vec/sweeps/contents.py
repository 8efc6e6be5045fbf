"""Contents of a result store, and whether it is complete."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr

from mfnas_vec._files import read_zarr
from mfnas_vec.runs.result import RUN
from mfnas_vec.runs.store import RESULTS, check_format
from mfnas_vec.sweeps.skeleton import COMPLETE, CREATING, SKELETON, STATE
from mfnas_vec.sweeps.store import CHECKED_AT_ONCE, GridStore, is_url, n_chunk, open_store, open_tree


class Part(NamedTuple):
    """The results on one problem."""

    problem: str
    #: All results; large ones are opened lazily.
    dataset: xr.Dataset
    n_cell: int
    n_run: int
    #: Finished blocks and all blocks; equal for results written at once.
    n_finished: int
    n_block: int


class Contents(NamedTuple):
    """Contents of a result store."""

    kind: str
    attrs: dict[str, Any]
    parts: list[Part]

    @property
    def complete(self) -> bool:
        """Whether all runs are finished."""
        whole = all(part.n_finished == part.n_block for part in self.parts)
        return whole and self.attrs.get(STATE, COMPLETE) == COMPLETE


def read_contents(path: str | Path, options: Mapping[str, Any] | None = None) -> Contents:
    """Contents of a result store of ``run``, ``sweep`` or ``reproduce``; the blocks of a sweep are checked.

    Raises
    ------
    ValueError
        If there is no result store, or it is damaged.
    """
    if not is_url(str(path)) and not Path(path).is_dir():
        what = "it is a file" if Path(path).exists() else "it does not exist"
        raise ValueError(f"{path}: no result store: {what}; run, reproduce and sweep write one with --out")
    if not is_url(str(path)) and (Path(path) / RESULTS).is_dir():
        path = Path(path) / RESULTS
    place = open_store(path, options)
    store = GridStore(place, str(path))
    root = store.attributes()
    if root is None:
        raise ValueError(f"{path}: no result store")
    check_format(root, str(path))
    if root.get(STATE) == CREATING:
        return Contents("sweep", root, [])
    if STATE in root:
        store.check_skeleton(root["problems"], root[SKELETON])
    elif "optimizer" not in root:
        raise ValueError(
            f"{path} is a store of reproduce as earlier versions of mfnas_vec wrote it: re-run mfnas reproduce "
            "with another --out; runs repeat exactly"
        )
    try:
        if STATE in root:
            return _sweep(store, open_tree(place), root)
        return Contents("run", root, [_whole(str(root.get("problem", "")), read_zarr(Path(path)))])
    except ValueError:
        raise
    except Exception as error:  # zarr and its codecs raise many types
        raise ValueError(f"{path} cannot be read: {' '.join(str(error).split())[:200]}") from None


def _whole(problem: str, result: xr.Dataset) -> Part:
    n_cell = result["arch"].size // max(1, result.sizes[RUN])
    return Part(problem, result, n_cell, result.sizes[RUN], n_cell, n_cell)


def _sweep(store: GridStore, tree: xr.DataTree, root: dict[str, Any]) -> Contents:
    parts = []
    for problem in root["problems"]:
        dataset = tree[problem].to_dataset()
        n_cell, n_run = int(dataset["exists"].sum()), int(root["n_run"])
        finished = store.finished(problem)
        checked = False
        if dataset.nbytes <= CHECKED_AT_ONCE:
            with contextlib.suppress(Exception):  # which finished block it is, if it is one, is found below
                dataset.load()
                checked = True
        if not checked:
            store.check(problem, finished)
        parts.append(Part(problem, dataset, n_cell, n_run, len(finished), n_cell * n_chunk(n_run)))
    return Contents("sweep", root, parts)
