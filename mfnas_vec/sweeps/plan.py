"""From a grid and its tables to the cells that are run: all settings resolved, all inputs digested."""

import dataclasses
import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from mfnas_vec._errors import naming
from mfnas_vec.runs import conventions
from mfnas_vec.runs.result import SELECTED_ON, Description, describe
from mfnas_vec.runs.run import PreparedSearch, prepare
from mfnas_vec.search import Field, Job, get_optimizer
from mfnas_vec.sweeps.grid import Entry, Grid
from mfnas_vec.sweeps.skeleton import Group
from mfnas_vec.tables import dense
from mfnas_vec.tables.optimum import problem_attrs
from mfnas_vec.tables.store import open_table

#: Dimension of the optimizers of a grid.
OPTIMIZER = "optimizer"
#: Searches of a problem that stay ready; those of more cells are prepared again.
MOST_READY = 16
#: Most combinations of settings of a problem, counting those that do not exist.
MAX_CELLS = 100_000

#: How a coordinate says that an optimizer has no such setting.
NO_TEXT = conventions.NOT_APPLICABLE
NO_NUMBER = np.nan


class TableSource(NamedTuple):
    """Where a problem's table is: what ``open_table`` takes, or the table itself."""

    table: str | xr.Dataset
    embedded: bool = False

    def open(self) -> xr.Dataset:
        """The table, lazily."""
        return self.table if isinstance(self.table, xr.Dataset) else open_table(self.table, embedded=self.embedded)


class Cell(NamedTuple):
    """One optimizer with one choice of settings on one problem."""

    optimizer: str
    settings: dict[str, Any]
    protocol: str
    #: Place along ``optimizer`` and each varied setting.
    position: tuple[int, ...]
    description: Description


