"""One writer at a time for a sweep's folder."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from zarr.abc.store import Store
from zarr.storage import LocalStore

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def one_writer(store: Store, name: str) -> Iterator[None]:
    """Hold the operating system's lock of a folder, which ends with the process.

    If another process holds it, that is a ``ValueError``. Other places have no lock and need none: writers
    of one sweep write the same bytes, and another sweep is refused (``GridStore.begin``).
    """
    if not isinstance(store, LocalStore) or fcntl is None:
        yield
        return
    folder = Path(store.root)
    made = not folder.exists()
    try:
        folder.mkdir(exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise ValueError(f"cannot write {name}: {error.strerror or error}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A process that ends without having written anything removes the folder, perhaps just now.
            same = os.path.samestat(os.fstat(handle), os.stat(folder))
        except OSError:
            same = False
        if not same:
            raise ValueError(f"{name} is being written by another process")
        yield
    finally:
        os.close(handle)
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()  # only if nothing was written
