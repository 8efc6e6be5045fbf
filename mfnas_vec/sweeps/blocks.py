"""Blocks of runs: the unit of work of a sweep, in this process or on another machine."""

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import xarray as xr

from mfnas_vec.runs.result import describe, run_arrays
from mfnas_vec.runs.run import PreparedSearch, prepare
from mfnas_vec.search import get_optimizer
from mfnas_vec.search.outside import Plugin, loaded
from mfnas_vec.search.plugins import run_plugin
from mfnas_vec.sweeps.grid import Grid
from mfnas_vec.sweeps.memory import MemoryResults
from mfnas_vec.sweeps.plan import ProblemPlan, TableSource, load_inputs
from mfnas_vec.sweeps.skeleton import RUNS_PER_CHUNK
from mfnas_vec.sweeps.store import Block, GridStore, n_chunk, open_store


class Task(NamedTuple):
    """Runs ``start`` to ``stop`` of one cell: small, and all that a worker on another machine needs."""

    problem: str
    source: TableSource
    optimizer: str
    #: JSON of the settings.
    settings: str
    position: tuple[int, ...]
    #: Digest of the inputs: a worker with other tables is refused.
    inputs_digest: str
    protocol: str
    missing: str
    seed: int
    start: int
    stop: int
    #: Files of optimizers and spaces from outside, and the digest of this optimizer's source: a worker whose own
    #: differs is refused.
    plugins: tuple[Plugin, ...] = ()
    optimizer_digest: str = ""

    @property
    def n_run(self) -> int:
        """Number of runs of the block."""
        return self.stop - self.start


def make_tasks(
    plans: Iterable[ProblemPlan], grid: Grid, finished: Mapping[str, set[Block]], block_size: int
) -> Iterator[Task]:
    """The unfinished runs, in blocks of at most ``block_size`` runs, cell after cell.

    Blocks consist of whole chunks: no two tasks write to the same chunk.
    """
    chunks = max(1, block_size // RUNS_PER_CHUNK)
    for plan in plans:
        done = finished.get(plan.problem, set())
        for cell in plan.cells:
            left = [i for i in range(n_chunk(grid.n_run)) if (cell.position, i) not in done]
            for first, last in _stretches(left, chunks):
                yield Task(
                    plan.problem,
                    plan.source,
                    cell.optimizer,
                    json.dumps(cell.settings, sort_keys=True),
                    cell.position,
                    cell.description.attrs["inputs_digest"],
                    cell.protocol,
                    grid.missing,
                    grid.seed,
                    first * RUNS_PER_CHUNK,
                    min((last + 1) * RUNS_PER_CHUNK, grid.n_run),
                    loaded(),
                    get_optimizer(cell.optimizer).source,
                )


def _stretches(chunks: list[int], longest: int) -> Iterator[tuple[int, int]]:
    """First and last of each stretch of consecutive numbers, none longer than ``longest``."""
    start = 0
    for i in range(1, len(chunks) + 1):
        if i == len(chunks) or chunks[i] != chunks[i - 1] + 1 or i - start == longest:
            yield chunks[start], chunks[i - 1]
            start = i


#: What blocks are written to.
Results = GridStore | MemoryResults


def make_block(task: Task, search: PreparedSearch, store: Results, n_thread: int) -> None:
    """Execute the runs of a task and write them."""
    outcome = search.runs(task.seed, task.start, task.n_run, n_thread)
    store.write(task.problem, task.position, task.start, run_arrays(search.table, search.job, outcome))


def prepare_task(task: Task, table: xr.Dataset) -> PreparedSearch:
    """The search of a task on its table."""
    return prepare(task.optimizer, table, json.loads(task.settings), protocol=task.protocol, missing=task.missing)


@functools.lru_cache(maxsize=8)
def _worker_search(task: Task) -> PreparedSearch:
    """The search of a task, with its optimizer loaded and its table opened; ``task`` without the range of runs."""
    for plugin in task.plugins:
        run_plugin(plugin)
    if get_optimizer(task.optimizer).source != task.optimizer_digest:
        raise ValueError(
            f"the optimizer {task.optimizer!r} of this worker differs from that of the machine that sent the work"
        )
    search = prepare_task(task, load_inputs(task.source.open(), [(task.optimizer, json.loads(task.settings))]))
    found = describe(search.optimizer, search.table, search.job, search.values).attrs["inputs_digest"]
    if found != task.inputs_digest:
        raise ValueError(
            f"the table {task.source.table!r} of this worker differs from that of the machine that sent the work"
        )
    return search


@functools.lru_cache(maxsize=8)
def _worker_store(path: str, options: str) -> GridStore:
    return GridStore(open_store(path, json.loads(options)), path)


def make_block_at(path: str, options: str, task: Task) -> int:
    """Execute a block on a worker, which opens table and store itself; returns the number of runs."""
    search = _worker_search(task._replace(start=0, stop=0))
    make_block(task, search, _worker_store(path, options), 1)
    return task.n_run