class ProblemPlan(NamedTuple):
    """The cells of a problem."""

    problem: str
    source: TableSource
    #: What the cells read of the table, in memory.
    table: xr.Dataset
    #: Coordinates of the dimensions: ``optimizer``, then each varied setting.
    dims: dict[str, np.ndarray[Any, Any]]
    cells: list[Cell]
    #: For each kernel of the cells, the name of an optimizer and a job.
    jobs: list[tuple[str, Job]]
    #: The searches of the first cells by position, to be taken by who runs them: a search keeps what it ran with.
    ready: dict[tuple[int, ...], PreparedSearch]

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the dimensions before ``run``."""
        return tuple(values.size for values in self.dims.values())

    @property
    def digest(self) -> str:
        """Digest of every number that the cells read."""
        digests = [cell.description.attrs["inputs_digest"] for cell in self.cells]
        return hashlib.sha256(json.dumps(digests).encode()).hexdigest()[:32]

    def prepare(self, cell: Cell, grid: Grid) -> PreparedSearch:
        """The search of a cell, newly prepared."""
        return prepare(cell.optimizer, self.table, cell.settings, protocol=cell.protocol, missing=grid.missing)


def load_inputs(table: xr.Dataset, wanted: Iterable[tuple[str, Mapping[str, Any]]]) -> xr.Dataset:
    """What (optimizer, settings) pairs read of a table, in memory, read once."""
    dense.check_rows(table)
    names = {dense.test_variable(table)}
    for optimizer, settings in wanted:
        names |= set(dense.metrics_of(table, get_optimizer(optimizer).resolve(table, settings)))
    # Genotypes have been checked and are not needed again.
    return table[sorted(names)].reset_coords(drop=True).load()


def make_plan(grid: Grid, sources: Mapping[str, TableSource]) -> list[ProblemPlan]:
    """The plan of each problem, everything checked; an error names problem, optimizer and settings."""
    return [_plan_problem(grid, problem, sources.get(problem, TableSource(problem))) for problem in grid.problems]


def _plan_problem(grid: Grid, problem: str, source: TableSource) -> ProblemPlan:
    opened = source.open()
    entries = [entry for entry in grid.entries if entry.is_run_on(problem)]
    choices = [(entry, settings) for entry in entries for settings in _choices(entry, grid.problems[problem], problem)]
    if not choices:
        raise ValueError(f"problem {problem!r}: no optimizer of the grid is run on it")
    if len(choices) > MAX_CELLS:
        raise ValueError(f"problem {problem!r}: {len(choices)} combinations of settings; at most {MAX_CELLS}")
    for entry, settings in choices:
        with naming(_cell_name(problem, entry, settings)):
            get_optimizer(entry.optimizer).resolve(opened, settings)
    table = load_inputs(opened, [(entry.optimizer, settings) for entry, settings in choices])
    varied = list(dict.fromkeys(name for entry in entries for name in entry.varied))
    prepared: list[tuple[dict[str, Any], Future[Description]]] = []
    jobs: dict[Any, tuple[str, Job]] = {}
    searches: list[PreparedSearch] = []
    with ThreadPoolExecutor(2) as pool:  # digesting inputs takes longer than preparing a search, and releases the GIL
        for entry, settings in choices:
            protocol = grid.protocol_of(entry)
            with naming(_cell_name(problem, entry, settings)):
                search = prepare(entry.optimizer, table, settings, protocol=protocol, missing=grid.missing)
            if search.job.kernel is not None:  # compiled
                jobs.setdefault(search.job.kernel, (entry.optimizer, search.job))
            if len(searches) < MOST_READY:
                searches.append(search)
            description = pool.submit(describe, search.optimizer, search.table, search.job, search.values)
            prepared.append((search.values, description))
            if len(prepared) > MOST_READY:  # few at once: searches may hold much
                prepared[-MOST_READY][1].result()
    dims: dict[str, list[Any]] = {OPTIMIZER: [entry.label for entry in entries]}
    labels: dict[str, list[Any]] = {OPTIMIZER: [entry.label for entry, _ in choices]}
    for name in varied:
        setting = next(get_optimizer(e.optimizer).setting(name) for e in entries if name in e.settings)
        labels[name] = [_label(setting, values.get(name, dataclasses.MISSING)) for values, _ in prepared]
        dims[name] = _sorted(list(dict.fromkeys(labels[name])))
    places = {name: {label: i for i, label in enumerate(values)} for name, values in dims.items()}
    cells: list[Cell] = []
    taken: set[tuple[int, ...]] = set()
    for i, ((entry, settings), (_, description)) in enumerate(zip(choices, prepared, strict=True)):
        position = tuple(places[name][labels[name][i]] for name in dims)
        if position in taken:
            same = " ".join(f"{name}={labels[name][i]}" for name in varied)
            raise ValueError(f"{problem} {entry.label}: two combinations of its settings mean the same: {same}")
        taken.add(position)
        cells.append(Cell(entry.optimizer, settings, grid.protocol_of(entry), position, description.result()))
    size = math.prod(map(len, dims.values()))
    if size > MAX_CELLS:
        raise ValueError(
            f"problem {problem!r}: the dimensions {', '.join(dims)} span {size} combinations; at most {MAX_CELLS}"
        )
    arrays = {name: _array(values) for name, values in dims.items()}
    ready = {cell.position: search for cell, search in zip(cells, searches, strict=False)}
    return ProblemPlan(problem, source, table, arrays, cells, list(jobs.values()), ready)


def _cell_name(problem: str, entry: Entry, settings: Mapping[str, Any]) -> str:
    return " ".join([problem, entry.label, *(f"{name}={settings[name]}" for name in entry.varied)])


def _choices(entry: Entry, own: Mapping[str, Any], problem: str) -> list[dict[str, Any]]:
    """Every combination of an entry's settings; those of the problem hold where the entry says nothing."""
    has = {field.name for field in get_optimizer(entry.optimizer).fields}
    fixed = {name: value for name, value in own.items() if name in has and name not in entry.settings}
    n_choice = math.prod(map(len, entry.settings.values()))
    if n_choice > MAX_CELLS:
        raise ValueError(f"{problem} {entry.label}: {n_choice} combinations of settings; at most {MAX_CELLS}")
    names = list(entry.settings)
    return [fixed | dict(zip(names, values, strict=True)) for values in itertools.product(*entry.settings.values())]


def _label(setting: Field, value: Any) -> Any:
    """A setting's value as a coordinate; ``MISSING`` where the optimizer has no such setting."""
    numeric = setting.kind in ("int", "float")
    if value is dataclasses.MISSING:
        return NO_NUMBER if numeric else NO_TEXT
    if value is None:
        return np.inf if numeric else "none"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return value if numeric else str(value).lower() if setting.kind == "bool" else str(value)


