"""Run one optimizer on one table, many runs at once."""

import _thread
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import xarray as xr

from mfnas_vec._jit import announce_compilation
from mfnas_vec.kernels.state import Outcome, Trace, make_outcome, make_trace
from mfnas_vec.optimizers import GECCO2024, Job, Optimizer, get_optimizer
from mfnas_vec.results.assemble import TIMING_PREFIX, assemble
from mfnas_vec.tables import dense
from mfnas_vec.tables.coverage import REFUSE, WORST, check_coverage, with_worst

#: Called with the number of runs finished since the last call.
Progress = Callable[[int], object]

#: Most runs of a seed.
MAX_RUNS = 2**31 - 1
#: Most runs of a block: its working memory is touched once per block, its results stay in cache.
MAX_BLOCK = 4096
#: Where progress is watched, blocks begin small and then last about this long.
FIRST_BLOCK = 8
SECONDS_PER_BLOCK = 0.2
#: Evaluations that the caller's own thread may be busy with: at most about a second.
SHORT_WORK = 10_000_000
#: How often a waiting caller looks for an interruption.
POLL_SECONDS = 0.1


def available_threads() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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


class Search(NamedTuple):
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
        block_size: int | None = None,
        progress: Progress | None = None,
    ) -> Outcome:
        """Make runs ``first_run`` to ``first_run + n_run - 1`` of a seed."""
        outcome = make_outcome(n_run)
        _run_blocks(self.job, seed, first_run, outcome, make_trace(n_run, 0), n_thread, block_size, progress)
        return outcome


def prepare(
    optimizer: str, table: xr.Dataset, settings: Mapping[str, Any], *, protocol: str = GECCO2024, missing: str = REFUSE
) -> Search:
    """Check everything that ``run`` checks, and make ready what kernels read.

    Raises
    ------
    ValueError
        If an argument or a setting is impossible; the message names it and what is allowed.
    """
    spec = get_optimizer(optimizer)
    dense.check_rows(table)
    test = dense.test_variable(table)
    values = spec.resolve(table, settings)
    if missing == WORST:
        table = with_worst(table)
    else:
        check_coverage(table, [test, *dense.metrics_of(table, values)], missing)
    return Search(spec, table, values, spec.job(table, values, protocol))


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
        "gecco2024", the published code's decisions, or "corrected", without its accounting errors.
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
        Dims ``run`` (``gene``, and ``step`` with ``trace``): ``arch, genotype, search_score,
        test_performance, cost_seconds, cost_epochs, evaluations, unique_evaluations,
        stop_reason``; with ``trace`` also ``trace_code, trace_arch, trace_fidelity, trace_score,
        trace_seconds, trace_epochs, trace_incumbent``. Attributes tell settings, seed, protocol,
        provenance and digests.

    Raises
    ------
    ValueError
        If an argument or a setting is impossible; the message names it and what is allowed.

    Examples
    --------
    >>> from mfnas_vec import open_table, run
    >>> result = run("RS", open_table("nb201-cifar10"), n_run=10)
    >>> dict(result.sizes)
    {'run': 10, 'gene': 6}
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
    job(seed, 0, 0, make_outcome(0), make_trace(0, 0))
    ready = time.perf_counter()
    outcome = search.runs(seed, first_run, n_run, n_thread, block_size, progress)
    done = time.perf_counter()
    steps = None
    if trace:
        # Runs repeat exactly: the first pass has told how many steps there are.
        steps = make_trace(n_run, int(outcome.evaluations.max()))
        _run_blocks(job, seed, first_run, outcome, steps, n_thread, block_size, progress)
    result = assemble(
        search.optimizer,
        search.table,
        job,
        search.values,
        outcome,
        steps,
        seed=seed,
        first_run=first_run,
        protocol=protocol,
    )
    result.attrs[TIMING_PREFIX + "kernel_seconds"] = done - ready
    result.attrs[TIMING_PREFIX + "load_seconds"] = ready - begun
    result.attrs[TIMING_PREFIX + "compiled"] = int(compiling)
    return result


def start_thread(work: Callable[[], object]) -> _thread.LockType:
    """Start work that raises nothing in a daemon thread; the lock can be taken once it has ended.

    ``threading.Thread.start`` waits until the thread runs, which takes longer than short kernels.
    """
    finished = _thread.allocate_lock()
    finished.acquire()

    def body() -> None:
        try:
            work()
        finally:
            finished.release()

    _thread.start_new_thread(body, ())
    return finished


def _run_blocks(
    job: Job,
    seed: int,
    first_run: int,
    outcome: Outcome,
    trace: Trace,
    n_thread: int,
    block_size: int | None,
    progress: Progress | None,
) -> None:
    n_run = outcome.row.size
    lock = threading.Lock()
    failures: list[BaseException] = []
    taken = 0
    share = -(-n_run // n_thread)
    size = block_size or (FIRST_BLOCK if progress is not None else share)

    def take_block() -> tuple[int, int]:
        nonlocal taken
        with lock:
            start = taken
            taken = min(n_run, start + min(size, MAX_BLOCK))
            return start, taken

    def work() -> None:
        nonlocal size
        try:
            while not failures:
                start, end = take_block()
                if start == end:
                    return
                part = Outcome._make(array[start:end] for array in outcome)
                steps = Trace._make(array[start:end] for array in trace)
                begun = time.perf_counter()
                job(seed, first_run + start, end - start, part, steps)
                if progress is not None:
                    with lock:
                        if not failures:
                            progress(end - start)
                    if block_size is None:
                        speed = (end - start) / max(time.perf_counter() - begun, 1e-9)
                        size = max(1, min(int(speed * SECONDS_PER_BLOCK), share))
        except BaseException as failure:  # raised in the caller's thread, below
            failures.append(failure)

    # A kernel cannot be interrupted. The caller's own thread therefore takes part in short work only,
    # and the others are daemons: an interrupted caller does not wait for blocks nobody wants any more.
    # Rankings and tournaments look at every place for one evaluation.
    work_bound = job.n_eval_bound * (1 + job.n_place / 10) * min(share, MAX_BLOCK)
    takes_part = work_bound <= SHORT_WORK
    n_block = -(-n_run // min(size, share))
    helpers = []
    try:
        for _ in range(min(n_thread, n_block) - takes_part):
            helpers.append(start_thread(work))
        if takes_part:
            work()
        for finished in helpers:
            while not finished.acquire(timeout=POLL_SECONDS):
                pass
    except BaseException as interruption:
        failures.append(interruption)
        raise
    if failures:
        raise failures[0]
