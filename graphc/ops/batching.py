"""Rules of vectorization: an operation on operands some of which have a new leading axis.

Every rule has the form ``rule(axis_size, inputs, batched, **attrs) -> Node``: inputs whose flag is set carry the new
axis in front, and so does the result. `jacobian`, `hessian` and `vectorize` are made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphc.ir.dims import Dim
from graphc.ir.node import Node

Rule = Callable[..., Node]


def own_rank(node: Node, has_axis: bool) -> int:
    """The rank without the new axis."""
    return node.rank - int(has_axis)


def with_rank(node: Node, has_axis: bool, rank: int) -> Node:
    """Axes of size 1 put behind the new axis until the rank without it is `rank`; operands without it stay."""
    missing = rank - own_rank(node, has_axis)
    if not has_axis or missing == 0:
        return node
    return node.builder.emit("reshape", node, shape=(node.shape[0], *(1,) * missing, *node.shape[1:]))


def with_axis(node: Node, has_axis: bool, axis_size: Dim) -> Node:
    """The operand, repeated along the new axis if it lacks it."""
    return node if has_axis else node.builder.emit("broadcast_to", node, shape=(axis_size, *node.shape))


def move_axis(node: Node, source: int, target: int) -> Node:
    """One axis moved to another place."""
    order = [i for i in range(node.rank) if i != source]
    order.insert(target, source)
    return node if source == target else node.builder.emit("transpose", node, perm=tuple(order))


def aligned(name: str) -> Rule:
    """The rule of operations whose operands broadcast against each other: ranks are made equal behind the new axis."""

    def rule(axis_size: Dim, inputs: Sequence[Node], batched: Sequence[bool], **attrs: Any) -> Node:
        rank = max(own_rank(n, b) for n, b in zip(inputs, batched, strict=True))
        operands = [with_rank(n, b, rank) for n, b in zip(inputs, batched, strict=True)]
        return operands[0].builder.emit(name, *operands, **attrs)

    return rule


def shifted(name: str, *keys: str) -> Rule:
    """The rule of operations with one operand and axes named in attributes: these move up by one."""

    def rule(axis_size: Dim, inputs: Sequence[Node], batched: Sequence[bool], **attrs: Any) -> Node:
        for key in keys:
            value = attrs[key]
            attrs[key] = value + 1 if isinstance(value, int) else tuple(axis + 1 for axis in value)
        return inputs[0].builder.emit(name, *inputs, **attrs)

    return rule


def all_shifted(name: str, *keys: str) -> Rule:
    """As `shifted`, for several operands of one rank: every one gets the new axis."""

    def rule(axis_size: Dim, inputs: Sequence[Node], batched: Sequence[bool], **attrs: Any) -> Node:
        operands = [with_axis(n, b, axis_size) for n, b in zip(inputs, batched, strict=True)]
        for key in keys:
            attrs[key] = attrs[key] + 1
        return operands[0].builder.emit(name, *operands, **attrs)

    return rule
