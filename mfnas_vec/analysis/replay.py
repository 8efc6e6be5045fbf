"""Searches of a result store, re-run with a trace: runs repeat exactly."""

import json
from typing import Any

import xarray as xr

from mfnas_vec.analysis.searches import Search
from mfnas_vec.runs.result import RUN
from mfnas_vec.runs.run import run
from mfnas_vec.search import find_optimizer, get_optimizer


def given_settings(search: Search, table: xr.Dataset) -> dict[str, Any]:
    """The settings of a stored search that differ from the published ones of its table.

    The store has all settings, but those without an effect on the search must not be given to ``run``.
    """
    values = json.loads(search.settings)
    defaults = json.loads(json.dumps(get_optimizer(search.optimizer).settings.defaults(table)))
    return {name: value for name, value in values.items() if value != defaults.get(name)}


def replay(search: Search, table: xr.Dataset, *, missing: str = "refuse", n_thread: int | None = None) -> xr.Dataset:
    """Re-run a stored search with a trace.

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
        As of ``run`` with ``trace=True``.

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
    first, n_run = int(runs[RUN][0]), runs.sizes[RUN]
    found = run(
        search.optimizer,
        table,
        n_run=n_run,
        seed=int(attrs["seed"]),
        protocol=str(attrs["protocol"]),
        first_run=first,
        trace=True,
        missing=missing,
        n_thread=n_thread,
        **given_settings(search, table),
    )
    same = found.attrs["inputs_digest"] == search.inputs_digest and runs["arch"].equals(
        found["arch"].reset_coords(drop=True)
    )
    if not same:
        raise ValueError(
            f"{search.store}: {search.label} on {attrs.get('problem')} cannot be re-run: "
            "its table differs from the available one, or another version made it"
        )
    return found
