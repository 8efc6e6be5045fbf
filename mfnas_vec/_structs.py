"""Named tuples that compiled code reads through one address.

Numba passes a named tuple by value: each of its arrays as seven numbers or more, which every
assignment and every call copies, and which take a call from Python long to unpack. A ``Struct`` is
an address instead. There are the scalars, and address and shape of each array; compiled code loads
what it uses. The attributes of a struct are those of the named tuple, its arrays ordinary ones.
"""

import ctypes
import functools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import extending, types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate
from numba.np.numpy_support import from_dtype

_WORD = 8  # bytes
_LINES = 128  # bytes of two cache lines: processors fetch them in pairs
_SCALARS = {bool: types.boolean, int: types.int64, float: types.float64}


class Struct(types.Type):
    """The type of a named tuple in memory.

    Parameters
    ----------
    name
        Its name.
    fields
        Name and type of each field: a scalar, an array or another struct.
    """

    def __init__(self, name: str, fields: tuple[tuple[str, Any], ...]) -> None:
        self.places: dict[str, tuple[int, Any]] = {}
        self.n_word = 0
        for field, kind in fields:
            self.places[field] = self.n_word, kind
            self.n_word += _n_word(kind)
        super().__init__(f"Struct({name}: {', '.join(f'{field} {kind}' for field, kind in fields)})")


def _n_word(kind: Any) -> int:
    """Words of a field: a scalar, or address and shape of an array."""
    if isinstance(kind, Struct):
        return kind.n_word
    return 1 + kind.ndim if isinstance(kind, types.Array) else 1


class Packed(NamedTuple):
    """A named tuple in memory."""

    words: npt.NDArray[np.int64]
    #: The arrays that words are addresses of.
    arrays: list[np.ndarray]


def alone(n: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Zeros, shape ``(n,)``, on cache lines of their own: threads that write to the same line wait for each other."""
    edge = _LINES // np.dtype(dtype).itemsize
    return np.zeros(n + 2 * edge, dtype)[edge : edge + n]


def pack(values: Any, *, writable: bool = False) -> Packed:
    """Put a named tuple of scalars, arrays and named tuples where compiled code reads it.

    Parameters
    ----------
    values
        The named tuple.
    writable
        Whether compiled code writes to its arrays; else they are copied if they are not contiguous.

    Raises
    ------
    ValueError
        If an array to write to is not contiguous.
    """
    words: list[int] = []
    arrays: list[np.ndarray] = []
    _add(values, writable, words, arrays)
    return Packed(np.array(words, np.int64), arrays)


def pack_rows(block: np.ndarray) -> Packed:
    """Put a named tuple of the rows of an array, in order, where compiled code writes to them; faster than ``pack``.

    Parameters
    ----------
    block
        Writable, of words, shape ``(n_field, length)``.
    """
    words = _row_words(block.shape).copy()
    words[::2] += _address(block)
    return Packed(words, [block])


@functools.lru_cache
def _row_words(shape: tuple[int, int]) -> npt.NDArray[np.int64]:
    """What ``pack`` makes of rows of words, with addresses from the first row on."""
    n_row, length = shape
    return np.stack([np.arange(n_row) * (length * _WORD), np.full(n_row, length)], axis=1).ravel()


def _add(values: Any, writable: bool, words: list[int], arrays: list[np.ndarray]) -> None:
    for value in values:
        if isinstance(value, np.ndarray):
            array = value
            if not value.flags.c_contiguous:
                if writable:
                    raise ValueError("an array that compiled code writes to must be contiguous")
                array = np.ascontiguousarray(value)
            arrays.append(array)
            words.append(_address(array))
            words += array.shape
        elif isinstance(value, tuple):
            _add(value, writable, words, arrays)
        else:
            words.append(int(np.float64(value).view(np.int64)) if isinstance(value, float) else int(value))


def _address(array: np.ndarray) -> int:
    if array.size and array.flags.writeable:
        return ctypes.addressof(ctypes.c_char.from_buffer(array.data))  # a third of the time of the other
    return array.ctypes.data


def kind_of(values: Any, *, writable: bool = False) -> Struct:
    """The type of a named tuple as ``pack`` puts it in memory; numbers of other types must be converted."""
    return _struct(_form(values), writable)


def _form(value: Any) -> Any:
    """What decides on a type: name and fields of a named tuple, type and dimensions of an array, type of a number."""
    if isinstance(value, tuple):
        names = value._fields  # type: ignore[attr-defined]
        return type(value).__name__, tuple(zip(names, map(_form, value), strict=True))
    if isinstance(value, np.ndarray):
        return value.dtype, value.ndim
    return type(value.item() if isinstance(value, np.generic) else value)


@functools.cache
def _struct(form: tuple[str, Any], writable: bool) -> Struct:
    def kind(form: Any) -> Any:
        if not isinstance(form, tuple):
            return _SCALARS[form]
        if isinstance(form[0], str):
            return _struct(form, writable)
        return types.Array(from_dtype(form[0]), form[1], "C", readonly=not writable)

    name, fields = form
    return Struct(name, tuple((field, kind(part)) for field, part in fields))


def _same(value: Any) -> Any:
    return value


def reader(kind: Struct) -> Any:
    """A function of compiled code from words to their struct; in plain Python, both are the named tuple."""

    def read(typingctx: Any, words: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, args[0])
            return builder.bitcast(array.data, cgutils.voidptr_t)

        return kind(words), generate

    found: Any = extending.intrinsic(read)
    found.py_func = _same
    return found


extending.register_model(Struct)(models.OpaqueModel)


class _Attributes(AttributeTemplate):
    """The types of a struct's attributes."""

    key = Struct

    def generic_resolve(self, value: Any, attr: str) -> Any:  # type: ignore[override]
        """The type of one, or nothing."""
        return value.places.get(attr, (0, None))[1]


extending.infer_getattr(_Attributes)


def _load(context: Any, builder: Any, struct: Struct, value: Any, name: str) -> Any:
    """Load an attribute."""
    place, kind = struct.places[name]

    def word(i: int, form: Any) -> Any:
        address = builder.gep(value, [ir.Constant(ir.IntType(64), _WORD * (place + i))])
        loaded = builder.load(builder.bitcast(address, form.as_pointer()))
        # A struct does not change while compiled code runs: one load serves all uses.
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
        return loaded

    if isinstance(kind, Struct):
        return builder.gep(value, [ir.Constant(ir.IntType(64), _WORD * place)])
    if isinstance(kind, types.Array):
        # Late: the import takes long, and code that is compiled already needs nothing of it.
        from numba.np.arrayobj import populate_array

        item = context.get_data_type(kind.dtype)
        size = context.get_abi_sizeof(item)
        shape = [word(1 + i, ir.IntType(64)) for i in range(kind.ndim)]
        strides = [context.get_constant(types.intp, size)]
        for length in shape[:0:-1]:
            strides.insert(0, builder.mul(strides[0], length))
        array = context.make_array(kind)(context, builder)
        width = context.get_constant(types.intp, size)
        populate_array(array, word(0, item.as_pointer()), shape, strides, width, None)
        return array._getvalue()
    if kind is types.boolean:
        return cgutils.is_not_null(builder, word(0, ir.IntType(64)))
    return word(0, context.get_value_type(kind))


extending.lower_getattr_generic(Struct)(_load)
