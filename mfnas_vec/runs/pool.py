"""Pools of processes."""

import contextlib
import functools
import multiprocessing
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

#: Whether processes are forks.
FORKS = sys.platform == "linux"


@contextlib.contextmanager
def process_pool(workers: int, begin: Callable[..., object], given: tuple[Any, ...]) -> Iterator[ProcessPoolExecutor]:
    """Processes that ``begin`` with what is ``given``; work not begun at the end is dropped.

    On Linux they are forks, which have everything already, also what cannot be pickled.
    """
    context = multiprocessing.get_context("fork" if FORKS else "spawn")
    with warnings.catch_warnings():
        # Threads of this package hold no lock between runs, and the forks look things up or compile.
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        pool = ProcessPoolExecutor(workers, context, begin, given)
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


_given: Any = None


def _begin(given: Any) -> None:
    global _given
    _given = given


def _call(function: Callable[..., Any], *args: Any) -> Any:
    return function(_given, *args)


def _call_here(given: Any, function: Callable[..., Any], *args: Any) -> "Future[Any]":
    future: Future[Any] = Future()
    try:
        future.set_result(function(given, *args))
    except Exception as error:
        future.set_exception(error)
    return future


@contextlib.contextmanager
def forks(workers: int, given: Any) -> Iterator[Any]:
    """A function that calls others, of what is ``given`` and more, in forks of this process.

    Where there is nothing to gain, or no process can be forked, it calls them here.
    """
    if workers < 2 or not FORKS or multiprocessing.current_process().daemon:
        yield functools.partial(_call_here, given)
    else:
        with process_pool(workers, _begin, (given,)) as pool:
            submit: Any = pool.submit
            yield functools.partial(submit, _call)
