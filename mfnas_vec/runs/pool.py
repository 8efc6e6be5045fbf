"""Pools of processes."""

import contextlib
import multiprocessing
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
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
