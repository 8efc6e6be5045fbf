"""Tables on disk: the embedded ones and a user's own stores, with their digests."""

import difflib
import json
from pathlib import Path
from typing import Any

import xarray as xr

from mfnas_vec._embedded import embedded_folder
from mfnas_vec.tables.files import full_digest, quick_digest, read_zarr

MANIFEST = "MANIFEST.json"


def read_manifest(*, section: str = "tables") -> dict[str, Any]:
    """What is known of each embedded table (or, of section "spaces", row map): digests, provenance.

    Raises
    ------
    ValueError
        If there is no readable manifest.
    """
    path = embedded_folder() / MANIFEST
    try:
        tables = json.loads(path.read_text(encoding="utf-8"))[section]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"cannot read the manifest of the embedded tables, {path}: {error}") from error
    return dict(tables)


def table_names() -> list[str]:
    """Names of the embedded tables."""
    return list(read_manifest())


def open_table(name: str | Path) -> xr.Dataset:
    """Open a benchmark table.

    Parameters
    ----------
    name
        Name of an embedded table, such as "nb201-cifar10", or the path of a zarr store.

    Returns
    -------
    xarray.Dataset
        Lazily loaded; add variables of your own with ``table.assign``.

    Raises
    ------
    ValueError
        If there is no such table, or its files are not those the manifest lists (quick check of
        metadata, names and sizes; ``verify_table`` reads every byte).

    Examples
    --------
    >>> open_table("nb201-cifar10")["params"].attrs["provenance"]
    'computed'
    """
    manifest = read_manifest()
    if str(name) in manifest:
        path = embedded_folder() / f"{name}.zarr"
        known = manifest[str(name)]
        if not path.is_dir() or quick_digest(path) != known["quick_digest"]:
            raise ValueError(
                f"table {str(name)!r} is damaged: {path} is not as the manifest says; reinstall the package"
            )
        table = _open(path)
        return table.assign_attrs(digest=known["digest"])
    path = Path(name)
    if not path.is_dir():
        close = [known for known in manifest if known.startswith(f"{name}-")]
        close = close or difflib.get_close_matches(str(name), list(manifest), n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(close)}?" if close else f"embedded tables: {', '.join(manifest)}"
        raise ValueError(f"table {str(name)!r} is neither an embedded table nor a folder; {hint}")
    return _open(path).assign_attrs(digest=full_digest(path))


def verify_table(name: str) -> None:
    """Check every byte of an embedded table or row map against the manifest.

    Raises
    ------
    ValueError
        If the table is unknown or differs.
    """
    manifest = read_manifest() | read_manifest(section="spaces")
    if name not in manifest:
        raise ValueError(f"table {name!r} is unknown; embedded: {', '.join(manifest)}")
    path = embedded_folder() / f"{name}.zarr"
    if not path.is_dir():
        raise ValueError(f"table {name!r} is missing: {path}")
    found = full_digest(path)
    if found != manifest[name]["digest"]:
        raise ValueError(f"table {name!r} is damaged: digest {found}, expected {manifest[name]['digest']}")


def _open(path: Path) -> xr.Dataset:
    try:
        return read_zarr(path)
    except Exception as error:  # zarr and its codecs raise many types for a damaged store
        raise ValueError(f"cannot open {path} as a zarr table: {error}") from error
