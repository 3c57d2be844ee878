"""A reader of event files that shares nothing with the writer: bitwise checksums, a decoder of the wire format."""

import struct
from pathlib import Path


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(path):
    data = Path(path).read_bytes()
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        assert struct.unpack("<I", data[8:12]) == (masked(data[:8]),)
        body = data[12 : 12 + length]
        assert struct.unpack("<I", data[12 + length : 16 + length]) == (masked(body),)
        yield body
        data = data[16 + length :]


def fields(message):
    """Field numbers to lists of values: integers, 4 or 8 bytes, or bytes."""
    found, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            value = varint()
        else:
            size = {1: 8, 2: None, 5: 4}[kind]
            size = varint() if size is None else size
            assert at + size <= len(message)
            value = message[at : at + size]
            at += size
        found.setdefault(key >> 3, []).append(value)
    return found


def values(summary):
    """Tags to fields of the values of a summary, in order."""
    return {fields(v)[1][0].decode(): fields(v) for v in fields(summary).get(1, [])}


def events(path):
    return [fields(r) for r in records(path)]
