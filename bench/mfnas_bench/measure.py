"""Kernels and their two yardsticks, measured in turn so that noise affects all equally."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import xarray as xr

from mfnas_bench.limit import seconds_of
from mfnas_vec.reference import REFERENCE
from mfnas_vec.reference.arguments import reference_arguments
from mfnas_vec.reference.streams import KernelStream
from mfnas_vec.runs.run import PreparedSearch, prepare
from mfnas_vec.tables.dense import table_space


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least, most, and what lies between the two in terms of the median."""
    median = statistics.median(values)
    return {
        "median": median,
        "min": min(values),
        "max": max(values),
        "relative_spread": (max(values) - min(values)) / median if median else 0.0,
    }


def kernel_seconds(search: PreparedSearch, n_run: int, n_thread: int) -> float:
    """Wall seconds of a batch of runs, without the Python around it: the attribute ``timing_kernel_seconds``."""
    return seconds_of(lambda: search.runs(0, 0, n_run, n_thread))


def reference(optimizer: str, table: xr.Dataset, **settings: Any) -> Callable[[int], float]:
    """Seconds of run i of the reference implementation, its arguments ready."""
    search = prepare(optimizer, table, settings)
    space = table_space(table)
    arguments = reference_arguments(optimizer, search.job)

    def seconds(index: int) -> float:
        stream = KernelStream(0, index)
        begun = time.perf_counter()
        REFERENCE[optimizer](space, stream, **arguments)
        return time.perf_counter() - begun

    return seconds
