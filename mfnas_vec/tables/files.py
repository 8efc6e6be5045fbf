"""Zarr stores on disk: written whole or not at all, digested."""

import hashlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

_METADATA = "zarr.json"


def check_target(path: str | Path, *, overwrite: bool = False) -> None:
    """Refuse a place where no store may be written, before any work is done.

    Raises
    ------
    ValueError
        If the path exists (unless ``overwrite`` and it is a zarr store) or its folder does not.
    """
    path = Path(path)
    if path.exists() and not (overwrite and (path / _METADATA).is_file()):
        raise ValueError(f"{path} exists already" + ("; it is no zarr store, so it is left alone" if overwrite else ""))
    if not path.parent.is_dir():
        raise ValueError(f"cannot write {path}: the folder {path.parent} does not exist")


def write_zarr(
    dataset: xr.Dataset,
    path: str | Path,
    *,
    encoding: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> None:
    """Write a Dataset as a zarr v3 store: to a temporary folder beside it, then renamed.

    Raises
    ------
    ValueError
        If the path exists (unless ``overwrite`` and it is a zarr store), or cannot be written.
    """
    path = Path(path)
    check_target(path, overwrite=overwrite)
    scratch: str | None = None
    try:
        scratch = tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
        with warnings.catch_warnings():
            # Consolidated metadata is no part of the zarr v3 text yet; readers that know it open faster.
            warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
            dataset.to_zarr(f"{scratch}/store", mode="w", zarr_format=3, encoding=encoding, consolidated=True)
        if path.exists():
            os.replace(path, f"{scratch}/previous")
        os.replace(f"{scratch}/store", path)
    except OSError as error:
        raise ValueError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


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
