"""Labelled input in the row order of a space: labels decide, not positions."""

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from mfnas_vec.spaces import NO_ARCH, SearchSpace
from mfnas_vec.tables.schema import ARCH, EPOCH

FloatArray = npt.NDArray[np.float64]


class Aligned(NamedTuple):
    """Values in row order, and the epochs that their labels name."""

    values: FloatArray  # [], [arch] or [epoch, arch]
    epochs: tuple[int, ...] | None


def align(space: SearchSpace, name: str, values: Any) -> Aligned:
    """The values of a variable in the row order of a space, NaN where labels leave an architecture out.

    Parameters
    ----------
    space
        The space whose rows the values are to follow.
    name
        What messages call the variable.
    values
        A bare array is taken as it is. A DataArray is transposed by its dimensions, ``arch`` and
        ``epoch``, and its coordinates (an index ``arch``, or ``arch_key``) say which
        architecture a value is of. A pandas Series, or a DataFrame with a column per epoch, is
        indexed by architecture: readable form, published name or hash, gene digits, a tuple or a
        MultiIndex of genes, or integers, which are rows.

    Returns
    -------
    Aligned
        Values of shape ``()``, ``(n_arch,)`` or ``(n_epoch, n_arch)`` if they have labels.

    Raises
    ------
    ValueError
        If values are no real numbers, or a label is unknown or comes twice.
    """
    if isinstance(values, xr.DataArray):
        return _align_xarray(space, name, values)
    if isinstance(values, pd.Series):
        return Aligned(_spread(space, name, values.index, _numbers(name, values)), None)
    if isinstance(values, pd.DataFrame):
        epochs = _epochs(space, name, values.columns)
        columns = [_numbers(name, values.iloc[:, i]) for i in range(len(epochs))]
        return Aligned(_spread(space, name, values.index, np.array(columns)), epochs)
    if isinstance(values, Mapping):
        raise ValueError(f"{name!r} is a {type(values).__name__}; pandas.Series(values) aligns values by architecture")
    return Aligned(_real(name, np.asarray(values)), None)


def _align_xarray(space: SearchSpace, name: str, values: xr.DataArray) -> Aligned:
    dims = tuple(map(str, values.dims))
    if not set(dims) <= {ARCH, EPOCH}:
        raise ValueError(f"{name!r} has dims ({', '.join(dims)}); must be among {ARCH}, {EPOCH}: rename the others")
    values = values.transpose(*(d for d in (EPOCH, ARCH) if d in dims))
    array = _real(name, values.values)
    epochs = None
    if EPOCH in dims and EPOCH in values.coords:
        epochs = _epochs(space, name, values[EPOCH].values.tolist())
    label = ARCH if ARCH in values.coords else "arch_key"
    if ARCH in dims and label in values.coords and values[label].dims == (ARCH,):
        array = _spread(space, name, values[label].values.tolist(), array)
    return Aligned(array, epochs)


def _real(name: str, array: npt.NDArray[Any]) -> FloatArray:
    if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
        raise ValueError(f"{name!r} has dtype {array.dtype}; must be real numbers")
    return array.astype(np.float64)


def _numbers(name: str, values: "pd.Series[Any]") -> FloatArray:
    if not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        raise ValueError(f"{name!r} has dtype {values.dtype}; must be real numbers")
    if isinstance(values.dtype, np.dtype):
        return _real(name, values.to_numpy())
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))


def _epochs(space: SearchSpace, name: str, labels: Iterable[Hashable]) -> tuple[int, ...]:
    """Epochs of labels, integers or their digits."""
    found: list[int] = []
    labels = list(labels)
    for label in labels:
        text = str(label)
        if isinstance(label, bool) or re.fullmatch("[1-9][0-9]{0,4}", text) is None:  # gene digits are longer
            turned = "; transpose it (.T)" if len(labels) == space.n_arch else ""
            raise ValueError(f"{name!r} has the column {label!r}; columns must be epochs, integers >= 1{turned}")
        if int(text) in found:
            raise ValueError(f"{name!r} has epoch {int(text)} twice")
        found.append(int(text))
    return tuple(found)


def _rows(space: SearchSpace, name: str, labels: Any) -> npt.NDArray[np.int64]:
    """Rows of labels of architectures."""
    if isinstance(labels, pd.MultiIndex):
        labels = labels.tolist()
    array = np.asarray(labels) if isinstance(labels, pd.Index) or not any(map(_is_genes, labels)) else None
    if array is not None and np.issubdtype(array.dtype, np.integer):
        bad = (array < 0) | (array >= space.n_arch)
        if bad.any():
            first = array[bad][0]
            hint = "" if space._name_row(str(first)) == NO_ARCH else f"; the published name is the text '{first}'"
            raise ValueError(
                f"{name!r}: label {first} is no row of {space.name}; integer labels are rows, "
                f"0..{space.n_arch - 1}{hint}"
            )
        return array.astype(np.int64)
    rows = np.empty(len(labels), np.int64)
    for i, label in enumerate(labels):
        if not isinstance(label, str) and not _is_genes(label):
            raise ValueError(f"{name!r}: label {label!r} names no architecture of {space.name}")
        try:
            rows[i] = space.row_of(label)
        except ValueError as error:
            raise ValueError(f"{name!r}: label {label!r} names no architecture of {space.name}: {error}") from None
    return rows


def _is_genes(label: Any) -> bool:
    return isinstance(label, (tuple, list, np.ndarray))


def _spread(space: SearchSpace, name: str, labels: Sequence[Any], values: FloatArray) -> FloatArray:
    """Values of labels at their rows, NaN elsewhere; refuses two labels of one row."""
    rows = _rows(space, name, labels)
    count = np.bincount(rows, minlength=space.n_arch)
    if (count > 1).any():
        row = int(np.argmax(count > 1))
        first, second = (labels[int(i)] for i in np.flatnonzero(rows == row)[:2])
        raise ValueError(f"{name!r} has two values for one architecture, row {row}: labels {first!r} and {second!r}")
    spread = np.full((*values.shape[:-1], space.n_arch), np.nan)
    spread[..., rows] = values
    return spread
