"""Logic, shifts, bit fields and counts (PTX ISA 9.7.1, 9.7.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.ptx.errors import UnsupportedInstruction
from graphc.ptx.program import Step
from graphc.ptx.values import U32, U64, unsigned

if TYPE_CHECKING:
    from graphc.ptx.machine import Lanes, Machine

__all__ = ["TABLE"]

_LOGIC: dict[str, Any] = {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}


def _logic(machine: Machine, step: Step, lanes: Lanes) -> None:
    a, b = (machine.read(o, step.dtype, lanes) for o in step.operands[1:])  # type: ignore[arg-type]
    machine.write(step.operands[0], _LOGIC[step.opcode](a, b), lanes)


def _not(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    machine.write(step.operands[0], ~machine.read(step.operands[1], step.dtype, lanes), lanes)


def _shift(machine: Machine, step: Step, lanes: Lanes) -> None:
    """Distances of the width and more shift everything out; to the right the sign stays."""
    assert step.dtype is not None
    width = 8 * step.dtype.itemsize
    a, distance = np.broadcast_arrays(
        machine.read(step.operands[1], step.dtype, lanes), machine.read(step.operands[2], U32, lanes)
    )
    by = np.minimum(distance, width - 1).astype(step.dtype)
    result = a << by if step.opcode == "shl" else a >> by
    out = a >> step.dtype.type(width - 1) if step.opcode == "shr" and step.dtype.kind == "i" else np.zeros_like(a)
    machine.write(step.operands[0], np.where(distance >= width, out, result), lanes)


def _ones(count: Any, dtype: np.dtype[Any]) -> Any:
    """So many low bits set."""
    width = 8 * dtype.itemsize
    few = (dtype.type(1) << np.minimum(count, width - 1).astype(dtype)) - dtype.type(1)
    return np.where(count >= width, ~dtype.type(0), few)


def _moved(value: Any, distance: Any, left: bool) -> Any:
    width = 8 * value.dtype.itemsize
    by = np.minimum(distance, width - 1).astype(value.dtype)
    return np.where(distance >= width, value.dtype.type(0), value << by if left else value >> by)


def _insert(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    a, b = (machine.read(o, step.dtype, lanes) for o in step.operands[1:3])
    start, length = (machine.read(o, U32, lanes) & np.uint32(255) for o in step.operands[3:])
    mask = _moved(np.asarray(_ones(length, step.dtype)), start, True)
    machine.write(step.operands[0], (b & ~mask) | (_moved(np.asarray(a), start, True) & mask), lanes)


def _extract(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    kind, width = unsigned(step.dtype), 8 * step.dtype.itemsize
    a = np.asarray(machine.read(step.operands[1], kind, lanes))
    start, length = (machine.read(o, U32, lanes) & np.uint32(255) for o in step.operands[2:])
    field = _moved(a, start, False) & _ones(length, kind)
    if step.dtype.kind == "i":
        top = np.minimum(start.astype(np.int64) + length - 1, width - 1)
        sign = (length > 0) & ((a >> np.maximum(top, 0).astype(kind)) & kind.type(1) == 1)
        field = np.where(sign, field | ~_ones(length, kind), field)
    machine.write(step.operands[0], field.astype(kind).view(step.dtype), lanes)


def _count_leading(a: Any) -> Any:
    """Zeros above the highest bit that is set."""
    width = 8 * a.dtype.itemsize
    found, rest = np.full(np.shape(a), width, np.uint32), np.asarray(a)
    for k in range(width.bit_length() - 2, -1, -1):
        upper = rest >> a.dtype.type(1 << k)
        found, rest = np.where(upper != 0, found - np.uint32(1 << k), found), np.where(upper != 0, upper, rest)
    return found - rest.astype(np.uint32)


def _counts(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    a = machine.read(step.operands[1], unsigned(step.dtype), lanes)
    if step.opcode == "popc":
        result = np.bitwise_count(a).astype(np.uint32)
    elif step.opcode == "clz":
        result = _count_leading(a)
    else:
        if step.dtype.kind == "i":
            a = np.where(a.view(step.dtype) < 0, ~a, a)
        leading = _count_leading(a)
        place = leading if "shiftamt" in step.modifiers else np.uint32(8 * step.dtype.itemsize - 1) - leading
        result = np.where(a == 0, np.uint32(0xFFFFFFFF), place)
    machine.write(step.operands[0], result, lanes)


def _reverse(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    a = np.asarray(machine.read(step.operands[1], step.dtype, lanes))
    shape = a.shape
    parts = np.unpackbits(np.ascontiguousarray(a).reshape(-1, 1).view(np.uint8), axis=1, bitorder="little")
    found = np.packbits(parts[:, ::-1], axis=1, bitorder="little").view(step.dtype).reshape(shape)
    machine.write(step.operands[0], found, lanes)


def _permute(machine: Machine, step: Step, lanes: Lanes) -> None:
    """Bytes of two words, picked by four digits of a third."""
    if len(step.modifiers) != 1:
        raise UnsupportedInstruction("only the plain form of prmt is emulated")
    a, b, pick = (np.asarray(machine.read(o, U32, lanes)).astype(U64) for o in step.operands[1:])
    both = a | (b << np.uint64(32))
    result: Any = np.uint64(0)
    for k in range(4):
        digit = (pick >> np.uint64(4 * k)) & np.uint64(15)
        byte = (both >> (np.uint64(8) * (digit & np.uint64(7)))) & np.uint64(255)
        spread = np.where(byte >= 128, np.uint64(255), np.uint64(0))
        result = result | (np.where(digit >= 8, spread, byte) << np.uint64(8 * k))
    machine.write(step.operands[0], np.asarray(result).astype(np.uint32), lanes)


def _funnel(machine: Machine, step: Step, lanes: Lanes) -> None:
    """Two words as one of 64 bits, shifted; its upper word (left) or lower one (right)."""
    a, b, by = (np.asarray(machine.read(o, U32, lanes)).astype(U64) for o in step.operands[1:])
    by = np.minimum(by, np.uint64(32)) if "clamp" in step.modifiers else by & np.uint64(31)
    both = a | (b << np.uint64(32))
    result = (both << by) >> np.uint64(32) if "l" in step.modifiers else both >> by
    machine.write(step.operands[0], (result & np.uint64(0xFFFFFFFF)).astype(np.uint32), lanes)


def _table(machine: Machine, step: Step, lanes: Lanes) -> None:
    """lop3: any function of three bits, by its table."""
    a, b, c = (machine.read(o, U32, lanes) for o in step.operands[1:4])
    table = int(machine.read(step.operands[4], U32, lanes))
    result = np.zeros(machine.count(lanes), np.uint32)
    for k in range(8):
        if table >> k & 1:
            result |= (a if k & 4 else ~a) & (b if k & 2 else ~b) & (c if k & 1 else ~c)
    machine.write(step.operands[0], result, lanes)


TABLE = {
    **dict.fromkeys(_LOGIC, _logic),
    "not": _not,
    "shl": _shift,
    "shr": _shift,
    "bfi": _insert,
    "bfe": _extract,
    "popc": _counts,
    "clz": _counts,
    "bfind": _counts,
    "brev": _reverse,
    "prmt": _permute,
    "shf": _funnel,
    "lop3": _table,
}
