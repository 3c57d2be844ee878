"""Moves, loads and stores (PTX ISA 9.7.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.ptx.errors import MemoryFault, PtxError
from graphc.ptx.program import Place, Step
from graphc.ptx.syntax import Vector
from graphc.ptx.values import unsigned

if TYPE_CHECKING:
    from graphc.ptx.machine import Lanes, Machine

__all__ = ["TABLE", "gathered", "scattered", "space_of"]


def space_of(step: Step) -> str:
    """The address space that an instruction names."""
    return next((m for m in step.modifiers if m in ("param", "global", "shared", "local", "const")), "generic")


def gathered(data: Any, at: Any, dtype: np.dtype[Any]) -> Any:
    """Values of a type at aligned offsets into bytes."""
    return data[: data.size // dtype.itemsize * dtype.itemsize].view(dtype)[at // dtype.itemsize]


def scattered(data: Any, at: Any, values: Any, dtype: np.dtype[Any]) -> None:
    """Write them there."""
    data[: data.size // dtype.itemsize * dtype.itemsize].view(dtype)[at // dtype.itemsize] = values


def _move(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    to, source = step.operands
    if isinstance(source, Vector):
        part = np.dtype(f"u{step.dtype.itemsize // len(source.items)}")
        packed = np.zeros(machine.count(lanes), unsigned(step.dtype))
        for k, item in enumerate(source.items):
            value = machine.read(item, part, lanes)
            packed |= value.astype(packed.dtype) << packed.dtype.type(8 * part.itemsize * k)
        machine.write(to, packed, lanes)
    elif isinstance(to, Vector):
        part = np.dtype(f"u{step.dtype.itemsize // len(to.items)}")
        whole = machine.read(source, unsigned(step.dtype), lanes)
        for k, item in enumerate(to.items):
            machine.write(item, (whole >> whole.dtype.type(8 * part.itemsize * k)).astype(part), lanes)
    else:
        machine.write(to, machine.read(source, step.dtype, lanes), lanes)


def _parameter(machine: Machine, step: Step, lanes: Lanes) -> None:
    """A parameter of the kernel: the same for all threads."""
    assert step.dtype is not None
    address = step.operands[1]
    registers = step.operands[0].items if isinstance(step.operands[0], Vector) else (step.operands[0],)
    for k, register in enumerate(registers):
        at = address.base.offset + address.offset + k * step.dtype.itemsize
        if not 0 <= at <= machine.parameters.size - step.dtype.itemsize:
            raise MemoryFault(f"out of bounds: byte {at} of {machine.parameters.size} bytes of parameters")
        machine.write(register, machine.parameters[at : at + step.dtype.itemsize].view(step.dtype)[0], lanes)


def _load(machine: Machine, step: Step, lanes: Lanes) -> None:
    address = step.operands[1]
    if isinstance(address.base, Place) and address.base.space == "kernel":
        _parameter(machine, step, lanes)
        return
    for register, data, at in _elements(machine, step, lanes, address, step.operands[0], write=False):
        machine.write(register, gathered(data, at, step.dtype), lanes)  # type: ignore[arg-type]


def _store(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    for register, data, at in _elements(machine, step, lanes, step.operands[0], step.operands[1], write=True):
        scattered(data, at, machine.read(register, step.dtype, lanes), step.dtype)


def _elements(machine: Machine, step: Step, lanes: Lanes, address: Any, registers: Any, write: bool) -> Any:
    """The registers of an access with the memory that belongs to each."""
    assert step.dtype is not None
    items = registers.items if isinstance(registers, Vector) else (registers,)
    size = step.dtype.itemsize
    base = machine.addresses(address, lanes)
    apart = base % np.uint64(size * len(items)) != 0
    if len(items) > 1 and apart.any():
        raise MemoryFault(f"misaligned: a vector of {size * len(items)} bytes at {int(base[apart][0]):#x}")
    space = space_of(step)
    for k, item in enumerate(items):
        width = 0 if k else size * len(items)
        at = base + np.uint64(k * size)
        yield item, *machine.cells("local" if space == "param" else space, at, size, lanes, write, width=width)


def _nothing(machine: Machine, step: Step, lanes: Lanes) -> None:
    """Fences and prefetches: memory is always up to date here."""


def _trap(machine: Machine, step: Step, lanes: Lanes) -> None:
    raise PtxError("the kernel stopped itself")


TABLE = {
    "mov": _move,
    "ld": _load,
    "ldu": _load,
    "st": _store,
    **dict.fromkeys(["membar", "fence", "prefetch", "prefetchu", "nanosleep", "griddepcontrol"], _nothing),
    "trap": _trap,
}
