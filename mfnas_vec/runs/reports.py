"""From the reports of runs in Python to a result like that of compiled ones."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from mfnas_vec.runs.accounts import Accounts, Record
from mfnas_vec.runs.readable import Readable, whole_table
from mfnas_vec.runs.result import assemble
from mfnas_vec.search.memory import Outcome, Trace, make_outcome, make_trace


class Report(NamedTuple):
    """One run: its result, its steps, what it read, and the traceback of a failure."""

    record: Record
    steps: tuple[np.ndarray[Any, Any], ...]
    reads: tuple[tuple[str, int], ...]
    failure: str


def trace_of(accounts: Accounts) -> tuple[np.ndarray[Any, Any], ...]:
    """The steps of a run, as arrays in the order of ``Trace``."""
    return tuple(np.array(column) for column in zip(*accounts.steps, strict=True))


class FailedRunsWarning(UserWarning):
    """Some runs of a search failed."""


@dataclasses.dataclass(frozen=True)
class Reading:
    """What searches have read, as ``describe`` asks for it."""

    metric: str
    sign: float
    inputs: tuple[tuple[str, int | None], ...]
    arrays: tuple[Any, ...]
    unpaid: tuple[tuple[str, int | None], ...] = ()
    selected_on: str = "metric"


@dataclasses.dataclass(frozen=True)
class Named:
    """A search that is no registered optimizer."""

    name: str


def _qualified(thing: Any) -> str:
    """A class or function by its name."""
    if not hasattr(thing, "__qualname__"):
        raise TypeError(f"{thing!r} is a {type(thing).__name__}")
    return f"{thing.__module__}.{thing.__qualname__}"


def settings_of(simulator: Accounts, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that a run depends on but its stream, as a result records it.

    Raises
    ------
    ValueError
        If a setting cannot be written as JSON.
    """
    try:
        own = json.loads(json.dumps(dict(settings), default=_qualified))
    except (TypeError, ValueError) as error:
        raise ValueError(f"settings of a search must be numbers, texts, lists, classes or functions: {error}") from None
    return {
        "metric": simulator.metric,
        "max_time": None if simulator.max_time == math.inf else simulator.max_time,
        "max_eval": simulator.max_eval,
        "training": simulator.training,
        "n_worker": simulator.n_worker,
        **own,
    }


def reading_of(readable: Readable, reads: Sequence[tuple[str, int]]) -> Reading:
    """What runs have read, in an order that does not depend on that of the runs."""
    known = sorted({(readable.metric, -1), *reads})
    pairs = [pair for pair in known if pair[1] >= 0]
    views = tuple(readable.view(metric, epoch or None) for metric, epoch in pairs)
    inputs = tuple((metric, epoch or None) for metric, epoch in pairs)
    arrays = tuple(field for view in views for field in view if isinstance(field, np.ndarray))
    return Reading(readable.metric, readable.factor, inputs, arrays)


def fill(outcome: Outcome, reports: Sequence[Report]) -> None:
    """Write the results of runs to the arrays of a batch."""
    for field in outcome._fields:
        getattr(outcome, field)[:] = [getattr(report.record, field) for report in reports]


def fill_trace(trace: Trace, reports: Sequence[Report]) -> None:
    """Write the steps of runs to the arrays of a batch, as many as fit."""
    n_step = trace.code.shape[1]
    for run, report in enumerate(reports):
        for field, column in zip(trace._fields, report.steps, strict=bool(report.steps)):
            getattr(trace, field)[run, : column.size] = column[:n_step]


def result_of(
    name: str,
    simulator: Accounts,
    reports: Sequence[Report],
    values: dict[str, Any],
    *,
    seed: int,
    first_run: int,
    trace: bool,
) -> xr.Dataset:
    """The result of runs as a Dataset, as that of compiled ones."""
    outcome, steps = make_outcome(len(reports)), None
    fill(outcome, reports)
    if trace:
        steps = make_trace(len(reports), int(outcome.evaluations.max()))
        fill_trace(steps, reports)
    reading = reading_of(simulator._readable, [pair for report in reports for pair in report.reads])
    return assemble(
        Named(name),
        whole_table(simulator._readable),
        reading,
        values,
        outcome,
        trace=steps,
        seed=seed,
        first_run=first_run,
        protocol=simulator.protocol,
    )


def failure_text(name: str, seed: int, runs: Sequence[int], reports: Sequence[Report]) -> tuple[str, bool]:
    """What is said of the runs that failed, empty if none has, and whether all have."""
    failed = [(run, report.failure) for run, report in zip(runs, reports, strict=True) if report.failure]
    if not failed:
        return "", False
    run, failure = failed[0]
    text = f"{len(failed)} of {len(runs)} runs of {name} failed; the first is run {run} of seed {seed}:\n{failure}"
    return text, len(failed) == len(runs)


def note_failures(result: xr.Dataset, reports: Sequence[Report]) -> None:
    """Note in a result which runs failed, and why."""
    failed = zip(result["run"].values.tolist(), [report.failure for report in reports], strict=True)
    lines = [f"run {run}: {failure.strip().splitlines()[-1]}" for run, failure in failed if failure]
    if lines:
        result.attrs["failures"] = lines
