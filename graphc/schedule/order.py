"""Execution order: what can fail first, then little memory at a time, then the program's order."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence

from graphc.ir.dims import product, substitute
from graphc.ir.dtypes import BY_NAME
from graphc.loops.spec import Buffer
from graphc.schedule.calls import Task, read, written

# How many of the ready tasks are compared: it bounds the cost of a choice.
WINDOW = 48


def byte_size(buffer: Buffer, sizes: Mapping[str, int]) -> int:
    """Bytes of a buffer at given sizes."""
    elements = substitute(product(buffer.shape), dict(sizes))
    return int(elements) * BY_NAME[buffer.dtype].itemsize  # type: ignore[arg-type]


def execution_order(tasks: Sequence[Task], sizes: Mapping[str, int], by_memory: bool = True) -> list[Task]:
    """A topological order: what leads to a task that can fail, then the rest, then final copies into variables.

    Within each part the next task is the ready one that adds the fewest live bytes at representative sizes; the
    earliest in the program among equals (greedy list scheduling). Without `by_memory` it is the earliest of all.

    Raises
    ------
    ValueError
        If the tasks wait for each other.
    """
    part = _parts(tasks)
    state = _Live(tasks, sizes)
    after: dict[Task, list[Task]] = {task: [] for task in tasks}
    waiting = {task: len(task.before) for task in tasks}
    for task in tasks:
        for before in task.before:
            after[before].append(task)
    ready = [(part[task], task.place, number, task) for number, task in enumerate(tasks) if not task.before]
    numbers = {task: number for number, task in enumerate(tasks)}
    heapq.heapify(ready)
    order: list[Task] = []
    while ready:
        window = [heapq.heappop(ready) for _ in range(min(WINDOW, len(ready)))]
        candidates = [entry for entry in window if entry[0] == window[0][0]]
        best = min(candidates, key=lambda entry: (state.growth(entry[3]) if by_memory else 0, entry[1], entry[2]))
        for entry in window:
            if entry is not best:
                heapq.heappush(ready, entry)
        task = best[3]
        order.append(task)
        state.run(task)
        for following in after[task]:
            waiting[following] -= 1
            if waiting[following] == 0:
                heapq.heappush(ready, (part[following], following.place, numbers[following], following))
    if len(order) != len(tasks):
        raise ValueError("kernels wait for each other: their groups were not acyclic")
    return order


def _parts(tasks: Sequence[Task]) -> dict[Task, int]:
    part = {task: 2 if task.last else 1 for task in tasks}
    stack = [task for task in tasks if task.can_fail]
    while stack:
        task = stack.pop()
        if part[task] != 0:
            part[task] = 0
            stack.extend(task.before)
    return part


class _Live:
    """Bytes that become live and die as tasks run."""

    def __init__(self, tasks: Sequence[Task], sizes: Mapping[str, int]) -> None:
        self._reads = {task: {b for b in read(task.call) if b.kind == "arena"} for task in tasks}
        self._writes = {task: {b for b in written(task.call) if b.kind == "arena"} for task in tasks}
        self._left: dict[Buffer, int] = {}
        for task in tasks:
            for buffer in self._reads[task]:
                self._left[buffer] = self._left.get(buffer, 0) + 1
        self._bytes = {
            b: byte_size(b, sizes) for group in (self._reads, self._writes) for bs in group.values() for b in bs
        }

    def growth(self, task: Task) -> int:
        """Bytes that a task adds, less those that nobody needs after it."""
        added = sum(self._bytes[b] for b in self._writes[task])
        return added - sum(self._bytes[b] for b in self._reads[task] if self._left[b] == 1)

    def run(self, task: Task) -> None:
        """Take note that a task has run."""
        for buffer in self._reads[task]:
            self._left[buffer] -= 1
