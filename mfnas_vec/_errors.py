"""Errors that say what they are about."""

from types import TracebackType


class naming:  # used as a function
    """Prefix the message of a ``ValueError`` with the file, record or setting it is about."""

    __slots__ = ("_what",)

    def __init__(self, what: object) -> None:
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, ValueError):
            raise ValueError(f"{self._what}: {error}") from error
