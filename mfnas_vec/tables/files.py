"""Zarr stores on disk: written whole or not at all, digested."""

import contextlib
import hashlib
import json
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import xarray as xr

_METADATA = "zarr.json"


def check_target(path: str | Path, *, mark: str | None = None, within: str = "") -> None:
    """Refuse a place where no store may be written.

    Raises
    ------
    ValueError
        If the path exists, unless it (or ``within`` it) is a zarr store with the attribute
        ``mark``; or if its folder does not exist.
    """
    path = Path(path)
    if path.exists():
        if mark is None:
            raise ValueError(f"{path} exists already")
        if mark not in _attributes(path / within):
            raise ValueError(f"{path} exists already and is no such store, so it is left alone")
    if not path.parent.is_dir():
        raise ValueError(f"cannot write {path}: the folder {path.parent} does not exist")


def _attributes(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((path / _METADATA).read_text(encoding="utf-8"))["attributes"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


@contextlib.contextmanager
def new_folder(path: str | Path, *, replace: str | None = None, within: str = "") -> Iterator[Path]:
    """A temporary folder to fill, which takes the place of ``path`` when all went well.

    ``replace`` allows to replace a folder that ``check_target`` would accept with this mark.

    Raises
    ------
    ValueError
        If the path exists and may not be replaced, or cannot be written.
    """
    path = Path(path)
    check_target(path, mark=replace, within=within)
    scratch: str | None = None
    try:
        scratch = tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
        store = Path(scratch) / "store"
        store.mkdir()
        yield store
        _swap(Path(scratch), path)
    except OSError as error:
        raise ValueError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def write_zarr(
    dataset: xr.Dataset,
    path: str | Path,
    *,
    encoding: Mapping[str, Any] | None = None,
    replace: str | None = None,
) -> None:
    """Write a Dataset as a zarr v3 store: to a temporary folder beside it, then renamed.

    ``replace`` allows to replace a store that has this attribute.

    Raises
    ------
    ValueError
        If the path exists and may not be replaced, or cannot be written.
    """
    with new_folder(path, replace=replace) as store, _quiet():
        dataset.to_zarr(str(store), mode="w", zarr_format=3, encoding=encoding, consolidated=True)


def write_tree(groups: Mapping[str, xr.Dataset], attrs: Mapping[str, Any], path: str | Path) -> None:
    """Write Datasets as the groups of one zarr v3 store, in a folder of the caller's own."""
    tree = xr.DataTree.from_dict({"/": xr.Dataset(attrs=dict(attrs)), **groups})
    with _quiet():
        tree.to_zarr(str(path), mode="w", zarr_format=3, consolidated=True)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        # Consolidated metadata is no part of the zarr v3 text yet; readers that know it open faster.
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        yield


def _swap(scratch: Path, path: Path) -> None:
    """Move the new store to its place; an earlier one comes back if that fails."""
    had = path.exists()
    if had:
        path.rename(scratch / "previous")
    try:
        (scratch / "store").rename(path)
    except OSError:
        if had:
            (scratch / "previous").rename(path)
        raise


def read_zarr(path: Path) -> xr.Dataset:
    """Open a zarr store lazily, without Dask; any zarr store, not only this package's."""
    metadata = path / _METADATA
    if metadata.is_file():
        consolidated = b'"consolidated_metadata"' in metadata.read_bytes()
    else:
        consolidated = (path / ".zmetadata").is_file()
    table: xr.Dataset = xr.open_zarr(path, chunks=None, consolidated=consolidated)
    return table


def _files(path: Path) -> list[tuple[str, Path]]:
    found = [(p.relative_to(path).as_posix(), p) for p in path.rglob("*") if p.is_file()]
    return sorted(found)


def quick_digest(path: Path) -> str:
    """Digest of a store's metadata and of the names and sizes of its files (cheap)."""
    digest = hashlib.sha256()
    for name, file in _files(path):
        digest.update(f"{name}\0{file.stat().st_size}\0".encode())
        if file.name == _METADATA:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def full_digest(path: Path) -> str:
    """Digest of every byte of a store."""
    digest = hashlib.sha256()
    for name, file in _files(path):
        digest.update(f"{name}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
