"""Run a grid: here or on a cluster, to be taken up where it stopped."""

import importlib.metadata
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from mfnas_vec.experiment.blocks import Task, make_block, make_tasks, task_settings
from mfnas_vec.experiment.grid import Grid, grid_of
from mfnas_vec.experiment.grid_files import load_grid
from mfnas_vec.experiment.lock import one_writer
from mfnas_vec.experiment.plan import ProblemPlan, Source, make_plan, run_attrs, template
from mfnas_vec.experiment.run import Search, check_count, check_threads, prepare
from mfnas_vec.optimizers.base import nearest
from mfnas_vec.results.grid_store import (
    COMPLETE,
    CREATING,
    RUNS_PER_CHUNK,
    STATE,
    Block,
    GridStore,
    Group,
    is_url,
    n_chunk,
    open_store,
    open_tree,
)
from mfnas_vec.results.store import MARK
from mfnas_vec.tables import dense

#: Called with the number of searches finished so far and that of all.
SweepProgress = Callable[[int, int], object]

#: What must agree between a store and a sweep that takes it up, and how messages call it.
_IDENTITY = {
    "n_run": "number of runs",
    "seed": "seed",
    "protocol": "protocol",
    "missing": "treatment of missing architectures",
    "grid": "grid of problems, optimizers and settings",
    MARK: "version of mfnas_vec",
    "tables": "content of the tables",
}
VERSIONS = ("numpy", "numba", "zarr", "xarray")


def get_grid(
    grid: str | Path | Sequence[str | Path] | Mapping[str, Any] | Grid,
    *,
    problems: Iterable[str] | None = None,
    **values: Any,
) -> Grid:
    """A checked grid of whatever ``sweep`` takes, with values given apart taking precedence."""
    if isinstance(grid, Grid):
        found = grid
    elif isinstance(grid, Mapping):
        found = grid_of(grid)
    else:
        found = load_grid(grid)
    return found.on_problems(problems).with_values(**values)


def get_sources(
    grid: Grid, tables: Iterable[str | Path | xr.Dataset] = (), *, embedded: bool = False
) -> dict[str, Source]:
    """The table of each problem: one of ``tables`` that has its name, else that ``open_table`` finds.

    Raises
    ------
    ValueError
        If a table has the name of none of the problems, or two have the same.
    """
    sources: dict[str, Source] = {}
    for given in tables:
        source = Source(given if isinstance(given, xr.Dataset) else str(Path(given).resolve()))
        name = str(source.open().attrs.get("name", ""))
        if name not in grid.problems:
            raise ValueError(
                f"a table has the name {name!r}, no problem's of the grid; {nearest(name, [*grid.problems])}"
            )
        if name in sources:
            raise ValueError(f"two tables have the name {name!r}")
        sources[name] = source
    return {name: sources.get(name, Source(name, embedded)) for name in grid.problems}


def sweep(
    grid: str | Path | Sequence[str | Path] | Mapping[str, Any] | Grid,
    out: str | Path | None = None,
    *,
    problems: Iterable[str] | None = None,
    n_run: int | None = None,
    seed: int | None = None,
    protocol: str | None = None,
    missing: str | None = None,
    tables: Iterable[str | Path | xr.Dataset] = (),
    embedded: bool = False,
    resume: bool = False,
    n_thread: int | None = None,
    block_size: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    progress: SweepProgress | None = None,
) -> xr.DataTree:
    """Run every combination of problems, optimizers and settings of a grid.

    Parameters
    ----------
    grid
        Name of a shipped grid ("paper/main"), a YAML file, the published code's algo.yaml and
        problem.yaml, a mapping as ``grid_of`` takes it, or a Grid.
    out
        Path or fsspec URL of the zarr store to write; in memory if not given. Everything is
        checked before it is made, and a store is never replaced.
    problems
        Some of the grid's problems.
    n_run, seed, protocol, missing
        As of ``run``, in place of what the grid says.
    tables
        Tables of your own, by path or opened, each in place of that of the same name.
    embedded
        Pass over imported tables.
    resume
        Complete the store at ``out``, if there is one. What is finished is kept; the result has
        the same bytes as one made in one go.
    n_thread
        Threads of this process; all processors by default. Changes no number.
    block_size
        Runs per piece of work, in whole chunks of 8,192. Changes no number.
    workers, scheduler
        Processes of this machine, or the address of a Dask scheduler, to run on (extra
        ``cluster``). Workers open tables themselves. Changes no number.
    storage_options
        For the fsspec file system of ``out``.
    progress
        Called with the number of searches finished so far and that of all.

    Returns
    -------
    xarray.DataTree
        A node per problem, with the variables of ``run`` over ``optimizer``, each varied setting,
        and ``run``; combinations that do not exist have ``exists`` false. Read lazily from ``out``.

    Raises
    ------
    ValueError
        If the grid is impossible, or the store cannot be written or taken up; the message says why.
    """
    wanted = get_grid(grid, problems=problems, n_run=n_run, seed=seed, protocol=protocol, missing=missing)
    threads = check_threads(n_thread)
    if workers is not None:
        workers = check_count("workers", workers, 1, 4096)
    if workers is not None and scheduler is not None:
        raise ValueError("workers and scheduler: give one or the other")
    size = RUNS_PER_CHUNK if block_size is None else check_count("block_size", block_size, 1, 2**31 - 1)
    sources = get_sources(wanted, tables, embedded=embedded)
    cluster = workers is not None or scheduler is not None
    if cluster:
        _check_reachable(out, sources)
    plans = make_plan(wanted, sources)
    if out is not None and not is_url(str(out)):
        out = Path(out).resolve()
    place = open_store(out, storage_options)
    store = GridStore(place, str(out))
    with one_writer(place, store.name):
        finished = _begin(store, wanted, plans, resume)
        if finished is not None:
            tasks = make_tasks(plans, wanted, finished, size)
            total = sum(len(plan.cells) for plan in plans) * wanted.n_run
            count = _Counter(progress, _n_finished(finished, wanted), total)
            if cluster:
                from mfnas_vec.experiment.cluster import run_on_dask

                options = json.dumps(dict(storage_options or {}))
                run_on_dask(tasks, str(out), options, scheduler=scheduler, workers=workers, progress=count)
            else:
                _run_here(tasks, {plan.problem: plan for plan in plans}, store, threads, count)
            store.finish()
    tree = open_tree(place)
    return tree.load() if out is None else tree


