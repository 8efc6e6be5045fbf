"""Searches of a result store made again, with every evaluation: runs repeat exactly."""

import json
from typing import Any

import numpy as np
import xarray as xr

from mfnas_vec.analysis.searches import Search
from mfnas_vec.runs.result import RUN
from mfnas_vec.runs.run import run
from mfnas_vec.search import get_optimizer


def given_settings(search: Search, table: xr.Dataset) -> dict[str, Any]:
    """The settings of a stored search that are not the published ones of its table.

    Those are told by the store, too, but some may not be given: they have no effect on this search.
    """
    values = json.loads(search.settings)
    defaults = json.loads(json.dumps(get_optimizer(search.optimizer).settings.defaults(table)))
    return {name: value for name, value in values.items() if value != defaults.get(name)}


def replay(search: Search, table: xr.Dataset, *, missing: str = "refuse", n_thread: int | None = None) -> xr.Dataset:
    """Make the runs of a stored search again, with a trace.

    Parameters
    ----------
    search
        As ``read_searches`` gives it.
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
        If the store does not tell the optimizer, or other runs come out than those stored: the
        table is another, or the version of this package.
    """
    attrs, runs = search.runs.attrs, search.runs
    if not search.optimizer:
        raise ValueError(f"{search.store} does not tell which optimizer {search.label} is")
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
    same = found.attrs["inputs_digest"] == search.inputs_digest and np.array_equal(runs["arch"], found["arch"])
    if not same:
        raise ValueError(
            f"{search.store}: {search.label} on {attrs.get('problem')} cannot be made again: "
            "its table is not the one there is now, or another version made it"
        )
    return found
