"""Conversions between types and between address spaces (PTX ISA 9.7.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.ptx import floating
from graphc.ptx.errors import UnsupportedInstruction
from graphc.ptx.floating import F64
from graphc.ptx.instructions.arithmetic import put
from graphc.ptx.memory import LOCAL_WINDOW, SHARED_WINDOW, WINDOW
from graphc.ptx.program import Step
from graphc.ptx.values import DTYPES, U64

if TYPE_CHECKING:
    from graphc.ptx.machine import Lanes, Machine

__all__ = ["TABLE"]

_WHOLE: dict[str, Any] = {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}


def _convert(machine: Machine, step: Step, lanes: Lanes) -> None:
    kinds = [DTYPES[m] for m in step.modifiers if m in DTYPES]
    if len(kinds) != 2:
        raise UnsupportedInstruction("this conversion is not emulated")
    to, source = kinds
    value = np.asarray(machine.read(step.operands[1], source, lanes))
    if "ftz" in step.modifiers:
        value = floating.flushed(value)
    mode = next((m for m in step.modifiers if m in ("rn", "rz", "rm", "rp")), "rn")
    whole = next((m for m in step.modifiers if m in _WHOLE), None)
    if source.kind == "f" and whole:
        value = _WHOLE[whole](value).astype(source)
    if source.kind == "f" and to.kind != "f":
        value = _to_integer(value, to)
    elif source.kind == "f":
        wide = value.astype(F64)
        value = (
            floating.rounded(wide, np.zeros_like(wide), to, mode) if to.itemsize < source.itemsize else value.astype(to)
        )
    elif to.kind == "f":
        value = _from_integer(value, to, mode)
    else:
        value = _saturated(value, to) if "sat" in step.modifiers else value.astype(to)
    put(machine, step, lanes, value)


def _to_integer(value: Any, to: np.dtype[Any]) -> Any:
    """Whole floats as integers: the nearest one where they do not fit, NaN as 0."""
    info = np.iinfo(to)
    wide = np.where(np.isnan(value), 0, value).astype(F64)
    low, high = wide <= float(info.min), wide >= float(info.max)
    inside = np.where(low | high, 0.0, wide).astype(to)
    return np.where(low, to.type(info.min), np.where(high, to.type(info.max), inside))


def _from_integer(value: Any, to: np.dtype[Any], mode: str) -> Any:
    if mode == "rn":
        return value.astype(to)
    if value.dtype.itemsize > 4:
        raise UnsupportedInstruction("64-bit integers are rounded to nearest only")
    wide = value.astype(F64)
    return floating.rounded(wide, np.zeros_like(wide), to, mode)


def _saturated(value: Any, to: np.dtype[Any]) -> Any:
    info, own = np.iinfo(to), np.iinfo(value.dtype)
    return np.clip(value, max(info.min, own.min), min(info.max, own.max)).astype(to)


def _address(machine: Machine, step: Step, lanes: Lanes) -> None:
    """cvta: an address of a space as a generic one, or back."""
    window = np.uint64({"shared": SHARED_WINDOW, "local": LOCAL_WINDOW}.get(step.modifiers[-2], 0))
    value = machine.read(step.operands[1], U64, lanes)
    machine.write(step.operands[0], value - window if "to" in step.modifiers else value + window, lanes)


def _is_space(machine: Machine, step: Step, lanes: Lanes) -> None:
    address = machine.read(step.operands[1], U64, lanes)

    def inside(start: int) -> Any:
        return (address >= np.uint64(start)) & (address < np.uint64(start + WINDOW))

    shared, local = inside(SHARED_WINDOW), inside(LOCAL_WINDOW)
    spaces = {"shared": shared, "local": local, "global": ~(shared | local)}
    machine.write(step.operands[0], spaces[step.modifiers[0]], lanes)


TABLE = {"cvt": _convert, "cvta": _address, "isspacep": _is_space}
