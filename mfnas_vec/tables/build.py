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
    TRIAL,
    declared_direction,
)

#: Names that are no metrics.
RESERVED = frozenset({ARCH, EPOCH, GENE, TRIAL, "genotype", "arch_key"})


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
    provenance: str | Mapping[str, str],
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
        Where the numbers come from: "measured", "computed" or "modelled", for all variables or by
        name (``train_seconds`` included). Every result made from the table repeats it.
    directions
        "maximize" or "minimize" by name. By default losses and error rates are minimised (names
        with one of the words loss, error, err, per, wer, cer), all else is maximised.
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
    given = np.asarray(epochs)
    if given.size and not np.issubdtype(given.dtype, np.integer):
        raise ValueError(f"epochs={list(epochs)!r} must be ascending integers >= 1")
    epoch = given.astype(np.int64)
    if epoch.ndim != 1 or (epoch < 1).any() or (np.diff(epoch) <= 0).any():
        raise ValueError(f"epochs={list(epochs)!r} must be ascending integers >= 1")
    table = empty_table(space, name=name, dataset=dataset)
    if epoch.size:
        table = table.assign_coords({EPOCH: (EPOCH, epoch, {"long_name": "epochs of training done"})})
    curves = (epoch.size, space.n_arch)

    names = [*metrics, *([TRAIN_SECONDS] if train_seconds is not None else []), *_seconds_names(metrics, seconds or {})]
    kinds = _kinds(provenance, names)
    if unknown := set(directions or {}) - set(metrics):
        raise ValueError(f"directions names {min(unknown)!r}, which is not among the metrics: {', '.join(metrics)}")

    def add(key: str, values: npt.ArrayLike, shapes: tuple[tuple[int, ...], ...]) -> None:
        array = np.asarray(values)
        if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
            raise ValueError(f"{key!r} has dtype {array.dtype}; must be real numbers")
        if array.shape not in shapes:
            allowed = " or ".join(str(s) for s in shapes)
            raise ValueError(f"{key!r} has shape {array.shape}; must be {allowed} for {space.name}")
        dims = {0: (), 1: (ARCH,), 2: (EPOCH, ARCH)}[array.ndim]
        attrs = variable_attrs(key, kinds[key])
        direction = (directions or {}).get(key)
        if direction is not None:
            if direction not in ("maximize", "minimize"):
                raise ValueError(f"directions[{key!r}]={direction!r}; allowed: maximize, minimize")
            attrs["direction"] = direction
        table[key] = (dims, array.astype(np.float64), attrs)

    for key, values in metrics.items():
        declared = SCHEMA.get(key)
        shapes: tuple[tuple[int, ...], ...] = (curves, (space.n_arch,))
        if declared is not None:
            shapes = (curves,) if EPOCH in declared.dims else ((space.n_arch,),)
        add(key, values, shapes)
    if train_seconds is not None:
        add(TRAIN_SECONDS, train_seconds, (curves,))
    for key, values in (seconds or {}).items():
        add(key + SECONDS_SUFFIX, values, ((), (space.n_arch,)))
        table[key + SECONDS_SUFFIX].attrs |= {"units": "s", "direction": "none"}
    return table


def _seconds_names(metrics: Mapping[str, npt.ArrayLike], seconds: Mapping[str, npt.ArrayLike]) -> list[str]:
    for key in metrics:
        if not isinstance(key, str) or key in RESERVED or key.endswith(SECONDS_SUFFIX):
            raise ValueError(
                f"metrics names {key!r}; a metric is a string, not one of {', '.join(sorted(RESERVED))}, "
                f"and does not end in {SECONDS_SUFFIX}"
            )
    for key in seconds:
        if key not in metrics:
            raise ValueError(f"seconds names {key!r}, which is not among the metrics: {', '.join(metrics)}")
    return [key + SECONDS_SUFFIX for key in seconds]


def _kinds(provenance: str | Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Provenance of every variable; the seconds of a score are as its metric unless named."""
    if isinstance(provenance, str):
        provenance = dict.fromkeys(names, provenance)
    if unknown := set(provenance) - set(names):
        raise ValueError(f"provenance names {min(unknown)!r}, which is no variable here: {', '.join(names)}")
    kinds = {}
    for name in names:
        kind = provenance.get(name, provenance.get(name.removesuffix(SECONDS_SUFFIX)))
        if kind is None:
            raise ValueError(f"provenance says nothing of {name!r}; allowed: {', '.join(PROVENANCES)}")
        if kind not in PROVENANCES:
            raise ValueError(f"provenance={kind!r} of {name!r}; allowed: {', '.join(PROVENANCES)}")
        kinds[name] = kind
    return kinds
