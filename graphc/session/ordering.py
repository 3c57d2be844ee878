"""The order in which operations that no dependency orders are lowered."""

from __future__ import annotations

from collections.abc import Sequence

from graphc.graph.operation import Operation


def assignments_first(ops: Sequence[Operation]) -> list[Operation]:
    """Operations with each plain assignment before the additions to its variable that nothing puts before it.

    Additions and scatters build on the value that they find. A plain assignment would undo them if it came later, so
    it goes first: a step and the clipping of its variables, run together, keep the step.

    Parameters
    ----------
    ops : sequence of Operation
        In the order in which they were made, with all that they depend on.

    Returns
    -------
    list of Operation
        Still every operation after those it depends on.
    """
    plain: dict[object, list[Operation]] = {}
    for op in ops:
        if op.type == "Assign":
            plain.setdefault(op.kwargs["variable"], []).append(op)
    late = [op for op in ops if op.type != "Assign" and any(a.id > op.id for a in plain.get(_written(op), ()))]
    if not late:
        return list(ops)
    needed = set(ops)
    below = {a: _ancestors(a, needed) for op in late for a in plain[_written(op)]}
    first = {op: [a for a in plain[_written(op)] if op not in below[a]] for op in late}
    order: dict[Operation, None] = {}
    begun: set[Operation] = set()

    def place(op: Operation) -> None:
        stack = [(op, False)]
        while stack:
            current, ready = stack.pop()
            if ready:
                order.setdefault(current)
            elif current not in begun:
                begun.add(current)
                stack.append((current, True))
                stack += [(d, False) for d in [*first.get(current, ()), *_dependencies(current)] if d in needed]

    for op in ops:
        place(op)
    return list(order) if _respects(order) else list(ops)


def _written(op: Operation) -> object:
    return op.kwargs.get("variable")


def _dependencies(op: Operation) -> list[Operation]:
    return [*(t.op for t in op.inputs), *op.control_inputs]


def _ancestors(op: Operation, needed: set[Operation]) -> set[Operation]:
    found: set[Operation] = set()
    stack = [op]
    while stack:
        for before in _dependencies(stack.pop()):
            if before in needed and before not in found:
                found.add(before)
                stack.append(before)
    return found


def _respects(order: dict[Operation, None]) -> bool:
    """Whether everything comes after what it depends on; assignments that wait for one another prevent that."""
    place = {op: i for i, op in enumerate(order)}
    return all(place.get(d, -1) < i for op, i in place.items() for d in _dependencies(op))
