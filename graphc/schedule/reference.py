"""Runs a whole schedule with the reference executor, over one block of memory as a native call would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphc.ir.dims import Dim, product, substitute
from graphc.ir.dtypes import BY_NAME
from graphc.loops.reference import run_call
from graphc.loops.spec import Buffer, ControlKernel, KernelCall, Turn
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
    fetches = [_fresh(buffer, sizes) for buffer in schedule.fetches]
    bound: dict[Buffer, Array] = {b: f.reshape(-1) for b, f in zip(schedule.fetches, fetches, strict=True)}
    bound |= {b: a.reshape(-1) for b, a in zip(schedule.feeds, feeds, strict=True)}
    bound |= {b: a.reshape(-1) for b, a in zip(schedule.variables, variables, strict=True)}
    _, total = schedule.arena.evaluate(sizes)
    _run(schedule, bound, np.zeros(total, np.uint8), sizes)
    return fetches


def _run(
    schedule: Schedule, outside: Mapping[Buffer, Array], block: NDArray[np.uint8], sizes: Mapping[str, int]
) -> None:
    """Execute calls over a block for their temporaries."""
    poison(block)
    bound = {**outside, **{b: b.payload.reshape(-1) for b in schedule.constants}}
    offsets, _ = schedule.arena.evaluate(sizes)
    known = schedule.arena.named(sizes)
    for buffer, start in offsets.items():
        stop = start + _integer(product(buffer.shape), known) * BY_NAME[buffer.dtype].itemsize
        bound[buffer] = block[start:stop].view(BY_NAME[buffer.dtype].np)
    for call, dead in zip(schedule.calls, dead_after(schedule.calls), strict=True):
        _run_call(call, bound, sizes)
        for buffer in dead:
            poison(bound[buffer].view(np.uint8))


def _run_call(call: KernelCall, bound: Mapping[Buffer, Array], sizes: Mapping[str, int]) -> None:
    if isinstance(call.spec, ControlKernel):
        _run_control(call.spec, bound, sizes)
    else:
        run_call(call, [bound[base_of(buffer)] for buffer in call.buffers], sizes)


def _run_control(spec: ControlKernel, bound: Mapping[Buffer, Array], sizes: Mapping[str, int]) -> None:
    outer = {name: bound[base_of(buffer)] for name, buffer in spec.fixed}
    block = np.zeros(0, np.uint8) if spec.workspace is None else bound[spec.workspace]
    if spec.op == "cond":
        assert spec.decision is not None
        _run(spec.parts[not bound[base_of(spec.decision)][0]], outer, block, sizes)
        return
    for call in spec.starts:
        _run_call(call, bound, sizes)
    steps = _integer(spec.length, sizes)
    turns = [_Turning(turn, bound, steps) for turn in spec.turned]
    done = 0
    while True:
        now = outer | {name: array for turn in turns for name, array in turn.bindings()}
        if spec.op == "while_loop":
            assert spec.decision is not None
            _run(spec.parts[0], now, block, sizes)
            if not bound[spec.decision][0]:
                break
        elif done == steps:
            break
        step = steps - 1 - done if spec.reverse else done
        if spec.step is not None:
            bound[spec.step][0] = step
        for name, buffer in spec.sliced:
            count = _integer(product(name.shape), sizes)
            now[name] = bound[base_of(buffer)][step * count : (step + 1) * count]
        _run(spec.parts[-1], now, block, sizes)
        for turn in turns:
            turn.turn()
        done += 1
    for turn in turns:
        turn.settle()


class _Turning:
    """A carried value in two blocks: where it is, where the next one goes, and where the one after that."""

    def __init__(self, turn: Turn, bound: Mapping[Buffer, Array], steps: int) -> None:
        self.plan = turn
        self.current = bound[base_of(turn.initial)]
        self.result = bound[base_of(turn.result)]
        self.following, self.other = self.result, bound[base_of(turn.spare)]
        if steps % 2 == 0:
            self.following, self.other = self.other, self.following

    def bindings(self) -> list[tuple[Buffer, Array]]:
        """What the parts of the loop name."""
        return [(self.plan.following, self.following), *((name, self.current) for name in self.plan.currents)]

    def turn(self) -> None:
        """After a step."""
        self.current, self.following, self.other = self.following, self.other, self.following

    def settle(self) -> None:
        """After the last step: the value moves to its place, unless it is there."""
        if self.current is not self.result:
            self.result[:] = self.current


def _integer(dim: Dim, sizes: Mapping[str, int]) -> int:
    return int(substitute(dim, dict(sizes)))  # type: ignore[arg-type]


def _fresh(buffer: Buffer, sizes: Mapping[str, int]) -> Array:
    shape = tuple(_integer(dim, sizes) for dim in buffer.shape)
    return np.empty(shape, BY_NAME[buffer.dtype].np)
