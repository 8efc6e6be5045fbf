"""TFRecord files and the protocol buffers in them, without TensorFlow.

A record is its length (8 bytes), a checksum of that, its data, a checksum of that; checksums are
CRC-32C, rotated and shifted by a constant. A protocol buffer message is a sequence of numbered
fields; their meaning is up to the caller.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from mfnas_vec._jit import njit
from mfnas_vec.datasets.readers.files import DAMAGED, open_bytes

#: Largest record, in bytes.
MAX_RECORD = 16 * 2**20
_HEAD = 12
_POLYNOMIAL = 0x82F63B78
_MASK_DELTA = 0xA282EAD8


def crc_table() -> "np.ndarray[tuple[int], np.dtype[np.uint32]]":
    """CRC-32C of every byte, shape ``(256,)``."""
    table = np.zeros(256, np.uint32)
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        table[byte] = value
    return table


@njit
def crc32c(data, table):  # type: ignore[no-untyped-def]
    """CRC-32C of bytes."""
    value = np.uint32(0xFFFFFFFF)
    for byte in data:
        value = table[(value ^ byte) & np.uint32(0xFF)] ^ (value >> np.uint32(8))
    return value ^ np.uint32(0xFFFFFFFF)


def _masked(data: bytes, table: "np.ndarray[tuple[int], np.dtype[np.uint32]]") -> int:
    crc = int(crc32c(np.frombuffer(data, np.uint8), table))
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def read_records(path: Path) -> Iterator[tuple[bytes, int]]:
    """Records of a file, one by one, and the number of bytes read so far.

    Raises
    ------
    ValueError
        If a checksum is wrong, a record is too large, or the file ends within one.
    """
    table = crc_table()
    position = 0
    with open_bytes(path) as stream:
        while head := _read(stream, _HEAD, path, position):
            if len(head) < _HEAD:
                raise ValueError(f"{path} ends within a record, at byte {position:,}")
            length, check = struct.unpack("<QI", head)
            if _masked(head[:8], table) != check:
                raise ValueError(f"{path} is damaged: wrong checksum of a length at byte {position:,}")
            if length > MAX_RECORD:
                raise ValueError(f"{path} has a record of {length:,} bytes at byte {position:,}; too large")
            body = _read(stream, length + 4, path, position)
            if len(body) < length + 4:
                raise ValueError(f"{path} ends within a record, at byte {position:,}")
            if _masked(body[:-4], table) != struct.unpack("<I", body[-4:])[0]:
                raise ValueError(f"{path} is damaged: wrong checksum of a record at byte {position:,}")
            position += _HEAD + len(body)
            yield body[:-4], position


def _read(stream: IO[bytes], size: int, path: Path, position: int) -> bytes:
    try:
        return stream.read(size)
    except DAMAGED as error:
        raise ValueError(f"cannot read {path} after byte {position:,}: {error}") from error


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("a number does not end")
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def message_fields(data: bytes) -> Iterator[tuple[int, float | bytes]]:
    """Fields of a message by number: integers, floating-point numbers, or the bytes of anything longer."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        field, wire = key >> 3, key & 7
        value: float | bytes
        if wire == 0:
            value, at = _varint(data, at)
        elif wire == 2:
            length, at = _varint(data, at)
            value, at = data[at : at + length], at + length
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            if at + size > len(data):
                raise ValueError("a number does not end")
            (value,) = struct.unpack_from("<d" if wire == 1 else "<f", data, at)
            at += size
        else:
            raise ValueError(f"a field of unknown kind {wire}")
        if at > len(data):
            raise ValueError("a field does not end")
        yield field, value
