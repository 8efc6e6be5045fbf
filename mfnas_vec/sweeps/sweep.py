"""Run a grid: here or on a cluster; it can be resumed."""

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr
from zarr.abc.store import Store

from mfnas_vec._jit import announce_compilation
from mfnas_vec.runs.compiling import compile_ahead
from mfnas_vec.runs.run import PreparedSearch, check_count, check_threads
from mfnas_vec.runs.store import check_format
from mfnas_vec.search.registry import is_portable
from mfnas_vec.search.settings import nearest
from mfnas_vec.sweeps.blocks import Results, Task, make_block, make_tasks, prepare_task
from mfnas_vec.sweeps.grid import Grid
from mfnas_vec.sweeps.grid_content import grid_of
from mfnas_vec.sweeps.grid_files import load_grid
from mfnas_vec.sweeps.lock import one_writer
from mfnas_vec.sweeps.memory import MemoryResults
from mfnas_vec.sweeps.plan import ProblemPlan, TableSource, group_of, make_plan
from mfnas_vec.sweeps.resume import begin, existing, identity, n_finished
from mfnas_vec.sweeps.skeleton import RUNS_PER_CHUNK, STATE, make_skeleton
from mfnas_vec.sweeps.store import GridStore, is_url, open_store, open_tree
from mfnas_vec.tables.library import imported_names, split_origin
from mfnas_vec.tables.sharing import sharing
from mfnas_vec.tables.store import table_names

#: Called with the number of searches finished so far and that of all.
SweepProgress = Callable[[int, int], object]


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
) -> dict[str, TableSource]:
    """The table of each problem: one of ``tables`` that has its name, else that ``open_table`` finds.

    Raises
    ------
    ValueError
        If a table has the name of none of the problems, two have the same, or a problem has none.
    """
    sources: dict[str, TableSource] = {}
    for given in (*grid.tables.values(), *tables):
        if isinstance(given, Path) or (isinstance(given, str) and not split_origin(given)[1]):
            given = str(Path(given).resolve())
        source = TableSource(given)
        name = str(source.open().attrs.get("name", ""))
        if name not in grid.problems:
            raise ValueError(
                f"a table has the name {name!r}, no problem's of the grid; {nearest(name, [*grid.problems])}"
            )
        if name in sources:
            raise ValueError(f"two tables have the name {name!r}")
        sources[name] = source
    known = table_names() if embedded else sorted({*table_names(), *imported_names()})
    for name in grid.problems:
        # By name only: a folder of that name is no table of the problem.
        if name not in sources and name not in known:
            raise ValueError(f"problem {name!r} is no table; {nearest(name, known)}")
    return {name: sources.get(name, TableSource(name, embedded)) for name in grid.problems}


