"""Reverse mode: vector-Jacobian products over nodes.

The cotangents of all results are pushed backwards through the nodes between `xs` and `ys` in descending order of
creation, each node's by its record's rule; contributions add up, and are summed down to the operand's shape where
broadcasting had grown it (Griewank & Walther, *Evaluating Derivatives*, 2nd ed., chapter 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from graphc.autodiff.control import control_vjp
from graphc.autodiff.influence import carries_gradient, influence
from graphc.ir.body import bodies_of
from graphc.ir.node import Node
from graphc.ir.program import reachable
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.ops.record import record_of


def sum_to(g: Node, like: TensorType) -> Node:
    """A cotangent summed over broadcast axes, or broadcast, to the shape of its operand."""
    emit = g.builder.emit
    extra = g.rank - like.rank
    if extra > 0:
        g = emit("sum", g, axes=tuple(range(extra)), keepdims=False)
    if g.rank == like.rank:
        grown = tuple(i for i, (have, want) in enumerate(zip(g.shape, like.shape, strict=True)) if want == 1 != have)
        if grown:
            g = emit("sum", g, axes=grown, keepdims=True)
    return g if g.shape == like.shape else emit("broadcast_to", g, shape=like.shape)


def connected(ys: Sequence[Node], xs: Sequence[Node], stop: Sequence[Node] = ()) -> set[Node]:
    """Nodes on a differentiable path from an `x` to a `y`, both included."""
    below: set[Node] = set(xs)
    halted = set(stop)
    sources = _Sources()
    for node in reachable(ys):
        if node in halted or node in below:
            continue
        if any(n in below for n in sources.of(node)) and carries_gradient(node):
            below.add(node)
    wanted: set[Node] = set()
    stack = [y for y in ys if y in below]
    starts = set(xs)
    while stack:
        node = stack.pop()
        if node in wanted:
            continue
        wanted.add(node)
        if node in halted:
            continue
        stack.extend(n for n in sources.of(node) if n in below)
        if sources.is_result(node):
            wanted.add(node.inputs[0])
    return wanted | (starts & set(ys))


class _Sources:
    """The operands through which a node depends on others: for a result of a branch or loop those of that result."""

    def __init__(self) -> None:
        self._known: dict[Node, tuple[int, ...]] = {}

    @staticmethod
    def is_result(node: Node) -> bool:
        """Whether a node is a result of a branch or loop."""
        return node.op == "item" and bool(bodies_of(node.inputs[0]))

    def of(self, node: Node) -> Sequence[Node]:
        """These operands."""
        if not self.is_result(node):
            return () if bodies_of(node) else node.inputs
        region = node.inputs[0]
        if region not in self._known:
            self._known[region] = influence(region)
        mask = self._known[region][node.attrs["index"]]
        return [n for i, n in enumerate(region.inputs) if mask >> i & 1]


def vjp(
    ys: Sequence[Node], xs: Sequence[Node], cotangents: Sequence[Node], stop: Sequence[Node] = ()
) -> list[Node | None]:
    """Cotangents of `xs` for given cotangents of `ys`.

    Parameters
    ----------
    ys, xs : sequence of Node
        Floating results and operands.
    cotangents : sequence of Node
        One per `y`, of its type or broadcasting to it.
    stop : sequence of Node
        Nodes taken to be constant.

    Returns
    -------
    list of Node or None
        None where no differentiable path leads from the `x` to a `y`.

    Raises
    ------
    ValueError
        If an operation on the way has no gradient.
    """
    path = connected(ys, xs, stop)
    total: dict[Node, Node] = {}
    for y, g in zip(ys, cotangents, strict=True):
        if y in path:
            add_into(total, y, g)
    halted, items = set(stop), dict[Node, dict[int, Node]]()
    for node in sorted(path, key=lambda n: -n.id):
        if node in halted:
            continue
        if node.op == "item":
            if node in total:
                items.setdefault(node.inputs[0], {})[node.attrs["index"]] = total[node]
            continue
        seed = items.get(node) or total.get(node)
        if seed is not None:
            _push(node, seed, path, total)
    return [total.get(x) if x in path else None for x in xs]


def _push(node: Node, g: Node | dict[int, Node], path: set[Node], total: dict[Node, Node]) -> None:
    if bodies_of(node):
        assert isinstance(g, dict)
        found = control_vjp(node, g, [n in path for n in node.inputs], vjp)
        for operand, part in zip(node.inputs, found, strict=True):
            if part is not None:
                add_into(total, operand, part)
        return
    rule = record_of(node.op).vjp
    if rule is None or not any(n in path for n in node.inputs):
        return
    with _derived_from(node):
        for operand, contribution in zip(node.inputs, rule(g, node, *node.inputs), strict=True):
            if contribution is not None and operand in path:
                add_into(total, operand, contribution)


@contextmanager
def _derived_from(node: Node) -> Iterator[None]:
    """What is emitted here also stems from the operations of `node`: errors in a gradient name their line."""
    builder = node.builder
    assert isinstance(builder, Builder)
    outer = builder.current_origin
    builder.current_origin = outer | builder.origins.get(node, frozenset())
    try:
        yield
    finally:
        builder.current_origin = outer


def add_into(total: dict[Node, Node], node: Node, contribution: Node) -> None:
    """Add a contribution to a node's cotangent."""
    if isinstance(node.type, TensorType):
        contribution = sum_to(contribution, node.type)
    total[node] = total[node] + contribution if node in total else contribution


def ones_like(node: Node, builder: Builder) -> Node:
    """The seed of a gradient: ones of the node's type."""
    return builder.full(1.0, node.dtype, node.shape)
