"""Shuffles, votes, matches and barriers: what threads of a warp or a block do together (PTX ISA 9.7.9.6, 9.7.13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from graphc.ptx.errors import DivergenceError, UnsupportedInstruction
from graphc.ptx.program import Step
from graphc.ptx.syntax import Pair
from graphc.ptx.values import U32

if TYPE_CHECKING:
    from graphc.ptx.machine import Lanes, Machine

__all__ = ["TABLE", "member_mask", "waits_for_warp"]

Ints = npt.NDArray[np.int64]


def waits_for_warp(step: Step) -> bool:
    """Whether all threads that a mask names take the instruction together."""
    if step.opcode in ("bar", "barrier"):
        return "warp" in step.modifiers
    return step.opcode in ("shfl", "vote", "match", "redux") and "sync" in step.modifiers


def member_mask(machine: Machine, step: Step, lanes: Ints) -> Any:
    """The masks of the threads at such an instruction; it is the last operand."""
    return machine.read(step.operands[-1], U32, lanes)


def _here(machine: Machine, lanes: Lanes) -> Ints:
    return machine.all if lanes is None else lanes


def _in_warp(machine: Machine, lanes: Ints, bits: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint32]:
    """For each lane the bits of its warp, as a mask."""
    masks = np.zeros(machine.warps, np.uint32)
    np.bitwise_or.at(
        masks, machine.warp[lanes], np.where(bits, np.uint32(1) << machine.lane[lanes].astype(U32), 0).astype(U32)
    )
    found: npt.NDArray[np.uint32] = masks[machine.warp[lanes]]
    return found


def _shuffle(machine: Machine, step: Step, lanes: Lanes) -> None:
    """The pseudo code of shfl.sync in the PTX ISA."""
    here = _here(machine, lanes)
    b, c = (np.broadcast_to(machine.read(o, U32, here), here.shape).astype(np.int64) for o in step.operands[2:4])
    lane = machine.lane[here]
    clamp, segment = c & 31, (c >> 8) & 31
    low = lane & segment
    high = low | (clamp & ~segment)
    mode = next(m for m in step.modifiers if m in ("up", "down", "bfly", "idx"))
    source = {
        "up": lane - (b & 31),
        "down": lane + (b & 31),
        "bfly": lane ^ (b & 31),
        "idx": low | (b & 31 & ~segment),
    }[mode]
    inside = source >= high if mode == "up" else source <= high
    source = np.where(inside, source, lane)
    active = np.zeros(machine.size + 32, bool)
    active[here] = True
    exists = source < machine.warp_members[machine.warp[here]]
    if not (exists & active[here - lane + source]).all():
        raise DivergenceError("a thread reads from one that does not execute the instruction")
    values = np.zeros(machine.size, U32)
    values[here] = machine.read(step.operands[1], U32, here)
    found = values[here - lane + source]
    target = step.operands[0]
    if isinstance(target, Pair):
        machine.write(target.second, inside, here)
        target = target.first
    machine.write(target, found, here)


def _vote(machine: Machine, step: Step, lanes: Lanes) -> None:
    here = _here(machine, lanes)
    holds = _in_warp(machine, here, machine.predicate(step.operands[1], here))
    there = _in_warp(machine, here, np.ones(here.size, bool))
    mask = machine.read(step.operands[2], U32, here) if len(step.operands) > 2 else there
    voted, asked = holds & mask, there & mask
    results: dict[str, Any] = {
        "ballot": voted,
        "any": voted != 0,
        "all": voted == asked,
        "uni": (voted == asked) | (voted == 0),
    }
    machine.write(step.operands[0], results[next(m for m in step.modifiers if m in results)], here)


def _active(machine: Machine, step: Step, lanes: Lanes) -> None:
    here = _here(machine, lanes)
    machine.write(step.operands[0], _in_warp(machine, here, np.ones(here.size, bool)), here)


def _match(machine: Machine, step: Step, lanes: Lanes) -> None:
    """match.any: the threads of the warp that hold the same value."""
    assert step.dtype is not None
    if "any" not in step.modifiers:
        raise UnsupportedInstruction("only match.any is emulated")
    here = _here(machine, lanes)
    value = np.broadcast_to(machine.read(step.operands[1], step.dtype, here), here.shape)
    warp = machine.warp[here]
    same = (warp[:, None] == warp[None, :]) & (value[:, None] == value[None, :])
    bits = np.uint64(1) << machine.lane[here].astype(np.uint64)
    machine.write(step.operands[0], (same * bits).sum(1).astype(np.uint32), here)


_REDUCE: dict[str, Any] = {
    "add": np.add,
    "min": np.minimum,
    "max": np.maximum,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}


def _reduce(machine: Machine, step: Step, lanes: Lanes) -> None:
    assert step.dtype is not None
    here = _here(machine, lanes)
    value = np.broadcast_to(machine.read(step.operands[1], step.dtype, here), here.shape)
    order = np.argsort(machine.warp[here], kind="stable")
    warps, first = np.unique(machine.warp[here][order], return_index=True)
    operation = _REDUCE[next(m for m in step.modifiers if m in _REDUCE)]
    found = operation.reduceat(value[order], first)
    machine.write(step.operands[0], found[np.searchsorted(warps, machine.warp[here])], here)


def _barrier(machine: Machine, step: Step, lanes: Lanes) -> None:
    """The scheduler has brought the threads together: what is left is a result, and the time for the race detectors."""
    here = _here(machine, lanes)
    if "warp" in step.modifiers:
        machine.warp_epoch[np.unique(machine.warp[here])] += 1
    elif "red" in step.modifiers:
        kind = next(m for m in step.modifiers if m in ("popc", "and", "or"))
        holds = machine.predicate(step.operands[-1], here)
        counts = np.bincount(machine.block[here], holds, machine.blocks).astype(np.int64)[machine.block[here]]
        results = {"popc": counts.astype(U32), "and": counts == machine.block_size, "or": counts > 0}
        machine.write(step.operands[0], results[kind], here)
    elif not {"sync", "cta"} & set(step.modifiers) or len(step.operands) > 1:
        raise UnsupportedInstruction("only barriers of all threads of a block are emulated")


TABLE = {
    "shfl": _shuffle,
    "vote": _vote,
    "activemask": _active,
    "match": _match,
    "redux": _reduce,
    "bar": _barrier,
    "barrier": _barrier,
}