def _sorted(labels: list[Any]) -> list[Any]:
    """Numbers ascending, NaN last; texts as they come."""
    if any(isinstance(label, str) for label in labels):
        return labels
    return sorted(labels, key=lambda label: (math.isnan(label), label))


def _array(values: list[Any]) -> np.ndarray[Any, Any]:
    if any(isinstance(value, str) for value in values):
        return np.array(values, dtype=np.dtypes.StringDType())
    return np.array(values)


def template(plan: ProblemPlan, grid: Grid) -> xr.Dataset:
    """All of a problem's results but the runs: coordinates, and what is known of each cell.

    Cells that do not exist have ``exists`` false and "n/a" in place of texts.
    """
    names = list(plan.dims)

    def texts(of: dict[tuple[int, ...], str]) -> tuple[list[str], Any]:
        array = np.full(plan.shape, NO_TEXT, dtype=np.dtypes.StringDType())
        for position, text in of.items():
            array[position] = text
        return names, array

    exists = np.zeros(plan.shape, bool)
    for cell in plan.cells:
        exists[cell.position] = True
    known = {cell.position: cell.description for cell in plan.cells}

    def attr(name: str) -> tuple[list[str], Any]:
        return texts({p: d.attrs[name] for p, d in known.items()})

    def score(name: str) -> tuple[list[str], Any]:
        return texts({p: str(d.variables["search_score"][name]) for p, d in known.items()})

    coords: dict[str, Any] = {name: (name, values) for name, values in plan.dims.items()}
    for name, values in coords.items():
        if name != OPTIMIZER:
            absent = NO_TEXT if values[1].dtype.kind == "T" else "NaN"
            values[1].flags.writeable = False
            coords[name] = (*values, {"long_name": f"setting {name}", "note": f"{absent}: no such setting"})
    coords |= {
        "exists": (names, exists),
        "settings": attr("settings"),
        "inputs": texts({p: json.dumps(d.attrs["inputs"]) for p, d in known.items()}),
        "inputs_digest": attr("inputs_digest"),
        "search_metric": texts({p: d.metric for p, d in known.items()}),
        "search_units": score("units"),
        "search_direction": score("direction"),
        "search_provenance": score("provenance"),
        "seconds_provenance": texts({p: str(d.variables["cost_seconds"]["provenance"]) for p, d in known.items()}),
    }
    if any(cell.protocol != grid.protocol for cell in plan.cells):
        coords["protocol"] = texts({cell.position: cell.protocol for cell in plan.cells})
    if any(SELECTED_ON in d.attrs for d in known.values()):
        coords[SELECTED_ON] = texts({p: str(d.attrs.get(SELECTED_ON, "metric")) for p, d in known.items()})
    for name, long_name in conventions.COORDINATES.items():
        if name not in coords:  # said only where cells differ from what is usual
            continue
        coords[name] = (*coords[name], {"long_name": long_name})
    shared = plan.cells[0].description.attrs
    attrs = problem_attrs(plan.problem, plan.table) | {conventions.DESCRIPTION: conventions.OVER_GRID}
    attrs |= {key: shared[key] for key in ("space", "sampling", "dataset", "opened_from_digest", "mfnas_vec_version")}
    attrs[conventions.FORMAT] = conventions.FORMAT_NUMBER
    return xr.Dataset(coords=coords, attrs=attrs | {"protocol": grid.protocol, "seed": grid.seed})


def run_attrs(plan: ProblemPlan) -> dict[str, dict[str, Any]]:
    """Attributes of the variables over runs: what holds for every cell."""
    first = plan.cells[0].description.variables
    shared = {name: dict(attrs) for name, attrs in first.items()}
    for cell in plan.cells:
        for name, attrs in cell.description.variables.items():
            shared[name] = {k: v for k, v in shared[name].items() if attrs.get(k) == v}
    # Where it comes from stands in a coordinate even where all cells agree.
    shared["search_score"].setdefault("long_name", "search metric of the architecture found, as the search saw it")
    for name, coordinates in conventions.ANCILLARY_GRID.items():
        shared[name]["ancillary_variables"] = coordinates
    return shared


def group_of(plan: ProblemPlan, grid: Grid) -> Group:
    """What a problem's group of the result store holds before any run."""
    return Group(template(plan, grid), run_attrs(plan), grid.n_run)
