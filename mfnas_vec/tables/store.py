"""Tables on disk: the embedded ones and a user's own stores, with their digests."""

import difflib
import json
import logging
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr

from mfnas_vec._embedded import embedded_folder
from mfnas_vec._files import DIGEST, full_digest, quick_digest, read_zarr, write_zarr
from mfnas_vec.tables.checks import check_values
from mfnas_vec.tables.coverage import N_KNOWN, n_known, partial_variables
from mfnas_vec.tables.dense import check_rows
from mfnas_vec.tables.encoding import store_encoding
from mfnas_vec.tables.library import EMBEDDED, IMPORTED, embedded_path, imported_names, imported_path, split_origin
from mfnas_vec.tables.schema import ARCH

LOGGER = logging.getLogger("mfnas_vec")
MANIFEST = "MANIFEST.json"
#: Attribute of tables that ``save_table`` wrote: the version of how it writes them.
TABLE_FORMAT = "table_format"
#: Imported tables that were passed over, which is said once.
_PASSED_OVER: set[str] = set()


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


class Found(NamedTuple):
    """Where a table is."""

    name: str
    path: Path
    #: "embedded", "imported", or "" for a store given by its path.
    origin: str


def find_table(name: str | Path, *, embedded: bool = False) -> Found:
    """Where a table is, as ``open_table`` finds it.

    Raises
    ------
    ValueError
        If there is no such table.
    """
    manifest, imported = read_manifest(), imported_names()
    bare, origin = split_origin(str(name)) if isinstance(name, str) else (str(name), "")
    origin = EMBEDDED if embedded else origin
    if bare in imported and origin != EMBEDDED:
        path = imported_path(bare)
        unknown = [] if origin or bare not in manifest else partial_variables(_open(path))
        if not unknown:
            return Found(bare, path, IMPORTED)
        if bare not in _PASSED_OVER:
            _PASSED_OVER.add(bare)
            LOGGER.warning(
                "the imported table %s knows some architectures only of %s: the embedded one is used; %s@imported "
                "is the imported one",
                bare,
                ", ".join(unknown),
                bare,
            )
    if bare in manifest and origin != IMPORTED:
        return Found(bare, embedded_path(bare), EMBEDDED)
    if origin:
        names, kind = (manifest, "is no embedded table") if origin == EMBEDDED else (imported, "is no imported table")
    elif Path(name).is_dir():
        return Found(str(name), Path(name), "")
    else:
        kind = "is a file, not a table" if Path(name).is_file() else "is neither a table nor a folder"
        names = [*manifest, *imported]
    close = [known for known in names if known.startswith(f"{bare}-")]
    close = close or [known for known in names if known.lower() == bare.lower()]
    if not ("/" in bare or bare.endswith(".zarr")):  # a path
        close = close or difflib.get_close_matches(bare, names, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(close)}?" if close else f"tables: {', '.join(names) or 'none'}"
    raise ValueError(f"table {bare!r} {kind}; {hint}")


def open_table(name: str | Path, *, embedded: bool = False) -> xr.Dataset:
    """Open a benchmark table.

    Parameters
    ----------
    name
        Name of a table, such as "nb201-cifar10", or the path of a zarr store. A table that was
        imported takes precedence over the embedded one of the same name, unless it knows some
        architectures only; ``NAME@imported`` and ``NAME@embedded`` say which of the two is meant.
    embedded
        Whether to look among the embedded tables only.

    Returns
    -------
    xarray.Dataset
        Lazily loaded; ``load`` it for look-ups of single values, ``table["test_acc"].values[space.row_of(text)]``.
        Add variables of your own with ``table.assign``.

    Raises
    ------
    ValueError
        If there is no such table, or its files are not those the manifest lists (quick check of
        metadata, names and sizes; ``verify_table`` compares checksums of all).

    Examples
    --------
    >>> open_table("nb201-cifar10", embedded=True)["params"].attrs["provenance"]
    'computed'
    """
    found = find_table(name, embedded=embedded)
    if found.origin != EMBEDDED:
        return _open(found.path).assign_attrs(digest=full_digest(found.path))
    known = read_manifest()[found.name]
    if not found.path.is_dir() or quick_digest(found.path) != known["quick_digest"]:
        raise ValueError(
            f"table {found.name!r} is damaged: {found.path} is not as the manifest says; reinstall the package"
        )
    return _open(found.path).assign_attrs(digest=known["digest"])


def source_text(name: str | Path, *, embedded: bool = False) -> str:
    """A table and where it comes from, for people.

    Raises
    ------
    ValueError
        If there is no such table.
    """
    found = find_table(name, embedded=embedded)
    if found.origin != IMPORTED:
        return f"table {found.name}, {found.origin}" if found.origin else f"table {found.path}"
    by = str(_open(found.path).attrs.get("imported_from", "unknown"))
    return f"table {found.name}, imported from {by} files"


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


def verify_table(name: str) -> list[str]:
    """Check that the checksums of a table or row map match the manifest, or the digest kept when it was imported.

    Parameters
    ----------
    name
        NAME checks the embedded and the imported table of that name, NAME@embedded or NAME@imported one.

    Returns
    -------
    list of str
        What was checked: "embedded", "imported" or both.

    Raises
    ------
    ValueError
        If the table is unknown or differs.
    """
    manifest = read_manifest() | read_manifest(section="spaces")
    bare, origin = split_origin(name)
    checked = [
        kind
        for kind, names in ((EMBEDDED, manifest), (IMPORTED, imported_names()))
        if bare in names and origin in ("", kind)
    ]
    if not checked:
        raise ValueError(f"table {name!r} is unknown; tables: {', '.join([*manifest, *imported_names()])}")
    for kind in checked:
        path = embedded_path(bare) if kind == EMBEDDED else imported_path(bare)
        if not path.is_dir():
            raise ValueError(f"table {bare!r} is missing: {path}")
        expected = manifest[bare]["digest"] if kind == EMBEDDED else _kept_digest(bare, path)
        found = full_digest(path)
        if found != expected:
            raise ValueError(f"table {bare!r} ({kind}) is damaged: digest {found}, expected {expected}")
    return checked


def _kept_digest(name: str, path: Path) -> str:
    kept = path / DIGEST
    if not kept.is_file():
        raise ValueError(f"table {name!r} has no digest to check against: {kept} is missing; import it again")
    return kept.read_text(encoding="utf-8").strip()


def remove_imported(name: str) -> Path:
    """Remove an imported table; embedded ones stay.

    Raises
    ------
    ValueError
        If there is no imported table of that name, or it cannot be removed.
    """
    bare, origin = split_origin(name)
    if origin == EMBEDDED or bare not in imported_names():
        known = ", ".join(imported_names()) or "none"
        raise ValueError(f"{name!r} is no imported table, and only those can be removed; imported: {known}")
    path = imported_path(bare)
    scratch = path.with_name(f".{path.name}.removed")
    try:
        if scratch.exists():
            shutil.rmtree(scratch)
        path.rename(scratch)  # at once: no half of it stays under its name
        shutil.rmtree(scratch)
    except OSError as error:
        raise ValueError(f"cannot remove {path}: {error.strerror or error}") from error
    return path


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
