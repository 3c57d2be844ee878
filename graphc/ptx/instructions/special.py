"""Reciprocals, roots and the special-function unit (PTX ISA 9.7.3).

Approximate instructions give the rounded result of double precision. Hardware is allowed more: 1 to 2 ulp for most, an
absolute error of about 1e-6 for sine and cosine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.ptx import floating
from graphc.ptx.errors import UnsupportedInstruction
from graphc.ptx.floating import F64
from graphc.ptx.instructions.arithmetic import operands, put, rounding
from graphc.ptx.program import Step

if TYPE_CHECKING:
    from graphc.ptx.machine import Lanes, Machine

__all__ = ["TABLE"]

_FUNCTIONS: dict[str, Any] = {
    "rcp": lambda x: 1.0 / x,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1.0 / np.sqrt(x),
    "ex2": np.exp2,
    "lg2": np.log2,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
}


def _special(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    (x,) = operands(machine, step, lanes)
    if rounding(step) != "rn":
        raise UnsupportedInstruction("special functions are rounded to nearest only")
    wide = np.atleast_1d(np.asarray(_FUNCTIONS[step.opcode](x.astype(F64))))
    if step.dtype == F64 and "approx" in step.modifiers:
        # The device looks at the upper word only and gives one: denormals are zeros, the lower word is clear.
        tiny = np.finfo(F64).tiny
        wide = np.asarray(_FUNCTIONS[step.opcode](np.where(np.abs(x) < tiny, np.copysign(0.0, x), x)))
        wide = np.where(np.abs(wide) < tiny, np.copysign(0.0, wide), wide)
        wide = np.where(np.isnan(wide), np.nan, (wide.view(np.uint64) & np.uint64(0xFFFFFFFF00000000)).view(F64))
        put(machine, step, lanes, wide)
        return
    put(machine, step, lanes, floating.rounded(wide, np.zeros_like(wide), step.dtype, "rn"))


TABLE = dict.fromkeys(_FUNCTIONS, _special)
