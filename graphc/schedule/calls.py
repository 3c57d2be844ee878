"""Kernel calls between which only data and storage decide the order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from graphc.ir.dims import product
from graphc.ir.types import Shape
from graphc.loops.expr import Affine, load
from graphc.loops.spec import (
    Axis,
    Buffer,
    ControlKernel,
    HostKernel,
    KernelCall,
    LibraryKernel,
    Nest,
    Operand,
    SizesKernel,
    SourceKernel,
    Store,
    UserKernel,
)
from graphc.memory.lifetimes import base_of


@dataclass(eq=False, slots=True)
class Task:
    """A kernel call with what must come before it.

    Attributes
    ----------
    call : KernelCall
    before : set of Task
        Tasks that have to be finished.
    place : int
        Place in the program's order.
    writes_state : bool
        Whether it writes a variable in place.
    last : bool
        Whether it belongs after everything that can fail, as a copy into a variable does.
    """

    call: KernelCall
    place: int
    before: set[Task] = field(default_factory=set)
    writes_state: bool = False
    last: bool = False

    @property
    def can_fail(self) -> bool:
        """Whether the kernel may report an error."""
        return can_fail(self.call)


def can_fail(call: KernelCall) -> bool:
    """Whether a call may report an error: a branch or loop, if a call inside may."""
    spec = call.spec
    if isinstance(spec, HostKernel | SizesKernel | UserKernel):
        return True
    if isinstance(spec, SourceKernel | LibraryKernel):
        return spec.can_fail
    if isinstance(spec, ControlKernel):
        return any(can_fail(inner) for part in spec.parts for inner in part.calls)
    return isinstance(spec, Nest) and bool(spec.checks)


def written(call: KernelCall) -> list[Buffer]:
    """Buffers that a call writes."""
    pairs = zip(call.buffers, call.spec.operands, strict=True)
    return [base_of(buffer) for buffer, operand in pairs if operand.access != "in"]


def read(call: KernelCall) -> list[Buffer]:
    """Buffers that a call reads."""
    pairs = zip(call.buffers, call.spec.operands, strict=True)
    return [base_of(buffer) for buffer, operand in pairs if operand.access != "out"]


def copy_call(source: Buffer, target: Buffer, elements: Shape) -> KernelCall:
    """A call that copies a dense buffer."""
    size = elements[0] if elements else 1
    offset = Affine(0, (1,)) if elements else Affine(0, ())
    axes = (Axis(size),) if elements else ()
    store = Store(1, offset, load(0, offset, source.dtype), False)
    spec = Nest(axes, (Operand(source.dtype, "in"), Operand(target.dtype, "out")), (store,))
    return KernelCall(spec, (source, target), "copy", ())


def copy_all(source: Buffer, target: Buffer) -> KernelCall:
    """A call that copies every element of a dense buffer."""
    size = product(source.shape)
    return copy_call(source, target, () if size == 1 else (size,))


def sizes_call(names: Sequence[str], values: Sequence[Buffer]) -> KernelCall:
    """A call that makes sizes known."""
    operands = tuple(Operand(value.dtype, "in") for value in values)
    return KernelCall(SizesKernel(tuple(names), operands), tuple(values), "sizes", ())
