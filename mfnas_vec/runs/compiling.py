"""Compile what a command needs before it starts: several kernels at once."""

import logging
import multiprocessing
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from mfnas_vec._jit import cache_directory, is_compiled, start_compiler
from mfnas_vec.runs.pool import FORKS, process_pool
from mfnas_vec.search import Job
from mfnas_vec.search.memory import make_outcome, make_trace

LOGGER = logging.getLogger("mfnas_vec")


def compile_job(job: Job) -> None:
    """Compile the kernel of a job, or load it, without making a run."""
    job(0, 0, 0, make_outcome(0), make_trace(0, 0))


def compile_ahead(jobs: Iterable[tuple[str, Job]], n_process: int) -> int:
    """Compile kernels that are not ready, in several processes, and keep them on disk.

    Threads would not help: numba compiles one function at a time in a process. Whatever fails here
    is compiled, and its error raised, when it is called. Where processes cannot be forked, or
    nothing can be kept, nothing is done.

    Parameters
    ----------
    jobs
        Name of the search and job.
    n_process
        Processes at once.

    Returns
    -------
    int
        Number of kernels that have been compiled.
    """
    distinct = {job.kernel: (name, job) for name, job in jobs}
    missing = [found for kernel, found in distinct.items() if not is_compiled(kernel)]
    n_process = min(n_process, len(missing))
    if n_process < 2 or not FORKS or cache_directory() is None or multiprocessing.current_process().daemon:
        return 0
    missing.sort(key=lambda found: _length(found[1]), reverse=True)
    names = ", ".join(dict.fromkeys(name for name, _ in missing))
    LOGGER.warning("compiling %d kernels in %d processes (kept for later runs): %s ...", len(missing), n_process, names)
    begun, done = time.perf_counter(), 0
    start_compiler()  # the forks have it then
    with process_pool(n_process, _begin, ([job for _, job in missing],)) as pool:
        waiting = {pool.submit(_compile, i): name for i, (name, _) in enumerate(missing)}
        for future in as_completed(waiting):
            try:
                future.result()
                done += 1
            except (ValueError, BrokenProcessPool) as error:
                LOGGER.debug("%s is compiled later: %s", waiting[future], error)
    LOGGER.warning("compiled in %.1f s", time.perf_counter() - begun)
    return done


def _length(job: Job) -> int:
    """Bytes of the source of a search: long ones first, so that the processes end together."""
    function = job.kernel.py_func.__globals__["search"].py_func
    return Path(function.__code__.co_filename).stat().st_size


_jobs: Sequence[Job] = ()


def _begin(jobs: Sequence[Job]) -> None:
    global _jobs
    _jobs = jobs


def _compile(i: int) -> None:
    compile_job(_jobs[i])
