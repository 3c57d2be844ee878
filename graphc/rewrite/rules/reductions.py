"""Reductions: of nothing, of broadcasts, of each other, of signs and scales."""

from __future__ import annotations

from typing import Any

from graphc.ir.dims import Dim, known_positive, product, symbol
from graphc.ir.dtypes import float32
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.ops.reductions import kept
from graphc.rewrite.examples import sample
from graphc.rewrite.pattern import Attr, Match, op, scalar, wild
from graphc.rewrite.rule import Rule

EXACT = ("exact",)
REGROUPED = ("reassociates",)
KEEPING = "sum|prod|max|min|any|all"
AXES: dict[str, Any] = {"axes": Attr("axes"), "keepdims": Attr("keepdims")}


def _reduce(name: str, x: Node, axes: tuple[int, ...], keepdims: bool) -> Node:
    return x.builder.emit(name, x, axes=axes, keepdims=keepdims)


def _is_trivial(m: Match) -> bool:
    return all(m.x.shape[a] == 1 for a in m.axes)


def _spread_axes(m: Match) -> tuple[int, ...]:
    """Axes that are summed over and along which the operand only repeats."""
    inner, outer = m.x.shape, m.spread.shape
    missing = len(outer) - len(inner)
    return tuple(a for a in m.axes if a < missing or (inner[a - missing] == 1 and outer[a] != 1))


def _sum_of_broadcast(m: Match, b: Builder) -> Node | None:
    """Repeated elements are counted instead of added."""
    repeated = _spread_axes(m)
    count = product(m.spread.shape[a] for a in repeated)
    if not repeated or not known_positive(count):
        return None
    rank = m.spread.rank
    grown = (1,) * (rank - m.x.rank) + m.x.shape
    whole = tuple(1 if a in repeated else d for a, d in enumerate(m.spread.shape))
    operand = b.emit("broadcast_to", b.emit("reshape", m.x, shape=grown), shape=whole)
    return _reduce("sum", operand, m.axes, m.keepdims) * _number(count, m.root, b)


def _only_renames(m: Match) -> bool:
    """Whether a broadcast repeats nothing: it only writes sizes that are equal at run time in another way."""
    inner, outer = m.x.shape, m.spread.shape
    return len(inner) == len(outer) and all(a == b or a != 1 for a, b in zip(inner, outer, strict=True))


def _renamed_sum(b: Builder) -> Node:
    n, m = symbol("n"), symbol("m")
    x = b.input(0, TensorType(float32, (m, 3)))
    return _reduce("sum", b.emit("broadcast_to", x, shape=(n, 3)), (1,), False)


def _number(count: Dim, like: Node, b: Builder) -> Node:
    if isinstance(count, int):
        return b.constant(count, like.dtype)
    return b.emit("dim", value=count, dtype=like.dtype)


def _merged(m: Match, b: Builder) -> Node | None:
    """A reduction of a reduction of the same kind, over both sets of axes.

    Rows that are reduced first stay apart: they end in the kernel that computes them, and little is left to read.
    """
    if m.root.op != m.inner.op or m.root.attrs["keepdims"] != m.inner.attrs["keepdims"]:
        return None
    first, second = m.inner.attrs["axes"], m.root.attrs["axes"]
    if m.x.rank - 1 in first:
        return None
    if m.root.attrs["keepdims"]:
        axes = {*first, *second}
    else:
        left = [a for a in range(m.x.rank) if a not in first]
        axes = {*first, *(left[a] for a in second)}
    return _reduce(m.root.op, m.x, tuple(sorted(axes)), m.root.attrs["keepdims"])


def _toggled(m: Match, b: Builder) -> Node | None:
    """A reduction whose axes a reshape adds or takes away keeps or drops them itself."""
    x, axes, keepdims = m.x, m.axes, not m.keepdims
    other = _reduce(m.inner.op, x, axes, keepdims)
    return other if other.shape == m.root.shape else None


