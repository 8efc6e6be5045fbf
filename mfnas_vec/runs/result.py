"""From the arrays that kernels filled to a labelled result Dataset."""

import hashlib
import json
import math
from typing import Any, NamedTuple, Protocol

import numpy as np
import xarray as xr

from mfnas_vec._version import __version__
from mfnas_vec.runs import conventions
from mfnas_vec.runs.genotypes import with_nan
from mfnas_vec.search.memory import Outcome, Trace
from mfnas_vec.search.state import STOP_MEANINGS
from mfnas_vec.spaces import NO_ARCH
from mfnas_vec.tables import dense
from mfnas_vec.tables.provenance import provenance, weakest
from mfnas_vec.tables.schema import ARCH, COMPUTED, EPOCH, MEASURED

RUN = "run"
STEP = "step"

#: Attribute (in sweeps a coordinate): "test" where test results choose the answer of a run, as in head2025.
SELECTED_ON = "selected_on"

#: Attributes whose names start so say how long something took; comparisons leave them out.
TIMING_PREFIX = "timing_"


class HasName(Protocol):
    """A search with a name."""

    @property
    def name(self) -> str:
        """What it is called."""


class SearchInputs(Protocol):
    """What a search reads of a table."""

    @property
    def metric(self) -> str:
        """The metric of ``Outcome.score``."""

    @property
    def sign(self) -> float:
        """The factor that makes it a score to be maximised."""

    @property
    def inputs(self) -> tuple[tuple[str, int | None], ...]:
        """(variable, epoch or None) of every score the search reads."""

    @property
    def unpaid(self) -> tuple[tuple[str, int | None], ...]:
        """Those of ``inputs`` whose price is not charged."""

    @property
    def selected_on(self) -> str:
        """What chooses the answer of a run: "metric" or "test"."""

    @property
    def arrays(self) -> tuple[Any, ...]:
        """Every score and price that it could read."""


