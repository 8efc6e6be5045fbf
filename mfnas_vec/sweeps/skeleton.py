"""Everything of a sweep's store but its runs, made in memory: the same sweep has the same bytes anywhere."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
import zarr
from zarr.abc.store import Store
from zarr.codecs import ZstdCodec
from zarr.storage import MemoryStore

from mfnas_vec._files import quiet_zarr
from mfnas_vec.runs.result import RUN, RUN_VARIABLES

#: Runs per chunk.
RUNS_PER_CHUNK = 8192
#: Run indices per chunk.
INDEX_CHUNK = 1 << 20
#: Attributes of the run indices.
RUN_INDEX: dict[str, Any] = {"long_name": "run index of the seed"}
#: The root's metadata, which says what the store is.
ROOT = "zarr.json"
#: Attribute of the root: digest of everything else that holds no runs.
SKELETON = "skeleton_digest"
#: Attribute of the root: how far the store is.
STATE = "state"
CREATING, RUNNING, COMPLETE = "creating", "running", "complete"


class Group(NamedTuple):
    """What a problem's group holds before any run."""

    #: Coordinates, what is known of each combination, and attributes.
    template: xr.Dataset
    #: Attributes of the variables over runs.
    run_attrs: Mapping[str, Mapping[str, Any]]
    n_run: int


class Skeleton(NamedTuple):
    """Everything of a store but the blocks of runs, as the bytes it is on any disk."""

    #: The root by state.
    roots: dict[str, bytes]
    #: All else by key.
    files: dict[str, bytes]


def make_skeleton(attrs: Mapping[str, Any], groups: Mapping[str, Group]) -> Skeleton:
    """Make everything of a store but the blocks of runs, in memory."""
    made: dict[str, Any] = {}
    store = MemoryStore(store_dict=made)
    with quiet_zarr():
        root = zarr.create_group(store, zarr_format=3)
        for problem, group in groups.items():
            _create_group(store, problem, group)
        files = {key: made[key].to_bytes() for key in sorted(made) if key != ROOT}
        roots = {}
        for state in (CREATING, RUNNING, COMPLETE):
            root.update_attributes({**attrs, SKELETON: digest_of(files), STATE: state})
            zarr.consolidate_metadata(store)
            roots[state] = made[ROOT].to_bytes()
    return Skeleton(roots, files)


def digest_of(files: Mapping[str, bytes]) -> str:
    """Digest of files by key."""
    digest = hashlib.sha256()
    for key in sorted(files):
        digest.update(f"{key}\0{len(files[key])}\0".encode())
        digest.update(files[key])
    return digest.hexdigest()[:32]


def stored_attrs(group: Group, name: str) -> dict[str, Any]:
    """Attributes of a variable over runs, as stores have them."""
    _, dtype, fill = RUN_VARIABLES[name]
    # Readers take a whole number that has the fill value for missing: NaN.
    return dict(group.run_attrs[name]) | ({} if dtype.startswith("float") else {"_FillValue": int(fill)})


def _create_group(store: Store, problem: str, group: Group) -> None:
    template, n_run = group.template, group.n_run
    template.to_zarr(store, group=problem, mode="w", zarr_format=3, consolidated=False)
    folder = zarr.open_group(store, path=problem, mode="r+", use_consolidated=False)
    shape = tuple(template["exists"].shape)
    chunk = min(n_run, RUNS_PER_CHUNK)
    for name, (dims, dtype, fill) in RUN_VARIABLES.items():
        folder.create_array(
            name,
            shape=(*shape, n_run),
            chunks=(*(1 for _ in shape), chunk),
            dtype=dtype,
            fill_value=fill,
            dimension_names=(*map(str, template["exists"].dims), *dims),
            compressors=ZstdCodec(level=3, checksum=True),
            attributes=stored_attrs(group, name),
        )
    index = folder.create_array(
        RUN,
        shape=(n_run,),
        chunks=(min(n_run, INDEX_CHUNK),),
        dtype="int64",
        dimension_names=(RUN,),
        attributes=RUN_INDEX,
    )
    for start in range(0, n_run, INDEX_CHUNK):
        index[start : start + INDEX_CHUNK] = np.arange(start, min(start + INDEX_CHUNK, n_run))
