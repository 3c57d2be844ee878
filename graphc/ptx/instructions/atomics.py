"""Atomic operations (PTX ISA 9.7.13), carried out lane after lane: one of the orders that a device may take."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.ptx import floating
from graphc.ptx.instructions.data import gathered, scattered, space_of
from graphc.ptx.program import Step

if TYPE_CHECKING:
    from graphc.ptx.machine import Lanes, Machine

__all__ = ["TABLE"]

_COMBINE: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda old, x: old + x,
    "min": lambda old, x: floating.smaller(old, x) if old.dtype.kind == "f" else min(old, x),
    "max": lambda old, x: floating.larger(old, x) if old.dtype.kind == "f" else max(old, x),
    "and": lambda old, x: old & x,
    "or": lambda old, x: old | x,
    "xor": lambda old, x: old ^ x,
    "exch": lambda old, x: x,
    "inc": lambda old, x: old.dtype.type(0) if old >= x else old + old.dtype.type(1),
    "dec": lambda old, x: x if old == 0 or old > x else old - old.dtype.type(1),
}


def _atomic(machine: Machine, step: Step, lanes: Lanes) -> None:
    """atom gives the old value, red does not."""
    assert step.dtype is not None
    gives = step.opcode == "atom"
    address, *values = step.operands[1:] if gives else step.operands
    count = machine.count(lanes)
    read = [np.broadcast_to(machine.read(v, step.dtype, lanes), (count,)) for v in values]
    data, at = machine.cells(
        space_of(step), machine.addresses(address, lanes), step.dtype.itemsize, lanes, write=True, atomic=True
    )
    name = next(m for m in step.modifiers if m in _COMBINE or m == "cas")
    old = np.empty(count, step.dtype)
    for lane in range(count):
        here = at[lane : lane + 1]
        old[lane] = gathered(data, here, step.dtype)[0]
        if name == "cas":
            new = read[1][lane] if old[lane] == read[0][lane] else old[lane]
        else:
            new = _COMBINE[name](old[lane], read[0][lane])
        scattered(data, here, new, step.dtype)
    if gives:
        machine.write(step.operands[0], old, lanes)


TABLE = {"atom": _atomic, "red": _atomic}
