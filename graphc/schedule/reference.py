"""Runs a whole schedule with the reference executor, over one block of memory as a native call would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphc.ir.dims import product, substitute
from graphc.ir.dtypes import BY_NAME
from graphc.loops.reference import run_call
from graphc.loops.spec import Buffer
from graphc.memory.check import dead_after, poison
from graphc.memory.lifetimes import base_of
from graphc.schedule.plan import Schedule

Array = NDArray[Any]


def run_schedule(
    schedule: Schedule, feeds: Sequence[Array], variables: Sequence[Array], sizes: Mapping[str, int]
) -> list[Array]:
    """Execute a schedule; the memory is poisoned before the run, and every temporary again after its last use.

    Parameters
    ----------
    schedule : Schedule
    feeds : sequence of array
        One per input, C-contiguous.
    variables : sequence of array
        One per slot, C-contiguous; changed in place.
    sizes : Mapping of str to int
        A value for every size symbol.

    Returns
    -------
    list of array
        The fetches.
    """
    offsets, total = schedule.arena.evaluate(sizes)
    block = np.zeros(total, np.uint8)
    poison(block)
    fetches = [_fresh(buffer, sizes) for buffer in schedule.fetches]
    bound: dict[Buffer, Array] = {b: f.reshape(-1) for b, f in zip(schedule.fetches, fetches, strict=True)}
    bound |= {b: a.reshape(-1) for b, a in zip(schedule.feeds, feeds, strict=True)}
    bound |= {b: a.reshape(-1) for b, a in zip(schedule.variables, variables, strict=True)}
    bound |= {b: b.payload.reshape(-1) for b in schedule.constants}
    for buffer, start in offsets.items():
        stop = start + _count(buffer, sizes) * BY_NAME[buffer.dtype].itemsize
        bound[buffer] = block[start:stop].view(BY_NAME[buffer.dtype].np)
    for call, dead in zip(schedule.calls, dead_after(schedule.calls), strict=True):
        run_call(call, [bound[base_of(buffer)] for buffer in call.buffers], sizes)
        for buffer in dead:
            poison(bound[buffer].view(np.uint8))
    return fetches


def _count(buffer: Buffer, sizes: Mapping[str, int]) -> int:
    return int(substitute(product(buffer.shape), dict(sizes)))  # type: ignore[arg-type]


def _fresh(buffer: Buffer, sizes: Mapping[str, int]) -> Array:
    shape = tuple(int(substitute(dim, dict(sizes))) for dim in buffer.shape)  # type: ignore[arg-type]
    return np.empty(shape, BY_NAME[buffer.dtype].np)
