"""Sums, products, quotients, minima and maxima of integers and floats (PTX ISA 9.7.1 to 9.7.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.ptx import floating
from graphc.ptx.errors import UnsupportedInstruction
from graphc.ptx.floating import F64
from graphc.ptx.program import Step
from graphc.ptx.values import U64, unsigned

if TYPE_CHECKING:
    from graphc.ptx.machine import Lanes, Machine

__all__ = ["TABLE", "operands", "put", "rounding"]


def rounding(step: Step) -> str:
    """``rn``, ``rz``, ``rm`` or ``rp``; to nearest if nothing is said."""
    return next((m for m in step.modifiers if m in ("rn", "rz", "rm", "rp")), "rn")


def operands(machine: Machine, step: Step, lanes: Lanes) -> list[Any]:
    """The operands behind the first, of the instruction's type; denormals flushed if it says so."""
    assert step.dtype is not None
    values = [machine.read(o, step.dtype, lanes) for o in step.operands[1:]]
    return [floating.flushed(v) for v in values] if "ftz" in step.modifiers else values


def put(machine: Machine, step: Step, lanes: Lanes, value: Any) -> None:
    """Write the result: saturated to [0, 1] and flushed, if the instruction says so."""
    value = np.asarray(value)
    if value.dtype.kind == "f":
        if "sat" in step.modifiers:
            value = np.where(np.isnan(value), 0, np.clip(value, 0, 1)).astype(value.dtype)
        if "ftz" in step.modifiers:
            value = floating.flushed(value)
    machine.write(step.operands[0], value, lanes)


