"""What is evident about a value from the nodes that compute it."""

from __future__ import annotations

from graphc.ir.node import Node
from graphc.rewrite.pattern import uniform_value

MEANINGLESS = frozenset({"broadcast_to", "reshape", "stop_gradient"})
NON_NEGATIVE = frozenset({"exp", "square", "abs", "relu", "sigmoid", "softplus"})


def strip(node: Node, names: frozenset[str] = MEANINGLESS) -> Node:
    """The node behind views that neither move nor drop an element's value."""
    while node.op in names:
        node = node.inputs[0]
    return node


def non_negative(node: Node) -> bool:
    """Whether every element is at least 0 or NaN."""
    node = strip(node)
    if node.op in NON_NEGATIVE:
        return True
    if node.op in ("sum", "max", "min", "transpose", "slice"):
        return non_negative(node.inputs[0])
    if node.op in ("add", "mul", "div"):
        return all(non_negative(i) for i in node.inputs) or (node.op == "mul" and node.inputs[0] is node.inputs[1])
    value = uniform_value(node)
    return value is not None and value >= 0


def is_max_shifted(node: Node) -> bool:
    """Whether a node is ``y - m`` with `m` the largest elements of `y`, made finite or not: exp cannot overflow."""
    if node.op != "sub":
        return False
    value, shift = node.inputs
    shift = strip(shift)
    if shift.op == "select":
        shift = strip(shift.inputs[1])
    return shift.op == "max" and strip(shift.inputs[0]) is strip(value)
