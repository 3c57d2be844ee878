"""From a nest to the text of a kernel: normal form, vector axis, width, template."""

from __future__ import annotations

from typing import Protocol

from graphc.codegen.cpu.irtext import Module
from graphc.codegen.cpu.irvalue import constant, size_of
from graphc.codegen.cpu.kernel import KernelText
from graphc.codegen.cpu.nest.columns import emit_columns
from graphc.codegen.cpu.nest.facts import Facts
from graphc.codegen.cpu.nest.kernel import Kernel
from graphc.codegen.cpu.nest.rows import emit_rows
from graphc.codegen.dialect import is_float
from graphc.ir.dims import Dim
from graphc.loops.normal import expressions, maps_of, moved_last, normal_form
from graphc.loops.spec import Nest


class Target(Protocol):
    """What the templates ask of a target."""

    @property
    def vector_bits(self) -> int:
        """Width of a vector register."""


def compile_nest(nest: Nest, name: str, target: Target) -> KernelText:
    """Write the kernel of a nest.

    Parameters
    ----------
    nest : Nest
    name : str
        Symbol of the kernel.
    target : Target
        The machine; `graphc.codegen.cpu.target.HostTarget` is one.

    Returns
    -------
    KernelText
        ``begin <= i < end`` is a part of the outermost parallel axis of the nest's normal form. The result of a
        reduction does not depend on how that range is divided.
    """
    nest = normal_form(nest)
    axis = vector_axis(nest)
    if not nest.axes[axis].reduce:
        parallel = sum(not a.reduce for a in nest.axes)
        if axis != parallel - 1:
            nest, axis = moved_last(nest, axis), parallel - 1
    facts = Facts(nest, expressions(nest))
    module = Module()
    with module.function(name, {"args": "ptr", "begin": "int64", "end": "int64"}, "int32") as f:
        kernel = Kernel(f, facts, axis, lanes_of(nest, axis, target.vector_bits // 8))
        (emit_rows if nest.axes[axis].reduce else emit_columns)(kernel)
        f.ret(constant(0, "int32"))
        kernel.finish()
    extent: Dim = nest.axes[facts.parallel()[0]].size
    return KernelText(name, module.text(), tuple(kernel.sizes), extent, work=facts.work())


def vector_axis(nest: Nest) -> int:
    """The axis along which most operands are contiguous: a parallel one, or the last reduced one."""
    reduced = [k for k, a in enumerate(nest.axes) if a.reduce]
    candidates = [k for k, a in enumerate(nest.axes) if not a.reduce] + reduced[-1:]
    maps = set(maps_of(nest))

    def score(axis: int) -> tuple[int, int]:
        strides = [m.coefficients[axis] for m in maps]
        contiguous = sum(s == 1 for s in strides)
        scattered = sum(s not in (0, 1) for s in strides)
        size = nest.axes[axis].size
        short = isinstance(size, int) and size < 4
        return 4 * contiguous - 8 * scattered - (6 if short else 0), axis

    return max(candidates, key=score)


def lanes_of(nest: Nest, axis: int, vector_bytes: int) -> int:
    """Elements of a vector: a register of the widest float (or the widest number), less for a short axis."""
    dtypes = {o.dtype for o in nest.operands} | {e.dtype for e in expressions(nest) if e.op not in ("index", "size")}
    floats = [size_of(d) for d in dtypes if is_float(d)]
    widest = max(4, *floats) if floats else max(4, *(size_of(o.dtype) for o in nest.operands))
    lanes = max(1, vector_bytes // widest)
    size = nest.axes[axis].size
    if isinstance(size, int):
        while lanes > 1 and lanes // 2 >= size:
            lanes //= 2
    return lanes
