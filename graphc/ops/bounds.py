"""How large integers get that are computed from data: bounds by which sizes that are data can be planned.

Counts of flags and positions have bounds that follow from sizes; whatever comes from a feed or a variable has none.
"""

from __future__ import annotations

from collections.abc import Callable

from graphc.ir.dims import Dim, dim_max, dim_min, product
from graphc.ir.intervals import not_negative
from graphc.ir.node import Node
from graphc.ir.types import TupleType

# How deep an operand is looked at.
DEEPEST = 32

# They keep or select elements of their first operand.
_MOVES = frozenset({"reshape", "slice", "transpose", "broadcast_to", "gather", "reverse", "identity", "stop_gradient"})


def largest(node: Node, depth: int = 0) -> Dim | None:
    """A size that no element of an integer or boolean node exceeds, if all of them are at least 0; None if unknown."""
    if depth > DEEPEST or isinstance(node.type, TupleType):
        return None
    if node.dtype.is_bool:
        return 1
    if not node.dtype.is_integer:
        return None
    if node.op == "const":
        array = node.attrs["value"].array
        return None if array.size == 0 or array.min() < 0 else int(array.max())
    if node.op == "dim":
        value: Dim = node.attrs["value"]
        return value if not_negative(value) else None
    if node.op == "iota":
        return dim_max(node.attrs["size"], 0)
    if node.op in ("argmax", "argmin"):
        return product(node.inputs[0].shape)
    rule = _RULES.get(node.op)
    if rule is None and node.op not in _MOVES:
        return None
    operands = node.inputs[1:] if node.op == "select" else node.inputs
    if node.op in _MOVES:
        operands = operands[:1]
    found = [largest(operand, depth + 1) for operand in operands]
    if any(bound is None for bound in found):
        return None
    bounds = [bound for bound in found if bound is not None]
    return bounds[0] if rule is None else rule(node, bounds)


def _summed(node: Node, bounds: list[Dim]) -> Dim:
    shape = node.inputs[0].shape
    return bounds[0] * product(shape[axis] for axis in node.attrs["axes"])


def _added(node: Node, bounds: list[Dim]) -> Dim:
    return bounds[0] + bounds[1]


def _larger(node: Node, bounds: list[Dim]) -> Dim:
    return dim_max(*bounds)


_RULES: dict[str, Callable[[Node, list[Dim]], Dim | None]] = {
    "cast": lambda node, bounds: bounds[0] if _holds(node, bounds[0]) else None,
    "sum": _summed,
    "add": _added,
    "mul": lambda node, bounds: bounds[0] * bounds[1],
    "minimum": lambda node, bounds: dim_min(*bounds),
    "maximum": _larger,
    "select": _larger,
    "floordiv": lambda node, bounds: bounds[0],
    "mod": lambda node, bounds: bounds[0],
}


def _holds(node: Node, bound: Dim) -> bool:
    """Whether the element type holds sizes of any kind: narrow ones wrap."""
    return node.dtype.itemsize >= 4 or (isinstance(bound, int) and bound < 2 ** (8 * node.dtype.itemsize - 1))
