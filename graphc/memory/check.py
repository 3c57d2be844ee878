"""Checks of a memory plan at given sizes, and poison that makes a read of unwritten memory visible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from graphc.ir.dims import Dim, substitute
from graphc.loops.spec import Buffer, ControlKernel, KernelCall
from graphc.memory.arena import ALIGNMENT, Arena, byte_size
from graphc.memory.lifetimes import arena_lifetimes

# All bits set: a NaN in floating-point types, -1 or the largest value in integers.
POISON = 0xFF


def find_faults(calls: Sequence[KernelCall], arena: Arena, sizes: Mapping[str, int]) -> list[str]:
    """What is wrong with a plan at given sizes: overlaps of live buffers, misalignment, bytes outside of the block.

    Parameters
    ----------
    calls : sequence of KernelCall
    arena : Arena
    sizes : Mapping of str to int
        A value for every size symbol.

    Returns
    -------
    list of str
        Empty if all is well.
    """
    offsets, total = arena.evaluate(sizes)
    known: dict[str, Dim] = dict(arena.named(sizes))
    lifetimes = arena_lifetimes(calls)
    spans = {b: (offsets[b], offsets[b] + int(substitute(byte_size(b), known))) for b in lifetimes}  # type: ignore[arg-type]
    faults = []
    for buffer, (start, stop) in spans.items():
        if start % ALIGNMENT:
            faults.append(f"{buffer.name} starts at {start}, not a multiple of {ALIGNMENT}")
        if not 0 <= start <= stop <= total:
            faults.append(f"{buffer.name} lies at {start}..{stop} in a block of {total} bytes")
    ordered = sorted((b for b in spans if spans[b][0] < spans[b][1]), key=lambda b: spans[b])
    for place, buffer in enumerate(ordered):
        for other in ordered[place + 1 :]:
            if spans[other][0] >= spans[buffer][1]:
                break
            if lifetimes[buffer].meets(lifetimes[other]):
                faults.append(f"{buffer.name} {spans[buffer]} and {other.name} {spans[other]} overlap while both live")
    for call in calls:
        if isinstance(call.spec, ControlKernel):
            faults += _faults_inside(call.spec, sizes, spans)
    return faults


def _faults_inside(spec: ControlKernel, sizes: Mapping[str, int], spans: Mapping[Buffer, tuple[int, int]]) -> list[str]:
    """The faults of the parts of a branch or loop: each has its temporaries in the same bytes of the block around."""
    start, stop = (0, 0) if spec.workspace is None else spans[spec.workspace]
    faults = []
    for number, part in enumerate(spec.parts):
        faults += [f"in part {number} of {spec.op}: {fault}" for fault in find_faults(part.calls, part.arena, sizes)]
        _, total = part.arena.evaluate(sizes)
        if total > stop - start:
            faults.append(f"part {number} of {spec.op} needs {total} bytes, its workspace has {stop - start}")
    return faults


def poison(block: NDArray[np.uint8]) -> None:
    """Fill a block so that values nobody wrote stand out."""
    block.fill(POISON)


def dead_after(calls: Sequence[KernelCall]) -> list[list[Buffer]]:
    """For every call the temporaries whose last use it is: their bytes may be poisoned after it."""
    dead: list[list[Buffer]] = [[] for _ in calls]
    for buffer, life in arena_lifetimes(calls).items():
        dead[life.last].append(buffer)
    return dead
