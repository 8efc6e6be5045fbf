"""Blocks of runs on threads."""

import _thread
import os
import threading
import time
from collections.abc import Callable

from mfnas_vec.search import Job
from mfnas_vec.search.memory import Outcome, Trace
from mfnas_vec.search.runner import Output

#: Called with the number of runs finished since the last call.
Progress = Callable[[int], object]

#: Most runs of a block: its working memory is touched once per block, its results stay in cache.
MAX_BLOCK = 4096
#: Where progress is watched, blocks begin small and then last about this long.
FIRST_BLOCK = 8
SECONDS_PER_BLOCK = 0.2
#: Evaluations that the caller's own thread may be busy with: at most about a second.
SHORT_WORK = 10_000_000
#: Runs that the caller's own thread begins short work with, and what it costs to call a kernel.
FIRST_RUNS = 16
CALL_SECONDS = 2e-6
#: Seconds of the rest that are worth a thread.
THREAD_SECONDS = 250e-6
#: Seconds of a block that are worth a call, and most blocks of a thread: with more than one, a thread that ends early
#: takes work from the others.
PIECE_SECONDS, MAX_PIECES = 1e-3, 8
#: How often a waiting caller looks for an interruption.
POLL_SECONDS = 0.1


def available_threads() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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


def run_blocks(
    job: Job,
    seed: int,
    first_run: int,
    outcome: Outcome,
    trace: Trace,
    *,
    n_thread: int,
    block_size: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Make as many runs as ``outcome`` has rows, in blocks, on several threads.

    Parameters
    ----------
    job, seed, first_run, outcome, trace
        As of ``Job``.
    n_thread, block_size, progress
        As of ``run``; whatever a kernel or ``progress`` raises is raised here.
    """
    in_processes = getattr(job, "in_processes", None)
    if in_processes is not None:  # a search in Python
        in_processes(seed, first_run, outcome, trace, n_process=n_thread, progress=progress)
        return
    n_run = outcome.row.size
    output = Output.of(outcome, trace)
    # A kernel cannot be interrupted. The caller's own thread therefore takes part in short work only,
    # and the others are daemons: an interrupted caller does not wait for blocks that are no longer needed.
    # Rankings and tournaments visit every slot for one evaluation.
    work_bound = job.n_eval_bound * (1 + job.n_place / 10) * min(-(-n_run // n_thread), MAX_BLOCK)
    takes_part = work_bound <= SHORT_WORK
    done, pieces = 0, 1
    if takes_part and n_thread > 1 and block_size is None and progress is None:
        # Starting a thread takes as long as many short runs: look first how long they are.
        begun = time.perf_counter()
        done = min(n_run, FIRST_RUNS)
        job(seed, first_run, slice(0, done), output)
        per_run = max(time.perf_counter() - begun - CALL_SECONDS, 0.0) / max(done, 1)
        rest = per_run * (n_run - done)
        n_thread = min(n_thread, 1 + int(rest / THREAD_SECONDS))
        if n_thread > 1:
            pieces = max(1, min(MAX_PIECES, int(rest / n_thread / PIECE_SECONDS)))
    if takes_part and n_thread == 1 and block_size is None and progress is None and n_run - done <= MAX_BLOCK:
        job(seed, first_run + done, slice(done, n_run), output)
        return
    lock = threading.Lock()
    failures: list[BaseException] = []
    taken = done
    share = -(-(n_run - done) // n_thread)
    pieces = max(pieces, -(-share // MAX_BLOCK))  # so that all threads get equally many
    size = block_size or (FIRST_BLOCK if progress is not None else -(-share // pieces))

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
                begun = time.perf_counter()
                job(seed, first_run + start, slice(start, end), output)
                if progress is not None:
                    with lock:
                        if not failures:
                            progress(end - start)
                    if block_size is None:
                        speed = (end - start) / max(time.perf_counter() - begun, 1e-9)
                        size = max(1, min(int(speed * SECONDS_PER_BLOCK), share))
        except BaseException as failure:  # raised in the caller's thread, below
            failures.append(failure)

    n_block = -(-(n_run - done) // max(1, min(size, share)))
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
