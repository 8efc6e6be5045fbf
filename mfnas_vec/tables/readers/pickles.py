"""Pickles of plain data: containers, numbers, strings, NumPy arrays and scalars, nothing else.

A pickle is a program. Two things keep it harmless here. Before it runs, every instruction is looked
at: none may claim more bytes than there are, reach for a memo entry that does not exist, or make
more objects than memory allows. While it runs, a name of code is looked up in a short list of
stand-ins of our own; any other name is refused. The stand-ins cannot be changed by the pickle and
check what they are given.
"""

import collections
import io
import pickle
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from mfnas_vec.tables.readers.files import MAX_BYTES, read_bytes

#: Largest estimated memory of the objects of a pickle, in bytes.
MAX_MEMORY = 2 * 2**30
#: Bytes that an integer may have.
_MAX_LONG = 16
#: Containers that may lie one in another.
_MAX_DEPTH = 64
_MARK = (-1, 0)
#: Items of a container, all that lies in it included.
MAX_SIZE = 100_000_000
#: Instructions that make a container of so many items, or of all above the last mark.
_COLLECTS = {"TUPLE": None, "LIST": None, "DICT": None, "FROZENSET": None, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_COLLECTS |= {"REDUCE": 2, "NEWOBJ": 2, "STACK_GLOBAL": 2}

# Estimated bytes of what an instruction makes, its argument apart.
_COST = {"FRAME": 0, "PROTO": 0, "STOP": 0, "MARK": 8, "MEMOIZE": 16, "BINPUT": 16, "LONG_BINPUT": 16, "PUT": 16}
_COST |= {"BINGET": 8, "LONG_BINGET": 8, "GET": 8, "NONE": 8, "NEWTRUE": 8, "NEWFALSE": 8, "BININT1": 8}
_COST |= {"APPEND": 8, "APPENDS": 8, "SETITEM": 64, "SETITEMS": 64, "POP": 0, "POP_MARK": 0}
_COST |= {"EMPTY_DICT": 232, "DICT": 232, "EMPTY_LIST": 88, "LIST": 88, "EMPTY_SET": 216, "FROZENSET": 216}
_DEFAULT_COST = 72
#: Instructions that no pickle of plain data needs.
_REFUSED = frozenset(
    ["INST", "OBJ", "EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID", "DUP", "NEXT_BUFFER", "READONLY_BUFFER", "NEWOBJ_EX"]
)


class RefusedError(ValueError):
    """A pickle that is not read for what it asks."""


class _Budget:
    """What the copies that stand-ins make may take: a pickle may have the same bytes copied many times."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_MEMORY

    def pay(self, value: Any) -> None:
        """Count a value that is going to be copied."""
        if isinstance(value, (str, bytes, bytearray)):
            self.left -= len(value)
        elif isinstance(value, (list, tuple, dict, set, frozenset)):
            self.left -= 64 * len(value)
        if self.left < 0:
            raise RefusedError(f"its objects would take more than {MAX_MEMORY:,} bytes")


class NumpyArray:
    """Stands for an array of a pickle until ``plain`` makes one of it."""

    __slots__ = ("_budget", "array")

    def __init__(self, budget: _Budget) -> None:
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
        if min(sizes, default=0) < 0 or len(sizes) > 32 or len(raw) != kind.itemsize * _product(sizes):
            raise pickle.UnpicklingError(f"an array of shape {tuple(sizes)} comes with {len(raw)} bytes")
        values = np.frombuffer(raw, kind)
        self.array = values.reshape(tuple(reversed(sizes))).T if fortran else values.reshape(tuple(sizes))


class _Dtype:
    """Stands for a dtype: only its kind and byte order are taken."""

    __slots__ = ("kind",)
    kind: "np.dtype[Any]"

    def __init__(self, text: Any) -> None:
        allowed = isinstance(text, str) and len(text) < 8 and text.lstrip("<>|=")[:1] in set("biufSU")
        if not allowed:
            raise pickle.UnpicklingError(f"arrays of {text!r} are not read; only of numbers and strings")
        try:
            self.kind = np.dtype(text)
        except TypeError as error:
            raise pickle.UnpicklingError(str(error)) from error

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError("the state of a dtype is not understood")
        self.kind = self.kind.newbyteorder(state[1])


class _Call:
    """A stand-in for a callable; without attributes, so that a pickle cannot change it."""

    __slots__ = ("_budget", "_name")
    _name: str
    _budget: _Budget

    def __init__(self, name: str, budget: _Budget) -> None:
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_budget", budget)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise pickle.UnpicklingError("a pickle may not change how it is read")

    def __setstate__(self, state: Any) -> NoReturn:
        raise pickle.UnpicklingError("a pickle may not change how it is read")

    def __call__(self, *arguments: Any) -> Any:
        for argument in arguments:
            self._budget.pay(argument)
        if self._name == "array":
            return NumpyArray(self._budget)
        if self._name == "buffer":
            return _make_from_buffer(NumpyArray(self._budget), *arguments)
        return _MAKERS[self._name](*arguments)


def _make_dtype(text: Any, *_: Any) -> _Dtype:
    return _Dtype(text)


def _make_scalar(dtype: Any, data: Any = b"") -> Any:
    kind = _dtype(dtype)
    raw = data.encode("latin1") if isinstance(data, str) else data
    if not isinstance(raw, bytes) or len(raw) != kind.itemsize:
        raise pickle.UnpicklingError("a NumPy number comes with the wrong number of bytes")
    return np.frombuffer(raw, kind)[0].item()


def _make_encoded(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "utf8", "utf-8", "ascii"):
        raise pickle.UnpicklingError("only text is encoded, as latin1 or utf-8")
    return text.encode(encoding)


def _make_mapping(*arguments: Any) -> "collections.OrderedDict[Any, Any]":
    return collections.OrderedDict(*arguments[:1])


def _make_from_buffer(array: NumpyArray, data: Any, dtype: Any, shape: Any, order: Any = "C") -> NumpyArray:
    array.__setstate__((1, shape, dtype, order == "F", bytes(data) if isinstance(data, bytearray) else data))
    return array


def _make_bytes(*arguments: Any) -> bytes:
    if arguments:
        raise pickle.UnpicklingError("bytes are not made of other objects")
    return b""


def _make_set(items: Any = ()) -> "set[Any]":
    return set(items)


def _refuse_call(*_: Any) -> NoReturn:
    raise pickle.UnpicklingError("an array is made by its own function only")


_MAKERS: dict[str, Callable[..., Any]] = {
    "ndarray": _refuse_call,
    "dtype": _make_dtype,
    "scalar": _make_scalar,
    "encode": _make_encoded,
    "mapping": _make_mapping,
    "set": _make_set,
    "bytes": _make_bytes,
}
_NAMES = {("numpy", "ndarray"): "ndarray", ("numpy", "dtype"): "dtype", ("_codecs", "encode"): "encode"}
_NAMES[("collections", "OrderedDict")] = "mapping"
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):
    _NAMES[(_module, "_reconstruct")] = "array"
    _NAMES[(_module, "scalar")] = "scalar"
for _module in ("numpy.core.numeric", "numpy._core.numeric"):
    _NAMES[(_module, "_frombuffer")] = "buffer"
for _module in ("builtins", "__builtin__"):
    _NAMES[(_module, "bytes")] = "bytes"
    _NAMES[(_module, "set")] = _NAMES[(_module, "frozenset")] = "set"


class _PlainUnpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        self._budget = _Budget()

    def find_class(self, module: str, name: str) -> Any:
        known = _NAMES.get((module, name))
        if known is None:
            raise pickle.UnpicklingError(f"it names {module}.{name}; a pickle of plain data names no code")
        return _Call(known, self._budget)

    def persistent_load(self, pid: Any) -> NoReturn:
        raise pickle.UnpicklingError("it refers to objects outside of it")


def _dtype(value: Any) -> "np.dtype[Any]":
    if not isinstance(value, _Dtype):
        raise pickle.UnpicklingError("an array without a dtype")
    return value.kind


def _product(sizes: list[int]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product


class _Depths:
    """How deep and how large, shared parts counted each time, the containers are that a program makes.

    Deep ones overflow the machine's stack; large ones of few bytes take for ever to be hashed.
    """

    def __init__(self) -> None:
        self.stack: list[tuple[int, int]] = []  # (depth, size)
        self.memo: dict[int, tuple[int, int]] = {}

    def _take(self, n: int | None) -> tuple[int, int]:
        """Take ``n`` items, or all above the last mark: their greatest depth and their size together."""
        deepest = total = 0
        taken = 0
        while taken != n and (item := self.stack.pop()) != _MARK:
            deepest, total, taken = max(deepest, item[0]), total + item[1], taken + 1
        return deepest, total

    def _add(self, inner: tuple[int, int]) -> None:
        """Put items into the container on top."""
        depth, size = self.stack[-1]
        self.stack[-1] = max(depth, inner[0] + 1), size + inner[1]

    def run(self, name: str, argument: Any) -> None:
        """Follow one instruction."""
        stack = self.stack
        if name in ("APPENDS", "SETITEMS", "ADDITEMS"):
            self._add(self._take(None))
        elif name in ("APPEND", "BUILD"):
            self._add(self._take(1))
        elif name == "SETITEM":
            self._add(self._take(2))
        elif name in _COLLECTS:
            depth, size = self._take(_COLLECTS[name])
            stack.append((depth + 1, size + 1))
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            stack.append(self.memo[argument])
        elif name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self.memo[len(self.memo) if name == "MEMOIZE" else argument] = stack[-1]
        elif name == "MARK":
            stack.append(_MARK)
        elif name == "POP":
            stack.pop()
        elif name == "POP_MARK":
            self._take(None)
        elif name not in ("PROTO", "FRAME", "STOP"):
            stack.append((0, 1))
        if stack and stack[-1][0] > _MAX_DEPTH:
            raise RefusedError(f"more than {_MAX_DEPTH} containers lie one in another")
        if stack and stack[-1][1] > MAX_SIZE:
            raise RefusedError(f"a container holds more than {MAX_SIZE:,} items, shared ones counted each time")


def check_program(data: bytes) -> int:
    """Look at every instruction of the first pickle in ``data`` without running it.

    Returns
    -------
    int
        Where it ends.

    Raises
    ------
    ValueError
        If an instruction is not one of plain data, or the whole would take too much memory.
    """
    memory = 0
    depths = _Depths()
    try:
        for instruction, argument, position in pickletools.genops(io.BytesIO(data)):
            name = instruction.name
            if name in _REFUSED:
                raise RefusedError(f"it holds the instruction {name}, which plain data does not need")
            memory += _COST.get(name, _DEFAULT_COST)
            if isinstance(argument, (str, bytes, bytearray)):
                memory += 4 * len(argument)
            elif isinstance(argument, int):
                if name in ("PUT", "BINPUT", "LONG_BINPUT") and not 0 <= argument <= len(depths.memo):
                    raise RefusedError(f"memo entry {argument} is written before entry {len(depths.memo)}")
                if argument.bit_length() > 8 * _MAX_LONG:
                    raise RefusedError("it holds a number of too many digits")
            if memory > MAX_MEMORY:
                raise RefusedError(f"its objects would take more than {MAX_MEMORY:,} bytes")
            depths.run(name, argument)
            if name == "STOP":
                return int(position or 0) + 1
    except RefusedError:
        raise
    except Exception as error:  # a damaged program fails in many ways
        raise ValueError(f"it is damaged: {error or type(error).__name__}") from error
    raise ValueError("it is damaged: it has no end")


def loads(data: bytes, *, start: int = 0) -> tuple[Any, int]:
    """The object of a pickle of plain data at ``start``, and where the pickle ends.

    Raises
    ------
    ValueError
        If the pickle is damaged, names code, or would take too much memory.
    """
    part = data[start:] if start else data
    try:
        end = check_program(part)
        return _PlainUnpickler(io.BytesIO(part[:end] if end < len(part) else part)).load(), start + end
    except ValueError:
        raise
    except Exception as error:  # unpicklers raise many types for a damaged pickle
        raise ValueError(str(error) or type(error).__name__) from error


def read_pickles(path: Path, n: int = 1, *, limit: int = MAX_BYTES) -> list[Any]:
    """The first ``n`` pickles of a file.

    Raises
    ------
    ValueError
        As of ``loads``; the message names the file.
    """
    data = read_bytes(path, limit=limit)
    found, at = [], 0
    try:
        for _ in range(n):
            value, at = loads(data, start=at)
            found.append(value)
    except ValueError as error:
        raise ValueError(f"{path} is not read as a pickle: {error}") from error
    return found


def plain(value: Any) -> Any:
    """An array in place of what stands for one; anything else as it is."""
    return value.array if isinstance(value, NumpyArray) else value
