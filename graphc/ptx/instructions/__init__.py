"""What each instruction does: one table from opcodes to functions of (machine, step, lanes)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.ptx.errors import PtxError, UnsupportedInstruction
from graphc.ptx.instructions import arithmetic, atomics, bits, compare, convert, data, special, warp
from graphc.ptx.program import Step

if TYPE_CHECKING:
    from graphc.ptx.machine import Lanes, Machine

__all__ = ["TABLE", "execute", "flops", "member_mask", "waits_for_warp"]

Handler = Callable[["Machine", Step, "Lanes"], None]

TABLE: dict[str, Handler] = {
    **arithmetic.TABLE,
    **atomics.TABLE,
    **bits.TABLE,
    **compare.TABLE,
    **convert.TABLE,
    **data.TABLE,
    **special.TABLE,
    **warp.TABLE,
}

member_mask = warp.member_mask
waits_for_warp = warp.waits_for_warp

_FLOPS = {"fma": 2, "mad": 2} | dict.fromkeys(["add", "sub", "mul", "div", "min", "max", *special.TABLE], 1)


def flops(step: Step) -> int:
    """Floating-point operations of one thread."""
    return _FLOPS.get(step.opcode, 0) if step.dtype is not None and step.dtype.kind == "f" else 0


def execute(machine: Machine, step: Step, lanes: Any) -> None:
    """Carry out an instruction for some lanes.

    Raises
    ------
    UnsupportedInstruction
        If it is not in the table, or this form of it is not emulated.
    PtxError
        If it does what no instruction may do.
    """
    handler = TABLE.get(step.opcode)
    if handler is None:
        raise UnsupportedInstruction("this instruction is not emulated")
    try:
        handler(machine, step, lanes)
    except PtxError:
        raise
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, np.exceptions.DTypePromotionError) as error:
        raise UnsupportedInstruction(f"this form of the instruction is not emulated ({error})") from error
