"""The zarr store of a sweep: a group per problem, filled block by block, in any order.

Every (combination, block of runs) has chunks of its own, so that writers never share one. The
chunk of ``LAST`` is written when all others of its block are: where it is, the block is finished.
Chunks carry checksums, and appear whole or not at all.
"""

import asyncio
import contextlib
import math
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
import zarr
from zarr.abc.store import Store
from zarr.codecs import ZstdCodec
from zarr.core.sync import sync
from zarr.storage import FsspecStore, LocalStore, MemoryStore

from mfnas_vec.results.assemble import RUN, RUN_VARIABLES
from mfnas_vec.results.store import MARK

#: Runs per chunk.
RUNS_PER_CHUNK = 8192
#: Run indices per chunk.
INDEX_CHUNK = 1 << 20
#: The variable that is written last.
LAST = "arch"
#: Object that tells who writes, in places without locks of their own.
LOCK = "writer.lock"
#: Attribute of the root: how far the store is.
STATE = "state"
CREATING, RUNNING, COMPLETE = "creating", "running", "complete"

Block = tuple[tuple[int, ...], int]


class Group(NamedTuple):
    """What a problem's group holds before any run."""

    #: Coordinates, what is known of each combination, and attributes.
    template: xr.Dataset
    #: Attributes of the variables over runs.
    run_attrs: Mapping[str, Mapping[str, Any]]
    n_gene: int
    n_run: int


def is_url(path: str) -> bool:
    """Whether a path names a place that fsspec reaches."""
    return "://" in path


def open_store(path: str | Path | None, options: Mapping[str, Any] | None = None) -> Store:
    """The zarr store at a path, at a URL of fsspec, or (``None``) in memory.

    Raises
    ------
    ValueError
        If the URL cannot be reached or its library is not installed.
    """
    if path is None:
        return MemoryStore()
    text = str(path)
    if text.startswith("file://"):
        text = text.removeprefix("file://")
    if not is_url(text):
        return LocalStore(text)
    try:
        return FsspecStore.from_url(text, storage_options=dict(options or {}))
    except (ImportError, ValueError) as error:
        raise ValueError(f"cannot open {text}: {error}") from None


async def _collect(names: AsyncIterator[str]) -> list[str]:
    return [name async for name in names]