@sharing()
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
        problem.yaml, a mapping as ``grid_of`` takes it, or a Grid. Problems are names of tables, paths
        of your own (``save_table``), or tables in memory.
    out
        Path or fsspec URL of the zarr store to write; in memory if not given. Everything is
        checked before it is made, and a store is never replaced.
    problems
        Some of the grid's problems.
    n_run, seed, protocol, missing
        As of ``run``, in place of what the grid says.
    tables
        Tables of your own, by path, opened, or as ``NAME@imported`` or ``NAME@embedded``, each in place of that
        of the same name.
    embedded
        Ignore imported tables.
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
        If the grid is impossible, or the store cannot be written or resumed; the message says why.
    """
    wanted = get_grid(grid, problems=problems, n_run=n_run, seed=seed, protocol=protocol, missing=missing)
    threads, size = check_work(n_thread, block_size, workers, scheduler)
    cluster = workers is not None or scheduler is not None
    plans = get_plans(wanted, tables, embedded=embedded)
    if cluster:
        _check_reachable(out, plans)
        for plan in plans:
            plan.ready.clear()  # workers prepare their own
    attrs, groups = identity(wanted, plans), {plan.problem: group_of(plan, wanted) for plan in plans}
    by_problem = {plan.problem: plan for plan in plans}
    total = sum(len(plan.cells) for plan in plans) * wanted.n_run
    if out is None:
        results = MemoryResults(attrs, groups)
        _run_here(make_tasks(plans, wanted, {}, size), by_problem, results, threads, _Counter(progress, 0, total))
        return results.tree()
    place, store = _grid_store(out, storage_options)
    with contextlib.ExitStack() as held:
        # Before anything is written: a cluster that is not there leaves no trace.
        client = None
        if cluster:
            from mfnas_vec.sweeps.cluster import connect, run_on_dask

            client = held.enter_context(connect(scheduler, workers))
        held.enter_context(one_writer(place, store.name))
        state = existing(store, attrs, resume)
        skeleton = make_skeleton(attrs, groups)
        finished = begin(store, wanted, plans, skeleton, state)
        if finished is not None:
            tasks = make_tasks(plans, wanted, finished, size)
            count = _Counter(progress, n_finished(finished, wanted), total)
            if client is not None:
                compile_ahead((named for plan in plans for named in plan.jobs), threads)
                run_on_dask(client, tasks, store.name, json.dumps(dict(storage_options or {})), count)
            else:
                _run_here(tasks, by_problem, store, threads, count)
            store.finish(skeleton)
    return open_tree(place)


class _Counter:
    """Adds up finished searches."""

    def __init__(self, progress: SweepProgress | None, done: int, total: int) -> None:
        self._progress, self._done, self._total = progress, done, total
        self(0)

    def __call__(self, n: int) -> None:
        self._done += n
        if self._progress is not None:
            self._progress(self._done, self._total)


def get_plans(
    grid: Grid, tables: Iterable[str | Path | xr.Dataset] = (), *, embedded: bool = False
) -> list[ProblemPlan]:
    """The plan of each problem of a grid, as ``sweep`` makes it."""
    return make_plan(grid, get_sources(grid, tables, embedded=embedded))


def check_target(grid: Grid, plans: Sequence[ProblemPlan], out: str | Path, *, resume: bool = False) -> None:
    """Refuse a place that holds anything else than a store that ``sweep`` may resume; nothing is made."""
    existing(_grid_store(out)[1], identity(grid, plans), resume)


def _grid_store(out: str | Path, options: Mapping[str, Any] | None = None) -> tuple[Store, GridStore]:
    if not is_url(str(out)):
        out = Path(out).resolve()
    place = open_store(out, options)
    return place, GridStore(place, str(out))


def check_work(
    n_thread: int | None, block_size: int | None, workers: int | None, scheduler: str | None
) -> tuple[int, int]:
    """Threads, and the runs of a block, after checking how the work is to be done."""
    if workers is not None:
        check_count("workers", workers, 1, 4096)
    if workers is not None and scheduler is not None:
        raise ValueError("workers and scheduler: give one or the other")
    size = RUNS_PER_CHUNK if block_size is None else check_count("block_size", block_size, 1, 2**31 - 1)
    return check_threads(n_thread), size


def _check_reachable(out: str | Path | None, plans: Iterable[ProblemPlan]) -> None:
    """Refuse what workers in other processes cannot open."""
    if out is None or str(out).startswith("memory:"):
        raise ValueError(f"out={out!r}: workers need a store that they can reach, too")
    for plan in plans:
        if isinstance(plan.source.table, xr.Dataset):
            raise ValueError(f"the table of {plan.problem!r} is in memory: workers need its path")
        for name in sorted({cell.optimizer for cell in plan.cells}):
            if not is_portable(name):
                raise ValueError(f"optimizer {name!r} is known to this process only: workers need its file (--plugin)")


def _run_here(
    tasks: Iterable[Task], plans: Mapping[str, ProblemPlan], store: Results, n_thread: int, count: _Counter
) -> None:
    compile_ahead((named for plan in plans.values() for named in plan.jobs), n_thread)
    key: tuple[str, tuple[int, ...]] | None = None
    search: PreparedSearch | None = None
    for task in tasks:
        if search is None or key != (task.problem, task.position):
            key = task.problem, task.position
            plan = plans[task.problem]
            search = plan.ready.pop(task.position, None) or prepare_task(task, plan.table)
            announce_compilation(search.job.kernel, search.optimizer.name)
        make_block(task, search, store, n_thread)
        count(task.n_run)


def open_results(path: str | Path, storage_options: Mapping[str, Any] | None = None) -> xr.DataTree:
    """The results of a sweep, lazily; a ``ValueError`` if there is no sweep's store."""
    place = open_store(path, storage_options)
    attrs = GridStore(place, str(path)).attributes() or {}
    if STATE not in attrs:
        raise ValueError(f"{path}: no sweep's store")
    check_format(attrs, str(path))
    return open_tree(place)
