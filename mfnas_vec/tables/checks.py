"""Checks that refuse impossible values."""

import numpy as np
import xarray as xr

from mfnas_vec.tables.schema import ARCH, EPOCH, PERCENT, SCHEMA, SECONDS_SUFFIX, TRAIN_SECONDS, declared_units


def is_accuracy(name: str) -> bool:
    """Whether a name is that of an accuracy."""
    declared = SCHEMA.get(name)
    return declared_units(name) == PERCENT and (declared is None or declared.direction == "maximize")


def check_values(table: xr.Dataset) -> None:
    """Refuse variables over architectures whose numbers are impossible.

    Raises
    ------
    ValueError
        If a variable has no number, or none at one epoch, or infinite ones; if seconds are negative,
        or cumulative ones decrease.
    """
    for name, variable in table.data_vars.items():
        if ARCH in variable.dims and np.issubdtype(variable.dtype, np.floating):
            _check(str(name), variable)


def check_not_fractions(name: str, values: np.ndarray) -> None:
    """Refuse percentages whose maximum is at most 1: they look like fractions."""
    highest = np.nanmax(values, initial=-np.inf)
    if declared_units(name) == PERCENT and -np.inf < highest <= 1:
        raise ValueError(
            f"{name!r} is in percent, its maximum is {highest:g}: fractions? pass units='fraction' "
            "(--units fraction); 'percent' if they are percent"
        )


def _check(name: str, variable: xr.DataArray) -> None:
    values = variable.transpose(..., ARCH).values
    known = ~np.isnan(values)
    if not known.any():
        raise ValueError(f"{name!r} has no number: all {values.size:,} values are missing (NaN)")
    if EPOCH in variable.dims and not (by_epoch := known.any(axis=-1)).all():
        epoch = variable[EPOCH].values[~by_epoch][0]
        raise ValueError(f"{name!r} has no number at epoch {epoch}: leave the epoch out")
    if np.isinf(values).any():
        raise ValueError(f"{name!r} has infinite values; NaN is missing")
    if name.endswith(SECONDS_SUFFIX) and np.nanmin(values) < 0:
        raise ValueError(f"{name!r} has values that are missing or negative; seconds must be >= 0")
    if name == TRAIN_SECONDS and variable.dims == (EPOCH, ARCH):
        later = np.argwhere(np.diff(values, axis=0) < 0)
        if later.size:
            i, row = later[0]
            before, after = variable[EPOCH].values[i : i + 2]
            raise ValueError(
                f"{name!r} decreases from {values[i, row]:g} s at epoch {before} to {values[i + 1, row]:g} s at epoch "
                f"{after} (row {row}); it must be cumulative: seconds from the start up to each epoch"
            )
