"""Gradients through fed tensors: which of them also need their computed value, as an operand for the gradient.

A fed tensor hides what computes it. Its gradient does not stop there: the derivative of the hidden operations, taken at
their own operands, is part of every gradient between one of them and something that the fed tensor leads to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graphc.graph.operation import Operation, Tensor
from graphc.graph.variable import read_of

DERIVATIVES = ("gradients", "jacobian")


def needed_operations(targets: Iterable[Operation], fed: set[Tensor]) -> list[Operation]:
    """Operations that must run, in the order they were made."""
    found: dict[int, Operation] = {}
    stack = list(targets)
    while stack:
        op = stack.pop()
        if op.id in found:
            continue
        found[op.id] = op
        stack.extend(t.op for t in op.inputs if t not in fed)
        stack.extend(op.control_inputs)
        stack.extend(op.updates)
    return [found[i] for i in sorted(found)]


def wholly_fed(op: Operation, fed: set[Tensor]) -> bool:
    """Whether an operation has nothing to compute."""
    return bool(op.outputs) and all(t in fed for t in op.outputs)


def operations_to_lower(
    fetches: Sequence[Tensor | Operation], fed: set[Tensor]
) -> tuple[list[Operation], frozenset[Tensor]]:
    """What must run, and the fed tensors through which a gradient that is needed passes.

    Parameters
    ----------
    fetches : sequence of Tensor or Operation
    fed : set of Tensor

    Returns
    -------
    (list of Operation, frozenset of Tensor)
        Operations in the order they were made, with those behind the fed tensors of the second part.
    """
    targets = [f.op if isinstance(f, Tensor) else f for f in fetches]
    # Only a floating result of other tensors can have a gradient behind it, and none what Python computes.
    computed = (t for t in fed if t.op.inputs and t.op.body is not None and "source" not in t.op.kwargs)
    candidates = {t for t in computed if t.dtype.is_floating}
    passed: frozenset[Tensor] = frozenset()
    while True:
        hidden = fed - passed
        ops = needed_operations([t for t in targets if not wholly_fed(t, hidden)], hidden)
        if passed == candidates:
            return ops, passed
        # What was hidden may hold gradients itself, so this goes on until nothing is added.
        found = passed | _passed(ops, fetches, candidates)
        if found == passed:
            return ops, passed
        passed = frozenset(found)


def _passed(ops: Sequence[Operation], fetches: Sequence[Tensor | Operation], candidates: set[Tensor]) -> set[Tensor]:
    used = {t for op in ops for t in op.inputs} | {f for f in fetches if isinstance(f, Tensor)}
    found: set[Tensor] = set()
    for op in ops:
        if op.type in DERIVATIVES:
            ys, xs, stop = _ends(op, used)
            if xs:
                found |= _between(ys, xs, stop, candidates)
    return found


def _ends(op: Operation, used: set[Tensor]) -> tuple[list[Tensor], list[Tensor], set[Tensor]]:
    """What is differentiated, by what (of which the results are used), and what is taken to be constant."""
    if op.type == "jacobian":
        ys, xs = ([op.inputs[ref.index]] for ref in op.args)
        return ys, xs, set()
    ys, xs, stop = ([op.inputs[ref.index] for ref in refs] for refs in (op.args[0], op.args[1], op.args[3]))
    return ys, [x for x, result in zip(xs, op.outputs, strict=True) if result in used], set(stop)


def _between(ys: Sequence[Tensor], xs: Sequence[Tensor], stop: set[Tensor], candidates: set[Tensor]) -> set[Tensor]:
    """The candidates on a differentiable path from an operand of theirs, through them, to a `y`."""
    above: set[Tensor] = set()
    stack = list(ys)
    while stack:
        tensor = stack.pop()
        if tensor in above or tensor in stop or not tensor.dtype.is_floating:
            continue
        above.add(tensor)
        if tensor.op.type != "stop_gradient":
            stack.extend(tensor.op.inputs)
    if not above & candidates:
        return set()
    below = set(xs)
    variables = {v for x in xs if (v := read_of(x.op)) is not None}
    for op in sorted({t.op for t in above}, key=lambda op: op.id):
        if (variables and read_of(op) in variables) or any(t in below for t in op.inputs):
            below.update(t for t in op.outputs if t in above)
    return {t for t in candidates & above if any(i in below for i in t.op.inputs)}
