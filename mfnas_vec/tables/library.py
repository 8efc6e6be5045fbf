"""Where tables are: the embedded ones, and those a user has imported, which take precedence."""

import os
from pathlib import Path

import platformdirs

from mfnas_vec._embedded import embedded_folder

#: Environment variable that overrides the folder of imported tables.
TABLES_VARIABLE = "MFNAS_TABLES"
EMBEDDED = "embedded"
IMPORTED = "imported"
ORIGINS = (IMPORTED, EMBEDDED)


def user_folder() -> Path:
    """Folder of imported tables; it need not exist."""
    given = os.environ.get(TABLES_VARIABLE)
    return Path(given) if given else Path(platformdirs.user_data_dir("mfnas_vec", appauthor=False)) / "tables"


def imported_path(name: str) -> Path:
    """Where the imported table of a name is, or would be; a ValueError if a file cannot have that name."""
    allowed = name and len(name) <= 100 and all(c.isalnum() or c in "-_." for c in name) and not name.startswith(".")
    if not allowed:
        raise ValueError(f"name={name!r} must be letters, digits, '-', '_' and '.', not starting with '.'")
    return user_folder() / f"{name}.zarr"


def imported_names() -> list[str]:
    """Names of imported tables."""
    folder = user_folder()
    return sorted(p.stem for p in folder.glob("*.zarr") if p.is_dir()) if folder.is_dir() else []


def split_origin(name: str) -> tuple[str, str]:
    """The name of a table, and which of two of that name is meant: NAME@imported, NAME@embedded, or either ("").

    Raises
    ------
    ValueError
        If the part after "@" is neither.

    Examples
    --------
    >>> split_origin("nb101@imported")
    ('nb101', 'imported')
    """
    bare, mark, origin = name.rpartition("@")
    if not mark or "/" in origin:
        return name, ""
    if origin not in (EMBEDDED, IMPORTED):
        raise ValueError(f"table {name!r}: after '@' must be {IMPORTED} or {EMBEDDED}")
    return bare, origin


def embedded_path(name: str) -> Path:
    """Where the embedded table of a name is."""
    return embedded_folder() / f"{name}.zarr"
