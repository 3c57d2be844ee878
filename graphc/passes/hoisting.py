"""Work that every step of a loop would repeat is done once, before the loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from graphc.autodiff.vectorize import vectorize
from graphc.ir.body import Body, bodies_of
from graphc.ir.dims import product
from graphc.ir.node import Node
from graphc.ir.program import Program, reachable
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.ops.control import inline
from graphc.ops.record import record_of

VIEWS = frozenset({"broadcast_to", "reshape", "transpose", "slice", "cast"})
"""Operations that cost a step nothing, or less than reading their result."""

LEAST_MATRIX = 4096
"""Elements of a matrix from which on the products of single rows with it become one product for all steps."""


def hoist(program: Program, builder: Builder) -> tuple[Program, Mapping[str, int]]:
    """Compute before a loop what does not change in it, and products of a row with a matrix for all steps at once."""
    nodes = reachable(program.roots)
    if not any(n.op in ("scan", "while_loop") for n in nodes):
        return program, {}
    counts: Counter[str] = Counter()
    new: dict[Node, Node] = {}
    for node in nodes:
        made = builder.rebuild(node, [new[i] for i in node.inputs])
        if made.op in ("scan", "while_loop"):
            made = _without_invariants(made, builder, counts)
        if made.op == "scan":
            made = _without_row_products(made, builder, counts)
        if made is not node and node in builder.origins:
            builder.origins[made] = builder.origins.get(made, frozenset()) | builder.origins[node]
        new[node] = made
    return (program.replace_results(new), counts) if counts else (program, {})


def _lead(node: Node) -> int:
    return 1 if node.op == "scan" else 0


def movable(node: Node) -> bool:
    """Whether a node may be computed where it might not have been: it cannot fail and has no effect."""
    record = record_of(node.op)
    tensor = isinstance(node.type, TensorType) and node.op != "item"
    return tensor and not bodies_of(node) and record.effect in ("pure", "random") and record.can_fail is None


def _depending_on(nodes: Iterable[Node], start: Iterable[Node]) -> set[Node]:
    """Movable nodes that depend on nothing but these and leaves."""
    found = set(start)
    for node in nodes:
        leaf = not node.inputs and node.op != "parameter"
        if leaf or (node.inputs and movable(node) and all(i in found for i in node.inputs)):
            found.add(node)
    return found


def _without_invariants(node: Node, b: Builder, counts: Counter[str]) -> Node:
    bodies = bodies_of(node)
    first = _lead(node) + node.attrs["carried"] + node.attrs.get("sequences", 0)
    parameters = node.attrs["body"].parameters
    captures = parameters[first:]
    targets: dict[Node, None] = {}
    for body in bodies.values():
        inner = reachable(body.results)
        fixed = _depending_on(inner, captures)
        ends = [i for n in inner if n not in fixed for i in n.inputs] + list(body.results)
        stack = [n for n in ends if n in fixed]
        while stack:
            end = stack.pop()
            if end.op in VIEWS:
                stack.extend(end.inputs)
            elif end.inputs:
                targets[end] = None
    if not targets:
        return node
    outside = node.inputs[first - _lead(node) :]
    values = inline(Body(parameters, tuple(targets)), [*parameters[:first], *outside], b)
    added = {t: b.parameter(len(parameters) + k, t.tensor) for k, t in enumerate(targets)}
    held = {
        key: Body((*parameters, *added.values()), tuple(replaced(body.results, added, b)))
        for key, body in bodies.items()
    }
    counts["invariants hoisted"] += len(targets)
    return b.emit(node.op, *node.inputs, *values, **{**node.attrs, **held})


def replaced(results: Sequence[Node], new: Mapping[Node, Node], b: Builder) -> list[Node]:
    """The results with other nodes in the place of some, behind which nothing is looked at."""
    known = dict(new)
    stack = list(results)
    while stack:
        node = stack[-1]
        missing = [] if node in known else [i for i in node.inputs if i not in known]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        if node not in known:
            made = known[node] = b.rebuild(node, [known[i] for i in node.inputs])
            if made is not node and node in b.origins:
                b.origins[made] = b.origins.get(made, frozenset()) | b.origins[node]
    return [known[r] for r in results]


def _without_row_products(node: Node, b: Builder, counts: Counter[str]) -> Node:
    body: Body = node.attrs["body"]
    start, rows = 1 + node.attrs["carried"], node.attrs["sequences"]
    sequences, captures = body.parameters[start : start + rows], body.parameters[start + rows :]
    inner = reachable(body.results)
    fixed = _depending_on(inner, captures)
    along = _depending_on(inner, [*captures, *sequences])
    targets = [n for n in inner if n in along and _is_row_product(n, fixed)]
    if not targets:
        return node
    operands = dict(zip(body.parameters[1:], node.inputs, strict=True))
    values = [_all_rows(t, sequences, operands, node, b) for t in targets]
    # The new sequences stand behind the old ones, so the captures move on.
    order: list[Node] = [*body.parameters[: start + rows], *targets, *captures]
    parameters = tuple(b.parameter(i, n.tensor) for i, n in enumerate(order))
    results = replaced(body.results, dict(zip(order, parameters, strict=True)), b)
    counts["row products hoisted"] += len(targets)
    inputs = node.inputs
    attrs = {**node.attrs, "sequences": rows + len(targets), "body": Body(parameters, tuple(results))}
    return b.emit("scan", *inputs[: start - 1 + rows], *values, *inputs[start - 1 + rows :], **attrs)


def _is_row_product(node: Node, fixed: set[Node]) -> bool:
    if node.op != "matmul" or node.attrs["transpose_x"] or node in fixed:
        return False
    x, matrix = node.inputs
    size = matrix.tensor.size
    large = isinstance(size, int) and size >= LEAST_MATRIX
    return large and x.rank == matrix.rank == 2 and x.shape[0] == 1 and matrix in fixed


def _all_rows(target: Node, sequences: Sequence[Node], operands: Mapping[Node, Node], scan: Node, b: Builder) -> Node:
    """The product for all steps: the rows of all of them stand in one matrix."""
    x, matrix = target.inputs
    outside = {p: n for p, n in operands.items() if p not in sequences}
    leaves = {p: b.emit("identity", p, tag=("row", k)) for k, p in enumerate(sequences)}
    (inner, right) = replaced([x, matrix], outside | leaves, b)
    length = scan.attrs["length"]
    (stacked,) = vectorize([inner], {leaves[p]: operands[p] for p in sequences}, length)
    rows, depth = product((length, x.shape[0])), x.shape[1]
    flat = b.emit("reshape", stacked, shape=(rows, depth))
    found = b.emit("matmul", flat, right, transpose_x=False, transpose_y=target.attrs["transpose_y"])
    return b.emit("reshape", found, shape=(length, *target.shape))
