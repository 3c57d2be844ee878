"""A user's graph as a diagram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from graphc.graph.graph import Graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.variable import Variable
from graphc.viz.diagram import Arrow, Box, Diagram
from graphc.viz.families import GRADIENT, SCOPE, UPDATE, family

MOST_BOXES = 60
"""Graphs of more operations have their largest name scopes folded into one box each."""


def diagram(target: Graph | Sequence[Any] | Any, title: str, folded: bool = True) -> Diagram:
    """Describe the picture of a graph, or of the part of it that some tensors need.

    Parameters
    ----------
    target : Graph, Tensor, Operation, Variable, or sequence of the last three
    title : str
    folded : bool
        Whether the largest name scopes of a large graph become one box each.

    Raises
    ------
    TypeError
        If `target` is none of these.
    """
    chosen, operations = _operations(target)
    box_of = _folded(operations) if folded else {op: op.name for op in operations}
    members: dict[str, list[Operation]] = {}
    for op in operations:
        members.setdefault(box_of[op], []).append(op)
    boxes = [
        _box(ops[0], ops[0] in chosen) if key == ops[0].name and len(ops) == 1 else _scope_box(key, ops)
        for key, ops in members.items()
    ]
    return Diagram(title, boxes, _arrows(operations, box_of))


def _operations(target: Any) -> tuple[set[Operation], list[Operation]]:
    """The operations asked for by name, and all that are drawn, in the order they were made."""
    if isinstance(target, Graph):
        return set(), list(target.operations)
    items = target if isinstance(target, Sequence) and not isinstance(target, str) else [target]
    chosen: set[Operation] = set()
    for item in items:
        if isinstance(item, Tensor | Variable):
            chosen.add(item.op)
        elif isinstance(item, Operation):
            chosen.add(item)
        else:
            raise TypeError(
                f"a picture needs a graph, tensors or operations, not {item!r} of type {type(item).__name__}"
            )
    found: set[Operation] = set()
    stack = list(chosen)
    while stack:
        op = stack.pop()
        if op not in found:
            found.add(op)
            stack += [t.op for t in op.inputs] + list(op.control_inputs)
    return chosen, sorted(found, key=lambda op: op.id)


def _folded(operations: Sequence[Operation]) -> dict[Operation, str]:
    """The box of each operation: its own name, or the scope into which it is folded."""
    box_of = {op: op.name for op in operations}
    sizes = Counter(op.name.split("/")[0] for op in operations if "/" in op.name)
    for scope, size in sizes.most_common():
        if len(set(box_of.values())) <= MOST_BOXES or size < 3:
            break
        trial = {op: scope if op.name.startswith(scope + "/") else box for op, box in box_of.items()}
        if _acyclic(operations, trial):
            box_of = trial
    return box_of


def _acyclic(operations: Sequence[Operation], box_of: dict[Operation, str]) -> bool:
    import networkx as nx

    pairs = {(box_of[source], box_of[op]) for op in operations for source in _sources(op)}
    return bool(nx.is_directed_acyclic_graph(nx.DiGraph((a, b) for a, b in pairs if a != b)))


def _sources(op: Operation) -> Iterable[Operation]:
    yield from (tensor.op for tensor in op.inputs)
    yield from op.control_inputs


def _box(op: Operation, emphasis: bool) -> Box:
    scope, _, _ = op.name.rpartition("/")
    results = "\n".join(f"{t.name}  {type_text(t)}" for t in op.outputs)
    tooltip = f"{op.name}\n{op.type}\n{results}\n{op.origin.place}: {op.origin.text}".rstrip(": ")
    variable = op.kwargs.get("variable")
    name = f"→ {variable.op.name}" if isinstance(variable, Variable) and variable.op is not op else op.name
    part = "gradient" if family(op) in (GRADIENT, UPDATE) or scope.split("/")[0] == "gradients" else "forward"
    return Box(op.name, op.type, name, family(op), tooltip, scope, emphasis, op.origin.place, part)


def _scope_box(scope: str, ops: Sequence[Operation]) -> Box:
    counts = Counter(op.type for op in ops).most_common()
    tooltip = f"{scope}\n" + "\n".join(f"{count} × {type}" for type, count in counts)
    return Box(scope, scope, f"{len(ops)} operations", SCOPE, tooltip)


def _arrows(operations: Sequence[Operation], box_of: dict[Operation, str]) -> list[Arrow]:
    """One arrow for each result that a box reads from another, and a dashed one for each order between operations."""
    arrows: dict[tuple[Any, ...], Arrow] = {}
    outputs: dict[str, list[Tensor]] = {}
    for op in operations:
        for tensor in op.inputs:
            source, target = box_of[tensor.op], box_of[op]
            if source != target:
                ports = outputs.setdefault(source, [])
                if tensor not in ports:
                    ports.append(tensor)
                arrow = Arrow(source, target, ports.index(tensor), type_text(tensor))
                arrows.setdefault((source, target, arrow.output), arrow)
        for before in op.control_inputs:
            source, target = box_of[before], box_of[op]
            if source != target:
                arrows.setdefault((source, target), Arrow(source, target, dashed=True))
    return list(arrows.values())


def type_text(tensor: Tensor) -> str:
    """Element type and shape, unknown sizes as question marks."""
    dims = tensor.shape.dims
    shape = (
        "of unknown rank"
        if dims is None
        else "[" + ", ".join(str(d) if isinstance(d, int) else "?" for d in dims) + "]"
    )
    return f"{tensor.dtype.name} {shape}"
