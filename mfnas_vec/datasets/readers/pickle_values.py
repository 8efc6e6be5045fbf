"""Stand-ins for the code that pickles of arrays name: they make plain data, and check what they are given."""

import collections
import math
import pickle
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from mfnas_vec.datasets.readers.pickle_depths import RefusedError


class CopyBudget:
    """What the copies that stand-ins make may take: a pickle may have the same bytes copied many times."""

    __slots__ = ("left", "most")

    def __init__(self, most: int) -> None:
        self.left = self.most = most

    def pay(self, value: Any) -> None:
        """Count a value that is going to be copied."""
        if isinstance(value, (str, bytes, bytearray)):
            self.left -= len(value)
        elif isinstance(value, (list, tuple, dict, set, frozenset)):
            self.left -= 64 * len(value)
        if self.left < 0:
            raise RefusedError(f"its objects would take more than {self.most:,} bytes")


class NumpyArray:
    """Stands for an array of a pickle until ``plain`` makes one of it."""

    __slots__ = ("_budget", "array")

    def __init__(self, budget: CopyBudget) -> None:
        self._budget = budget
        self.array: npt.NDArray[Any] = np.zeros(0)

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise pickle.UnpicklingError("the state of an array is not understood")
        _, shape, dtype, fortran, data = state
        kind = _dtype(dtype)
        if not isinstance(data, (bytes, str)) or not isinstance(shape, tuple):
            raise pickle.UnpicklingError("an array holds no plain numbers")
        self._budget.pay(data)
        raw = data.encode("latin1") if isinstance(data, str) else data
        sizes = [int(n) for n in shape]
        if min(sizes, default=0) < 0 or len(sizes) > 32 or len(raw) != kind.itemsize * math.prod(sizes):
            raise pickle.UnpicklingError(f"an array of shape {tuple(sizes)} comes with {len(raw)} bytes")
        self.array = _values(raw, kind).reshape(sizes, order="F" if fortran else "C")


class _Dtype:
    """Stands for a dtype: only its kind and byte order are taken."""

    __slots__ = ("kind",)
    kind: "np.dtype[Any]"

    def __init__(self, text: Any, *_: Any) -> None:
        if not isinstance(text, str) or len(text) >= 8 or text.lstrip("<>|=")[:1] not in set("biufSU"):
            raise pickle.UnpicklingError(f"arrays of {text!r} are not read; only of numbers and strings")
        try:
            self.kind = np.dtype(text)
        except TypeError as error:
            raise pickle.UnpicklingError(str(error)) from error

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError("the state of a dtype is not understood")
        self.kind = self.kind.newbyteorder(state[1])


class Call:
    """A stand-in for a callable; without attributes, so that a pickle cannot change it."""

    __slots__ = ("_budget", "_name")
    _name: str
    _budget: CopyBudget

    def __init__(self, name: str, budget: CopyBudget) -> None:
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_budget", budget)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise pickle.UnpicklingError("a pickle may not change how it is read")

    def __setstate__(self, state: Any) -> NoReturn:
        raise pickle.UnpicklingError("a pickle may not change how it is read")

    def __call__(self, *arguments: Any) -> Any:
        """Make plain data."""
        for argument in arguments:
            self._budget.pay(argument)
        if self._name == "array":
            return NumpyArray(self._budget)
        if self._name == "buffer":
            return _make_from_buffer(NumpyArray(self._budget), *arguments)
        return _MAKERS[self._name](*arguments)


def _make_scalar(dtype: Any, data: Any = b"") -> Any:
    kind = _dtype(dtype)
    raw = data.encode("latin1") if isinstance(data, str) else data
    if not isinstance(raw, bytes) or len(raw) != kind.itemsize or not raw:
        raise pickle.UnpicklingError("a NumPy number comes with the wrong number of bytes")
    return _values(raw, kind)[0].item()


def _make_encoded(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "utf8", "utf-8", "ascii"):
        raise pickle.UnpicklingError("only text is encoded, as latin1 or utf-8")
    return text.encode(encoding)


def _make_from_buffer(array: NumpyArray, data: Any, dtype: Any, shape: Any, order: Any = "C") -> NumpyArray:
    array.__setstate__((1, shape, dtype, order == "F", bytes(data) if isinstance(data, bytearray) else data))
    return array


def _make_bytes(*arguments: Any) -> bytes:
    if arguments:
        raise pickle.UnpicklingError("bytes are not made of other objects")
    return b""


def _refuse_call(*_: Any) -> NoReturn:
    raise pickle.UnpicklingError("an array is made by its own function only")


_MAKERS: dict[str, Callable[..., Any]] = {
    "ndarray": _refuse_call,
    "dtype": _Dtype,
    "scalar": _make_scalar,
    "encode": _make_encoded,
    "mapping": collections.OrderedDict,
    "set": set,
    "bytes": _make_bytes,
}


def _dtype(value: Any) -> "np.dtype[Any]":
    if not isinstance(value, _Dtype):
        raise pickle.UnpicklingError("an array without a dtype")
    return value.kind


def _values(raw: bytes, kind: "np.dtype[Any]") -> npt.NDArray[Any]:
    """Numbers or strings of raw bytes; NumPy does not check whether the characters of a string exist."""
    if kind.kind == "U" and (np.frombuffer(raw, np.dtype("u4").newbyteorder(kind.byteorder)) > sys.maxunicode).any():
        raise pickle.UnpicklingError("a string of an array has characters that do not exist")
    return np.frombuffer(raw, kind)
