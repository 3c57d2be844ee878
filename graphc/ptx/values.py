"""PTX types as NumPy dtypes, literals, and the same bits as another type."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from graphc.ptx.errors import PtxSyntaxError

__all__ = ["DTYPES", "U32", "U64", "Array", "literal", "reinterpret", "unsigned"]

Array = npt.NDArray[Any]

U32, U64 = np.dtype(np.uint32), np.dtype(np.uint64)

DTYPES: dict[str, np.dtype[Any]] = {
    "pred": np.dtype(bool),
    **{f"{k}{8 * n}": np.dtype(f"u{n}") for k in "bu" for n in (1, 2, 4, 8)},
    **{f"s{8 * n}": np.dtype(f"i{n}") for n in (1, 2, 4, 8)},
    **{f"f{8 * n}": np.dtype(f"f{n}") for n in (2, 4, 8)},
}


def unsigned(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The unsigned integer of the same size."""
    return np.dtype(f"u{dtype.itemsize}")


def literal(text: str, dtype: np.dtype[Any]) -> Any:
    """The value of a literal as a scalar of the type an instruction gives it.

    ``0f3F800000`` and ``0d3FF0000000000000`` are the bits of a float; integers wrap to the size of the type and may
    carry the suffix ``U``.
    """
    if text[:2] in ("0f", "0F", "0d", "0D"):
        bits = np.dtype("u4" if text[1] in "fF" else "u8")
        number = np.array(int(text[2:], 16), bits)
        value = number.view(f"f{bits.itemsize}")
        return (value.astype(dtype) if dtype.kind == "f" else number.astype(unsigned(dtype)).view(dtype))[()]
    try:
        integer = int(text.rstrip("U"), 0)
    except ValueError:
        raise PtxSyntaxError(f"{text!r} is no literal") from None
    if dtype.kind == "b":
        return np.bool_(integer)
    return np.array(integer & (256**dtype.itemsize - 1), unsigned(dtype)).view(dtype)[()]


def reinterpret(value: Any, dtype: np.dtype[Any]) -> Any:
    """The bits of `value` read as `dtype`; the high bits of a wider integer are dropped, a narrower one is extended."""
    if value.dtype == dtype:
        return value
    if value.dtype.itemsize == dtype.itemsize and "b" not in (value.dtype.kind, dtype.kind):
        return np.ascontiguousarray(value).view(dtype).reshape(np.shape(value))[()]
    if value.dtype.kind == "i":
        return value.astype(f"i{dtype.itemsize}").view(dtype)
    bits = value.view(unsigned(value.dtype)) if value.dtype.kind == "f" else value
    return bits.astype(unsigned(dtype)).view(dtype) if dtype.kind != "b" else bits.astype(bool)
