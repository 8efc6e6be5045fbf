"""The sweep of the paper: the grid ``paper/main``, or some of its searches."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator

import xarray as xr

from mfnas_vec.analysis.searches import search_label
from mfnas_vec.search.settings import nearest
from mfnas_vec.sweeps.grid import Entry, Grid
from mfnas_vec.sweeps.grid_files import load_grid
from mfnas_vec.tables import dense
from mfnas_vec.tables.store import open_table

GRID = "paper/main"


def paper_grid(problems: Iterable[str] | None = None, optimizers: Iterable[str] | None = None) -> Grid:
    """The published grid: MF-NAS with three zero-cost metrics and six baselines on five problems.

    Parameters
    ----------
    problems
        Some of its problems; all by default.
    optimizers
        Some of its searches, by label or by optimizer ("MF-NAS" means its three searches); all by default.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    grid = load_grid(GRID).on_problems(problems)
    if optimizers is None:
        return grid
    known = [(entry, single) for entry in grid.entries for single in _singles(entry)]
    names = [*(single.label for _, single in known), *(entry.label for entry in grid.entries)]
    spelled = {name.lower(): name for name in names}
    wanted = {spelled.get(name.lower(), name) for name in optimizers}
    for name in sorted(wanted - set(names)):
        raise ValueError(f"optimizer {name!r} is unknown; {nearest(name, list(dict.fromkeys(names)))}")
    entries = tuple(single for entry, single in known if wanted & {entry.label, single.label})
    return dataclasses.replace(grid, entries=entries)


def _singles(entry: Entry) -> Iterator[Entry]:
    """Each search of an entry as an entry of its own."""
    for values in itertools.product(*entry.settings.values()):
        settings = dict(zip(entry.settings, values, strict=True))
        label = search_label(entry.label, {name: settings[name] for name in entry.varied})
        yield dataclasses.replace(entry, label=label, settings={name: [value] for name, value in settings.items()})


def check_tables(grid: Grid, tables: Iterable[xr.Dataset]) -> None:
    """Refuse tables that have the name of a problem but cannot be compared with its published results.

    Raises
    ------
    ValueError
        If a table has another space, data set or unit than the problem of its name.
    """
    for table in tables:
        name = str(table.attrs.get("name", ""))
        if name not in grid.problems:
            raise ValueError(f"a table has the name {name!r}; must be that of a problem: {', '.join(grid.problems)}")
        known = open_table(name, embedded=True)
        for what, found, wanted in (
            ("space", table.attrs.get("space"), known.attrs["space"]),
            ("dataset", table.attrs.get("dataset"), known.attrs["dataset"]),
            ("test result", dense.test_variable(table), dense.test_variable(known)),
        ):
            if found != wanted:
                raise ValueError(f"the table named {name!r} has {what} {found!r}; that of the problem is {wanted!r}")
