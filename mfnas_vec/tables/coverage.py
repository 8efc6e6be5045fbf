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


def n_known(table: xr.Dataset, name: str) -> int:
    """Architectures that a variable knows: as it says, else counted.

    Embedded and imported variables, which have a ``source``, say it where it is not all that can have a value.
    """
    variable = table[name]
    n_arch = int(table.sizes[ARCH])
    if ARCH not in variable.dims or not np.issubdtype(variable.dtype, np.floating):
        return n_arch
    if N_KNOWN in variable.attrs or "source" in variable.attrs:
        return int(variable.attrs.get(N_KNOWN, n_arch))
    return int(variable.notnull().all([d for d in variable.dims if d != ARCH]).sum())


def partial_variables(table: xr.Dataset) -> list[str]:
    """Variables that say that they know some architectures only."""
    return [str(name) for name, variable in table.data_vars.items() if N_KNOWN in variable.attrs]


def check_coverage(table: xr.Dataset, names: Iterable[str], missing: str) -> None:
    """Refuse a search that would meet architectures the table knows nothing of.

    Raises
    ------
    ValueError
        If a variable knows some architectures only and ``missing`` does not allow that, or knows none.
    """
    if missing not in MISSING:
        raise ValueError(f"missing={missing!r} must be one of {', '.join(MISSING)}")
    for name in names:
        if name not in table:
            continue
        known, n_arch = n_known(table, name), table.sizes[ARCH]
        if known == 0:
            raise ValueError(f"{name!r} is known for none of {n_arch:,} architectures: there is nothing to search")
        if known < n_arch and missing == REFUSE:
            raise ValueError(
                f"{name!r} is known for {known:,} of {n_arch:,} architectures: a search would meet "
                "the others; missing='worst' (--missing worst) lets them count as the worst"
            )


def with_worst(table: xr.Dataset) -> xr.Dataset:
    """The table with the highest known price where one is missing; missing scores are the worst as they are."""
    prices = {}
    for name, variable in table.data_vars.items():
        if str(name).endswith(SECONDS_SUFFIX) and n_known(table, str(name)) < table.sizes[ARCH]:
            prices[name] = variable.fillna(variable.max(ARCH)).assign_attrs(variable.attrs)
    return table.assign(prices)
