"""Neutral elements, signs, and chains of constants."""

from __future__ import annotations

import math

import numpy as np

from graphc.ir.node import Node
from graphc.ops.builder import Builder
from graphc.rewrite.examples import sample, sample_scalar
from graphc.rewrite.pattern import Match, op, scalar, wild
from graphc.rewrite.rule import Rule

EXACT = ("exact",)
REGROUPED = ("reassociates",)


def normal_constant(value: float, like: Node) -> bool:
    """Whether a number is finite and neither subnormal nor 0 in a node's element type."""
    info = np.finfo(like.dtype.np)
    return bool(info.tiny <= abs(value) <= info.max)


def _chain(m: Match, b: Builder) -> Node | None:
    """x scaled twice by constants, scaled once."""
    dtype = m.root.dtype.np.type
    first, second = dtype(m.c), dtype(m.d)
    inner = first if m.inner.op == "mul" else 1 / first
    value = float(inner * second if m.root.op == "mul" else inner / second)
    return b.emit("mul", m.x, value) if normal_constant(value, m.root) else None


def _chain_is_normal(m: Match) -> bool:
    return normal_constant(m.c, m.root) and normal_constant(m.d, m.root)


def _shift_chain(m: Match, b: Builder) -> Node | None:
    dtype = m.root.dtype.np.type
    value = float(dtype(m.c) + dtype(m.d))
    return b.emit("add", m.x, value) if math.isfinite(value) else None


def _is_power_of_two(m: Match) -> bool:
    """Whether dividing by the constant is multiplying by its inverse, exactly."""
    return normal_constant(m.c, m.root) and math.frexp(m.c)[0] in (0.5, -0.5) and normal_constant(1 / m.c, m.root)


def _negated_constant(m: Match, b: Builder) -> Node:
    return b.emit("mul", m.x, -m.c)


def _scalars_first(m: Match, b: Builder) -> Node:
    return b.emit("mul", m.x, b.emit("mul", m.s, m.t))


def _is_scalar(node: Node) -> bool:
    return node.rank == 0


def _is_tensor(node: Node) -> bool:
    return node.rank > 0


def _negative(b: Builder) -> Node:
    return -sample(b)


NEUTRAL = (
    Rule("x + 0", op("add", "x", 0.0), wild("x"), "adding 0", EXACT, lambda b: sample(b) + 0.0),
    Rule("x - 0", op("sub", "x", 0.0), wild("x"), "subtracting 0", EXACT, lambda b: sample(b) - 0.0),
    Rule(
        "0 - x", op("sub", 0.0, wild("x", "if")), op("neg", "x"), "subtracting from 0", EXACT, lambda b: 0.0 - sample(b)
    ),
    Rule("x * 1", op("mul", "x", 1.0), wild("x"), "multiplying by 1", EXACT, lambda b: sample(b) * 1.0),
    Rule("x / 1", op("div", "x", 1.0), wild("x"), "dividing by 1", EXACT, lambda b: sample(b) / 1.0),
    Rule(
        "x * -1",
        op("mul", wild("x", "if"), -1.0),
        op("neg", "x"),
        "multiplying by -1",
        EXACT,
        lambda b: sample(b) * -1.0,
    ),
    Rule("x / -1", op("div", "x", -1.0), op("neg", "x"), "dividing by -1", EXACT, lambda b: sample(b) / -1.0),
    Rule("--x", op("neg", op("neg", "x")), wild("x"), "two signs cancel", EXACT, lambda b: -_negative(b)),
    Rule(
        "extreme of x and x",
        op("maximum|minimum|and|or", "x", "x"),
        wild("x"),
        "the larger of a value and itself",
        EXACT,
        lambda b: b.emit("maximum", sample(b), sample(b)),
    ),
)

SIGNS = (
    Rule(
        "-x - y",
        op("sub", op("neg", "x"), "y"),
        op("neg", op("add", "x", "y")),
        "a sign is moved out of a difference",
        EXACT,
        lambda b: -sample(b) - sample(b, index=1),
    ),
    Rule(
        "x + -y",
        op("add", "x", op("neg", "y")),
        op("sub", "x", "y"),
        "adding a negative subtracts",
        EXACT,
        lambda b: sample(b) + -sample(b, index=1),
    ),
    Rule(
        "x - -y",
        op("sub", "x", op("neg", "y")),
        op("add", "x", "y"),
        "subtracting a negative adds",
        EXACT,
        lambda b: sample(b) - -sample(b, index=1),
    ),
    Rule(
        "-(x - y)",
        op("neg", op("sub", "x", "y", single_user=True)),
        op("sub", "y", "x"),
        "a negated difference is turned round",
        EXACT,
        lambda b: -(sample(b) - sample(b, index=1)),
    ),
    Rule(
        "-x * -y",
        op("mul", op("neg", "x"), op("neg", "y")),
        op("mul", "x", "y"),
        "two signs cancel in a product",
        EXACT,
        lambda b: -sample(b) * -sample(b, index=1),
    ),
    Rule(
        "-x * c",
        op("mul", op("neg", "x"), scalar("c")),
        _negated_constant,
        "a sign goes into a constant factor",
        EXACT,
        lambda b: -sample(b) * 3.0,
    ),
    Rule(
        "-(x * c)",
        op("neg", op("mul", wild("x", "if"), scalar("c"), single_user=True)),
        _negated_constant,
        "a sign goes into a constant factor",
        EXACT,
        lambda b: -(sample(b) * 3.0),
    ),
    Rule(
        "-x * y",
        op("mul", op("neg", "x"), "y"),
        op("neg", op("mul", "x", "y")),
        "a sign is moved out of a product",
        EXACT,
        lambda b: -sample(b) * sample(b, index=1),
    ),
    Rule(
        "-x / y",
        op("div", op("neg", "x"), "y"),
        op("neg", op("div", "x", "y")),
        "a sign is moved out of a quotient",
        EXACT,
        lambda b: -sample(b) / sample(b, index=1),
    ),
    Rule(
        "x / -y",
        op("div", "x", op("neg", "y")),
        op("neg", op("div", "x", "y")),
        "a sign is moved out of a quotient",
        EXACT,
        lambda b: sample(b) / -sample(b, index=1),
    ),
)

CHAINS = (
    Rule(
        "scaled twice",
        op("mul|div", op("mul|div", wild("x", "f"), scalar("c"), bind="inner"), scalar("d")),
        _chain,
        "factors and divisors that are constants are multiplied beforehand",
        REGROUPED,
        lambda b: sample(b) * 3.0 / 7.0,
        guard=_chain_is_normal,
    ),
    Rule(
        "shifted twice",
        op("add", op("add", wild("x", "f"), scalar("c"), single_user=True), scalar("d")),
        _shift_chain,
        "constants are added beforehand",
        REGROUPED,
        lambda b: sample(b) + 3.0 + 7.0,
    ),
    Rule(
        "division by a power of two",
        op("div", "x", scalar("c")),
        lambda m, b: b.emit("mul", m.x, 1 / m.c),
        "dividing by a power of two is multiplying by its inverse",
        EXACT,
        lambda b: sample(b) / 8.0,
        guard=_is_power_of_two,
    ),
    Rule(
        "scalars first",
        op(
            "mul",
            op("mul", wild("x", "f", where=_is_tensor), wild("s", where=_is_scalar), single_user=True),
            wild("t", where=_is_scalar),
        ),
        _scalars_first,
        "of two scalar factors the product is taken first, once",
        REGROUPED,
        lambda b: sample(b) * sample_scalar(b, index=1) * sample_scalar(b, index=2),
    ),
)
