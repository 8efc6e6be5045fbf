"""The zarr store of a sweep: a group per problem, filled block by block, in any order.

Every (combination, block of runs) has chunks of its own, so that writers never share one. The
chunk of ``LAST`` is written when all others of its block are: where it is, the block is finished.
Chunks carry checksums, and appear whole or not at all.
"""

import asyncio
import contextlib
import json
import math
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr
import zarr
from zarr.abc.store import Store
from zarr.core.buffer import default_buffer_prototype
from zarr.core.sync import sync
from zarr.storage import FsspecStore, LocalStore

from mfnas_vec.runs.result import RUN_VARIABLES
from mfnas_vec.runs.store import MARK
from mfnas_vec.sweeps.skeleton import (
    COMPLETE,
    CREATING,
    ROOT,
    RUNNING,
    RUNS_PER_CHUNK,
    Skeleton,
    digest_of,
)

#: The variable that is written last.
LAST = "arch"
#: Bytes that are read at once to check them, which is faster than block by block.
CHECKED_AT_ONCE = 1 << 26

#: Files that zarr writes before it renames them.
_SCRATCH = re.compile(r".*\.[0-9a-f]{32}\.partial")

#: Position of a combination, number of a chunk.
Block = tuple[tuple[int, ...], int]


def is_url(path: str) -> bool:
    """Whether a path names a place that fsspec reaches."""
    return "://" in path


def open_store(path: str | Path, options: Mapping[str, Any] | None = None) -> Store:
    """The zarr store at a path or at a URL of fsspec.

    Raises
    ------
    ValueError
        If the URL cannot be reached or its library is not installed.
    """
    text = str(path)
    for scheme in ("file://", "local://"):
        text = text.removeprefix(scheme)
    if not is_url(text):
        return LocalStore(text)
    try:
        return FsspecStore.from_url(text, storage_options=dict(options or {}))
    except Exception as error:  # every file system has errors of its own
        raise ValueError(f"cannot open {text}: {error or type(error).__name__}") from None


async def _collect(names: AsyncIterator[str]) -> list[str]:
    return [name async for name in names]


async def _write_all(arrays: Sequence[tuple[Any, Any]], region: tuple[Any, ...]) -> None:
    """Write the same region of several arrays at once; a failure is raised when all writing has ended."""
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

        They are read without zarr, whose messages on a damaged root do not help.

        Raises
        ------
        ValueError
            If there is something else, or the store is damaged.
        """
        data = self._get(ROOT)
        if data is None:
            return None
        try:
            attrs = dict(json.loads(data).get("attributes", {}))
        except (ValueError, AttributeError, TypeError):
            raise ValueError(f"{self.name} is damaged: its {ROOT} cannot be read") from None
        if MARK not in attrs:
            raise ValueError(f"{self.name} is a zarr store, but holds no results of mfnas_vec: it is left alone")
        return attrs

    def has_anything(self) -> bool:
        """Whether there is anything but scratch files."""
        with self._errors("read"):
            found = sync(_collect(self._store.list_dir("")))
            return any(not _SCRATCH.fullmatch(name) for name in found)

    def create(self, skeleton: Skeleton) -> None:
        """Write everything but the runs; a stop on the way leaves a store that says so."""
        self.repair(skeleton)
        self._set(ROOT, skeleton.roots[RUNNING])

    def begin(self, skeleton: Skeleton) -> None:
        """Write the root of a store that does not exist.

        Raises
        ------
        ValueError
            If another sweep has written its root meanwhile.
        """
        begun = skeleton.roots[CREATING]
        with self._errors("write"):
            sync(self._store.set_if_not_exists(ROOT, default_buffer_prototype().buffer.from_bytes(begun)))
        # A writer of the same sweep may be further on: it writes the same bytes.
        if self._get(ROOT) not in skeleton.roots.values():
            raise ValueError(f"{self.name} is being written by another sweep")

    def repair(self, skeleton: Skeleton) -> None:
        """Write whatever holds no runs and is missing or not as it should be."""
        for key, data in skeleton.files.items():
            if self._get(key) != data:
                self._set(key, data)

    def finish(self, skeleton: Skeleton) -> None:
        """Say that every block is there."""
        self._set(ROOT, skeleton.roots[COMPLETE])

    def _get(self, key: str) -> bytes | None:
        with self._errors("read"):
            found = sync(self._store.get(key, default_buffer_prototype()))
        return None if found is None else found.to_bytes()

    def _set(self, key: str, data: bytes) -> None:
        with self._errors("write"):
            sync(self._store.set(key, default_buffer_prototype().buffer.from_bytes(data)))

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
            # A block of nothing but "none" is a finished block, too.
            self._arrays[key] = opened.with_config({"write_empty_chunks": True})
        return self._arrays[key]

    def finished(self, problem: str) -> set[Block]:
        """(position, number of chunk) of every finished block."""
        keys: set[Block] | None = None
        for name in RUN_VARIABLES:
            prefix = f"{problem}/{name}/c/"
            with self._errors("read"):
                names = sync(_collect(self._store.list_prefix(prefix)))
            found = set()
            for key in names:
                with contextlib.suppress(ValueError):  # scratch files of a killed writer
                    *position, chunk = (int(part) for part in key.removeprefix(prefix).split("/"))
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
            if array.nbytes <= CHECKED_AT_ONCE:
                with contextlib.suppress(Exception):  # which block it is, is found below
                    array[...]
                    continue
            for position, chunk in sorted(blocks):
                start = chunk * RUNS_PER_CHUNK
                try:
                    array[(*position, slice(start, start + RUNS_PER_CHUNK))]
                except Exception as error:  # whatever a decoder says of a broken chunk
                    raise ValueError(
                        f"{self.name} is damaged: {problem}/{name}, chunk {chunk} of {position} cannot be read "
                        f"({str(error).splitlines()[0][:80] if str(error) else type(error).__name__}); "
                        "remove that file, and --resume re-runs it"
                    ) from None

    def check_skeleton(self, problems: Sequence[str], digest: str) -> None:
        """Compare all that holds no runs with the digest that the root records.

        Raises
        ------
        ValueError
            If something is missing, damaged or changed.
        """
        found: dict[str, bytes] = {}
        for problem in problems:
            with self._errors("read"):
                keys = sync(_collect(self._store.list_prefix(f"{problem}/")))
            for key in keys:
                folder = key.removeprefix(f"{problem}/").split("/c/")[0]
                if not _SCRATCH.fullmatch(key) and folder not in RUN_VARIABLES:
                    found[key] = self._get(key) or b""
        if digest_of(found) != digest:
            raise ValueError(
                f"{self.name} is damaged: its metadata or coordinates differ from those written; --resume repairs them"
            )

    def clean(self) -> None:
        """Remove scratch files that killed writers left (local stores)."""
        if isinstance(self._store, LocalStore):
            for file in Path(self._store.root).rglob("*.partial"):
                if _SCRATCH.fullmatch(file.name):
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
            if isinstance(self._store, LocalStore):
                raise
            # Libraries of remote stores have errors of their own, for credentials and the like.
            raise ValueError(f"cannot {doing} {self.name}: {_line(error) or type(error).__name__}") from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]


def n_chunk(n_run: int) -> int:
    """Chunks of a combination's runs."""
    return math.ceil(n_run / RUNS_PER_CHUNK)


def open_tree(store: Store) -> xr.DataTree:
    """The results of a sweep, lazily."""
    tree: xr.DataTree = xr.open_datatree(store, engine="zarr", chunks=None)  # type: ignore[arg-type]
    return tree
