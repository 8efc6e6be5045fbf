"""From the arrays that kernels filled to a labelled result Dataset."""

import hashlib
import json
from typing import Any

import numpy as np
import xarray as xr

import mfnas_vec
from mfnas_vec.kernels.state import STOP_MEANINGS, Outcome, Trace
from mfnas_vec.optimizers import Job, Optimizer
from mfnas_vec.spaces import NO_ARCH
from mfnas_vec.tables import dense
from mfnas_vec.tables.provenance import provenance, weakest
from mfnas_vec.tables.schema import ARCH, COMPUTED, GENE

RUN = "run"
STEP = "step"

#: Attributes whose names start so say how long something took; comparisons leave them out.
TIMING_PREFIX = "timing_"


def _inputs_digest(job: Job, test: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    """Digest of every score and price the search could read, and of the test results."""
    digest = hashlib.sha256()  # processors have instructions for it
    for argument in job.arguments[1:]:
        for field in argument if isinstance(argument, tuple) else ():
            if isinstance(field, np.ndarray):
                digest.update(str(field.shape).encode())
                digest.update(np.ascontiguousarray(field).data)
    digest.update(np.ascontiguousarray(test).data)
    return digest.hexdigest()[:32]


def assemble(
    optimizer: Optimizer,
    table: xr.Dataset,
    job: Job,
    values: dict[str, Any],
    outcome: Outcome,
    trace: Trace | None,
    *,
    seed: int,
    first_run: int,
    protocol: str,
) -> xr.Dataset:
    """The result of a batch of runs as a Dataset over ``run`` (and ``gene``, ``step``).

    Returns
    -------
    xarray.Dataset
        ``arch`` and ``genotype`` are -1, scores NaN, for a run that found no architecture.
    """
    space = dense.table_space(table)
    n_run = outcome.row.size
    found = outcome.row != NO_ARCH
    genotype = np.full((n_run, space.n_gene), -1, np.int8)
    genotype[found] = space.decode(outcome.code[found])
    test_name = dense.test_variable(table)
    test = np.full(n_run, np.nan)
    test_all = dense.test_results(table)
    test[found] = test_all[outcome.row[found]]
    score = np.where(found & (outcome.score != -np.inf), outcome.score * job.sign, np.nan)
    metric = table[job.metric].attrs
    paid = dense.seconds_inputs(table, [entry for entry in job.inputs if entry not in job.unpaid])
    read = [(v, e, provenance(table, v, e)) for v, e in (*job.inputs, *paid)]
    price = weakest([kind for v, e, kind in read if (v, e) in paid]) if paid else COMPUTED
    searched = weakest([kind for v, _, kind in read if v == job.metric])

    result = xr.Dataset(
        {
            ARCH: (RUN, outcome.row, {"long_name": "row of the architecture found, -1 if none"}),
            "genotype": ((RUN, GENE), genotype, {"long_name": "genotype found"}),
            "search_score": (
                RUN,
                score,
                {
                    "long_name": f"{job.metric} of the architecture found, as the search saw it",
                    "units": metric.get("units", "1"),
                    "direction": dense.direction(table, job.metric),
                    "provenance": searched,
                },
            ),
            "test_performance": (
                RUN,
                test,
                {
                    "long_name": str(table[test_name].attrs.get("long_name", test_name)),
                    "variable": test_name,
                    "units": table[test_name].attrs.get("units", "1"),
                    "direction": dense.direction(table, test_name),
                    "provenance": provenance(table, test_name),
                },
            ),
            "cost_seconds": (
                RUN,
                outcome.seconds,
                {"long_name": "simulated search time", "units": "s", "provenance": price},
            ),
            "cost_epochs": (RUN, outcome.epochs, {"long_name": "epochs trained", "units": "epoch"}),
            "evaluations": (RUN, outcome.evaluations, {"long_name": "evaluations, zero-cost ones included"}),
            "unique_evaluations": (RUN, outcome.unique, {"long_name": "distinct architectures evaluated"}),
            "stop_reason": (
                RUN,
                outcome.stop_reason,
                {
                    "long_name": "what ended the run",
                    "flag_values": list(range(len(STOP_MEANINGS))),
                    "flag_meanings": " ".join(STOP_MEANINGS),
                },
            ),
        },
        coords={RUN: (RUN, np.arange(first_run, first_run + n_run), {"long_name": "run index of the seed"})},
        attrs={
            "optimizer": optimizer.name,
            "problem": str(table.attrs.get("name", "custom")),
            "space": space.name,
            "dataset": str(table.attrs.get("dataset", "")),
            "protocol": protocol,
            "seed": seed,
            "settings": json.dumps(values, sort_keys=True),
            "inputs": [f"{v}@{e}: {k}" if e else f"{v}: {k}" for v, e, k in read],
            "inputs_digest": _inputs_digest(job, test_all),
            "opened_from_digest": str(table.attrs.get("digest", "")),
            "mfnas_vec_version": mfnas_vec.__version__,
        },
    )
    if trace is not None:
        result = result.merge(_trace_variables(trace, dense.table_space(table).row(np.maximum(trace.code, 0))))
    return result


def _trace_variables(trace: Trace, rows: np.ndarray[Any, np.dtype[np.int64]]) -> xr.Dataset:
    dims = (RUN, STEP)
    taken = trace.code >= 0
    pad = "; unused steps: "
    return xr.Dataset(
        {
            "trace_code": (dims, trace.code, {"long_name": "code of the genotype evaluated" + pad + "-1"}),
            "trace_arch": (dims, np.where(taken, rows, NO_ARCH), {"long_name": "row evaluated" + pad + "-1"}),
            "trace_fidelity": (
                dims,
                trace.fidelity,
                {
                    "long_name": "epochs of the metric read, 0 for a zero-cost one" + pad + "0",
                    "units": "epoch",
                },
            ),
            "trace_score": (
                dims,
                trace.score,
                {"long_name": "score, to be maximised (losses negated)" + pad + "NaN"},
            ),
            "trace_seconds": (
                dims,
                trace.seconds,
                {"long_name": "cumulative search time" + pad + "NaN", "units": "s"},
            ),
            "trace_epochs": (
                dims,
                trace.epochs,
                {"long_name": "cumulative epochs" + pad + "0", "units": "epoch"},
            ),
            "trace_incumbent": (dims, trace.incumbent, {"long_name": "code of the best so far" + pad + "-1"}),
        }
    )
