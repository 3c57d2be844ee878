"""Powers, roots and inverses in their cheapest form."""

from __future__ import annotations

from graphc.ir.node import Node
from graphc.ops.builder import Builder
from graphc.rewrite.examples import sample
from graphc.rewrite.facts import is_max_shifted, non_negative, strip
from graphc.rewrite.pattern import Match, op, scalar, wild
from graphc.rewrite.rule import Rule

EXACT = ("exact",)
CLOSE = ("nan_safe",)


def _power(m: Match, b: Builder) -> Node | None:
    """x to a small constant power. A square root needs x >= 0: pow(-inf, 0.5) is inf, sqrt(-inf) is NaN."""
    x: Node = m.x
    c = m.c
    if c == 1:
        return x
    if c == 2:
        return b.emit("square", x)
    if c == 3:
        return b.emit("mul", b.emit("square", x), x)
    if c == -1 and x.dtype.is_floating:
        return b.emit("reciprocal", x)
    if c == -2 and x.dtype.is_floating:
        return b.emit("reciprocal", b.emit("square", x))
    if c == 0.5 and non_negative(x):
        return b.emit("sqrt", x)
    if c == -0.5 and non_negative(x):
        return b.emit("rsqrt", x)
    return None


def has_normal_inverse(node: Node) -> bool:
    """Whether 1 / node neither overflows nor loses digits: roots, and sums of exponentials of which one is 1."""
    node = strip(node)
    if node.op != "sum":
        return node.op == "sqrt"
    (terms,) = node.inputs
    return terms.op == "exp" and is_max_shifted(terms.inputs[0])


def _divides_rows(m: Match) -> bool:
    """Whether one divisor serves several elements."""
    inner, outer = m.s.shape, m.root.shape
    padded = (1,) * (len(outer) - len(inner)) + inner
    return any(a == 1 != b for a, b in zip(padded, outer, strict=True))


def _root_of_rows(b: Builder) -> Node:
    return sample(b, 4, 6) / b.emit("sqrt", sample(b, 4, 1, index=1))


SQUARES = (
    Rule(
        "x * x",
        op("mul", "x", "x"),
        op("square", "x"),
        "a product with itself is a square",
        EXACT,
        lambda b: sample(b) * sample(b),
    ),
    Rule(
        "square of -x",
        op("square", op("neg|abs", "x")),
        op("square", "x"),
        "a square forgets the sign",
        EXACT,
        lambda b: b.emit("square", -sample(b)),
    ),
    Rule(
        "abs of -x",
        op("abs", op("neg|abs", "x")),
        op("abs", "x"),
        "an absolute value forgets the sign",
        EXACT,
        lambda b: b.emit("abs", -sample(b)),
    ),
)

ROOTS = (
    Rule(
        "abs of x >= 0",
        op("abs|relu", "x"),
        wild("x"),
        "what is not negative is its own absolute value",
        EXACT,
        lambda b: b.emit("abs", b.emit("exp", sample(b))),
        guard=lambda m: non_negative(m.x),
    ),
    Rule(
        "square of root",
        op("square", op("sqrt", "x")),
        wild("x"),
        "the square of a root of x >= 0 is x",
        CLOSE,
        lambda b: b.emit("square", b.emit("sqrt", b.emit("exp", sample(b)))),
        guard=lambda m: non_negative(m.x),
    ),
    Rule(
        "1 / x",
        op("div", 1.0, "x"),
        op("reciprocal", "x"),
        "a quotient of 1 is an inverse",
        EXACT,
        lambda b: 1.0 / sample(b),
    ),
    Rule(
        "x * (1 / y)",
        op("mul", "x", op("reciprocal", "y", single_user=True)),
        op("div", "x", "y"),
        "multiplying by an inverse of the same size is dividing",
        CLOSE,
        lambda b: sample(b) * b.emit("reciprocal", sample(b, index=1)),
        guard=lambda m: m.y.type == m.root.type,
    ),
    Rule(
        "inverse of root",
        op("reciprocal", op("sqrt", "x", single_user=True)),
        op("rsqrt", "x"),
        "1 / sqrt(x) is rsqrt(x)",
        CLOSE,
        lambda b: b.emit("reciprocal", b.emit("sqrt", sample(b))),
    ),
)

ROW_INVERSES = (
    Rule(
        "division of rows",
        op("div", "x", wild("s", where=has_normal_inverse)),
        op("mul", "x", op("reciprocal", "s")),
        "rows are divided by a root or a sum of a softmax inverted once, then multiplied",
        CLOSE,
        _root_of_rows,
        guard=_divides_rows,
    ),
)

POWERS = (
    Rule(
        "constant power",
        op("pow", "x", scalar("c")),
        _power,
        "small constant powers are products, roots or inverses",
        CLOSE,
        lambda b: b.emit("pow", sample(b), 3.0),
    ),
)
