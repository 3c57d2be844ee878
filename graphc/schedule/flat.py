"""A schedule with the insides of its branches and loops laid open: every call once, every temporary with its place."""

from __future__ import annotations

from dataclasses import dataclass

from graphc.ir.dims import Dim
from graphc.loops.cost import Cost, cost_of
from graphc.loops.spec import Buffer, ControlKernel, KernelCall
from graphc.schedule.plan import Schedule


@dataclass(frozen=True)
class FlatCall:
    """One call, wherever it stands.

    Attributes
    ----------
    call : KernelCall
    cost : Cost
        Of one run; of a branch or loop: of all it runs.
    within : tuple of str
        The branches and loops around it, outermost first.
    times : Dim or None
        How often it runs, if every branch around it is taken; None where a ``while_loop`` is around it.
    """

    call: KernelCall
    cost: Cost
    within: tuple[str, ...] = ()
    times: Dim | None = 1


def flat_calls(schedule: Schedule) -> list[FlatCall]:
    """All calls, a branch or loop before those inside; their order numbers them in errors and reports."""
    found: list[FlatCall] = []
    _collect(schedule, (), 1, found)
    return found


def _collect(schedule: Schedule, within: tuple[str, ...], times: Dim | None, found: list[FlatCall]) -> None:
    for call, cost in zip(schedule.calls, schedule.costs, strict=True):
        found.append(FlatCall(call, cost, within, times))
        spec = call.spec
        if not isinstance(spec, ControlKernel):
            continue
        inside = (*within, spec.op)
        found += [FlatCall(copy, cost_of(copy), inside, times) for copy in spec.starts]
        for number, part in enumerate(spec.parts):
            name = f"{spec.op} {('then', 'else')[number]}" if spec.op == "cond" else spec.op
            _collect(part, (*within, name), _times(spec, times), found)
        found += [FlatCall(turn.settle, cost_of(turn.settle), inside, times) for turn in spec.turned]


def _times(spec: ControlKernel, times: Dim | None) -> Dim | None:
    if spec.op == "while_loop" or times is None:
        return None
    return times * spec.length if spec.op == "scan" else times


def arena_places(schedule: Schedule) -> dict[Buffer, Dim]:
    """Offsets of all temporaries from the start of the program's block."""
    found: dict[Buffer, Dim] = {}
    _place(schedule, 0, found)
    return found


def _place(schedule: Schedule, start: Dim, found: dict[Buffer, Dim]) -> None:
    for buffer, offset in schedule.arena.offsets.items():
        found[buffer] = start + offset
    for call in schedule.calls:
        if isinstance(call.spec, ControlKernel) and call.spec.workspace is not None:
            for part in call.spec.parts:
                _place(part, found[call.spec.workspace], found)
