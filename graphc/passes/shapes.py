"""Folding of shape arithmetic: integers made of sizes become symbolic sizes."""

from __future__ import annotations

from collections.abc import Mapping

from graphc.ir.dims import Dim, DimExpr
from graphc.ir.node import Node
from graphc.ir.program import Program, reachable
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.ops.record import record_of
from graphc.rewrite.driver import gradient_targets

Value = tuple[Dim, ...]


def fold_shapes(program: Program, builder: Builder) -> tuple[Program, Mapping[str, int]]:
    """Replace integer expressions over sizes by one ``dim`` node or a constant.

    What a record's `symbolic` says is followed from constants and sizes onwards. Vectors become constants only when
    every element is an integer.
    """
    nodes = reachable(program.roots)
    targets = gradient_targets(nodes)
    values: dict[Node, Value] = {}
    normal: dict[Node, Node] = {}
    folded = 0
    for node in nodes:
        same = builder.rebuild(node, [normal[i] for i in node.inputs])
        value = symbolic_value(node, values)
        if value is not None:
            values[node] = value
            spelled = _spell(node, value, builder) if node.inputs and node not in targets else None
            if spelled is not None:
                folded += 1
                same = spelled
        if same is not node and node in builder.origins:
            builder.origins[same] = builder.origins.get(same, frozenset()) | builder.origins[node]
        normal[node] = same
    return (program.replace_results(normal), {"sizes folded": folded}) if folded else (program, {})


def symbolic_value(node: Node, values: Mapping[Node, Value]) -> Value | None:
    """The elements of an integer tensor in terms of sizes, from those of its operands; None if they are not evident."""
    symbolic = record_of(node.op).symbolic
    if symbolic is None or not isinstance(node.type, TensorType) or not node.type.dtype.is_integer:
        return None
    operands = [values.get(i) for i in node.inputs]
    if any(v is None for v in operands) or node.op == "identity":
        return None
    try:
        value: Value | None = symbolic(*operands, **node.attrs)
    except (ZeroDivisionError, ValueError):
        return None
    if value is None or not isinstance(node.type.size, int) or len(value) != node.type.size:
        return None
    low, high = node.dtype.min, node.dtype.max
    return value if all(isinstance(v, DimExpr) or low <= v <= high for v in value) else None


def _spell(node: Node, value: Value, builder: Builder) -> Node | None:
    if all(isinstance(v, int) for v in value):
        return builder.constant(value[0] if node.rank == 0 else value, node.dtype) if node.rank <= 1 else None
    return builder.emit("dim", value=value[0], dtype=node.dtype) if node.rank == 0 else None
