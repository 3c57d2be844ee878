"""Which operands of a branch or loop its results depend on differentiably."""

from __future__ import annotations

from graphc.ir.body import Body, bodies_of
from graphc.ir.node import Node
from graphc.ir.program import reachable
from graphc.ir.types import TensorType
from graphc.ops.record import record_of


def carries_gradient(node: Node) -> bool:
    """Whether a derivative of this node with respect to some operand may be asked for."""
    if node.op == "gradient" or bodies_of(node):
        return True
    if node.op == "stop_gradient":
        return False
    if node.op in ("item", "jacobian"):
        return node.dtype.is_floating
    if isinstance(node.type, TensorType) and not node.dtype.is_floating:
        return False
    return record_of(node.op).vjp is not None


def influence(node: Node) -> tuple[int, ...]:
    """For every result of a branch or loop the operands that it depends on differentiably, as bits by position."""
    bodies = bodies_of(node)
    if node.op == "cond":
        pairs = zip(*(_of_body(body) for body in bodies.values()), strict=True)
        return tuple((one | other) << 1 for one, other in pairs)
    masks = _of_body(bodies["body"])
    if node.op == "scan":
        # The first parameter of the body is the number of the step.
        masks = [mask >> 1 for mask in masks]
    count = node.attrs["carried"]
    floating = [n.dtype.is_floating for n in node.inputs[:count]]
    state = [masks[i] | (1 << i if floating[i] else 0) for i in range(count)]
    while True:
        grown = [_closed(mask, state) for mask in state]
        if grown == state:
            break
        state = grown
    return (*state, *(_closed(mask, state) for mask in masks[count:]))


def _closed(mask: int, state: list[int]) -> int:
    """What a value depends on, with what the carried values among that depend on."""
    for i, further in enumerate(state):
        if mask >> i & 1:
            mask |= further
    return mask


def _of_body(body: Body) -> list[int]:
    """For every result the parameters that it depends on, as bits."""
    masks: dict[Node, int] = {p: 1 << i for i, p in enumerate(body.parameters) if p.dtype.is_floating}
    known: dict[Node, tuple[int, ...]] = {}
    for node in reachable(body.results):
        if node in masks or not carries_gradient(node):
            continue
        if node.op == "item" and bodies_of(node.inputs[0]):
            (region,) = node.inputs
            found = known.get(region) or known.setdefault(region, influence(region))
            operands = [n for i, n in enumerate(region.inputs) if found[node.attrs["index"]] >> i & 1]
        else:
            operands = list(node.inputs)
        mask = 0
        for operand in operands:
            mask |= masks.get(operand, 0)
        masks[node] = mask
    return [masks.get(r, 0) for r in body.results]
