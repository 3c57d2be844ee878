"""Messages in the wire format of Protocol Buffers, and records of event files, written by hand.

A message is a row of fields: a key (number and kind), then the value (the documentation of Protocol Buffers has this
under Encoding). A record is its length, the checksum of these 8 bytes, the bytes, and their checksum.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
# Castagnoli's polynomial, bits reversed.
_POLYNOMIAL = 0x82F63B78
_BLOCK = 1024


def varint(value: int) -> bytes:
    """An integer in groups of seven bits, lowest first; negative ones as 64 bits."""
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(number: int, value: int) -> bytes:
    """A field with an integer."""
    return varint(number << 3 | VARINT) + varint(value)


def double(number: int, value: float) -> bytes:
    """A field with a float of 64 bits."""
    return varint(number << 3 | FIXED64) + struct.pack("<d", value)


def single(number: int, value: float) -> bytes:
    """A field with a float of 32 bits."""
    return varint(number << 3 | FIXED32) + np.float32(value).tobytes()


def block(number: int, value: bytes | str) -> bytes:
    """A field with bytes, text, or a message."""
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | LENGTH) + varint(len(data)) + data


def doubles(number: int, values: Iterable[float]) -> bytes:
    """A field with a row of floats of 64 bits."""
    return block(number, np.asarray(list(values), "<f8").tobytes())


@lru_cache(maxsize=1)
def _tables() -> np.ndarray:
    """Row k: what a byte contributes to the checksum when k bytes follow."""
    row = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        row = np.where(row & 1, row >> 1 ^ np.uint32(_POLYNOMIAL), row >> 1)
    rows = np.empty((_BLOCK, 256), np.uint32)
    rows[0] = row
    for k in range(1, _BLOCK):
        rows[k] = row[rows[k - 1] & 255] ^ rows[k - 1] >> 8
    return rows


def crc32c(data: bytes) -> int:
    """The CRC-32C of bytes (RFC 3720, B.4).

    The register is linear in its state and the data: the state is folded into the first bytes of each block, and the
    contributions of all bytes are looked up at once.

    Examples
    --------
    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    rows = _tables()
    state = 0xFFFFFFFF
    for start in range(0, len(data), _BLOCK):
        part = np.frombuffer(data, np.uint8, min(_BLOCK, len(data) - start), start).copy()
        head = np.frombuffer(state.to_bytes(4, "little"), np.uint8)
        width = min(4, len(part))
        part[:width] ^= head[:width]
        state = int(np.bitwise_xor.reduce(rows[np.arange(len(part) - 1, -1, -1), part])) ^ state >> 8 * width
    return state ^ 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """A record of an event file."""
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def _masked(data: bytes) -> bytes:
    """The checksum, rotated and shifted so that checksums of checksums are not taken."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
