"""Nests over one contiguous axis with its size left open, and several of them as one kernel."""

from __future__ import annotations

from graphc.ir.dims import Dim, symbol
from graphc.loops.normal import expressions, maps_of, normal_form
from graphc.loops.spec import Axis, KernelCall, MultiNest, Nest

# The symbol that stands for the number of elements in a nest of open length.
LENGTH = "@length"


def open_form(nest: Nest) -> tuple[Nest, Dim] | None:
    """A nest over one contiguous axis with its size left open, and that size; None for all other nests."""
    flat = normal_form(nest)
    if len(flat.axes) != 1 or flat.axes[0].reduce or flat.axes[0].size == 1:
        return None
    if any(m.base != 0 or m.coefficients[0] not in (0, 1) for m in maps_of(flat)):
        return None
    if any(e.op in ("index", "size") for e in expressions(flat)):
        return None
    return Nest((Axis(symbol(LENGTH)),), flat.operands, flat.stores, flat.checks), flat.axes[0].size


def members(call: KernelCall) -> list[KernelCall]:
    """The calls that a call stands for: one for each row of its table, itself if it has none."""
    spec = call.spec
    if not isinstance(spec, MultiNest):
        return [call]
    nest, width = spec.nest, len(spec.nest.operands)
    return [
        KernelCall(
            Nest((Axis(length),), nest.operands, nest.stores, nest.checks),
            call.buffers[row * width : (row + 1) * width],
            call.label,
        )
        for row, length in enumerate(spec.lengths)
    ]
