"""Common subexpressions.

Builders keep one node for equal expressions, so most sharing is free. What is left are operands of commuting
operations in different orders.
"""

from __future__ import annotations

from collections.abc import Mapping

from graphc.ir.node import Node
from graphc.ir.program import Program, reachable
from graphc.ops.builder import Builder

EXCHANGEABLE = frozenset({"add", "mul", "and", "or", "xor", "eq", "ne"})
"""Operations with the same result bit for bit in both orders; extremes of zeros of different sign are not."""


def share(program: Program, builder: Builder) -> tuple[Program, Mapping[str, int]]:
    """One node for expressions that are equal up to the order of operands of a commuting operation.

    Only those operations are reordered whose operands occur in both orders.
    """
    nodes = reachable(program.roots)
    normal: dict[Node, Node] = {}
    first: dict[tuple[str, frozenset[Node]], Node] = {}
    merged = 0
    for node in nodes:
        same = builder.rebuild(node, [normal[i] for i in node.inputs])
        if node.op in EXCHANGEABLE:
            known = first.setdefault((node.op, frozenset(same.inputs)), same)
            if known is not same and known.type == same.type:
                merged += 1
                same = known
        if same is not node and node in builder.origins:
            builder.origins[same] = builder.origins.get(same, frozenset()) | builder.origins[node]
        normal[node] = same
    return (program.replace_results(normal), {"operands exchanged": merged}) if merged else (program, {})
