"""Partial tables: how many architectures have values, and what a search does about the others."""

from collections.abc import Hashable, Iterable

import numpy as np
import xarray as xr

from mfnas_vec.tables.schema import ARCH, SECONDS_SUFFIX

#: Attribute of a variable that is known for some architectures only: their number.
N_KNOWN = "n_arch_known"

REFUSE = "refuse"
WORST = "worst"
MISSING = (REFUSE, WORST)


def mark_coverage(table: xr.Dataset) -> xr.Dataset:
    """The table with ``N_KNOWN`` in the attributes of every variable that is not known for all architectures.

    An architecture is known if it has a value at every epoch and of every trial.
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
    """Number of architectures with a value: as the attributes state, else counted.

    Embedded and imported variables (those with a ``source``) state it where an architecture lacks a value that
    it could have.
    """
    attrs = table[name].attrs
    if N_KNOWN in attrs or "source" in attrs:
        return int(attrs.get(N_KNOWN, table.sizes[ARCH]))
    return _counted(table, name)


def partial_variables(table: xr.Dataset) -> list[str]:
    """Variables whose attributes state that architectures lack a value."""
    return [str(name) for name, variable in table.data_vars.items() if N_KNOWN in variable.attrs]


def check_coverage(table: xr.Dataset, names: Iterable[str], missing: str) -> None:
    """Refuse a variable with no value at all, or with missing ones unless ``missing`` allows them."""
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
    """The table with missing prices set to the highest known one; missing scores are the worst already."""
    prices = {}
    for name, variable in table.data_vars.items():
        if str(name).endswith(SECONDS_SUFFIX) and n_known(table, str(name)) < table.sizes[ARCH]:
            prices[name] = variable.fillna(variable.max(ARCH)).assign_attrs(variable.attrs)
    return table.assign(prices)
