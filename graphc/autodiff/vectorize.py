"""Vectorization of a graph of nodes: the same computation for many values of some leaves at once.

Every node that depends on a batched leaf is emitted again by the batching rule of its record, with a new leading axis
(the transformation of JAX's ``vmap``; Bradbury et al., 2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphc.autodiff.batching import batched_control
from graphc.ir.body import bodies_of
from graphc.ir.dims import Dim
from graphc.ir.node import Node
from graphc.ir.program import reachable
from graphc.ops.record import record_of


def vectorize(results: Sequence[Node], batched: Mapping[Node, Node], axis_size: Dim) -> list[Node]:
    """Results for many values of some nodes.

    Parameters
    ----------
    results : sequence of Node
    batched : mapping of Node to Node
        Replacements: each has the node's shape with a leading axis of `axis_size`.
    axis_size : Dim

    Returns
    -------
    list of Node
        With the new leading axis, also where a result does not depend on a replaced node.

    Raises
    ------
    ValueError
        If an operation on the way has no batching rule.
    """
    new: dict[Node, Node] = dict(batched)
    parts: dict[Node, list[Node]] = {}
    for node in reachable(results):
        if node.op == "item" and node.inputs[0] in parts:
            new[node] = parts[node.inputs[0]][node.attrs["index"]]
        if node in new or not any(n in new for n in node.inputs):
            continue
        if bodies_of(node):
            inputs = [new.get(n, n) for n in node.inputs]
            parts[node] = batched_control(node, inputs, [n in new for n in node.inputs], axis_size, vectorize)
            continue
        rule = record_of(node.op).batch
        if rule is None:
            raise ValueError(f"{node.op} cannot be computed for many values at once: it has no batching rule")
        inputs = [new.get(n, n) for n in node.inputs]
        new[node] = rule(axis_size, inputs, [n in new for n in node.inputs], **dict(node.attrs))
    return [_with_axis(r, new.get(r), axis_size) for r in results]


def _with_axis(node: Node, batched: Node | None, axis_size: Dim) -> Node:
    if batched is not None:
        return batched
    return node.builder.emit("broadcast_to", node, shape=(axis_size, *node.shape))
