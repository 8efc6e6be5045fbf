"""Compile what a command needs before it starts: several kernels at once."""

import contextlib
import logging
import multiprocessing
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from mfnas_vec._jit import cache_directory, is_compiled, start_compiler
from mfnas_vec.runs.pool import FORKS, forks
from mfnas_vec.search import Job
from mfnas_vec.search.memory import NO_TRACE, make_outcome
from mfnas_vec.search.runner import Output
from mfnas_vec.search.sources import names_of

LOGGER = logging.getLogger("mfnas_vec")


def compile_job(job: Job) -> None:
    """Compile the kernel of a job, or load it, without making a run; one in Python has none."""
    if job.kernel is None:
        return
    job(0, 0, slice(0, 0), Output.of(make_outcome(0), NO_TRACE))


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
    names = ", ".join(dict.fromkeys(name for name, _ in missing))
    LOGGER.warning("compiling %d kernels in %d processes (kept for later runs): %s ...", len(missing), n_process, names)
    begun, done = time.perf_counter(), 0
    start_compiler()  # the forks have it then
    groups = _groups([job for _, job in missing], n_process)
    with forks(n_process, groups) as submit:
        for future in as_completed([submit(_compile, i) for i in range(n_process)]):
            try:
                done += future.result()
            except BrokenProcessPool as error:
                LOGGER.debug("some kernels are compiled later: %s", error)
    LOGGER.warning("compiled in %.1f s", time.perf_counter() - begun)
    return done


def _groups(jobs: Sequence[Job], n_group: int) -> list[list[Job]]:
    """Jobs for processes that end together: a process compiles a part of several kernels once."""
    parts = {job.kernel: _parts(job.kernel.py_func.__globals__["search"]) for job in jobs}
    groups: list[list[Job]] = [[] for _ in range(n_group)]
    compiled: list[dict[Any, int]] = [{} for _ in range(n_group)]
    for job in sorted(jobs, key=lambda job: sum(parts[job.kernel].values()), reverse=True):
        after = [group | parts[job.kernel] for group in compiled]
        i = min(range(n_group), key=lambda i: sum(after[i].values()))
        groups[i].append(job)
        compiled[i] = after[i]
    return groups


def _parts(function: Any) -> dict[Any, int]:
    """A compiled function and all that it calls, with the lengths of their bytecode."""
    found: dict[Any, int] = {}
    left = [function]
    while left:
        plain = left.pop().py_func
        if plain not in found:
            found[plain] = len(plain.__code__.co_code)
            called = [plain.__globals__.get(name) for name in names_of(plain.__code__)]
            left += [part for part in called if hasattr(part, "py_func")]
    return found


def _compile(groups: Sequence[Sequence[Job]], i: int) -> int:
    """Compile the jobs of a group; the number of those that can be compiled."""
    done = 0
    for job in groups[i]:
        with contextlib.suppress(ValueError):  # raised again where it is called
            compile_job(job)
            done += 1
    return done
