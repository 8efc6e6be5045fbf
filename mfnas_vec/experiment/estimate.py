"""What a sweep would take, from a few runs of its cells."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mfnas_vec.experiment.grid import Grid
from mfnas_vec.experiment.plan import ProblemPlan
from mfnas_vec.results.assemble import RUN_VARIABLES, run_arrays
from mfnas_vec.results.grid_store import RUNS_PER_CHUNK, n_chunk
from mfnas_vec.tables import dense
from mfnas_vec.tables.schema import GENE

#: Runs and cells of a trial.
TRIAL_RUNS = 32
TRIAL_CELLS = 40
#: Seconds to write one block, measured on a local disk, and what files hold beside numbers.
SECONDS_PER_BLOCK = 0.03
BYTES_PER_FILE = 30
#: Memory of interpreter, libraries and compiled kernels.
BASE_BYTES = 350 * 2**20


class Estimate(NamedTuple):
    """What a sweep would take."""

    n_search: int
    n_block: int
    seconds: float
    #: Peak memory of this process.
    memory: int
    #: At most, before compression.
    disk: int


def estimate(plans: Sequence[ProblemPlan], grid: Grid, n_thread: int) -> Estimate:
    """Time a few runs of some cells and reckon the whole; nothing is written.

    Kernels are compiled first where they are not cached; that is not counted.
    """
    cells = [(plan, cell) for plan in plans for cell in plan.cells]
    step = max(1, len(cells) // TRIAL_CELLS)
    some = cells[::step]
    spent = made = 0.0
    n_trial = min(TRIAL_RUNS, grid.n_run)
    for plan, cell in some:
        search = plan.prepare(cell, grid)
        search.runs(grid.seed, 0, 1, 1)  # compiled from here on
        begun = time.perf_counter()
        outcome = search.runs(grid.seed, 0, n_trial, n_thread)
        run_arrays(search.table, search.job, outcome)
        spent += time.perf_counter() - begun
        made += n_trial
    n_search = len(cells) * grid.n_run
    n_block = len(cells) * n_chunk(grid.n_run)
    per_run = max(_bytes_per_run(plan) for plan in plans)
    tables = sum(plan.table.nbytes for plan in plans)
    block = min(grid.n_run, RUNS_PER_CHUNK) * per_run
    return Estimate(
        n_search,
        n_block,
        spent / made * n_search + n_block * SECONDS_PER_BLOCK,
        int(BASE_BYTES + 2 * tables + 4 * block),
        int(n_search * per_run + n_block * len(RUN_VARIABLES) * BYTES_PER_FILE),
    )


def _bytes_per_run(plan: ProblemPlan) -> int:
    n_gene = dense.table_space(plan.table).n_gene
    sizes = {name: np.dtype(dtype).itemsize for name, (_, dtype, _) in RUN_VARIABLES.items()}
    return sum(size * (n_gene if GENE in RUN_VARIABLES[name][0] else 1) for name, size in sizes.items())
