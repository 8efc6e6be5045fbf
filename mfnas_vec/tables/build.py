"""Make a table from a user's own arrays."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from mfnas_vec.spaces import SearchSpace, get_space
from mfnas_vec.tables.schema import (
    ARCH,
    EPOCH,
    GENE,
    PROVENANCES,
    SCHEMA,
    SECONDS_SUFFIX,
    TRAIN_SECONDS,
    declared_direction,
)


def variable_attrs(name: str, provenance: str, **more: str | float | Sequence[str]) -> dict[str, Any]:
    """Attributes of a table variable: the schema's, the provenance, and whatever else is given."""
    declared = SCHEMA.get(name)
    attrs: dict[str, Any] = {
        "long_name": declared.long_name if declared else name,
        "units": declared.units if declared else "1",
        "direction": declared_direction(name),
        "provenance": provenance,
    }
    attrs.update({key: list(v) if isinstance(v, tuple) else v for key, v in more.items()})
    return attrs


def empty_table(space: SearchSpace, *, name: str, dataset: str = "") -> xr.Dataset:
    """A table with the coordinates of a space and no variables yet."""
    table = xr.Dataset(
        coords={
            "genotype": ((ARCH, GENE), space.decode(space.arch_code)),
            "arch_key": ((ARCH,), np.array(space.arch_key(), dtype=np.dtypes.StringDType())),
        },
        attrs={"name": name, "space": space.name, "dataset": dataset},
    )
    table["genotype"].attrs = {"long_name": "a genotype of the architecture"}
    table["arch_key"].attrs = {"long_name": "published name of the architecture"}
    return table


def build_table(
    space: str | SearchSpace,
    metrics: Mapping[str, npt.ArrayLike],
    *,
    epochs: Sequence[int] = (),
    train_seconds: npt.ArrayLike | None = None,
    seconds: Mapping[str, npt.ArrayLike] | None = None,
    provenance: str | Mapping[str, str] = "measured",
    directions: Mapping[str, str] | None = None,
    name: str = "custom",
    dataset: str = "",
) -> xr.Dataset:
    """Make a benchmark table from arrays: your own metric, proxy or benchmark.

    Parameters
    ----------
    space
        A search space or its name. Arrays follow its rows (``space.row``).
    metrics
        Arrays by metric name. Shape ``(n_epoch, n_arch)`` for training-based metrics,
        ``(n_arch,)`` for zero-cost scores and for ``test_acc`` or ``test_per``.
        NaN means missing and ranks below every number.
    epochs
        The epochs of training-based metrics, ascending, shape ``(n_epoch,)``.
    train_seconds
        Seconds of training from the start up to each epoch, shape ``(n_epoch, n_arch)``;
        zero by default.
    seconds
        Seconds that one zero-cost score costs, by metric: a number, or shape ``(n_arch,)``.
    provenance
        "measured", "computed" or "modelled": for all metrics, or by name.
    directions
        "maximize" or "minimize" by name, for metrics that the schema does not know.
    name, dataset
        Labels; ``dataset`` selects the published time budget (see ``run``).

    Returns
    -------
    xarray.Dataset
        The table, which ``run`` takes.

    Raises
    ------
    ValueError
        If a shape, an epoch, a direction or a provenance is not as described.

    Examples
    --------
    >>> import numpy as np
    >>> table = build_table("nb201", {"mine": np.arange(15625.0)}, provenance="computed")
    >>> dict(table.sizes)
    {'arch': 15625, 'gene': 6}
    """
    if isinstance(space, str):
        space = get_space(space)
    epoch = np.asarray(epochs, dtype=np.int64)
    if epoch.ndim != 1 or (epoch < 1).any() or (np.diff(epoch) <= 0).any():
        raise ValueError(f"epochs={list(epochs)!r} must be ascending integers >= 1")
    table = empty_table(space, name=name, dataset=dataset)
    if epoch.size:
        table = table.assign_coords({EPOCH: (EPOCH, epoch, {"long_name": "epochs of training done"})})
    curves = (epoch.size, space.n_arch)

    def add(key: str, values: npt.ArrayLike, shapes: tuple[tuple[int, ...], ...], kind: str) -> None:
        if kind not in PROVENANCES:
            raise ValueError(f"provenance={kind!r} of {key!r}; allowed: {', '.join(PROVENANCES)}")
        array = np.asarray(values, dtype=np.float64)
        if array.shape not in shapes:
            allowed = " or ".join(str(s) for s in shapes)
            raise ValueError(f"{key!r} has shape {array.shape}; must be {allowed} for {space.name}")
        dims = {0: (), 1: (ARCH,), 2: (EPOCH, ARCH)}[array.ndim]
        attrs = variable_attrs(key, kind)
        direction = (directions or {}).get(key)
        if direction is not None:
            if direction not in ("maximize", "minimize"):
                raise ValueError(f"directions[{key!r}]={direction!r}; allowed: maximize, minimize")
            attrs["direction"] = direction
        table[key] = (dims, array, attrs)

    def kind_of(key: str) -> str:
        return provenance if isinstance(provenance, str) else provenance.get(key, "measured")

    for key, values in metrics.items():
        declared = SCHEMA.get(key)
        shapes: tuple[tuple[int, ...], ...] = (curves, (space.n_arch,))
        if declared is not None:
            shapes = (curves,) if EPOCH in declared.dims else ((space.n_arch,),)
        add(key, values, shapes, kind_of(key))
    if train_seconds is not None:
        add(TRAIN_SECONDS, train_seconds, (curves,), kind_of(TRAIN_SECONDS))
    for key, values in (seconds or {}).items():
        if key not in metrics:
            raise ValueError(f"seconds names {key!r}, which is not among the metrics: {', '.join(metrics)}")
        add(key + SECONDS_SUFFIX, values, ((), (space.n_arch,)), kind_of(key + SECONDS_SUFFIX))
        table[key + SECONDS_SUFFIX].attrs |= {"units": "s", "direction": "none"}
    return table
