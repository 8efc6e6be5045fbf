"""One writer at a time for a sweep's store."""

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from zarr.abc.store import Store
from zarr.core.buffer import default_buffer_prototype
from zarr.core.sync import sync
from zarr.storage import LocalStore, MemoryStore

from mfnas_vec.sweeps.store import LOCK as KEY

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

#: Seconds between two heartbeats of a writer, and without one until it counts as dead.
BEAT_SECONDS = 10.0
DEAD_SECONDS = 60.0


@contextlib.contextmanager
def one_writer(store: Store, name: str) -> Iterator[Callable[[], None]]:
    """Hold the lock of a store.

    On local disks it is the operating system's lock of the folder, which ends with the process. In
    object stores it is an object that the writer renews; one that is not renewed for a minute is
    taken over.

    Yields
    ------
    Callable
        Raises a ValueError if the lock has been taken over.

    Raises
    ------
    ValueError
        If another process holds it.
    """
    if isinstance(store, MemoryStore):
        yield lambda: None
    elif isinstance(store, LocalStore) and fcntl is not None:
        with _folder_lock(Path(store.root), name):
            yield lambda: None
    else:
        with _object_lock(store, name) as check_lock:
            yield check_lock


@contextlib.contextmanager
def _folder_lock(folder: Path, name: str) -> Iterator[None]:
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


def _read(store: Store) -> dict[str, object] | None:
    found = sync(store.get(KEY, default_buffer_prototype()))
    if found is None:
        return None
    try:
        content = json.loads(found.to_bytes())
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _write(store: Store, token: str) -> None:
    content = {"token": token, "host": socket.gethostname(), "pid": os.getpid(), "time": time.time()}
    sync(store.set(KEY, default_buffer_prototype().buffer.from_bytes(json.dumps(content).encode())))


@contextlib.contextmanager
def _object_lock(store: Store, name: str) -> Iterator[Callable[[], None]]:
    token = secrets.token_hex(8)
    try:
        held = _read(store)
        age = time.time() - float(str((held or {}).get("time", 0)))
        if held is not None and age < DEAD_SECONDS:
            raise ValueError(
                f"{name} is being written by process {held.get('pid')} on {held.get('host')}; if that was killed, "
                f"try again in {DEAD_SECONDS - age:.0f} s"
            )
        _write(store, token)
        if (_read(store) or {}).get("token") != token:
            raise ValueError(f"{name} is being written by another process")
    except ValueError:
        raise
    except Exception as error:  # libraries of remote stores raise many types
        raise ValueError(f"cannot write {name}: {error or type(error).__name__}") from None
    ended, lost = threading.Event(), threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT_SECONDS):
            with contextlib.suppress(Exception):  # the next heartbeat may succeed
                if (_read(store) or {"token": token}).get("token") != token:
                    lost.set()
                    return
                _write(store, token)

    def check_lock() -> None:
        if lost.is_set():
            raise ValueError(f"{name} has been taken over by another writer")

    beater = threading.Thread(target=beat, daemon=True)
    beater.start()
    try:
        yield check_lock
    finally:
        ended.set()
        beater.join()
        with contextlib.suppress(Exception):
            if (_read(store) or {}).get("token") == token:
                sync(store.delete(KEY))
