"""Statistics of results over runs, for any leading dimensions.

Combinations of a sweep that do not exist are NaN throughout.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec.analysis.bootstrap import FloatArray, bootstrap_interval
from mfnas_vec.runs.result import RUN

TEST = "test_performance"


def leading_dims(result: xr.Dataset) -> list[str]:
    """Dimensions before ``run``: ``optimizer`` and the varied settings."""
    return [str(dim) for dim in result["arch"].dims if dim != RUN]


def present(result: xr.Dataset) -> xr.DataArray:
    """Which combinations were run: booleans over the leading dimensions."""
    if "exists" in result.variables:
        return result["exists"].astype(bool)
    shape = tuple(result.sizes[dim] for dim in leading_dims(result))
    return xr.DataArray(np.ones(shape, bool), dims=leading_dims(result))


def over_runs(result: xr.Dataset, variable: str) -> xr.DataArray:
    """A variable as floats, ``run`` last, NaN for combinations that do not exist.

    Raises
    ------
    ValueError
        If there is no such variable over ``run``.
    """
    if variable not in result.data_vars or RUN not in result[variable].dims:
        known = [str(name) for name, values in result.data_vars.items() if RUN in values.dims]
        raise ValueError(f"variable={variable!r} must be one of {', '.join(known)}")
    values = result[variable].astype(np.float64)
    if "exists" in result.variables:
        values = values.where(present(result))
    return values.transpose(..., RUN).assign_attrs(result[variable].attrs)


def direction_sign(attrs: Any) -> float:
    """``+1.0`` where higher is better, ``-1.0`` where lower is.

    Raises
    ------
    ValueError
        If the attribute ``direction`` is neither "maximize" nor "minimize".
    """
    direction = attrs.get("direction")
    if direction not in ("maximize", "minimize"):
        raise ValueError(f"direction={direction!r} must be maximize or minimize")
    return -1.0 if direction == "minimize" else 1.0


def unit_text(attrs: Any) -> str:
    """The unit of a variable's attributes as people write it; "1" where there is none."""
    units = str(attrs.get("units", "1"))
    return {"percent": "%"}.get(units, units)


