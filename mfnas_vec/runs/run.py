"""Run one optimizer on one table, many runs at once."""

import secrets
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import xarray as xr

from mfnas_vec._jit import announce_compilation
from mfnas_vec.runs.compiling import compile_job
from mfnas_vec.runs.result import TIMING_PREFIX, assemble
from mfnas_vec.runs.threads import Progress, available_threads, run_blocks
from mfnas_vec.search import GECCO2024, Job, Optimizer, get_optimizer
from mfnas_vec.search.memory import NO_TRACE, Outcome, Trace, make_outcome, make_trace
from mfnas_vec.tables import dense
from mfnas_vec.tables.coverage import REFUSE, WORST, check_coverage, with_worst
from mfnas_vec.tables.schema import SECONDS_SUFFIX

#: Most runs of a seed.
MAX_RUNS = 2**31 - 1


def check_count(name: str, value: Any, low: int, high: int) -> int:
    """The value as an int in ``low..high``, or a ValueError."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or not low <= value.__index__() <= high:
        raise ValueError(f"{name}={value!r} must be an integer in {low}..{high}")
    return int(value.__index__())


def check_runs(n_run: Any) -> int:
    """The number of runs, or a ValueError."""
    return check_count("n_run", n_run, 1, MAX_RUNS)


def check_seed(seed: Any) -> int:
    """The seed, or a ValueError."""
    return check_count("seed", seed, 0, 2**63 - 1)


def check_threads(n_thread: Any) -> int:
    """The number of threads, all processors for ``None``, or a ValueError."""
    return available_threads() if n_thread is None else check_count("n_thread", n_thread, 1, 4096)


class PreparedSearch(NamedTuple):
    """An optimizer with checked settings on a table, ready to run."""

    optimizer: Optimizer
    table: xr.Dataset
    values: dict[str, Any]
    job: Job

    def runs(
        self,
        seed: int,
        first_run: int,
        n_run: int,
        n_thread: int,
        *,
        block_size: int | None = None,
        progress: Progress | None = None,
    ) -> Outcome:
        """Make runs ``first_run`` to ``first_run + n_run - 1`` of a seed."""
        outcome = make_outcome(n_run)
        run_blocks(
            self.job,
            seed,
            first_run,
            outcome,
            NO_TRACE,
            n_thread=n_thread,
            block_size=block_size,
            progress=progress,
        )
        return outcome

    def trace(
        self,
        seed: int,
        first_run: int,
        outcome: Outcome,
        n_thread: int,
        *,
        block_size: int | None = None,
        progress: Progress | None = None,
    ) -> Trace:
        """Every evaluation of runs whose numbers of evaluations are known: they repeat exactly."""
        steps = make_trace(outcome.row.size, int(outcome.evaluations.max()))
        run_blocks(
            self.job, seed, first_run, outcome, steps, n_thread=n_thread, block_size=block_size, progress=progress
        )
        return steps


def prepare(
    optimizer: str, table: xr.Dataset, settings: Mapping[str, Any], *, protocol: str = GECCO2024, missing: str = REFUSE
) -> PreparedSearch:
    """Check everything that ``run`` checks, and make ready what kernels read.

    Raises
    ------
    ValueError
        If an argument or a setting is impossible; the message names it and what is allowed.
    """
    if isinstance(optimizer, xr.Dataset):
        raise ValueError(f"the optimizer comes first, then the table: run({str(table)!r}, table)")
    spec = get_optimizer(optimizer)
    dense.check_rows(table)
    test = dense.test_variable(table)
    values = spec.resolve(table, settings)
    reads = dense.metrics_of(table, values)
    check_coverage(table, [test, *reads], missing)
    for name in reads:
        if not name.endswith(SECONDS_SUFFIX):
            dense.announce_direction(table, name)
    if missing == WORST:
        table = with_worst(table)
    return PreparedSearch(spec, table, values, spec.job(table, values, protocol))


def run(
    optimizer: str,
    table: xr.Dataset,
    *,
    n_run: int = 500,
    seed: int | None = 0,
    protocol: str = GECCO2024,
    trace: bool = False,
    missing: str = REFUSE,
    first_run: int = 0,
    n_thread: int | None = None,
    block_size: int | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> xr.Dataset:
    """Run an optimizer on a table, all runs at once.

    Parameters
    ----------
    optimizer
        A name of ``OPTIMIZERS``.
    table
        A benchmark table, from ``open_table`` or ``build_table``.
    n_run
        Number of independent runs.
    seed
        Run i of a seed is the same whatever the other arguments here; ``None`` draws a fresh
        seed, which the result records.
    protocol
        "gecco2024" or "head2025", the decisions of the published code in 2023 and 2025, or "corrected",
        without its accounting errors; "+decision" and "-decision" after it change single ones.
    trace
        Whether to keep every evaluation of every run.
    missing
        What to do with a table that knows some architectures only: "refuse" it, or let the others
        count as the "worst", at the highest price known.
    first_run
        Index of the first run: runs ``first_run`` to ``first_run + n_run - 1`` are made.
    n_thread
        Threads; all available processors by default. Changes no number.
    block_size
        Runs per task of a thread. Changes no number.
    progress
        Called, from any thread but never twice at once, with the number of runs finished since the
        last call; with ``trace`` every run is made, and counted, twice.
    **settings
        Settings of the optimizer by their published names; the published values by default.

    Returns
    -------
    xarray.Dataset
        Dims ``run`` (and ``step`` with ``trace``): ``arch, code, search_score, test_performance,
        cost_seconds, cost_epochs, evaluations, unique_evaluations, stop_reason``; with ``trace`` also
        ``trace_code, trace_arch, trace_fidelity, trace_score, trace_seconds, trace_epochs,
        trace_incumbent``. NaN is missing: ``arch`` and ``code`` are integers if every run found an
        architecture, else floats. ``genotypes(result)`` has a number per gene. Scores have the sign of
        their metric. ``optimizer, problem`` and ``settings`` are scalar coordinates, which label what
        ``xarray.concat`` joins; attributes have seed, protocol, provenance and digests.

    Raises
    ------
    ValueError
        If an argument or a setting is impossible; the message names it and what is allowed.

    Examples
    --------
    >>> from mfnas_vec import open_table, run
    >>> result = run("RS", open_table("nb201-cifar10"), n_run=10)
    >>> dict(result.sizes)
    {'run': 10}
    """
    n_run = check_runs(n_run)
    first_run = check_count("first_run", first_run, 0, 2**62)
    seed = secrets.randbits(63) if seed is None else check_seed(seed)
    n_thread = check_threads(n_thread)
    if block_size is not None:
        block_size = check_count("block_size", block_size, 1, MAX_RUNS)
    search = prepare(optimizer, table, settings, protocol=protocol, missing=missing)
    job = search.job
    compiling = announce_compilation(job.kernel, search.optimizer.name)
    begun = time.perf_counter()
    compile_job(job)
    ready = time.perf_counter()
    outcome = search.runs(seed, first_run, n_run, n_thread, block_size=block_size, progress=progress)
    done = time.perf_counter()
    steps = None
    if trace:
        steps = search.trace(seed, first_run, outcome, n_thread, block_size=block_size, progress=progress)
    result = assemble(
        search.optimizer,
        search.table,
        job,
        search.values,
        outcome,
        trace=steps,
        seed=seed,
        first_run=first_run,
        protocol=protocol,
    )
    result.attrs[TIMING_PREFIX + "kernel_seconds"] = done - ready
    result.attrs[TIMING_PREFIX + "load_seconds"] = ready - begun
    result.attrs[TIMING_PREFIX + "compiled"] = int(compiling)
    return result