async def _write_all(arrays: Sequence[tuple[Any, Any]], region: tuple[Any, ...]) -> None:
    """Write the same region of several arrays at once; a failure is told when all writing has ended."""
    writing = [array.async_array.setitem(region, values) for array, values in arrays]
    for outcome in await asyncio.gather(*writing, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


class GridStore:
    """A sweep's store, for writing blocks and looking which are there."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._arrays: dict[tuple[str, str], Any] = {}
        #: How messages call it.
        self.name = name

    def attributes(self) -> dict[str, Any] | None:
        """Attributes of the root; ``None`` if there is no store.

        Raises
        ------
        ValueError
            If there is something else, or the store is damaged.
        """
        with self._errors("read"):
            try:
                root = zarr.open_group(self._store, mode="r", zarr_format=3, use_consolidated=False)
            except FileNotFoundError:
                return None
            attrs = dict(root.attrs)
        if STATE not in attrs or MARK not in attrs:
            raise ValueError(f"{self.name} exists already and is no sweep's store, so it is left alone")
        return attrs

    def has_anything(self) -> bool:
        """Whether there is anything but a writer's lock and scratch files."""
        with self._errors("read"):
            found = set(sync(_collect(self._store.list_dir("")))) - {LOCK}
            return any(not name.endswith(".partial") for name in found)

    def create(self, attrs: Mapping[str, Any], groups: Mapping[str, Group]) -> None:
        """Write everything but the runs; a stop on the way leaves a store that says so."""
        with self._errors("write"), _quiet():
            # Never "overwrite": that removes the folder which the writer's lock is on.
            root = zarr.open_group(self._store, mode="a", zarr_format=3, use_consolidated=False)
            root.update_attributes({**attrs, STATE: CREATING})
            for problem, group in groups.items():
                self._create_group(problem, group)
            self._set_state(root, RUNNING)

    def finish(self) -> None:
        """Say that every block is there."""
        with self._errors("write"), _quiet():
            self._set_state(zarr.open_group(self._store, mode="r+", use_consolidated=False), COMPLETE)

    def _set_state(self, root: zarr.Group, state: str) -> None:
        root.update_attributes({STATE: state})
        zarr.consolidate_metadata(self._store)

    def _create_group(self, problem: str, group: Group) -> None:
        template, n_run = group.template, group.n_run
        template.to_zarr(self._store, group=problem, mode="w", zarr_format=3, consolidated=False)
        folder = zarr.open_group(self._store, path=problem, mode="r+", use_consolidated=False)
        shape = tuple(template["exists"].shape)
        sizes = {RUN: n_run, "gene": group.n_gene}
        chunk = min(n_run, RUNS_PER_CHUNK)
        for name, (dims, dtype, fill) in RUN_VARIABLES.items():
            folder.create_array(
                name,
                shape=(*shape, *(sizes[dim] for dim in dims)),
                chunks=(*(1 for _ in shape), *({RUN: chunk}.get(dim, sizes[dim]) for dim in dims)),
                dtype=dtype,
                fill_value=fill,
                dimension_names=(*map(str, template["exists"].dims), *dims),
                compressors=ZstdCodec(level=3, checksum=True),
                attributes=dict(group.run_attrs[name]),
                # A block of nothing but "none" is a finished block, too.
                config={"write_empty_chunks": True},
            )
        index = folder.create_array(
            RUN,
            shape=(n_run,),
            chunks=(min(n_run, INDEX_CHUNK),),
            dtype="int64",
            dimension_names=(RUN,),
            attributes={"long_name": "run index of the seed"},
        )
        for start in range(0, n_run, INDEX_CHUNK):
            index[start : start + INDEX_CHUNK] = np.arange(start, min(start + INDEX_CHUNK, n_run))

    def write(self, problem: str, position: tuple[int, ...], start: int, arrays: Mapping[str, Any]) -> None:
        """Write runs from ``start`` on, a multiple of ``RUNS_PER_CHUNK``, of one combination."""
        with self._errors("write"):
            region = (*position, slice(start, start + len(arrays[LAST])))
            others = [(self._array(problem, name), arrays[name]) for name in RUN_VARIABLES if name != LAST]
            sync(_write_all(others, region))
            self._array(problem, LAST)[region] = arrays[LAST]

    def _array(self, problem: str, name: str) -> Any:
        key = problem, name
        if key not in self._arrays:
            opened = zarr.open_array(self._store, path=f"{problem}/{name}", mode="r+")
            self._arrays[key] = opened.with_config({"write_empty_chunks": True})
        return self._arrays[key]

    def finished(self, problem: str) -> set[Block]:
        """(position, number of chunk) of every finished block."""
        keys: set[Block] | None = None
        for name, (dims, _, _) in RUN_VARIABLES.items():
            prefix = f"{problem}/{name}/c/"
            with self._errors("read"):
                names = sync(_collect(self._store.list_prefix(prefix)))
            found = set()
            for key in names:
                with contextlib.suppress(ValueError):  # scratch files of a killed writer
                    *position, chunk = (int(part) for part in key.removeprefix(prefix).split("/"))
                    if len(dims) > 1:
                        chunk, position = position[-1], position[:-1]
                    found.add((tuple(position), chunk))
            keys = found if keys is None else keys & found
        return keys or set()

    def check(self, problem: str, blocks: set[Block]) -> None:
        """Read every finished block.

        Raises
        ------
        ValueError
            If one is damaged.
        """
        for name in RUN_VARIABLES:
            with self._errors("read"):
                array = self._array(problem, name)
            for position, chunk in sorted(blocks):
                start = chunk * RUNS_PER_CHUNK
                try:
                    array[(*position, slice(start, start + RUNS_PER_CHUNK))]
                except Exception as error:  # whatever a decoder says of a broken chunk
                    raise ValueError(
                        f"{self.name} is damaged: {problem}/{name}, chunk {chunk} of {position} cannot be read "
                        f"({str(error).splitlines()[0][:80] if str(error) else type(error).__name__}); "
                        "remove that file, and --resume makes it anew"
                    ) from None

    def mend(self, problem: str, group: Group) -> None:
        """Write anew what holds no runs, where somebody removed or changed it."""
        with self._errors("write"), _quiet():
            if not all(
                self._is_there(f"{problem}/{name}", wanted.values) for name, wanted in group.template.coords.items()
            ):
                group.template.to_zarr(self._store, group=problem, mode="a", zarr_format=3, consolidated=False)
            index = zarr.open_array(self._store, path=f"{problem}/{RUN}", mode="r+")
            for start in range(0, group.n_run, INDEX_CHUNK):
                stop = min(start + INDEX_CHUNK, group.n_run)
                if not self._is_there(f"{problem}/{RUN}", np.arange(start, stop), slice(start, stop)):
                    index[start:stop] = np.arange(start, stop)

    def _is_there(self, path: str, values: np.ndarray[Any, Any], part: Any = ...) -> bool:
        try:
            return bool(np.array_equal(zarr.open_array(self._store, path=path, mode="r")[part], values))
        except Exception:  # whatever a decoder says of a broken chunk
            return False

    def clean(self) -> None:
        """Remove scratch files that killed writers left (local stores)."""
        if isinstance(self._store, LocalStore):
            for file in Path(self._store.root).rglob("*.partial"):
                file.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise ValueError(f"cannot {doing} {self.name}: {_line(error)}") from error
        except OSError as error:
            raise ValueError(f"cannot {doing} {self.name}: {error.strerror or _line(error)}") from error
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{self.name} is damaged: {type(error).__name__} {_line(error)}") from error
        except Exception as error:
            if isinstance(self._store, (LocalStore, MemoryStore)):
                raise
            # Libraries of remote stores have errors of their own, for credentials and the like.
            raise ValueError(f"cannot {doing} {self.name}: {_line(error) or type(error).__name__}") from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        # Neither consolidated metadata nor variable-length strings are in the text of zarr v3 yet.
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        warnings.filterwarnings("ignore", message=f"Object at {LOCK} is not recognized")
        warnings.filterwarnings("ignore", message="The data type .* does not have a Zarr V3 specification")
        yield


def n_chunk(n_run: int) -> int:
    """Chunks of a combination's runs."""
    return math.ceil(n_run / RUNS_PER_CHUNK)


def open_tree(store: Store) -> xr.DataTree:
    """The results of a sweep, lazily."""
    tree: xr.DataTree = xr.open_datatree(store, engine="zarr", chunks=None)  # type: ignore[arg-type]
    return tree
