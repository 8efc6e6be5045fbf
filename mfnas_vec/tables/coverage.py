"""Partial tables: how much they know, and what a search may do about the rest."""

from collections.abc import Iterable

import numpy as np
import xarray as xr

from mfnas_vec.tables.schema import ARCH, SECONDS_SUFFIX

#: Attribute of a variable that knows some architectures only: how many.
N_KNOWN = "n_arch_known"

REFUSE = "refuse"
WORST = "worst"
MISSING = (REFUSE, WORST)


def mark_coverage(table: xr.Dataset) -> xr.Dataset:
    """The table with ``N_KNOWN`` in the attributes of every variable that does not know all architectures.

    An architecture is known where it has a value at every epoch and of every trial.
    """
    for name, variable in table.data_vars.items():
        if ARCH not in variable.dims or not np.issubdtype(variable.dtype, np.floating):
            continue
        n_known = int(variable.notnull().all([d for d in variable.dims if d != ARCH]).sum())
        if n_known < table.sizes[ARCH]:
            table[name].attrs[N_KNOWN] = n_known
    return table


def check_coverage(table: xr.Dataset, names: Iterable[str], missing: str) -> None:
    """Refuse a search that would meet architectures the table knows nothing of.

    Raises
    ------
    ValueError
        If a variable knows some architectures only and ``missing`` does not allow that.
    """
    if missing not in MISSING:
        raise ValueError(f"missing={missing!r} must be one of {', '.join(MISSING)}")
    for name in names:
        n_known = table[name].attrs.get(N_KNOWN) if name in table else None
        if n_known is not None and missing == REFUSE:
            raise ValueError(
                f"{name!r} is known for {int(n_known):,} of {table.sizes[ARCH]:,} architectures: a search would meet "
                "the others; missing='worst' (--missing worst) lets them count as the worst"
            )


def with_worst(table: xr.Dataset) -> xr.Dataset:
    """The table with the highest known price where one is missing; missing scores are the worst as they are."""
    prices = {}
    for name, variable in table.data_vars.items():
        if str(name).endswith(SECONDS_SUFFIX) and ARCH in variable.dims and N_KNOWN in variable.attrs:
            prices[name] = variable.fillna(variable.max(ARCH)).assign_attrs(variable.attrs)
    return table.assign(prices)
