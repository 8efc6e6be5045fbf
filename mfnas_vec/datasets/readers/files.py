"""Bytes of a file, decompressed if necessary, with a bound on their number."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

#: Largest content of one file, in bytes.
MAX_BYTES = 2**30
_BLOCK = 1 << 20
#: Exceptions of reading and decompressing a damaged file.
DAMAGED = (OSError, EOFError, lzma.LZMAError, zlib.error)

_OPENERS: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file for reading; gzip, bzip2 and xz are recognized by their first bytes and decompressed."""
    try:
        with path.open("rb") as stream:
            opener = _opener(stream.read(6))
        return opener(path) if opener else path.open("rb")
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror or error}") from error


def _opener(head: bytes) -> Callable[..., IO[bytes]] | None:
    return next((opener for magic, opener in _OPENERS.items() if head.startswith(magic)), None)


def unpack(data: bytes, name: str, *, limit: int) -> bytes:
    """Bytes, decompressed if the first ones are those of a compressed file; a ValueError beyond ``limit``."""
    opener, stream = _opener(data), io.BytesIO(data)
    return _read_all(opener(stream, "rb") if opener else stream, name, limit)


def read_bytes(path: Path, *, limit: int = MAX_BYTES) -> bytes:
    """All bytes of a file, decompressed; a ValueError if it is damaged or holds more than ``limit``."""
    with open_bytes(path) as stream:
        return _read_all(stream, str(path), limit)


def _read_all(stream: IO[bytes], name: str, limit: int) -> bytes:
    whole = io.BytesIO()  # grows in place: joining blocks would hold everything twice
    try:
        while block := stream.read(_BLOCK):
            if whole.tell() + len(block) > limit:
                raise ValueError(f"{name} holds more than {limit:,} bytes, the most that is read")
            whole.write(block)
    except DAMAGED as error:
        raise ValueError(f"cannot read {name}: {error}") from error
    return whole.getvalue()
