"""What the searches of a sweep make of one table, made once for all of them."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np
import xarray as xr

F = TypeVar("F", bound=Callable[..., Any])

#: Most results that are kept: a search needs four to six.
MOST = 32

#: Arguments and result of each call, by function and arguments; nothing outside ``sharing``.
_KEPT: ContextVar[dict[Any, tuple[Any, Any]] | None] = ContextVar("kept", default=None)


@contextlib.contextmanager
def sharing() -> Iterator[None]:
    """A context in which ``shared`` functions do the same work once; nobody may change tables meanwhile."""
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def _key(argument: Any) -> Any:
    """What two equal calls share of an argument: tables and arrays are the same ones, not equal ones."""
    if isinstance(argument, (xr.Dataset, np.ndarray)):
        return id(argument)
    return tuple(argument) if isinstance(argument, Sequence) else argument


def shared(make: F) -> F:
    """A function of tables, arrays and values, which is called once for the same ones within ``sharing``."""

    @functools.wraps(make)
    def found(*arguments: Any) -> Any:
        kept = _KEPT.get()
        if kept is None:
            return make(*arguments)
        key = (make, *map(_key, arguments))
        if key not in kept:
            if len(kept) >= MOST:
                kept.clear()
            kept[key] = arguments, make(*arguments)  # what is kept keeps its id
        return kept[key][1]

    wrapped: Any = found
    return wrapped  # type: ignore[no-any-return]