def _add(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    a, b = operands(machine, step, lanes)
    if step.dtype.kind != "f":
        put(machine, step, lanes, a - b if step.opcode == "sub" else a + b)
        return
    if step.opcode == "sub":
        b = -b
    if rounding(step) == "rn":
        put(machine, step, lanes, a + b)
    else:
        high, low = floating.two_sum(a.astype(F64), b.astype(F64))
        put(machine, step, lanes, floating.rounded(high, low, step.dtype, rounding(step)))


def _with_carry(machine: Machine, step: Step, lanes: Lanes) -> None:
    """add, addc, sub, subc, mad and madc of 32-bit integers that read or write the carry."""
    assert step.dtype is not None
    if step.dtype.itemsize != 4:
        raise UnsupportedInstruction("carries are emulated for 32-bit integers")
    at = slice(None) if lanes is None else lanes
    low = np.uint64(0xFFFFFFFF)
    x = [np.asarray(machine.read(o, np.dtype("u4"), lanes)).astype(U64) for o in step.operands[1:]]
    carry = machine.carry[at] if step.opcode.endswith("c") else np.uint64(0)
    if step.opcode.startswith("mad"):
        product = x[0] * x[1]
        result = (product >> np.uint64(32) if "hi" in step.modifiers else product & low) + x[2] + carry
    elif step.opcode.startswith("sub"):
        # The carry of a subtraction is a borrow.
        result = x[0] - x[1] - carry
    else:
        result = x[0] + x[1] + carry
    if "cc" in step.modifiers:
        machine.carry[at] = (result >> np.uint64(32)) & np.uint64(1)
    machine.write(step.operands[0], (result & low).astype(np.uint32), lanes)


def _sum(machine: Machine, step: Step, lanes: Lanes) -> None:
    carries = "cc" in step.modifiers or step.opcode in ("addc", "subc")
    (_with_carry if carries else _add)(machine, step, lanes)


def _high(a: Any, b: Any) -> Any:
    """The upper half of the product of two integers."""
    dtype = a.dtype
    if dtype.itemsize < 8:
        wide = np.dtype(f"{dtype.kind}{2 * dtype.itemsize}")
        return ((a.astype(wide) * b.astype(wide)) >> wide.type(8 * dtype.itemsize)).astype(dtype)
    x, y = a.view(U64), b.view(U64)
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    x0, x1, y0, y1 = x & low, x >> half, y & low, y >> half
    middle = x1 * y0 + (x0 * y0 >> half)
    other = x0 * y1 + (middle & low)
    top = x1 * y1 + (middle >> half) + (other >> half)
    if dtype.kind == "i":
        # Negative factors were taken for themselves plus 2**64.
        top = top - np.where(a < 0, y, np.uint64(0)) - np.where(b < 0, x, np.uint64(0))
    return top.view(dtype)


def _multiply(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    if step.opcode == "madc" or "cc" in step.modifiers:
        _with_carry(machine, step, lanes)
        return
    if step.dtype.kind == "f":
        (_fused if step.opcode == "mad" else _float_product)(machine, step, lanes)
        return
    a, b = (machine.read(o, step.dtype, lanes) for o in step.operands[1:3])
    if "wide" in step.modifiers:
        wide = np.dtype(f"{step.dtype.kind}{2 * step.dtype.itemsize}")
        result = a.astype(wide) * b.astype(wide)
    else:
        wide = step.dtype
        result = _high(*np.broadcast_arrays(a, b)) if "hi" in step.modifiers else a * b
    if step.opcode == "mad":
        result = result + machine.read(step.operands[3], wide, lanes)
    machine.write(step.operands[0], result, lanes)


def _float_product(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    a, b = operands(machine, step, lanes)
    if rounding(step) == "rn":
        put(machine, step, lanes, a * b)
    else:
        put(machine, step, lanes, floating.fused(a, b, step.dtype.type(-0.0), step.dtype, rounding(step)))


def _fused(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    a, b, c = operands(machine, step, lanes)
    put(machine, step, lanes, floating.fused(a, b, c, step.dtype, rounding(step)))


def _divide(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    a, b = operands(machine, step, lanes)
    if step.dtype.kind != "f":
        put(machine, step, lanes, _whole(a, b, step.opcode == "rem"))
    elif step.dtype == F64:
        if rounding(step) != "rn":
            raise UnsupportedInstruction("quotients of float64 are rounded to nearest only")
        put(machine, step, lanes, a / b)
    else:
        quotient = np.atleast_1d(a.astype(F64) / b.astype(F64))
        rest = floating.fused(-quotient, b.astype(F64), a.astype(F64), F64, "rn") * np.sign(b).astype(F64)
        put(machine, step, lanes, floating.rounded(quotient, np.nan_to_num(rest), step.dtype, rounding(step)))


def _whole(a: Any, b: Any, remainder: bool) -> Any:
    """Integer quotients toward zero, or remainders with the sign of the dividend.

    Hardware does not trap on a zero divisor: the quotient has all bits set, the remainder is the dividend.
    """
    a, b = np.broadcast_arrays(a, b)
    zero = b == 0
    divisor = np.where(zero, b.dtype.type(1), b)
    quotient = a // divisor
    rest = a - quotient * divisor
    if a.dtype.kind == "i":
        quotient = quotient + ((rest != 0) & ((rest < 0) != (a < 0))).astype(a.dtype)
        rest = a - quotient * divisor
    if remainder:
        return np.where(zero, a, rest).astype(a.dtype)
    ones = np.array(-1, np.int64).astype(unsigned(a.dtype)).view(a.dtype)
    return np.where(zero, ones, quotient).astype(a.dtype)


def _extreme(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    a, b = operands(machine, step, lanes)
    if step.dtype.kind != "f":
        result = (np.minimum if step.opcode == "min" else np.maximum)(a, b)
    else:
        pick = floating.smaller if step.opcode == "min" else floating.larger
        result = pick(a, b, "NaN" in step.modifiers)
    put(machine, step, lanes, result)


def _negate(machine: Machine, step: Step, lanes: Lanes) -> None:
    (a,) = operands(machine, step, lanes)
    put(machine, step, lanes, -a)


def _absolute(machine: Machine, step: Step, lanes: Lanes) -> None:
    (a,) = operands(machine, step, lanes)
    put(machine, step, lanes, np.abs(a))


def _copy_sign(machine: Machine, step: Step, lanes: Lanes) -> None:
    sign, size = operands(machine, step, lanes)
    put(machine, step, lanes, np.copysign(size, sign))


TABLE = {
    "add": _sum,
    "addc": _sum,
    "sub": _sum,
    "subc": _sum,
    "mul": _multiply,
    "mad": _multiply,
    "madc": _multiply,
    "fma": _fused,
    "div": _divide,
    "rem": _divide,
    "min": _extreme,
    "max": _extreme,
    "neg": _negate,
    "abs": _absolute,
    "copysign": _copy_sign,
}
