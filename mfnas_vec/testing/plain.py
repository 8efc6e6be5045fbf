"""Compiled functions as the Python they were written in: slow, with bounds checked, and to be debugged."""

import types
from typing import Any

from mfnas_vec.search.sources import names_of


def plain(function: Any, known: dict[int, Any] | None = None) -> Any:
    """A compiled function that is run by Python, and so is every compiled function that it calls."""
    known = {} if known is None else known
    source = getattr(function, "py_func", function)
    if id(source) in known:
        return known[id(source)]
    names = names_of(source.__code__)
    own = {name: source.__globals__[name] for name in names if name in source.__globals__}
    cells = tuple(types.CellType(_plain(cell.cell_contents, names, known)) for cell in source.__closure__ or ())
    scope = dict(source.__globals__)
    made = types.FunctionType(source.__code__, scope, source.__name__, source.__defaults__, cells or None)
    made.__kwdefaults__ = source.__kwdefaults__
    known[id(source)] = made  # before its parts: they may call it
    scope |= {name: _plain(value, names, known) for name, value in own.items()}
    return made


def _plain(value: Any, names: tuple[str, ...], known: dict[int, Any]) -> Any:
    if hasattr(value, "py_func"):
        return plain(value, known)
    if isinstance(value, types.ModuleType) and any(hasattr(getattr(value, name, None), "py_func") for name in names):
        found = {name: getattr(value, name) for name in names if hasattr(value, name)}
        return types.SimpleNamespace(**{name: _plain(item, names, known) for name, item in found.items()})
    return value
