"""What a compiled program is, as plain data: enough to run it without having compiled it.

Sizes are symbolic. The values of the symbols are read off the shapes of the feeds, then one tuple of formulas gives
every size and offset; a new batch size costs an evaluation of that tuple.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["BUFFER_KINDS", "NEGATIVE", "BufferSpec", "PlanFormatError", "ProgramCode", "pack", "unpack"]

#: ``feed`` and ``fetch`` come with each call, ``variable`` and ``external`` when the program is bound, ``constant``
#: is stored in the program, ``arena`` lies in the block of temporaries.
BUFFER_KINDS = ("feed", "fetch", "variable", "constant", "arena", "external")

#: Meaning of a condition: a size is below 0.
NEGATIVE = -2

_MAGIC = b"graphc\x00\x01"
_PREFIX = struct.Struct("<8sQ")


class PlanFormatError(ValueError):
    """Bytes that are not a packed program or result of `pack`."""


@dataclass(frozen=True)
class BufferSpec:
    """One word of the pointer table: buffer ``i`` of a program is word ``i + 1`` (word 0 is the error array).

    Attributes
    ----------
    kind : str
        One of `BUFFER_KINDS`.
    dtype : str
        NumPy name; empty for ``external``.
    shape : tuple of int
        Formulas of the sizes of the axes; for feeds, fetches, variables and constants.
    place : int
        For a feed, fetch or variable its position among its kind; for a constant the number of its blob; for an
        arena buffer the formula of its byte offset (a multiple of 64). -1 for ``external``.
    name : str
        What messages call it; for ``external`` the symbol whose address the word holds.
    """

    kind: str
    dtype: str
    shape: tuple[int, ...] = ()
    place: int = -1
    name: str = ""

    def __post_init__(self) -> None:
        if self.kind not in BUFFER_KINDS:
            raise ValueError(f"a buffer's kind is one of {', '.join(BUFFER_KINDS)}, not {self.kind!r}")


@dataclass(frozen=True)
class ProgramCode:
    """A compiled program.

    Attributes
    ----------
    object_code : bytes
        The linked object.
    entry : str
        Its entry ``i32 (i64 table, i64 dims)``.
    buffers : tuple of BufferSpec
        The pointer table after word 0.
    symbols : tuple of (int, int)
        Symbol ``i`` is the size of an axis of a feed: (number of the feed, axis); feed -1: it is the further value of
        that number, which whoever runs the program supplies; feed -2: it becomes known within the step, and the bound
        of that number is what is planned for. Those come last.
    formulas : tuple of str
        Python expressions over ``d``, the tuple of symbol values, and ``f0``, ``f1``... for the formulas before,
        built of integers, ``+ - * // %``, ``min``, ``max`` and parentheses.
    dims : tuple of int
        Formulas whose values make the array of dimensions that kernels read.
    arena_bytes : int
        Formula of the size of the arena in bytes, or -1 if there is none.
    constants : tuple of bytes
        Contents of the constant buffers.
    guards : tuple of (int, int, int)
        Pairs of formulas whose values must be equal, and a number for whoever reports that they are not.
    release_gil : bool
        The step is long enough to let other Python threads run.
    keep_denormals : bool
        Leave the floating-point mode as the caller has it.
    bounds : tuple of (str, str)
        The names of symbols that become known within the step, and formulas over the symbols before: their largest
        values.
    conditions : tuple of int
        What the numbers mean under which the step reports sizes that do not fit: guards by their number, or
        `NEGATIVE`.
    cut : tuple of (int, tuple of int)
        Fetches that are allocated for the largest sizes, and their sizes after the run: words of the dimensions, or
        ``-1 - size`` where it is constant.
    """

    object_code: bytes
    entry: str
    buffers: tuple[BufferSpec, ...]
    symbols: tuple[tuple[int, int], ...]
    formulas: tuple[str, ...]
    dims: tuple[int, ...]
    arena_bytes: int = -1
    constants: tuple[bytes, ...] = ()
    guards: tuple[tuple[int, int, int], ...] = ()
    release_gil: bool = False
    keep_denormals: bool = False
    bounds: tuple[tuple[str, str], ...] = ()
    conditions: tuple[int, ...] = ()
    cut: tuple[tuple[int, tuple[int, ...]], ...] = ()

    def of_kind(self, kind: str) -> list[tuple[int, BufferSpec]]:
        """Table word and spec of the buffers of `kind`, by `BufferSpec.place`."""
        found = [(word, spec) for word, spec in enumerate(self.buffers, 1) if spec.kind == kind]
        return sorted(found, key=lambda item: item[1].place)

    def to_bytes(self) -> bytes:
        """Pack into a JSON header and blobs; `from_bytes` is the inverse."""
        header = dataclasses.asdict(self)
        del header["object_code"], header["constants"]
        return pack(header, {"object": self.object_code, **{f"c{i}": c for i, c in enumerate(self.constants)}})

    @classmethod
    def from_bytes(cls, data: bytes) -> ProgramCode:
        """Unpack what `to_bytes` made.

        Raises
        ------
        PlanFormatError
            If `data` is something else.
        """
        header, blobs = unpack(data)
        try:
            return cls(
                object_code=blobs["object"],
                entry=str(header["entry"]),
                buffers=tuple(BufferSpec(**{**spec, "shape": tuple(spec["shape"])}) for spec in header["buffers"]),
                symbols=tuple((int(feed), int(axis)) for feed, axis in header["symbols"]),
                formulas=tuple(header["formulas"]),
                dims=tuple(header["dims"]),
                arena_bytes=int(header["arena_bytes"]),
                constants=tuple(blobs[f"c{i}"] for i in range(len(blobs) - 1)),
                guards=tuple((int(a), int(b), int(n)) for a, b, n in header["guards"]),
                release_gil=bool(header["release_gil"]),
                keep_denormals=bool(header["keep_denormals"]),
                bounds=tuple((str(name), str(formula)) for name, formula in header["bounds"]),
                conditions=tuple(int(n) for n in header["conditions"]),
                cut=tuple((int(place), tuple(map(int, sizes))) for place, sizes in header["cut"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise PlanFormatError(f"not a packed program: {error!r}") from error


def pack(header: Mapping[str, Any], blobs: Mapping[str, bytes]) -> bytes:
    """Join a header of JSON values and named blobs into one string of bytes."""
    lengths = {name: len(blob) for name, blob in blobs.items()}
    text = json.dumps({"header": header, "blobs": lengths}, separators=(",", ":"), sort_keys=True).encode()
    return b"".join([_PREFIX.pack(_MAGIC, len(text)), text, *(blobs[name] for name in sorted(blobs))])


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Split what `pack` joined.

    Raises
    ------
    PlanFormatError
        If `data` is something else, too short or too long.
    """
    try:
        magic, length = _PREFIX.unpack_from(data)
        if magic != _MAGIC:
            raise PlanFormatError("unknown format")
        start = _PREFIX.size + length
        content = json.loads(data[_PREFIX.size : start])
        blobs = {}
        for name, size in sorted(content["blobs"].items()):
            blobs[name] = data[start : start + size]
            start += size
        if start != len(data):
            raise PlanFormatError(f"{len(data)} bytes where {start} were announced")
        return content["header"], blobs
    except PlanFormatError:
        raise
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PlanFormatError(f"damaged: {error!r}") from error
