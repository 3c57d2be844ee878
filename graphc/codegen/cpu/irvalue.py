"""Operands of LLVM IR text: types, literals and `Value`."""

from __future__ import annotations

import math
import struct
from typing import Final

from graphc.codegen.dialect import BITS, FLOATS

SCALAR: Final = {
    "float32": "float", "float64": "double", "bool": "i1", "ptr": "ptr", "void": "void",
    **{f"{sign}int{n}": f"i{n}" for sign in ("", "u") for n in (8, 16, 32, 64)},
}  # fmt: skip
"""LLVM's name of one element in a register."""


def llvm_type(dtype: str, lanes: int = 1) -> str:
    """LLVM's type of a value, for example ``<16 x float>``."""
    return SCALAR[dtype] if lanes == 1 else f"<{lanes} x {SCALAR[dtype]}>"


def size_of(dtype: str) -> int:
    """Bytes of one element in memory.

    >>> size_of("float32"), size_of("bool"), size_of("ptr")
    (4, 1, 8)
    """
    return 8 if dtype == "ptr" else max(BITS[dtype] // 8, 1)


def _round_to_float32(number: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        return math.copysign(math.inf, number)


def literal(value: float, dtype: str) -> str:
    """The text of a constant without its type."""
    if dtype == "bool":
        return "true" if value else "false"
    if dtype in FLOATS:
        number = float(value)
        if dtype == "float32":  # LLVM wants the float64 bits of a float32 value
            number = _round_to_float32(number)
        return "0x" + struct.pack(">d", number).hex().upper()
    bits = BITS[dtype]
    wrapped = int(value) & ((1 << bits) - 1)
    return str(wrapped - (1 << bits) if wrapped >> (bits - 1) else wrapped)


class Value:
    """An operand: `name` as it is written in the text, `dtype`, `lanes`; `literal` if it is a constant."""

    __slots__ = ("dtype", "lanes", "literal", "name", "type")

    def __init__(self, name: str, dtype: str, lanes: int = 1, literal: bool = False) -> None:
        self.name, self.dtype, self.lanes, self.literal = name, dtype, lanes, literal
        self.type = llvm_type(dtype, lanes)

    def __repr__(self) -> str:
        return f"{self.type} {self.name}"


def constant(value: float, dtype: str, lanes: int = 1) -> Value:
    """A literal: floats by their exact bits, integers wrapped, the same in every lane."""
    text = literal(value, dtype)
    return Value(text if lanes == 1 else f"splat ({SCALAR[dtype]} {text})", dtype, lanes, True)