class _Counter:
    """Adds up finished searches."""

    def __init__(self, progress: SweepProgress | None, done: int, total: int) -> None:
        self._progress, self._done, self._total = progress, done, total
        self(0)

    def __call__(self, n: int) -> None:
        self._done += n
        if self._progress is not None:
            self._progress(self._done, self._total)


def _check_reachable(out: str | Path | None, sources: Mapping[str, Source]) -> None:
    """Refuse what workers in other processes cannot open."""
    if out is None or str(out).startswith("memory:"):
        raise ValueError(f"out={out!r}: workers need a store that they can reach, too")
    for problem, source in sources.items():
        if isinstance(source.table, xr.Dataset):
            raise ValueError(f"the table of {problem!r} is in memory: workers need its path")


def identity(grid: Grid, plans: Sequence[ProblemPlan]) -> dict[str, Any]:
    """Attributes of a sweep's root: all that decides its numbers."""
    versions = {f"{name}_version": importlib.metadata.version(name) for name in VERSIONS}
    return {
        MARK: plans[0].cells[0].description.attrs[MARK],
        "title": grid.title or grid.name,
        "grid_name": grid.name,
        "grid": grid.json_of_cells(),
        "n_run": grid.n_run,
        "seed": grid.seed,
        "protocol": grid.protocol,
        "missing": grid.missing,
        "problems": [plan.problem for plan in plans],
        "tables": [f"{plan.problem}: {plan.digest}" for plan in plans],
        **versions,
    }


def _begin(store: GridStore, grid: Grid, plans: Sequence[ProblemPlan], resume: bool) -> dict[str, set[Block]] | None:
    """Make the store, or look what is finished of it; ``None`` if all is."""
    attrs = identity(grid, plans)
    found = store.attributes()
    if found is None and store.has_anything():
        raise ValueError(f"{store.name} exists already and is no sweep's store, so it is left alone")
    if found is not None:
        if not resume:
            state = "complete" if found[STATE] == COMPLETE else "unfinished"
            hint = "" if state == "complete" else "; --resume (resume=True) completes it"
            raise ValueError(f"{store.name} exists already, a sweep's store ({state}){hint}")
        for key, what in _IDENTITY.items():
            if found.get(key) != attrs[key]:
                raise ValueError(
                    f"{store.name} holds another sweep, so it is not taken up: its {what} "
                    f"{_difference(found.get(key), attrs[key])}"
                )
    groups = {plan.problem: _group(plan, grid) for plan in plans}
    if found is None or found[STATE] == CREATING:
        store.create(attrs, groups)
        return {}
    finished = {plan.problem: store.finished(plan.problem) for plan in plans}
    for problem, blocks in finished.items():
        store.check(problem, blocks)
        store.mend(problem, groups[problem])
    store.clean()
    if found[STATE] == COMPLETE and _n_finished(finished, grid) == sum(len(p.cells) for p in plans) * grid.n_run:
        return None
    return finished


def _difference(found: Any, wanted: Any) -> str:
    if isinstance(wanted, (int, str)) and len(str(wanted)) < 40:
        return f"is {found}, not {wanted}"
    if isinstance(wanted, list) and isinstance(found, list):
        others = [entry.split(":")[0] for entry in wanted if entry not in found]
        return f"is another ({', '.join(others)})"
    return "is another"


def _n_finished(finished: Mapping[str, set[Block]], grid: Grid) -> int:
    last = n_chunk(grid.n_run) - 1
    rest = grid.n_run - last * RUNS_PER_CHUNK
    return sum(rest if chunk == last else RUNS_PER_CHUNK for blocks in finished.values() for _, chunk in blocks)


def _group(plan: ProblemPlan, grid: Grid) -> Group:
    n_gene = dense.table_space(plan.table).n_gene
    return Group(template(plan, grid), run_attrs(plan), n_gene, grid.n_run)


def _run_here(
    tasks: Iterable[Task], plans: Mapping[str, ProblemPlan], store: GridStore, n_thread: int, count: _Counter
) -> None:
    key: tuple[str, tuple[int, ...]] | None = None
    search: Search | None = None
    for task in tasks:
        if search is None or key != (task.problem, task.position):
            key = task.problem, task.position
            search = prepare(
                task.optimizer,
                plans[task.problem].table,
                task_settings(task),
                protocol=task.protocol,
                missing=task.missing,
            )
        make_block(task, search, store, n_thread)
        count(task.n_run)


def open_results(path: str | Path, storage_options: Mapping[str, Any] | None = None) -> xr.DataTree:
    """The results of a sweep, lazily.

    Raises
    ------
    ValueError
        If there is no sweep's store.
    """
    place = open_store(path, storage_options)
    if GridStore(place, str(path)).attributes() is None:
        raise ValueError(f"{path}: no such store")
    return open_tree(place)
