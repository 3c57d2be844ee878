"""Joins equal elementwise kernels over different arrays into one call over a table of arrays.

An optimizer updates many small variables in the same way. One call over a table of (pointers, length) rows is divided
over threads by the elements of all rows together, where each row alone would be too short to divide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from graphc.ir.dims import product
from graphc.loops.flat import open_form
from graphc.loops.spec import Buffer, KernelCall, MultiNest, Nest
from graphc.schedule.calls import Task
from graphc.schedule.order import byte_size

# Longer arrays are worth a call, and a division over threads, of their own.
LONGEST = 16384
# Rows of one table: it lies on the stack.
MOST_ROWS = 64
# Bytes of temporaries that may wait for a joint call: they should still be in the cache then.
MOST_WAITING = 1 << 18


@dataclass(slots=True)
class _Waiting:
    """Calls of one form that nobody has needed yet."""

    tasks: list[Task] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    temporaries: set[Buffer] = field(default_factory=set)


def join_equal(order: Sequence[Task]) -> list[Task]:
    """Put off short elementwise calls until one that depends on them, and make those of equal form one call.

    Calls only move behind calls that do not depend on them, so the order stays valid, what writes variables stays
    behind the calls that can fail, and the calls of one table are independent of each other.
    """
    waiting: dict[Nest, _Waiting] = {}
    form_of: dict[Task, Nest] = {}
    result: list[Task] = []

    def release(form: Nest) -> None:
        held = waiting.pop(form)
        for task in held.tasks:
            del form_of[task]
        result.append(held.tasks[0] if len(held.tasks) == 1 else _joint(form, held))

    for task in order:
        for form in dict.fromkeys(form_of[before] for before in task.before if before in form_of):
            if form in waiting:
                release(form)
        found = _short_form(task)
        if found is None:
            result.append(task)
            continue
        form, length = found
        temporaries = {b for b in task.call.buffers if b.kind == "arena"}
        if form in waiting and not _has_room(waiting[form], temporaries):
            release(form)
        held = waiting.setdefault(form, _Waiting())
        held.tasks.append(task)
        held.lengths.append(length)
        held.temporaries |= temporaries
        form_of[task] = form
    for form in list(waiting):
        release(form)
    return result


def _short_form(task: Task) -> tuple[Nest, int] | None:
    """The open form of a short call that cannot fail, and its length."""
    spec = task.call.spec
    if not isinstance(spec, Nest) or spec.checks:
        return None
    total = product(axis.size for axis in spec.axes)
    known = all(isinstance(dim, int) for buffer in task.call.buffers for dim in buffer.shape)
    if not known or not isinstance(total, int) or total > LONGEST:
        return None
    found = open_form(spec)
    return None if found is None else (found[0], total)


def _has_room(held: _Waiting, temporaries: set[Buffer]) -> bool:
    size = sum(byte_size(buffer, {}) for buffer in held.temporaries | temporaries)
    return len(held.tasks) < MOST_ROWS and size <= MOST_WAITING


def _joint(form: Nest, held: _Waiting) -> Task:
    calls = [task.call for task in held.tasks]
    buffers = tuple(buffer for call in calls for buffer in call.buffers)
    nodes = tuple(dict.fromkeys(node for call in calls for node in call.nodes))
    label = f"{len(calls)} x {calls[0].label}"
    call = KernelCall(MultiNest(form, tuple(held.lengths)), buffers, label, nodes)
    before = {earlier for task in held.tasks for earlier in task.before}
    return Task(call, held.tasks[-1].place, before, any(task.writes_state for task in held.tasks))
