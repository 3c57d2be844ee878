"""Comparisons and choices (PTX ISA 9.7.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.ptx import floating
from graphc.ptx.errors import UnsupportedInstruction
from graphc.ptx.program import Step
from graphc.ptx.syntax import Pair
from graphc.ptx.values import DTYPES

if TYPE_CHECKING:
    from graphc.ptx.machine import Lanes, Machine

__all__ = ["TABLE"]

_ORDER: dict[str, Any] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "lo": np.less,
    "ls": np.less_equal,
    "hi": np.greater,
    "hs": np.greater_equal,
}
_JOIN: dict[str, Any] = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}


def _compared(name: str, a: Any, b: Any) -> Any:
    """A comparison; with NaN those named by two letters are false, those with ``u`` behind are true."""
    if a.dtype.kind != "f":
        return _ORDER[name](a, b)
    unordered = np.isnan(a) | np.isnan(b)
    if name in ("nan", "num"):
        return unordered if name == "nan" else ~unordered
    if name.endswith("u"):
        return _ORDER[name[:-1]](a, b) | unordered
    return _ORDER[name](a, b) & ~unordered


def _set_predicate(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    a, b = (machine.read(o, step.dtype, lanes) for o in step.operands[1:3])
    if "ftz" in step.modifiers:
        a, b = floating.flushed(a), floating.flushed(b)
    found = _compared(step.modifiers[0], a, b)
    first: Any = step.operands[0]
    second: Any = None
    if isinstance(first, Pair):
        first, second = first.first, first.second
    opposite = ~found
    if len(step.operands) == 4:
        join = _JOIN[step.modifiers[1]]
        other = machine.read(step.operands[3], DTYPES["pred"], lanes)
        found, opposite = join(found, other), join(opposite, other)
    machine.write(first, found, lanes)
    if second is not None:
        machine.write(second, opposite, lanes)


def _select(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    a, b = (machine.read(o, step.dtype, lanes) for o in step.operands[1:3])
    machine.write(step.operands[0], np.where(machine.predicate(step.operands[3], lanes), a, b), lanes)


def _set(machine: Machine, step: Step, lanes: Lanes) -> None:
    """set: a comparison's result as all bits set, or as 1.0."""
    kinds = [DTYPES[m] for m in step.modifiers if m in DTYPES]
    if len(kinds) != 2 or len(step.operands) != 3:
        raise UnsupportedInstruction("this form of set is not emulated")
    a, b = (machine.read(o, kinds[1], lanes) for o in step.operands[1:])
    true = kinds[0].type(1.0) if kinds[0].kind == "f" else ~np.zeros((), f"u{kinds[0].itemsize}").view(kinds[0])
    machine.write(step.operands[0], np.where(_compared(step.modifiers[0], a, b), true, kinds[0].type(0)), lanes)


def _test(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    a = machine.read(step.operands[1], step.dtype, lanes)
    tiny = np.finfo(step.dtype).tiny
    tests: dict[str, Any] = {
        "finite": np.isfinite,
        "infinite": np.isinf,
        "number": lambda x: ~np.isnan(x),
        "notanumber": np.isnan,
        "normal": lambda x: np.isfinite(x) & (np.abs(x) >= tiny),
        "subnormal": lambda x: (np.abs(x) < tiny) & (x != 0),
    }
    machine.write(step.operands[0], tests[step.modifiers[0]](a), lanes)


TABLE = {"setp": _set_predicate, "selp": _select, "set": _set, "testp": _test}
