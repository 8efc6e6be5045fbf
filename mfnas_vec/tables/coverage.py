"""Partial tables: how much they know, and what a search may do about the rest."""

from collections.abc import Hashable, Iterable

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
    for name in table.data_vars:
        if (known := _counted(table, name)) < table.sizes[ARCH]:
            table[name].attrs[N_KNOWN] = known
    return table


def _counted(table: xr.Dataset, name: Hashable) -> int:
    """Architectures with every value; all of them where none can be missing."""
    variable = table[name]
    if ARCH not in variable.dims or not np.issubdtype(variable.dtype, np.floating):
        return int(table.sizes[ARCH])
    return int(variable.notnull().all([d for d in variable.dims if d != ARCH]).sum())


def n_known(table: xr.Dataset, name: str) -> int:
    """Architectures that a variable knows: as it says, else counted.

    Embedded and imported variables, which have a ``source``, say it where it is not all that can have a value.
    """
    attrs = table[name].attrs
    if N_KNOWN in attrs or "source" in attrs:
        return int(attrs.get(N_KNOWN, table.sizes[ARCH]))
    return _counted(table, name)


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
