"""Tables on disk: the embedded ones and a user's own stores, with their digests."""

import difflib
import json
from pathlib import Path
from typing import Any

import xarray as xr

from mfnas_vec._embedded import embedded_folder
from mfnas_vec._files import DIGEST, full_digest, quick_digest, read_zarr, write_zarr
from mfnas_vec.tables.checks import check_values
from mfnas_vec.tables.coverage import N_KNOWN, n_known
from mfnas_vec.tables.dense import check_rows
from mfnas_vec.tables.encoding import store_encoding
from mfnas_vec.tables.library import embedded_path, imported_names, imported_path
from mfnas_vec.tables.schema import ARCH

MANIFEST = "MANIFEST.json"
#: Attribute of tables that ``save_table`` wrote: the version of how it writes them.
TABLE_FORMAT = "table_format"


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


def open_table(name: str | Path, *, embedded: bool = False) -> xr.Dataset:
    """Open a benchmark table.

    Parameters
    ----------
    name
        Name of a table, such as "nb201-cifar10", or the path of a zarr store. A table that was
        imported takes precedence over the embedded one of the same name.
    embedded
        Whether to look among the embedded tables only.

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
    >>> open_table("nb201-cifar10", embedded=True)["params"].attrs["provenance"]
    'computed'
    """
    imported = [] if embedded else imported_names()
    if str(name) in imported:
        path = imported_path(str(name))
        return _open(path).assign_attrs(digest=full_digest(path))
    manifest = read_manifest()
    if str(name) in manifest:
        path = embedded_path(str(name))
        known = manifest[str(name)]
        if not path.is_dir() or quick_digest(path) != known["quick_digest"]:
            raise ValueError(
                f"table {str(name)!r} is damaged: {path} is not as the manifest says; reinstall the package"
            )
        table = _open(path)
        return table.assign_attrs(digest=known["digest"])
    path = Path(name)
    if embedded or not path.is_dir():
        names = [*manifest, *imported]
        close = [known for known in names if known.startswith(f"{name}-")]
        close = close or difflib.get_close_matches(str(name), names, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(close)}?" if close else f"tables: {', '.join(names)}"
        kind = "is no embedded table" if embedded else "is neither a table nor a folder"
        raise ValueError(f"table {str(name)!r} {kind}; {hint}")
    return _open(path).assign_attrs(digest=full_digest(path))


def save_table(table: xr.Dataset, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a table as a zarr store, which ``open_table`` opens; it appears whole or not at all.

    Parameters
    ----------
    table
        Of ``build_table`` or ``open_table``, perhaps with variables of your own.
    path
        Where to write it.
    overwrite
        Whether to replace a table that this function wrote.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    ValueError
        If it is no table, its rows or numbers are impossible (see ``build_table``), or the path exists
        (unless ``overwrite``) or cannot be written.

    Examples
    --------
    >>> save_table(build_table("nb201", {"mine": scores}, provenance="computed"), "mine.zarr")  # doctest: +SKIP
    """
    check_rows(table)
    check_values(table)
    marked = table.copy()
    for name in map(str, marked.data_vars):
        if (known := n_known(marked, name)) < marked.sizes[ARCH]:
            marked[name].attrs[N_KNOWN] = known
    for variable in marked.variables.values():
        variable.encoding = {}  # of the store it was read from
    kept = {key: value for key, value in marked.attrs.items() if key != "digest"}
    marked = marked.drop_attrs(deep=False).assign_attrs(kept | {TABLE_FORMAT: 1})
    write_zarr(marked, path, encoding=store_encoding(marked), replace=TABLE_FORMAT if overwrite else None, digest=True)
    return Path(path)


def verify_table(name: str) -> None:
    """Check every byte of a table or row map: against the manifest, or the digest kept when it was imported.

    Raises
    ------
    ValueError
        If the table is unknown or differs.
    """
    manifest = read_manifest() | read_manifest(section="spaces")
    if name in imported_names():
        path = imported_path(name)
        kept = path / DIGEST
        if not kept.is_file():
            raise ValueError(f"table {name!r} has no digest to check against: {kept} is missing; import it again")
        expected = kept.read_text(encoding="utf-8").strip()
    elif name in manifest:
        path, expected = embedded_path(name), manifest[name]["digest"]
    else:
        raise ValueError(f"table {name!r} is unknown; tables: {', '.join([*manifest, *imported_names()])}")
    if not path.is_dir():
        raise ValueError(f"table {name!r} is missing: {path}")
    found = full_digest(path)
    if found != expected:
        raise ValueError(f"table {name!r} is damaged: digest {found}, expected {expected}")


def write_imported(table: xr.Dataset, name: str, *, overwrite: bool = False) -> Path:
    """Write a table to the user's folder with its digest, whole or not at all.

    Raises
    ------
    ValueError
        If there is one of that name (unless ``overwrite``), or it cannot be written.
    """
    path = imported_path(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"cannot make the folder of imported tables, {path.parent}: {error.strerror}") from error
    replace = "imported_from" if overwrite else None
    write_zarr(table, path, encoding=store_encoding(table), replace=replace, digest=True)
    return path


def _open(path: Path) -> xr.Dataset:
    try:
        return read_zarr(path)
    except Exception as error:  # zarr and its codecs raise many types for a damaged store
        raise ValueError(f"cannot open {path} as a zarr table: {error}") from error
