"""Sums of products with one common factor, by the distributive law.

A gradient that flows back through ``x * sigmoid(x)`` arrives as ``g * s + g * x * t``. As ``g * (s + x * t)`` it needs
fewer multiplications, and the sum in brackets is known as soon as x is: one value has to be kept for the way back
instead of three.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graphc.ir.node import Node
from graphc.ir.program import Program, reachable, users
from graphc.ops.builder import Builder
from graphc.ops.record import record_of
from graphc.rewrite.folding import fold_constant

# Kinds of operations that work element by element, and so belong to the stage of their operands.
SAME_STAGE = frozenset({"leaf", "elementwise", "view"})
SUMS = frozenset({"add", "sub"})


def factor_out(program: Program, builder: Builder) -> tuple[Program, Mapping[str, int]]:
    """A factor common to all terms of a sum is multiplied once, if it is known later than what it multiplies."""
    nodes = reachable(program.roots)
    found = _factorable(nodes, program)
    if not found:
        return program, {}
    normal: dict[Node, Node] = {}
    for node in nodes:
        same = builder.rebuild(node, [normal[i] for i in node.inputs])
        if node in found:
            factor, members = found[node]
            before = builder.next_id
            same = _product(factor, members, normal, builder)
            _name_origins((*members, node), same, before, builder)
        elif same is not node and node in builder.origins:
            builder.origins[same] = builder.origins.get(same, frozenset()) | builder.origins[node]
        normal[node] = same
    return program.replace_results(normal), {"sums of products": len(found)}


def _factorable(nodes: list[Node], program: Program) -> dict[Node, tuple[Node, list[Node]]]:
    """Results that are one factor times something: the factor, and all operations from it to the result.

    A stage ends where whole arrays are needed: at contractions, reductions and the like. Within one, nothing that is
    linear in a value goes through a value of an earlier stage, so that coefficients do not depend on the factor.
    """
    stage: dict[Node, int] = {}
    base: dict[Node, Node] = {}
    regions: dict[Node, list[Node]] = {}
    for node in nodes:
        stage[node] = max((stage[i] for i in node.inputs), default=0) + (record_of(node.op).kind not in SAME_STAGE)
        base[node] = _linear_in(node, stage, base)
        if base[node] is not node:
            regions.setdefault(base[node], []).append(node)
    readers, results = users(nodes), set(program.roots)
    found = {}
    for factor, members in regions.items():
        through = _passed_by_all(factor, members, readers, results)
        if any(n.op in SUMS for n in through):
            found[through[-1]] = factor, through
    return found


def _passed_by_all(
    factor: Node, members: list[Node], readers: Mapping[Node, list[Node]], results: set[Node]
) -> list[Node]:
    """The members up to the last one through which everything goes that leads from the factor out of the region."""
    inside = set(members)
    last, open_ends = 0, {factor: len(inside.intersection(readers[factor]))}
    for place, node in enumerate(members):
        for source in set(node.inputs).intersection(open_ends):
            open_ends[source] -= 1
            if not open_ends[source]:
                del open_ends[source]
        if not open_ends:
            last = place + 1
        leaves = node in results or not inside.issuperset(readers[node])
        open_ends[node] = len(inside.intersection(readers[node])) + leaves
    return members[:last]


def _linear_in(node: Node, stage: Mapping[Node, int], base: Mapping[Node, Node]) -> Node:
    """The value of which a node is a multiple, with a coefficient from earlier stages; the node itself if none."""
    if not node.inputs or record_of(node.op).kind != "elementwise" or node.dtype.kind != "f":
        return node
    first, last = node.inputs[0], node.inputs[-1]
    if node.op == "neg":
        return base[first]
    if node.op in SUMS:
        return base[first] if base[first] is base[last] and first.shape == last.shape else node
    if node.op == "mul" and stage[first] < stage[last]:
        first, last = last, first
    if node.op in ("mul", "div") and stage[first] > stage[last] and first.shape == node.shape:
        return base[first]
    return node


def _product(factor: Node, members: Iterable[Node], normal: Mapping[Node, Node], builder: Builder) -> Node:
    """The last member, as the factor times its coefficient."""
    one = builder.constant(1.0, factor.dtype)
    coefficient = {factor: one}
    for node in members:
        operands = [coefficient.get(i, normal[i]) for i in node.inputs]
        if node.op == "mul" and one in operands:
            coefficient[node] = operands[1 - operands.index(one)]
            continue
        made = builder.emit(node.op, *operands)
        constant = all(i.op == "const" for i in operands)
        coefficient[node] = (fold_constant(made, builder) if constant else None) or made
    return builder.emit("mul", normal[factor], coefficient[node])


def _name_origins(members: Iterable[Node], result: Node, before: int, builder: Builder) -> None:
    """What has been made for a result comes from the operations that its parts came from."""
    origins = frozenset().union(*(builder.origins.get(node, frozenset()) for node in members))
    if origins:
        stack = [result]
        while stack:
            node = stack.pop()
            builder.origins[node] = builder.origins.get(node, frozenset()) | origins
            stack += [i for i in node.inputs if i.id >= before and not origins <= builder.origins.get(i, frozenset())]
