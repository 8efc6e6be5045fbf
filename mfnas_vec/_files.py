"""Files and zarr stores: written completely or not at all; digests."""

import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import xarray as xr

_METADATA = "zarr.json"
#: File in a store with the digest of its other files.
DIGEST = "digest.sha256"
SCRATCH_SUFFIX = ".partial"
#: Seconds after which a writer on another machine is assumed to have ended.
_LONGEST_WRITE = 86_400


def check_target(path: str | Path, *, mark: str | None = None, within: str = "") -> None:
    """Check that a store may be written to a path.

    Raises
    ------
    ValueError
        If the path exists, unless it (or ``within`` it) is a zarr store with the attribute
        ``mark`` or a folder with a file of that name; or if its folder does not exist.
    """
    path = Path(path)
    if path.exists():
        if mark is None:
            raise ValueError(f"{path} exists already; --overwrite (overwrite=True) replaces it")
        if mark not in _attributes(path / within) and not (path / within / mark).is_file():
            raise ValueError(f"{path} exists already and is not such a store, so it is left unchanged")
    if not path.parent.is_dir():
        raise ValueError(f"cannot write {path}: the folder {path.parent} does not exist")


def _attributes(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((path / _METADATA).read_text(encoding="utf-8"))["attributes"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


@contextlib.contextmanager
def new_folder(path: str | Path, *, replace: str | None = None, within: str = "") -> Iterator[Path]:
    """A temporary folder to fill, which is renamed to ``path`` on success.

    ``replace`` allows to replace a folder that ``check_target`` accepts with this mark.

    Raises
    ------
    ValueError
        If the path exists and may not be replaced, or cannot be written.
    """
    path = Path(path)
    clean_up(path)
    check_target(path, mark=replace, within=within)
    prefix = f".{path.name}.{_machine()}-{os.getpid()}-"
    with (
        _writing(path),
        tempfile.TemporaryDirectory(
            prefix=prefix, suffix=SCRATCH_SUFFIX, dir=path.parent, ignore_cleanup_errors=True
        ) as scratch,
    ):
        store = Path(scratch) / "store"
        store.mkdir()
        yield store
        check_target(path, mark=replace, within=within)  # another writer may have finished meanwhile
        _swap(Path(scratch), path)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Raise errors of the file system as ones that name the path written."""
    try:
        yield
    except OSError as error:
        raise ValueError(f"cannot write {path}: {error.strerror or error}") from error


def _machine() -> str:
    """A short name of this machine: process numbers are not valid on others that share the folder."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def clean_up(path: Path) -> None:
    """Remove temporary folders of killed writers of a path; restore a store that one had moved.

    Folders of writers that may be running are kept: those whose process exists, and those of other
    machines that are younger than a day.
    """
    pattern = re.compile(rf"\.{re.escape(path.name)}\.([0-9a-f]{{8}})-(\d{{1,10}})-\w+{re.escape(SCRATCH_SUFFIX)}")
    with contextlib.suppress(OSError):
        for folder in path.parent.iterdir():
            found = pattern.fullmatch(folder.name)
            if found is None or not folder.is_dir() or folder.is_symlink():
                continue
            here = found[1] == _machine()
            if _is_running(int(found[2])) if here else time.time() - folder.stat().st_mtime < _LONGEST_WRITE:
                continue
            previous = folder / "previous"
            if previous.is_dir() and not path.exists():
                previous.rename(path)
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(process: int) -> bool:
    """Whether a process of this machine runs; true if that cannot be determined."""
    if os.name != "posix":  # signal 0 has another meaning elsewhere
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it belongs to another user
        pass
    return True


@contextlib.contextmanager
def new_file(path: str | Path, *, overwrite: bool) -> Iterator[str]:
    """A temporary file to fill, which is renamed to ``path`` on success.

    Raises
    ------
    ValueError
        If the path exists (unless ``overwrite``) or cannot be written.
    """
    path = Path(path)
    if path.exists() and (not overwrite or path.is_dir()):
        hint = "is a folder" if path.is_dir() else "--overwrite (overwrite=True) replaces it"
        raise ValueError(f"{path} exists already; {hint}")
    if not path.parent.is_dir():
        raise ValueError(f"cannot write {path}: the folder {path.parent} does not exist")
    with _writing(path):
        handle, scratch = tempfile.mkstemp(prefix=f".{path.name}.", suffix=SCRATCH_SUFFIX, dir=path.parent)
        os.close(handle)
        try:
            yield scratch
            mask = os.umask(0)
            os.umask(mask)
            Path(scratch).chmod(0o666 & ~mask)
            Path(scratch).replace(path)
        finally:
            Path(scratch).unlink(missing_ok=True)


def write_zarr(
    dataset: xr.Dataset,
    path: str | Path,
    *,
    encoding: Mapping[str, Any] | None = None,
    replace: str | None = None,
    digest: bool = False,
) -> None:
    """Write a Dataset as a zarr v3 store: to a temporary folder in the same place, then renamed.

    ``replace`` allows to replace a store that has this attribute. ``digest`` adds the file ``DIGEST``.

    Raises
    ------
    ValueError
        If the path exists and may not be replaced, or cannot be written.
    """
    with new_folder(path, replace=replace) as store, quiet_zarr():
        dataset.to_zarr(str(store), mode="w", zarr_format=3, encoding=encoding, consolidated=True)
        if digest:
            (store / DIGEST).write_text(full_digest(store) + "\n", encoding="utf-8")


@contextlib.contextmanager
def quiet_zarr() -> Iterator[None]:
    """Without warnings of what the zarr v3 specification does not have yet: consolidated metadata, texts."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        warnings.filterwarnings("ignore", message="The data type .* does not have a Zarr V3 specification")
        yield


def _swap(scratch: Path, path: Path) -> None:
    """Move the new store to its path; an earlier one is restored if that fails."""
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


def quick_digest(path: Path) -> str:
    """Digest of a store's metadata and of the names and sizes of its files (cheap)."""
    return _digest_of(path, only=_METADATA)


def full_digest(path: Path) -> str:
    """Digest of all bytes of a store."""
    return _digest_of(path)


def _digest_of(path: Path, only: str | None = None) -> str:
    """Digest of the names and sizes of a store's files, and of their bytes or those of files of one name."""
    digest = hashlib.sha256()
    found = [(file.relative_to(path).as_posix(), file) for file in path.rglob("*") if file.is_file()]
    for name, file in sorted(entry for entry in found if entry[0] != DIGEST):
        digest.update(f"{name}\0{file.stat().st_size}\0".encode())
        if only in (None, file.name):
            with file.open("rb") as stream:
                hashlib.file_digest(stream, lambda: digest)
    return digest.hexdigest()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