def _untransposed(m: Match, b: Builder) -> Node | None:
    """A reduction of a transposed tensor, if what is left keeps its order."""
    rest = [p for a, p in enumerate(m.perm) if a not in m.axes]
    if rest != sorted(rest) or (m.root.attrs["keepdims"] and list(m.perm) != sorted(m.perm)):
        return None
    return _reduce(m.root.op, m.x, tuple(sorted(m.perm[a] for a in m.axes)), m.root.attrs["keepdims"])


def _scaled_sum(m: Match, b: Builder) -> Node:
    factor: float = m.c
    return _reduce("sum", m.x, m.axes, m.keepdims) * factor


def _grows(m: Match) -> bool:
    """A factor of at least 1 can be taken out: then the sum without it overflows no sooner."""
    return 1 <= abs(m.c) < float("inf") and m.root.dtype.is_floating


RULES = (
    Rule(
        "reduction of single elements",
        op("sum|prod|max|min", "x", axes=Attr("axes")),
        lambda m, b: m.x if m.x.shape == m.root.shape else b.emit("reshape", m.x, shape=m.root.shape),
        "a reduction over axes of size 1, or over none, moves nothing together",
        EXACT,
        lambda b: _reduce("sum", sample(b, 3, 1), (1,), False),
        guard=_is_trivial,
    ),
    Rule(
        "keepdims by reshape",
        op("reshape", op(KEEPING, "x", bind="inner", single_user=True, **AXES)),
        _toggled,
        "a reduction keeps or drops its axes itself",
        EXACT,
        lambda b: kept(_reduce("sum", sample(b, 3, 4), (1,), False), sample(b, 3, 4), (1,)),
    ),
    Rule(
        "reduction of a reduction",
        op("sum|max|min|any|all", op("sum|max|min|any|all", "x", bind="inner", single_user=True)),
        _merged,
        "two reductions of one kind are one",
        REGROUPED,
        lambda b: _reduce("sum", _reduce("sum", sample(b, 3, 4, 5), (1,), False), (1,), False),
    ),
    Rule(
        "reduction of a transpose",
        op(KEEPING, op("transpose", "x", perm=Attr("perm")), axes=Attr("axes")),
        _untransposed,
        "a reduction finds its axes in any order",
        REGROUPED,
        lambda b: _reduce("sum", b.emit("transpose", sample(b, 3, 4), perm=(1, 0)), (0,), False),
    ),
)

GRADIENT_SUMS = (
    Rule(
        "reduction of renamed sizes",
        op(KEEPING, op("broadcast_to", "x", bind="spread"), **AXES),
        lambda m, b: _reduce(m.root.op, m.x, m.axes, m.keepdims),
        "a broadcast between sizes that a guard takes to be equal moves behind a reduction",
        EXACT,
        _renamed_sum,
        guard=_only_renames,
    ),
    Rule(
        "sum of a broadcast",
        op("sum", op("broadcast_to", "x", bind="spread"), **AXES),
        _sum_of_broadcast,
        "repeated elements are multiplied, not added",
        REGROUPED,
        lambda b: _reduce("sum", b.emit("broadcast_to", sample(b, 3, 1), shape=(2, 3, 4)), (0, 1, 2), False),
    ),
    Rule(
        "sum of -x",
        op("sum", op("neg", "x", single_user=True), **AXES),
        op("neg", op("sum", "x", **AXES)),
        "a sign is moved out of a sum",
        EXACT,
        lambda b: _reduce("sum", -sample(b, 3, 4), (0,), False),
    ),
    Rule(
        "sum of x * c",
        op("sum", op("mul", wild("x"), scalar("c"), single_user=True), **AXES),
        _scaled_sum,
        "a constant factor of at least 1 is moved out of a sum",
        REGROUPED,
        lambda b: _reduce("sum", sample(b, 3, 4) * 3.0, (0,), False),
        guard=_grows,
    ),
)
