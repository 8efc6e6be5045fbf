"""Arrays that the searches of a sweep read of one table, made once for all of them."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar

import xarray as xr

F = TypeVar("F", bound=Callable[..., Any])

#: Most results that are kept: a search reads two or three.
MOST = 16

#: The table and the result of each call, by function, table and arguments; nothing outside ``sharing``.
_KEPT: ContextVar[dict[Any, tuple[xr.Dataset, Any]] | None] = ContextVar("kept", default=None)


@contextlib.contextmanager
def sharing() -> Iterator[None]:
    """A context in which ``shared`` functions do the same work once; nobody may change tables meanwhile."""
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def shared(make: F) -> F:
    """A function of a table and more, which is called once for the same arguments within ``sharing``."""

    @functools.wraps(make)
    def found(table: xr.Dataset, *more: Any, **named: Any) -> Any:
        kept = _KEPT.get()
        if kept is None or named:
            return make(table, *more, **named)
        key = (make, id(table), *(tuple(part) if isinstance(part, Sequence) else part for part in more))
        if key not in kept:
            if len(kept) >= MOST:
                kept.clear()
            kept[key] = table, make(table, *more)
        return kept[key][1]

    wrapped: Any = found
    return wrapped  # type: ignore[no-any-return]
