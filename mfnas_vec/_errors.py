"""Errors that say what they are about."""

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def naming(what: object) -> Iterator[None]:
    """Prefix the message of a ``ValueError`` with the file, record or setting it is about."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error