def _inputs_digest(job: SearchInputs, test: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    """Digest of every score and price the search could read, and of the test results."""
    digest = hashlib.sha256()  # processors have instructions for it
    for array in job.arrays:
        digest.update(str(array.shape).encode())
        digest.update(np.ascontiguousarray(array).data)
    digest.update(np.ascontiguousarray(test).data)
    return digest.hexdigest()[:32]


#: The variables over runs: dimensions after those of a grid, type in stores, and what stands for missing there,
#: which readers take for NaN (``_FillValue``).
RUN_VARIABLES: dict[str, tuple[tuple[str, ...], str, float]] = {
    "arch": ((RUN,), "int32", NO_ARCH),
    "code": ((RUN,), "int32", -1),
    "search_score": ((RUN,), "float64", math.nan),
    "test_performance": ((RUN,), "float64", math.nan),
    "cost_seconds": ((RUN,), "float64", math.nan),
    "cost_epochs": ((RUN,), "int64", -1),
    "evaluations": ((RUN,), "int64", -1),
    "unique_evaluations": ((RUN,), "int64", -1),
    "stop_reason": ((RUN,), "int8", -1),
}


def run_arrays(table: xr.Dataset, job: SearchInputs, outcome: Outcome) -> dict[str, np.ndarray[Any, Any]]:
    """The ``RUN_VARIABLES`` of finished runs, as stores keep them.

    ``arch`` and ``code`` are -1, scores NaN, for a run that found no architecture.
    """
    found = outcome.row != NO_ARCH
    test = np.full(outcome.row.size, np.nan)
    test[found] = dense.test_results(table)[outcome.row[found]]
    arrays: dict[str, np.ndarray[Any, Any]] = {
        "arch": outcome.row,
        "code": np.where(found, outcome.code, -1),
        "search_score": np.where(found & (outcome.score != -np.inf), outcome.score * job.sign, np.nan),
        "test_performance": test,
        "cost_seconds": outcome.seconds,
        "cost_epochs": outcome.epochs,
        "evaluations": outcome.evaluations,
        "unique_evaluations": outcome.unique,
        "stop_reason": outcome.stop_reason,
    }
    return {name: array.astype(RUN_VARIABLES[name][1], copy=False) for name, array in arrays.items()}


class Description(NamedTuple):
    """What is known of a search before it runs."""

    #: The metric whose value is the search score.
    metric: str
    #: Attributes of each variable of ``RUN_VARIABLES``.
    variables: dict[str, dict[str, Any]]
    attrs: dict[str, Any]


def cell_attrs(cell: xr.Dataset) -> dict[str, str]:
    """Protocol of a combination, and what chose the answers of its runs where that is said."""
    found = {name: str(cell[name].item()) for name in ("protocol", SELECTED_ON) if name in cell.coords}
    return {name: str(cell.attrs[name]) for name in ("protocol", SELECTED_ON) if name in cell.attrs} | found


def describe(optimizer: HasName, table: xr.Dataset, job: SearchInputs, values: dict[str, Any]) -> Description:
    """Units, provenance, settings and digests of a search."""
    test_name = dense.test_variable(table)
    metric = table[job.metric].attrs
    paid = dense.seconds_inputs(table, [entry for entry in job.inputs if entry not in job.unpaid])
    read = [(v, e, provenance(table, v, e)) for v, e in (*job.inputs, *paid)]
    searched = weakest([kind for v, _, kind in read if v == job.metric])
    # Where nothing is charged, the zeros do not make measured results any weaker.
    unpriced = MEASURED if searched == MEASURED else COMPUTED
    price = weakest([kind for v, e, kind in read if (v, e) in paid]) if paid else unpriced
    variables: dict[str, dict[str, Any]] = {
        "arch": {"long_name": "row of the architecture found", "comment": "NaN: none found"},
        "code": {"long_name": "code of the genotype found", "comment": "NaN: none found"},
        "search_score": {
            "long_name": f"{job.metric} of the architecture found, as the search saw it",
            "comment": "NaN: none found",
            "units": metric.get("units", "1"),
            "direction": dense.direction(table, job.metric),
            "provenance": searched,
        },
        "test_performance": {
            "long_name": str(table[test_name].attrs.get("long_name", test_name)),
            "comment": "NaN: none found",
            "variable": test_name,
            "units": table[test_name].attrs.get("units", "1"),
            "direction": dense.direction(table, test_name),
            "provenance": provenance(table, test_name),
        },
        "cost_seconds": {"long_name": "simulated search time", "units": "s", "provenance": price},
        "cost_epochs": {"long_name": "epochs trained", "units": "epoch"}
        if EPOCH in table.dims
        else {"long_name": "networks trained, each to the end", "units": "training"},
        "evaluations": {"long_name": "evaluations, zero-cost ones included", "units": "1"},
        "unique_evaluations": {"long_name": "distinct architectures evaluated", "units": "1"},
        "stop_reason": {
            "long_name": "what ended the run",
            "flag_values": list(range(len(STOP_MEANINGS))),
            "flag_meanings": " ".join(STOP_MEANINGS),
        },
    }
    attrs = {
        "optimizer": optimizer.name,
        "problem": str(table.attrs.get("name", "custom")),
        "space": dense.table_space(table).name,
        "sampling": dense.table_space(table).sampling,
        "dataset": str(table.attrs.get("dataset", "")),
        "settings": json.dumps(values, sort_keys=True),
        "inputs": [f"{v}@{e}: {k}" if e else f"{v}: {k}" for v, e, k in read],
        "inputs_digest": _inputs_digest(job, dense.test_results(table)),
        "opened_from_digest": str(table.attrs.get("digest", "")),
        conventions.FORMAT: conventions.FORMAT_NUMBER,
        "mfnas_vec_version": __version__,
    }
    if job.selected_on == "test":
        attrs[SELECTED_ON] = job.selected_on
    return Description(job.metric, variables, attrs)


def assemble(
    optimizer: HasName,
    table: xr.Dataset,
    job: SearchInputs,
    values: dict[str, Any],
    outcome: Outcome,
    *,
    trace: Trace | None,
    seed: int,
    first_run: int,
    protocol: str,
) -> xr.Dataset:
    """The result of a batch of runs as a Dataset over ``run`` (and ``step``)."""
    described = describe(optimizer, table, job, values)
    arrays = {
        name: with_nan(values, values == RUN_VARIABLES[name][2])
        for name, values in run_arrays(table, job, outcome).items()
    }
    runs = np.arange(first_run, first_run + outcome.row.size)
    result = xr.Dataset(
        {name: (RUN_VARIABLES[name][0], arrays[name], described.variables[name]) for name in RUN_VARIABLES},
        coords={
            RUN: (RUN, runs, {"long_name": "run index of the seed"}),
            **{name: _text(described.attrs[name], conventions.SCALARS[name]) for name in conventions.SCALARS},
        },
        attrs={
            "title": conventions.TITLE,
            conventions.DESCRIPTION: conventions.RUNS,
            **described.attrs,
            "protocol": protocol,
            "seed": seed,
        },
    )
    if trace is not None:
        rows = dense.table_space(table).row(np.maximum(trace.code, 0))
        result = result.merge(_trace_variables(trace, rows, own_scores(table, job, trace, rows)))
        scores = weakest([provenance(table, variable, epoch) for variable, epoch in job.inputs])
        result["trace_score"].attrs["provenance"] = scores
        result["trace_seconds"].attrs["provenance"] = described.variables["cost_seconds"]["provenance"]
    return result


def _text(value: str, attrs: dict[str, str]) -> xr.Variable:
    return xr.Variable((), np.array(value, dtype=np.dtypes.StringDType()), attrs)


def own_scores(
    table: xr.Dataset, job: SearchInputs, trace: Trace, rows: np.ndarray[Any, np.dtype[np.int64]]
) -> np.ndarray[Any, Any]:
    """Scores of a trace as their metrics have them: to be maximised in searches, of either direction in tables."""
    factor = np.ones(trace.score.shape)
    for zero_cost in (True, False):
        names = dict.fromkeys(v for v, epoch in job.inputs if (epoch is None) == zero_cost)
        signs = {name: dense.sign(table, name) for name in names}
        steps = (trace.fidelity == 0) == zero_cost
        if len(set(signs.values())) == 1:
            factor[steps] = next(iter(signs.values()))
            continue
        for name, sign in signs.items():  # stages of different directions: the table says which one it was
            if zero_cost and sign < 0:
                own = dense.read(table, name, (ARCH,))[rows]
                factor[steps & (trace.score == -own)] = -1.0
    return np.where(trace.score == -np.inf, np.nan, trace.score * factor)


def _trace_variables(
    trace: Trace, rows: np.ndarray[Any, np.dtype[np.int64]], scores: np.ndarray[Any, Any]
) -> xr.Dataset:
    dims = (RUN, STEP)
    unused = trace.code < 0
    pad = "; NaN: unused steps"
    about: dict[str, tuple[np.ndarray[Any, Any], dict[str, str]]] = {
        "code": (trace.code, {"long_name": "code of the genotype evaluated" + pad}),
        "arch": (rows, {"long_name": "row evaluated" + pad}),
        "fidelity": (
            trace.fidelity,
            {"long_name": "epochs of the metric read, 0 for a zero-cost one" + pad, "units": "epoch"},
        ),
        "score": (
            scores,
            {
                "long_name": "score evaluated" + pad,
                "comment": "of the metric, with the sign and in the units that the stage of the search reads",
            },
        ),
        "seconds": (trace.seconds, {"long_name": "cumulative search time" + pad, "units": "s"}),
        "epochs": (trace.epochs, {"long_name": "cumulative epochs" + pad, "units": "epoch"}),
    }
    found = {f"trace_{name}": (dims, with_nan(values, unused), attrs) for name, (values, attrs) in about.items()}
    incumbent = with_nan(trace.incumbent, trace.incumbent < 0)
    found["trace_incumbent"] = (dims, incumbent, {"long_name": "code of the best so far; NaN: none, unused steps"})
    return xr.Dataset(found)
