"""Named arrays in files of the safetensors format, read and written without running any code.

A file is the length of a header (8 bytes, little endian), the header (JSON: per name the element type, the shape, and
the range of bytes), and the bytes of all arrays in row-major order, as the README of the safetensors project says.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

NAMES = {
    "bool": "BOOL", "int8": "I8", "int16": "I16", "int32": "I32", "int64": "I64", "uint8": "U8", "uint16": "U16",
    "uint32": "U32", "uint64": "U64", "float32": "F32", "float64": "F64",
}  # fmt: skip
DTYPES = {name: np.dtype(dtype) for dtype, name in NAMES.items()}
# A header longer than this is no header: the limit of the format's own reader.
LONGEST_HEADER = 100_000_000


class CheckpointFileError(ValueError):
    """A file that is no checkpoint, or a damaged one."""


def write_arrays(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> None:
    """Write arrays to a file that is there as a whole or not at all.

    Parameters
    ----------
    path : path-like
        Replaced if it exists.
    arrays : mapping of str to ndarray
    metadata : mapping of str to str
    """
    write_whole(path, *encoded(arrays, metadata))


def encoded(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> list[bytes]:
    """The parts of a file of arrays, one behind the other."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    parts, start = [], 0
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        end = start + array.nbytes
        header[name] = {"dtype": NAMES[array.dtype.name], "shape": list(array.shape), "data_offsets": [start, end]}
        parts.append(little.tobytes())
        start = end
    text = json.dumps(header, separators=(",", ":")).encode()
    # Data starts at a multiple of 8 bytes.
    text += b" " * (-len(text) % 8)
    return [len(text).to_bytes(8, "little"), text, *parts]


def write_whole(path: str | os.PathLike[str], *parts: bytes) -> None:
    """Write bytes to a file that is there as a whole or not at all, also when the machine stops meanwhile."""
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def read_arrays(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Arrays and metadata of a file.

    Raises
    ------
    CheckpointFileError
        If it is not of the format, or shorter than it says.
    """
    return decoded(Path(path).read_bytes(), path)


def decoded(data: bytes, path: Any) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Arrays and metadata of the bytes of a file; `path` is its name in messages.

    Raises
    ------
    CheckpointFileError
        As `read_arrays`.
    """
    header, start = _header(path, data)
    metadata = header.pop("__metadata__", {})
    return {name: _array(path, name, entry, data, start) for name, entry in header.items()}, metadata


def _header(path: Any, data: bytes) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 2 <= length <= min(LONGEST_HEADER, len(data) - 8):
        raise CheckpointFileError(f"{path} is no safetensors file, or it is damaged: its header is not whole")
    try:
        header = json.loads(data[8 : 8 + length])
    except ValueError:
        raise CheckpointFileError(f"{path} is no safetensors file: its header is not JSON") from None
    if not isinstance(header, dict):
        raise CheckpointFileError(f"{path} is no safetensors file: its header is not an object")
    return header, 8 + length


def _array(path: Any, name: str, entry: Any, data: bytes, base: int) -> np.ndarray:
    try:
        dtype, shape = DTYPES[entry["dtype"]], tuple(int(n) for n in entry["shape"])
        start, end = (int(n) for n in entry["data_offsets"])
    except (KeyError, TypeError, ValueError):
        raise CheckpointFileError(f"{path}: the entry of {name!r} cannot be read: {entry!r}") from None
    if min((0, *shape)) < 0 or start < 0 or end - start != dtype.itemsize * int(np.prod(shape, dtype=object)):
        raise CheckpointFileError(f"{path}: the size of {name!r} contradicts its shape {shape}")
    if base + end > len(data):
        raise CheckpointFileError(f"{path} is damaged: it ends before {name!r} does")
    stored = np.frombuffer(data, dtype.newbyteorder("<"), int(np.prod(shape)), base + start)
    return stored.astype(dtype).reshape(shape)
