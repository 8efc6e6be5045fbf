"""From the names of result stores and tables to a study of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import xarray as xr

from mfnas_vec.analysis.searches import split_place
from mfnas_vec.analysis.study import Study
from mfnas_vec.sweeps.contents import read_contents
from mfnas_vec.sweeps.store import is_url
from mfnas_vec.tables.store import open_table


def open_study(
    sources: Sequence[str],
    problems: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    *,
    tables: Sequence[str] = (),
    embedded: bool = False,
    of_tables: bool = False,
) -> Study:
    """A study of result stores or, with ``of_tables``, of tables by name or path.

    Parameters
    ----------
    sources, problems, labels
        As of ``Study``.
    tables
        Names or paths of tables of the results, if they are not found by the names of the problems.
    embedded
        Whether to ignore imported tables.
    of_tables
        Whether sources can be tables.

    Raises
    ------
    ValueError
        As of ``Study``; or if a source is neither a store nor a table.
    """
    if not of_tables or any(_is_result(source) for source in sources):
        known = [open_table(name) for name in tables]
        study = Study(sources, problems, labels, {str(table.attrs.get("name", "custom")): table for table in known})
        study._embedded = embedded
        return study
    if problems is not None or labels is not None:
        raise ValueError("problems and searches are those of results; the sources here are tables")
    opened = [open_table(source, embedded=embedded) for source in sources]
    return TableStudy(
        {str(table.attrs.get("name", source)): table for table, source in zip(opened, sources, strict=True)}
    )


def _is_result(source: str) -> bool:
    path = split_place(source)[1]
    if not is_url(path) and not Path(path).exists():
        return False
    try:
        read_contents(path)
    except ValueError:
        return False
    return True


class TableStudy(Study):
    """Tables without results."""

    def __init__(self, tables: Mapping[str, xr.Dataset]) -> None:
        self._hold({name: {} for name in tables}, tables)
