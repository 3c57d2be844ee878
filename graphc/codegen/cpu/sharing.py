"""One kernel for nests that differ only in the length of their one loop.

An optimizer updates many variables in the same way: flattened, its nests are equal up to the number of elements. They
share one kernel that reads the number at run time, so that code does not grow with the number of variables.
"""

from __future__ import annotations

from collections.abc import Iterable

from graphc.codegen.cpu.nest.normal import expressions, maps_of, normal_form
from graphc.ir.dims import Dim, symbol
from graphc.loops.spec import Axis, KernelSpec, Nest

# The symbol that stands for the number of elements in a shared kernel.
LENGTH = "@length"


def shared_forms(specs: Iterable[KernelSpec]) -> dict[KernelSpec, tuple[Nest, Dim]]:
    """Nests that become one kernel, each with its form of open length and its length.

    Only forms in which at least two different nests meet are listed.
    """
    forms: dict[Nest, dict[KernelSpec, Dim]] = {}
    for spec in dict.fromkeys(specs):
        found = open_form(spec) if isinstance(spec, Nest) else None
        if found is not None:
            forms.setdefault(found[0], {})[spec] = found[1]
    return {spec: (form, size) for form, of in forms.items() if len(of) > 1 for spec, size in of.items()}


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