def iqm(values: npt.ArrayLike, axis: int = -1) -> Any:
    """Interquartile mean: the mean without the lowest and highest quarter (Agarwal et al., 2021).

    Of n values, ``n // 4`` are left out at either end.

    Examples
    --------
    >>> float(iqm([1.0, 2.0, 4.0, 100.0]))
    3.0
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64), axis=axis)
    n = ordered.shape[axis]
    return np.take(ordered, np.arange(n // 4, n - n // 4), axis=axis).mean(axis=axis)


#: Statistics that get an interval.
_CENTRES: dict[str, Callable[..., Any]] = {"mean": np.mean, "median": np.median, "iqm": iqm}
_LONG = {"mean": "mean", "median": "median", "iqm": "interquartile mean", "sd": "population standard deviation"}


def _outer(result: xr.Dataset) -> xr.Dataset:
    """Attributes of a result and its coordinates that are not over runs."""
    inner = [name for name, coord in result.coords.items() if RUN in coord.dims]
    return xr.Dataset(coords=result.coords.to_dataset().drop_vars(inner).coords, attrs=result.attrs)


def statistics(result: xr.Dataset, variable: str = TEST, *, n_resample: int = 2000, seed: int = 0) -> xr.Dataset:
    """Location and spread of a variable over runs.

    Runs without a value (failed, or without a test result in the table) are left out; ``n_known``
    counts the others.

    Parameters
    ----------
    result
        Of ``run``, or of a problem of a sweep or of ``reproduce``: any dimensions and ``run``.
    variable
        Name of a variable over ``run``.
    n_resample, seed
        Of the bootstrap; 0 resamples: no intervals. The interval of a combination does not depend on
        the other combinations.

    Returns
    -------
    xarray.Dataset
        Over the dimensions other than ``run``: ``n_run, n_known, mean, sd, median, iqm``, and
        ``mean_low, mean_high, ...``, the ends of 95 % percentile bootstrap intervals (NaN for fewer
        than ``LEAST_RUNS`` values). Units, direction and provenance are those of the variable.

    Raises
    ------
    ValueError
        If there is no such variable.
    """
    values = over_runs(result, variable)
    dims = [str(dim) for dim in values.dims if dim != RUN]
    shape = tuple(values.sizes[dim] for dim in dims)
    names = ["mean", "sd", "median", "iqm"]
    if n_resample:
        names += [f"{name}_{end}" for name in _CENTRES for end in ("low", "high")]
    filled: dict[str, FloatArray] = {name: np.full(shape, np.nan) for name in names}
    n_known = np.zeros(shape, np.int64)
    array = values.values
    for place in np.ndindex(*shape):
        known = array[place][~np.isnan(array[place])]
        n_known[place] = known.size
        if not known.size:
            continue
        filled["sd"][place] = known.std()
        for name, centre in _CENTRES.items():
            filled[name][place] = centre(known, axis=-1)
            if n_resample:
                ends = bootstrap_interval(known, centre, n_resample=n_resample, seed=seed)
                filled[f"{name}_low"][place], filled[f"{name}_high"][place] = ends
    what = str(values.attrs.get("long_name", variable))
    kept = {key: values.attrs[key] for key in ("units", "direction", "provenance", "variable") if key in values.attrs}
    found = _outer(result)
    there = present(result).broadcast_like(values.isel({RUN: 0}, drop=True)).transpose(*dims).values
    found["n_run"] = dims, np.where(there, values.sizes[RUN], 0), {"long_name": "runs"}
    found["n_known"] = dims, n_known, {"long_name": "runs with a value"}
    for name, numbers in filled.items():
        base, _, end = name.partition("_")
        which = f", {'lower' if end == 'low' else 'upper'} end of the 95 % bootstrap interval" if end else ""
        found[name] = dims, numbers, {"long_name": f"{_LONG[base]} of {what}{which}", **kept}
    return found.assign_attrs(statistics_of=variable, n_resample=n_resample, bootstrap_seed=seed)


def regret(result: xr.Dataset, optimum: float | None = None, variable: str = TEST) -> xr.Dataset:
    """Distance of each run's test result from the best of the table; 0 is best.

    Parameters
    ----------
    result
        As of ``statistics``.
    optimum
        The best test result; by default the attribute of the result (``run`` does not record it).
    variable
        The variable whose regret is taken: the test performance, or a curve of it.

    Returns
    -------
    xarray.Dataset
        ``regret`` over the variable's dimensions, lower is better. Its provenance is that of the
        test results; ``optimum_provenance`` is that of the optimum.

    Raises
    ------
    ValueError
        If no optimum is known, or the variable has no direction.
    """
    if optimum is None:
        if "optimum" not in result.attrs:
            raise ValueError("the result does not record the optimum of its table: give optimum=")
        optimum = float(result.attrs["optimum"])
    values = over_runs(result, variable)
    sign = direction_sign(values.attrs)
    attrs = {key: values.attrs[key] for key in ("units", "provenance", "variable") if key in values.attrs}
    attrs["optimum"] = optimum
    if "optimum_provenance" in result.attrs:
        attrs["optimum_provenance"] = result.attrs["optimum_provenance"]
    found = result[["arch"]].assign(regret=sign * (optimum - values))
    found["regret"].attrs = {"long_name": "regret to the optimum of the table", "direction": "minimize", **attrs}
    return found


def unique_share(result: xr.Dataset) -> xr.Dataset:
    """Share of a run's evaluations that were of a new architecture.

    Returns
    -------
    xarray.Dataset
        ``unique_share`` over the leading dimensions and ``run``; NaN for a run without evaluations.
    """
    made = over_runs(result, "evaluations")
    share = over_runs(result, "unique_evaluations") / made.where(made > 0)
    found = result[["arch"]].assign(unique_share=share)
    found["unique_share"].attrs = {"long_name": "distinct architectures per evaluation", "units": "1"}
    return found
