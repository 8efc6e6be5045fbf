"""Many runs of a search written in Python: the same result as that of a compiled one."""

import secrets
import time
import warnings
from typing import Any

import xarray as xr

from mfnas_vec.runs.accounts import RESTART
from mfnas_vec.runs.processes import SimulatedSearch, SimulatedWork, make_runs
from mfnas_vec.runs.reports import FailedRunsWarning, failure_text, note_failures, result_of, settings_of
from mfnas_vec.runs.result import TIMING_PREFIX
from mfnas_vec.runs.run import check_count, check_runs, check_seed
from mfnas_vec.runs.simulator import Simulator
from mfnas_vec.runs.threads import Progress, available_threads
from mfnas_vec.search import GECCO2024
from mfnas_vec.tables.coverage import REFUSE


def simulate(
    search: SimulatedSearch,
    table: xr.Dataset,
    *,
    n_run: int = 500,
    seed: int | None = 0,
    workers: int | None = None,
    name: str | None = None,
    metric: str = "val_acc",
    max_time: float | None = None,
    max_eval: int | None = None,
    protocol: str = GECCO2024,
    training: str = RESTART,
    n_worker: int = 1,
    missing: str = REFUSE,
    trace: bool = False,
    first_run: int = 0,
    progress: Progress | None = None,
    **settings: Any,
) -> xr.Dataset:
    """Run a search written in Python many times.

    Parameters
    ----------
    search
        Called as ``search(simulator, rng, **settings)`` for each run: a ``Simulator`` and a NumPy
        generator of the run's own. It ends when it returns, or when the budget does.
    table
        A benchmark table.
    n_run, seed, trace, missing, first_run, progress
        As of ``run``.
    workers
        Processes; all available processors by default, 1 for none but this one. Changes no number.
    name
        What the search is called; the name of the function or class by default.
    metric, max_time, max_eval, protocol, training, n_worker
        As of ``Simulator``.
    **settings
        Settings of the search: numbers, texts, lists. The result records them.

    Returns
    -------
    xarray.Dataset
        As of ``run``. A run that failed found no architecture, and has the stop reason "failed";
        ``attrs["failures"]`` says why.

    Raises
    ------
    ValueError
        If an argument is impossible.
    RuntimeError
        If every run failed; the message has the traceback of the first.

    Warns
    -----
    FailedRunsWarning
        If some runs failed; the message has run, seed and traceback of the first.

    Examples
    --------
    >>> from mfnas_vec import open_table, simulate
    >>> def climb(simulator, rng):
    ...     genotype = list(rng.integers(5, size=6))
    ...     best = simulator.evaluate(genotype)
    ...     while not simulator.done:
    ...         child = list(genotype)
    ...         child[rng.integers(6)] = rng.integers(5)
    ...         score = simulator.evaluate(child)
    ...         if score >= best:
    ...             genotype, best = child, score
    >>> result = simulate(climb, open_table("nb201-cifar10"), n_run=4, workers=1, max_eval=50)
    >>> dict(result.sizes)
    {'run': 4}
    """
    n_run = check_runs(n_run)
    first_run = check_count("first_run", first_run, 0, 2**62)
    seed = secrets.randbits(63) if seed is None else check_seed(seed)
    workers = available_threads() if workers is None else check_count("workers", workers, 1, 4096)
    if not callable(search):
        raise ValueError(f"search={search!r} must be callable: search(simulator, rng)")
    simulator = Simulator(
        table,
        metric,
        max_time=max_time,
        max_eval=max_eval,
        protocol=protocol,
        training=training,
        n_worker=n_worker,
        missing=missing,
    )
    label = str(name or getattr(search, "__name__", type(search).__name__))
    values = settings_of(simulator, settings)
    begun = time.perf_counter()
    work = SimulatedWork(search, simulator, settings, seed, trace)
    runs = range(first_run, first_run + n_run)
    reports = make_runs(work, runs, workers, progress)
    seconds = time.perf_counter() - begun
    text, all_failed = failure_text(label, seed, runs, reports)
    if all_failed:
        raise RuntimeError(text)
    if text:
        warnings.warn(text, FailedRunsWarning, stacklevel=2)
    result = result_of(label, simulator, reports, values, seed=seed, first_run=first_run, trace=trace)
    note_failures(result, reports)
    result.attrs[TIMING_PREFIX + "kernel_seconds"] = seconds
    return result
