"""Kernels and their two yardsticks, measured in turn so that noise affects all equally."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import xarray as xr

from mfnas_bench.limit import Limit
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
    begun = time.perf_counter()
    search.runs(0, 0, n_run, n_thread)
    return time.perf_counter() - begun


def compare(
    optimizer: str, table: xr.Dataset, *, n_run: int = 500, n_thread: int = 1, n_repeat: int = 15, **settings: Any
) -> dict[str, Any]:
    """A kernel and the limit, in turn.

    Returns
    -------
    dict
        ``kernel`` and ``limit`` (``spread`` of seconds), ``ratio`` (``spread`` of the ratios of
        neighbours), ``best_ratio`` (least seconds over least seconds), ``evaluations``.
    """
    search = prepare(optimizer, table, settings)
    evaluations = int(search.runs(0, 0, n_run, n_thread).evaluations.sum())
    limit = Limit(table_space(table).n_arch, evaluations, n_run)
    limit.seconds(n_thread)
    pairs = [(kernel_seconds(search, n_run, n_thread), limit.seconds(n_thread)) for _ in range(n_repeat)]
    kernels, limits = [p[0] for p in pairs], [p[1] for p in pairs]
    return {
        "evaluations": evaluations,
        "kernel": spread(kernels),
        "limit": spread(limits),
        "ratio": spread([k / t for k, t in pairs]),
        "best_ratio": min(kernels) / min(limits),
    }


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
