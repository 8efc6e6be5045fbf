"""Searches in Python as optimizers with a name: for ``run``, sweeps, clusters and reports."""

import dataclasses
import math
import warnings
from typing import Annotated, Any

import xarray as xr
from msgspec import Meta

from mfnas_vec.runs.accounts import RESTART
from mfnas_vec.runs.processes import SimulatedSearch, SimulatedWork, make_runs
from mfnas_vec.runs.reports import FailedRunsWarning, Report, failure_text, fill, fill_trace
from mfnas_vec.runs.simulator import MAX_WORKERS, Simulator
from mfnas_vec.runs.threads import Progress
from mfnas_vec.search import OPTIMIZERS, Optimizer, SingleFidelity
from mfnas_vec.search.fidelity import SELECTED_ON_METRIC
from mfnas_vec.search.memory import Outcome, Trace
from mfnas_vec.tables.coverage import WORST


@dataclasses.dataclass(frozen=True, kw_only=True)
class Simulated(SingleFidelity):
    """Settings that the simulator takes; those of a subclass are handed to the search."""

    n_worker: Annotated[int, Meta(ge=1, le=MAX_WORKERS, description="workers that train at once")] = 1


@dataclasses.dataclass(frozen=True)
class SimulatedJob:
    """Runs of a search in Python, in the form of a compiled job."""

    name: str
    search: SimulatedSearch
    #: Before its first evaluation.
    simulator: Simulator
    settings: dict[str, Any]
    inputs: tuple[tuple[str, int | None], ...]
    metric: str
    sign: float
    #: Every score and price that is read.
    arrays: tuple[Any, ...]
    unpaid: tuple[tuple[str, int | None], ...] = ()
    selected_on: str = SELECTED_ON_METRIC
    kernel: None = None
    #: The reports of the last batch: a trace is asked for after the runs that it is of.
    last: dict[tuple[int, int, int], list[Report]] = dataclasses.field(default_factory=dict, compare=False)

    def in_processes(
        self,
        seed: int,
        first_run: int,
        outcome: Outcome,
        trace: Trace,
        *,
        n_process: int,
        progress: Progress | None = None,
    ) -> None:
        """Make as many runs as ``outcome`` has rows; arguments as of ``run_blocks``.

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
            work = SimulatedWork(self.search, self.simulator, self.settings, seed, True)
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


@dataclasses.dataclass(frozen=True)
class SimulatedOptimizer(Optimizer):
    """An optimizer whose ``search`` is a function in Python, called as ``search(simulator, rng, **settings)``."""

    def make_job(self, settings: Any, table: xr.Dataset, protocol: str) -> Any:
        """The runs of checked settings on a table."""
        inputs = settings.inputs(table, protocol)
        simulator = Simulator(
            table,
            settings.metric,
            max_eval=settings.max_eval,
            max_time=math.inf if settings.max_time is None else settings.max_time,
            protocol=protocol,
            training=RESTART,
            n_worker=settings.n_worker,
            missing=WORST,  # whether that is allowed has been checked
        )
        simulator.declare(inputs.reads)
        taken = {field.name for field in Simulated.fields()}
        own = {field.name: getattr(settings, field.name) for field in self.fields if field.name not in taken}
        return SimulatedJob(
            self.name, self.search, simulator, own, inputs.reads, inputs.metric, simulator.factor, tuple(inputs.arrays)
        )


def simulated(name: str, title: str, search: SimulatedSearch, settings: type[Simulated] = Simulated) -> Optimizer:
    """Register a search in Python as an optimizer on one metric after one number of epochs.

    Parameters
    ----------
    name, title
        What users call it, and one line for listings.
    search
        Called as ``search(simulator, rng, **settings)`` for each run, with the settings of its own.
        It may read its metric only, after the epochs of its settings.
    settings
        A frozen dataclass, a subclass of ``Simulated`` with the settings of its own.

    Returns
    -------
    Optimizer
        For ``run`` and sweeps, under its name.

    Raises
    ------
    ValueError
        If there is another optimizer of that name.
    """
    if name in OPTIMIZERS:
        raise ValueError(f"optimizer {name!r} exists already; take another name")
    OPTIMIZERS[name] = SimulatedOptimizer(name, title, settings, search, lambda space, p: 0)
    return OPTIMIZERS[name]
