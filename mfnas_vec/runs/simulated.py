"""Searches in Python as optimizers with a name: for ``run``, sweeps, clusters and reports."""

import dataclasses
import math
import warnings
from collections.abc import Sequence
from typing import Any

import xarray as xr

from mfnas_vec.kernels.state import Outcome, Trace
from mfnas_vec.optimizers import OPTIMIZERS, single_fidelity
from mfnas_vec.optimizers.base import CORRECTED, GECCO2024, Optimizer, Setting, Values
from mfnas_vec.runs.processes import SimulatedSearch, Work, make_runs
from mfnas_vec.runs.reports import FailedRunsWarning, Report, failure_text, fill, fill_trace
from mfnas_vec.runs.simulator import MAX_WORKERS, RESTART, Simulator
from mfnas_vec.runs.threads import Progress
from mfnas_vec.tables.coverage import WORST

N_WORKER = Setting("n_worker", "int", "workers that train at once", minimum=1, maximum=MAX_WORKERS)

#: Settings that the simulator takes; all others are those of the search.
_SIMULATOR = ("using_zc_metric", "metric", "iepoch", "max_eval", "max_time", "n_worker")


@dataclasses.dataclass(frozen=True)
class SimulatedJob:
    """Runs of a search in Python, in the form of a compiled job."""

    name: str
    search: SimulatedSearch
    #: Before its first evaluation.
    simulator: Simulator
    settings: Values
    inputs: tuple[tuple[str, int | None], ...]
    metric: str
    sign: float
    #: All but the first hold the scores and prices that are read.
    arguments: tuple[Any, ...]
    unpaid: tuple[tuple[str, int | None], ...] = ()
    kernel: None = None
    #: The reports of the last batch: a trace is asked for after the runs that it is of.
    last: dict[tuple[int, int, int], list[Report]] = dataclasses.field(default_factory=dict, compare=False)

    def __call__(self, seed: int, first_run: int, n_run: int, outcome: Outcome, trace: Trace) -> None:
        """Make ``n_run`` runs of a seed in this process; run i fills row i - first_run."""
        self.in_processes(seed, first_run, outcome, trace, 1, None)

    def in_processes(
        self, seed: int, first_run: int, outcome: Outcome, trace: Trace, n_process: int, progress: Progress | None
    ) -> None:
        """Make all runs that there is room for in ``outcome``; arguments as of ``run_blocks``.

        Raises
        ------
        RuntimeError
            If every run failed.

        Warns
        -----
        FailedRunsWarning
            If some runs failed.
        """
        runs = range(first_run, first_run + outcome.row.size)
        if not runs:
            return
        batch = seed, first_run, len(runs)
        if batch not in self.last:
            work = Work(self.search, self.simulator, self.settings, seed, True)
            reports = make_runs(work, runs, n_process, progress)
            self.last.clear()
            self.last[batch] = reports
            text, all_failed = failure_text(self.name, seed, runs, reports)
            if all_failed:
                raise RuntimeError(text)
            if text:
                warnings.warn(text, FailedRunsWarning, stacklevel=3)
        fill(outcome, self.last[batch])
        if trace.code.shape[1]:
            fill_trace(trace, self.last[batch])


def simulated(
    name: str, title: str, search: SimulatedSearch, settings: Sequence[Setting] = (), defaults: Values | None = None
) -> Optimizer:
    """Register a search in Python as an optimizer on one metric after one number of epochs.

    Parameters
    ----------
    name, title
        What users call it, and one line for listings.
    search
        Called as ``search(simulator, rng, **settings)`` for each run, with the settings of its own.
        It may read its metric only, after the epochs of its settings.
    settings, defaults
        Settings of its own, beside ``metric, iepoch, max_eval, max_time`` and ``n_worker``.

    Returns
    -------
    Optimizer
        For ``run`` and sweeps, under its name.

    Raises
    ------
    ValueError
        If there is another optimizer of that name.
    """
    own = defaults or {}

    def prepare(table: xr.Dataset, values: Values, corrected: bool) -> Any:
        objective, read = single_fidelity.make_objective(table, values)
        simulator = Simulator(
            table,
            values["metric"],
            max_eval=values["max_eval"],
            max_time=math.inf if values["max_time"] is None else values["max_time"],
            protocol=CORRECTED if corrected else GECCO2024,
            training=RESTART,
            n_worker=values["n_worker"],
            missing=WORST,  # whether that is allowed has been checked
        )
        simulator.declare([read])
        given = {key: value for key, value in values.items() if key not in _SIMULATOR}
        sign = simulator.factor
        return SimulatedJob(name, search, simulator, given, (read,), read[0], sign, (None, objective))

    if name in OPTIMIZERS:
        raise ValueError(f"optimizer {name!r} exists already; take another name")
    OPTIMIZERS[name] = Optimizer(
        name,
        title,
        (*single_fidelity.SETTINGS, N_WORKER, *settings),
        lambda table: {**single_fidelity.defaults(table), "n_worker": 1, **own},
        prepare,
        metrics=single_fidelity.METRICS,
    )
    return OPTIMIZERS[name]
