"""Searches of a result store, re-run with a trace: runs repeat exactly."""

import json
from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec._jit import announce_compilation
from mfnas_vec.analysis.searches import Search
from mfnas_vec.analysis.selection import BEST_EVALUATED, best_of_rows
from mfnas_vec.runs.incumbents import follow
from mfnas_vec.runs.result import RUN, assemble, own_scores
from mfnas_vec.runs.run import check_threads, prepare
from mfnas_vec.runs.trace import thin_steps
from mfnas_vec.search import find_optimizer, get_optimizer
from mfnas_vec.search.memory import make_outcome
from mfnas_vec.spaces import NO_ARCH
from mfnas_vec.tables import dense


def given_settings(search: Search, table: xr.Dataset) -> dict[str, Any]:
    """The settings of a stored search that differ from the published ones of its table.

    The store has all settings, but those without an effect on the search must not be given to ``run``.
    """
    values = json.loads(search.settings)
    defaults = json.loads(json.dumps(get_optimizer(search.optimizer).settings.defaults(table)))
    return {name: value for name, value in values.items() if value != defaults.get(name)}


def replay(search: Search, table: xr.Dataset, *, missing: str = "refuse", n_thread: int | None = None) -> xr.Dataset:
    """Re-run a stored search with a trace, thinned.

    Parameters
    ----------
    search
        As returned by ``read_searches``.
    table
        The table it was made on.
    missing, n_thread
        As of ``run``.

    Returns
    -------
    xarray.Dataset
        As of ``thin``, with ``BEST_EVALUATED``.

    Raises
    ------
    ValueError
        If the store does not name the optimizer, or the results differ from the stored ones: the
        table or the version of this package differs.
    """
    attrs, runs = search.runs.attrs, search.runs
    if not search.optimizer:
        raise ValueError(f"{search.store} does not name the optimizer of {search.label}")
    if find_optimizer(search.optimizer) is None:
        raise ValueError(
            f"{search.label} is no registered optimizer and cannot be re-run here: "
            "give the file that registers it (--plugin, load_plugin), or "
            "simulate it with trace=True, so that its result keeps its trace"
        )
    first, seed, protocol = int(runs[RUN][0]), int(attrs["seed"]), str(attrs["protocol"])
    n_thread = check_threads(n_thread)
    made = prepare(search.optimizer, table, given_settings(search, table), protocol=protocol, missing=missing)
    announce_compilation(made.job.kernel, made.optimizer.name)
    outcome = make_outcome(runs.sizes[RUN])
    outcome.evaluations[:] = runs["evaluations"]
    trace = made.trace(seed, first, outcome, n_thread)
    rows = dense.table_space(made.table).row(np.maximum(trace.code, 0))
    scores = own_scores(made.table, made.job, trace, rows)
    returned = np.where(outcome.row == NO_ARCH, -1, outcome.code)
    answer, _ = follow(trace.code, trace.incumbent, trace.fidelity, scores, returned, sign=made.job.sign)
    left, added = thin_steps(trace, answer)
    found = assemble(
        made.optimizer,
        made.table,
        made.job,
        made.values,
        outcome,
        trace=left,
        seed=seed,
        first_run=first,
        protocol=protocol,
    )
    found = found.assign(added)
    found[BEST_EVALUATED] = best_of_rows(found, table, np.where(trace.code < 0, -1, rows))
    names = ["arch", "evaluations"]
    same = runs[names].reset_coords(drop=True).equals(found[names].reset_coords(drop=True))
    if not same or found.attrs["inputs_digest"] != search.inputs_digest:
        raise ValueError(
            f"{search.store}: {search.label} on {attrs.get('problem')} cannot be re-run: "
            "its table differs from the available one, or another version made it"
        )
    return found
