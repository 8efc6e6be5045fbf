"""Make a table from a user's own arrays."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from mfnas_vec.spaces import SearchSpace, check_registered, get_space
from mfnas_vec.tables.alignment import Aligned, FloatArray, align
from mfnas_vec.tables.checks import check_not_fractions, check_values, is_accuracy
from mfnas_vec.tables.coverage import mark_coverage
from mfnas_vec.tables.schema import (
    ARCH,
    EPOCH,
    GENE,
    PERCENT,
    PROVENANCES,
    SCHEMA,
    SECONDS_SUFFIX,
    TRAIN_SECONDS,
    TRIAL,
    declared_direction,
    declared_units,
    words_of,
)

#: What a variable may be given as: an array, or labelled values (see ``align``).
Values: TypeAlias = npt.ArrayLike | xr.DataArray | pd.Series | pd.DataFrame

FRACTION = "fraction"
#: Words of metrics that are shares: error rates.
ERROR_WORDS = frozenset({"error", "errors", "err", "per", "wer", "cer"})

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
    metrics: Mapping[str, Values],
    *,
    epochs: Sequence[int] = (),
    train_seconds: Values | None = None,
    seconds: Mapping[str, Values] | None = None,
    provenance: str | Mapping[str, str],
    directions: Mapping[str, str] | None = None,
    units: str | Mapping[str, str] | None = None,
    name: str = "custom",
    dataset: str = "",
) -> xr.Dataset:
    """Make a benchmark table from arrays: your own metric, proxy or benchmark.

    Parameters
    ----------
    space
        A search space, which must be registered (``register_space``), or its name.
    metrics
        Values by metric name (a DataFrame: a column per metric). Bare arrays follow the rows of the
        space, shape ``(n_epoch, n_arch)`` for training-based metrics, ``(n_arch,)`` for zero-cost
        scores, for ``test_acc`` or ``test_per``, and for training-based ones without epochs.
        Labelled ones are aligned: a DataArray over ``arch`` and ``epoch`` by its dimensions and
        coordinates, a pandas Series, or DataFrame with a column per epoch, by its index of
        architectures (what ``space.row_of`` takes as text or genotype; integers are rows). NaN
        means missing, and so does an architecture without label.
    epochs
        The epochs of training-based metrics, ascending, shape ``(n_epoch,)``; those that labels
        name by default.
    train_seconds
        Seconds of training from the start up to each epoch, shape ``(n_epoch, n_arch)``;
        zero by default.
    seconds
        Seconds that one zero-cost score costs, by metric: a number, or shape ``(n_arch,)``.
    provenance
        Provenance of the numbers: "measured", "computed" or "modelled", for all variables or by
        name (``train_seconds`` included). Every result made from the table repeats it.
    directions
        "maximize" or "minimize" by name. By default losses, error rates, latencies and the like are
        minimised (names with one of ``schema.MINIMIZED_WORDS``), all else is maximised; the first
        search on a metric with such a guessed direction logs it.
    units
        "percent" or "fraction", of all accuracies and error rates in percent, or units by name.
        Fractions are multiplied by 100. Without it, percentages of at most 1 are refused.
    name, dataset
        Labels; ``dataset`` selects the published time budget (see ``run``).

    Returns
    -------
    xarray.Dataset
        The table, which ``run`` takes. The attribute ``n_arch_known`` of a variable says how many
        architectures it knows where it does not know all; ``run`` refuses to search such a variable
        unless ``missing="worst"``.

    Raises
    ------
    ValueError
        If a shape, a label, an epoch, a direction, a unit or a provenance is not as described, or
        numbers are impossible: all missing, infinite, seconds that are negative or decrease.

    Examples
    --------
    >>> import numpy as np
    >>> table = build_table("nb201", {"mine": np.arange(15625.0)}, provenance="computed")
    >>> dict(table.sizes)
    {'arch': 15625, 'gene': 6}
    """
    if isinstance(space, str):
        space = get_space(space)
    check_registered(space)
    if not isinstance(metrics, (Mapping, pd.DataFrame)):
        raise ValueError(f"metrics is a {type(metrics).__name__}; must be values by name, as {{'my_metric': values}}")
    prices = dict(seconds or {})
    names = [*metrics, *([TRAIN_SECONDS] if train_seconds is not None else []), *_seconds_names(metrics, prices)]
    kinds = _kinds(provenance, names)
    if unknown := set(directions or {}) - set(metrics):
        raise ValueError(f"directions names {min(unknown)!r}, which is not among the metrics: {', '.join(metrics)}")
    stated = stated_units(units, list(metrics))
    given = {str(key): values for key, values in metrics.items()}
    if train_seconds is not None:
        given[TRAIN_SECONDS] = train_seconds
    given |= {key + SECONDS_SUFFIX: values for key, values in prices.items()}
    aligned = {key: align(space, key, values) for key, values in given.items()}
    epoch = _epochs(epochs, aligned)
    table = empty_table(space, name=name, dataset=dataset)
    if epoch.size:
        table = table.assign_coords({EPOCH: (EPOCH, epoch, {"long_name": "epochs of training done"})})
    curves, flat = (epoch.size, space.n_arch), (space.n_arch,)
    for key, found in aligned.items():
        declared = SCHEMA.get(key)
        shapes: tuple[tuple[int, ...], ...] = (curves, flat)
        if declared is not None:
            shapes = (curves,) if EPOCH in declared.dims else (flat,)
            if not epoch.size and key != TRAIN_SECONDS:  # a training-based metric of whole trainings
                shapes = (*shapes, flat)
        elif key.removesuffix(SECONDS_SUFFIX) in prices:
            shapes = ((), flat)
        array = found.values if found.epochs is None else found.values[[found.epochs.index(e) for e in epoch]]
        if array.shape not in shapes:
            raise ValueError(f"{key!r} has shape {array.shape}; {_expected(array.shape, shapes, space)}")
        attrs = variable_attrs(key, kinds[key])
        if key in metrics:
            array = in_units(key, array, stated, attrs)
            _set_direction(key, directions or {}, attrs)
        elif key != TRAIN_SECONDS:
            attrs |= {"units": "s", "direction": "none"}
        table[key] = ({0: (), 1: (ARCH,), 2: (EPOCH, ARCH)}[array.ndim], array, attrs)
    check_values(table)
    return mark_coverage(table)


def _epochs(epochs: Sequence[int], aligned: Mapping[str, Aligned]) -> npt.NDArray[np.int64]:
    """The epochs of a table, ascending: those given, else those that all labels name."""
    given = np.asarray(epochs)
    labelled = {key: found.epochs for key, found in aligned.items() if found.epochs is not None}
    if not given.size and labelled:
        first, *others = labelled.items()
        given = np.array(sorted(first[1]))
        for key, known in others:
            if set(known) != set(first[1]):
                raise ValueError(f"{key!r} has epochs {sorted(known)}, {first[0]!r} has {given.tolist()}: give epochs=")
    if given.size and not np.issubdtype(given.dtype, np.integer):
        raise ValueError(f"epochs={list(epochs)!r} must be ascending integers >= 1")
    epoch = given.astype(np.int64)
    if epoch.ndim != 1 or (epoch < 1).any() or (np.diff(epoch) <= 0).any():
        raise ValueError(f"epochs={list(epochs)!r} must be ascending integers >= 1")
    for key, known in labelled.items():
        if lacking := sorted(set(epoch.tolist()) - set(known)):
            raise ValueError(f"{key!r} has no epoch {lacking[0]}; its labels name {', '.join(map(str, sorted(known)))}")
    return epoch


def _expected(shape: tuple[int, ...], shapes: tuple[tuple[int, ...], ...], space: SearchSpace) -> str:
    """What is wrong with a shape."""
    no_epochs = (0, space.n_arch)
    if no_epochs in shapes and len(shape) == 2 and space.n_arch in shape:
        n_epoch = shape[1] if shape[0] == space.n_arch else shape[0]
        turn = " and transpose it (.T)" if shape[0] == space.n_arch else ""
        return f"a value per epoch needs epochs=, the {n_epoch} epochs of training that they are of{turn}"
    allowed = " or ".join(str(s) for s in shapes if s != no_epochs) or f"(n_epoch, {space.n_arch}), with epochs="
    hint = ": transpose it? (.T)" if len(shape) == 2 and shape[::-1] in shapes else ""
    return f"must be {allowed} for {space.name}{hint}"


def stated_units(units: str | Mapping[str, str] | None, metrics: Sequence[str]) -> dict[str, str]:
    """The units of those metrics whose units are given, or a ValueError."""
    if units is None:
        return {}
    if isinstance(units, str):
        if units not in (PERCENT, FRACTION):
            raise ValueError(f"units={units!r} must be {PERCENT} or {FRACTION}, or units by metric")
        shares = [name for name in metrics if _is_share(name)]
        if not shares:
            raise ValueError(f"units={units!r}: there is no accuracy or error rate among {', '.join(metrics)}")
        return dict.fromkeys(shares, units)
    for name, unit in units.items():
        if name not in metrics:
            raise ValueError(f"units names {name!r}, which is not among the metrics: {', '.join(metrics)}")
        fixed = SCHEMA[name].units if name in SCHEMA else None
        allowed = (PERCENT, FRACTION) if _is_share(name) else (fixed,) if fixed is not None else (unit,)
        if not isinstance(unit, str) or not unit or unit not in allowed:
            raise ValueError(f"units[{name!r}]={unit!r}; allowed: {', '.join(map(str, allowed))}")
    return dict(units)


def _is_share(name: str) -> bool:
    """Whether a metric may be a fraction or a percentage: accuracies and error rates."""
    return declared_units(name) == PERCENT or (name not in SCHEMA and bool(ERROR_WORDS & words_of(name)))


def in_units(name: str, array: FloatArray, stated: Mapping[str, str], attrs: dict[str, Any]) -> FloatArray:
    """Values in the units of the table, which are noted in the attributes, or a ValueError."""
    unit = stated.get(name)
    attrs["units"] = unit or declared_units(name)
    if unit == FRACTION:
        if (array > 1).any() and is_accuracy(name):  # errors may be more than what there is
            raise ValueError(f"{name!r} has a maximum of {np.nanmax(array):g}, which is no fraction: units='percent'?")
        attrs["units"] = PERCENT
        return array * 100
    if unit is None:
        check_not_fractions(name, array)
    return array


def _set_direction(name: str, directions: Mapping[str, str], attrs: dict[str, Any]) -> None:
    """Set the given direction, else that of the schema; a guess is left out, which marks it as one."""
    direction = directions.get(name)
    if direction is None:
        if name not in SCHEMA:
            del attrs["direction"]
        return
    if direction not in ("maximize", "minimize"):
        raise ValueError(f"directions[{name!r}]={direction!r}; allowed: maximize, minimize")
    attrs["direction"] = direction


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
    """Provenance of every variable; seconds of a score have that of their metric unless named."""
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
