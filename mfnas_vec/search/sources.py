"""What a compiled search is made of: a digest of its code, and of all that the code reads when it is compiled.

The folder of compiled kernels is named by a digest of this package; code from outside has to bring its
own. The digest follows the function into its helpers, wherever they are defined, and into the
values of names and closures, which compiled code keeps as constants.
"""

import enum
import hashlib
import sys
import types
from typing import Any

import numpy as np

from mfnas_vec._jit import ABOVE

#: Their version, or that of this package, stands for their code: numba's is part of the folder's name.
_KNOWN = frozenset({"mfnas_vec", "numpy", "numba", *sys.stdlib_module_names}) - {"__main__"}
_NUMBERS = (int, float, complex, str, bytes, type(None), range)
#: Digits of a digest that name a kernel.
N_DIGIT = 16


class UnknownSourceError(Exception):
    """A value that compiled code reads, and that no digest is known of."""


def code_digest(*parts: Any) -> str | None:
    """Digest of functions (compiled or not), of values, and of all that they lead to.

    Returns
    -------
    str or None
        Hexadecimal digits; ``None`` if something is of no type that is known here.
    """
    walk = _Walk()
    try:
        for part in parts:
            walk.add(part)
    except UnknownSourceError:
        return None
    return walk.digest.hexdigest()[:N_DIGIT]


def _module(value: Any) -> str:
    """Name of the module that an object is from, or is."""
    if isinstance(value, types.ModuleType):
        return value.__name__
    if isinstance(value, types.FunctionType):
        return str(value.__module__)  # none, where its source was executed without a name
    return str(getattr(value, "__module__", None) or type(value).__module__)


def is_outside(value: Any) -> bool:
    """Whether an object, module or not, is from outside this package and the libraries compiled code knows."""
    return _module(value).partition(".")[0] not in _KNOWN


def _is_versioned(value: Any) -> bool:
    """Whether the name of the folder of compiled kernels stands for the code of an object."""
    package, _, rest = _module(value).partition(".")
    return package in _KNOWN and not (package == "mfnas_vec" and rest.partition(".")[0] in ABOVE)


def names_of(code: types.CodeType) -> tuple[str, ...]:
    """Every name of globals and attributes in some code, that of functions within included."""
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return tuple(dict.fromkeys([*code.co_names, *(name for part in inner for name in names_of(part))]))


class _Walk:
    """Visits every object once, depth first, in an order that the code decides."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self._seen: dict[int, Any] = {}  # holds on to the objects: their ids must not be used again

    def _note(self, *words: object) -> None:
        self.digest.update(repr(words).encode())

    def add(self, value: Any, names: tuple[str, ...] = ()) -> None:
        """Add a value; of a module, what has one of ``names``."""
        if isinstance(value, enum.Enum):
            self._note(type(value).__qualname__, value.name)
            self.add(value.value)
        elif isinstance(value, _NUMBERS):
            self._note(type(value).__qualname__, value)
        elif isinstance(value, (np.ndarray, np.generic)):
            array = np.asarray(value)
            if array.dtype.hasobject:
                raise UnknownSourceError
            self._note(type(value).__qualname__, array.dtype.descr, array.shape, array.tobytes())
        elif isinstance(value, (tuple, list)):
            self._note(type(value).__qualname__, getattr(value, "_fields", ()), len(value))
            for item in value:
                self.add(item)
        elif isinstance(value, (np.dtype, types.ModuleType)) or id(value) not in self._seen:
            self._seen[id(value)] = value
            self._add_object(value, names)
        else:
            self._note("seen", list(self._seen).index(id(value)))

    def _add_object(self, value: Any, names: tuple[str, ...]) -> None:
        plain = getattr(value, "py_func", value)
        if _is_versioned(plain):
            self._note(str(getattr(plain, "__module__", "")), getattr(plain, "__qualname__", repr(type(plain))))
            if isinstance(plain, np.dtype):
                self._note(plain.descr)
        elif isinstance(plain, types.FunctionType):
            self._note(sorted(map(str, getattr(value, "targetoptions", {}).items())))
            self._add_function(plain)
        elif isinstance(plain, types.ModuleType):
            self._note(plain.__name__)
            for name in names:
                if name in vars(plain):
                    self.add(vars(plain)[name], names)
        elif isinstance(plain, type):
            self._note(plain.__qualname__)
            for base in plain.__mro__[1:]:
                self._note(base.__qualname__)
            for name, item in vars(plain).items():
                if not name.startswith("__") and not callable(item):
                    self._note(name)
                    self._add_member(item)
        else:
            raise UnknownSourceError

    def _add_member(self, item: Any) -> None:
        """An attribute of a class: fields of a named tuple count by their names."""
        if isinstance(item, (property, classmethod, staticmethod)) or not is_outside(item):
            self._note(type(item).__qualname__)
            if isinstance(item, (*_NUMBERS, np.ndarray, np.generic, tuple, list, enum.Enum)):
                self.add(item)
        else:
            self.add(item)

    def _add_function(self, function: types.FunctionType) -> None:
        self._add_code(function.__code__)
        names = names_of(function.__code__)
        self.add(tuple(function.__defaults__ or ()))
        for name, default in (function.__kwdefaults__ or {}).items():
            self._note(name)
            self.add(default)
        for cell in function.__closure__ or ():
            self.add(cell.cell_contents)
        for name in names:
            if name in function.__globals__:
                self._note(name)
                self.add(function.__globals__[name], names)

    def _add_code(self, code: types.CodeType) -> None:
        self._note(code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_argcount)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._add_code(constant)
            elif isinstance(constant, frozenset):
                self._note(sorted(map(repr, constant)))
            else:
                self._note(constant)
