"""Estimated cost of a sweep, from a few of its runs."""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mfnas_vec.runs.result import RUN_VARIABLES, run_arrays
from mfnas_vec.sweeps.grid import Grid
from mfnas_vec.sweeps.plan import ProblemPlan, group_of
from mfnas_vec.sweeps.skeleton import RUNS_PER_CHUNK, make_skeleton
from mfnas_vec.sweeps.store import GridStore, n_chunk, open_store

#: Trial runs per cell, and number of cells.
TRIAL_RUNS = 32
TRIAL_CELLS = 40
#: Seconds after which no further cell is timed.
TRIAL_SECONDS = 10.0
#: Copies of a block's runs in memory at once: outcome, arrays, encoded chunks.
COPIES = 4


class Estimate(NamedTuple):
    """Estimated cost of a sweep."""

    n_search: int
    seconds: float
    #: Peak memory of this process, bytes.
    memory: int
    #: Bytes before compression, an upper bound.
    disk: int


def estimate(plans: Sequence[ProblemPlan], grid: Grid, n_thread: int) -> Estimate:
    """Extrapolate from the time of a few runs of some cells and of writing blocks to a temporary folder.

    The compilation of kernels that are not cached is not counted.
    """
    cells = [(plan, cell) for plan in plans for cell in plan.cells]
    n_trial = min(TRIAL_RUNS, grid.n_run)
    spent, made, begun = 0.0, 0, time.perf_counter()
    for plan, cell in cells[:: max(1, len(cells) // TRIAL_CELLS)]:
        if made and time.perf_counter() - begun > TRIAL_SECONDS:
            break
        search = plan.prepare(cell, grid)
        search.runs(grid.seed, 0, 1, 1)  # compiles
        started = time.perf_counter()
        run_arrays(search.table, search.job, search.runs(grid.seed, 0, n_trial, n_thread))
        spent += time.perf_counter() - started
        made += n_trial
    n_search = len(cells) * grid.n_run
    per_run = sum(np.dtype(dtype).itemsize for _, dtype, _ in RUN_VARIABLES.values())
    writing = len(cells) * n_chunk(grid.n_run) * _seconds_per_block(plans[0], grid)
    block = min(grid.n_run, RUNS_PER_CHUNK) * per_run
    return Estimate(
        n_search, spent / made * n_search + writing, _peak_memory(plans) + COPIES * block, n_search * per_run
    )


def _seconds_per_block(plan: ProblemPlan, grid: Grid) -> float:
    """Seconds to prepare and write a block, measured in a temporary store."""
    n_run = min(grid.n_run, RUNS_PER_CHUNK)
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        store = GridStore(open_store(Path(folder)), folder)
        store.create(make_skeleton({}, {plan.problem: group_of(plan, grid.with_values(n_run=n_run))}))
        for cell in plan.cells[:3]:
            search = plan.prepare(cell, grid)
            arrays = run_arrays(search.table, search.job, search.runs(grid.seed, 0, 1, 1))
            block = {name: np.repeat(array, n_run, axis=0) for name, array in arrays.items()}
            begun = time.perf_counter()
            plan.prepare(cell, grid)
            store.write(plan.problem, cell.position, 0, block)
            seconds.append(time.perf_counter() - begun)
    return min(seconds)


def _peak_memory(plans: Sequence[ProblemPlan]) -> int:
    """Peak memory of this process, with tables and compiled kernels, in bytes."""
    try:
        import resource
    except ImportError:  # not on Windows
        return sum(plan.table.nbytes for plan in plans)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
