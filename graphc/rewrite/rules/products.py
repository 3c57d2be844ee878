"""Matrix products: transposes become flags, signs and scalars move out."""

from __future__ import annotations

from typing import Any

from graphc.ir.node import Node
from graphc.ops.builder import Builder
from graphc.rewrite.examples import sample
from graphc.rewrite.pattern import Attr, Match, op
from graphc.rewrite.rule import Rule

EXACT = ("exact",)
MATMUL: dict[str, Any] = {"transpose_x": Attr("tx"), "transpose_y": Attr("ty")}


def swaps_last_two(perm: tuple[int, ...]) -> bool:
    """Whether an order of axes exchanges the last two and keeps the others."""
    n = len(perm)
    return n >= 2 and perm == (*range(n - 2), n - 1, n - 2)


def _matmul(x: Node, y: Node, tx: bool, ty: bool) -> Node:
    return x.builder.emit("matmul", x, y, transpose_x=tx, transpose_y=ty)


def _swapped(m: Match) -> bool:
    return swaps_last_two(m.perm)


def _turned(m: Match, b: Builder) -> Node:
    return _matmul(m.y, m.x, not m.ty, not m.tx)


def _t(x: Node) -> Node:
    return x.builder.emit("transpose", x, perm=(1, 0))


RULES = (
    Rule(
        "matmul of a transposed left",
        op("matmul", op("transpose", "x", perm=Attr("perm")), "y", **MATMUL),
        lambda m, b: _matmul(m.x, m.y, not m.tx, m.ty),
        "a transpose of the left operand becomes a flag",
        EXACT,
        lambda b: _matmul(_t(sample(b, 3, 2)), sample(b, 3, 4, index=1), False, False),
        guard=_swapped,
    ),
    Rule(
        "matmul of a transposed right",
        op("matmul", "x", op("transpose", "y", perm=Attr("perm")), **MATMUL),
        lambda m, b: _matmul(m.x, m.y, m.tx, not m.ty),
        "a transpose of the right operand becomes a flag",
        EXACT,
        lambda b: _matmul(sample(b, 2, 3), _t(sample(b, 4, 3, index=1)), False, False),
        guard=_swapped,
    ),
    Rule(
        "transposed matmul",
        op("transpose", op("matmul", "x", "y", single_user=True, **MATMUL), perm=Attr("perm")),
        _turned,
        "a transposed product is the product of the transposed operands in the other order",
        ("reassociates",),
        lambda b: _t(_matmul(sample(b, 2, 3), sample(b, 3, 4, index=1), False, False)),
        guard=_swapped,
    ),
    Rule(
        "matmul of -x",
        op("matmul", op("neg", "x"), "y", **MATMUL),
        lambda m, b: -_matmul(m.x, m.y, m.tx, m.ty),
        "a sign is moved out of a matrix product",
        EXACT,
        lambda b: _matmul(-sample(b, 2, 3), sample(b, 3, 4, index=1), False, False),
    ),
    Rule(
        "matmul of -y",
        op("matmul", "x", op("neg", "y"), **MATMUL),
        lambda m, b: -_matmul(m.x, m.y, m.tx, m.ty),
        "a sign is moved out of a matrix product",
        EXACT,
        lambda b: _matmul(sample(b, 2, 3), -sample(b, 3, 4, index=1), False, False),
    ),
)
