"""Choices, comparisons and logic."""

from __future__ import annotations

from graphc.ir.node import Node
from graphc.ops.builder import Builder
from graphc.rewrite.examples import sample
from graphc.rewrite.pattern import op, wild
from graphc.rewrite.rule import Rule

EXACT = ("exact",)


def _flag(b: Builder, index: int = 3) -> Node:
    return sample(b, index=index, dtype="bool")


RULES = (
    Rule(
        "where true",
        op("select", True, "x", "y"),
        wild("x"),
        "a choice whose condition always holds",
        EXACT,
        lambda b: b.emit("select", b.constant(True), sample(b), sample(b, index=1)),
    ),
    Rule(
        "where false",
        op("select", False, "x", "y"),
        wild("y"),
        "a choice whose condition never holds",
        EXACT,
        lambda b: b.emit("select", b.constant(False), sample(b), sample(b, index=1)),
    ),
    Rule(
        "where of equal choices",
        op("select", "c", "x", "x"),
        wild("x"),
        "a choice between a value and itself",
        EXACT,
        lambda b: b.emit("select", _flag(b), sample(b), sample(b)),
    ),
    Rule(
        "where not",
        op("select", op("not", "c"), "x", "y"),
        op("select", "c", "y", "x"),
        "a negated condition swaps the choices",
        EXACT,
        lambda b: b.emit("select", b.emit("not", _flag(b)), sample(b), sample(b, index=1)),
    ),
    Rule(
        "where under where",
        op("select", "c", op("select", "c", "x", "z"), "y"),
        op("select", "c", "x", "y"),
        "a condition known to hold decides the inner choice",
        EXACT,
        lambda b: b.emit(
            "select", _flag(b), b.emit("select", _flag(b), sample(b), sample(b, index=1)), sample(b, index=2)
        ),
    ),
    Rule(
        "where under else",
        op("select", "c", "x", op("select", "c", "z", "y")),
        op("select", "c", "x", "y"),
        "a condition known to fail decides the inner choice",
        EXACT,
        lambda b: b.emit(
            "select", _flag(b), sample(b), b.emit("select", _flag(b), sample(b, index=1), sample(b, index=2))
        ),
    ),
    Rule(
        "not not",
        op("not", op("not", "x")),
        wild("x"),
        "two negations cancel",
        EXACT,
        lambda b: b.emit("not", b.emit("not", _flag(b, 0))),
    ),
    Rule(
        "not equal",
        op("not", op("eq", "x", "y", single_user=True)),
        op("ne", "x", "y"),
        "a negated equality",
        EXACT,
        lambda b: b.emit("not", b.emit("eq", sample(b), sample(b, index=1))),
    ),
    Rule(
        "not different",
        op("not", op("ne", "x", "y", single_user=True)),
        op("eq", "x", "y"),
        "a negated inequality",
        EXACT,
        lambda b: b.emit("not", b.emit("ne", sample(b), sample(b, index=1))),
    ),
    Rule(
        "and true",
        op("and", wild("x", "b"), True),
        wild("x"),
        "and with what always holds",
        EXACT,
        lambda b: b.emit("and", _flag(b, 0), True),
    ),
    Rule(
        "and false",
        op("and", wild("x", "b"), False),
        lambda m, b: b.constant(False),
        "and with what never holds",
        EXACT,
        lambda b: b.emit("and", _flag(b, 0), False),
    ),
    Rule(
        "or false",
        op("or", wild("x", "b"), False),
        wild("x"),
        "or with what never holds",
        EXACT,
        lambda b: b.emit("or", _flag(b, 0), False),
    ),
    Rule(
        "or true",
        op("or", wild("x", "b"), True),
        lambda m, b: b.constant(True),
        "or with what always holds",
        EXACT,
        lambda b: b.emit("or", _flag(b, 0), True),
    ),
)

RELU = (
    Rule(
        "maximum with 0",
        op("maximum", "x", 0.0),
        op("relu", "x"),
        "maximum(x, 0) is relu(x)",
        EXACT,
        lambda b: b.emit("maximum", sample(b), 0.0),
        # The gradients differ at 0: half for the maximum, 0 for the relu.
        before_gradients=False,
    ),
)
