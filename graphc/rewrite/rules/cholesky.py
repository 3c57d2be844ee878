"""What is computed from a Cholesky factor, in terms of the matrix behind it.

Written with the factor, gradients go back through the factorization: three solutions with as many right sides as rows.
Written with the matrix they need one inverse, or nothing but solutions that exist already. So these rules run before
differentiation; they stay away where someone differentiates with respect to the factor itself.
"""

from __future__ import annotations

from typing import Any

from graphc.ir.dims import product
from graphc.ir.node import Node
from graphc.ops.builder import Builder
from graphc.ops.linalg.nodes import matmul, on_diagonal
from graphc.rewrite.examples import sample
from graphc.rewrite.pattern import Attr, Match, Op, op, scalar, through
from graphc.rewrite.rule import Rule

TAGS = ("reassociates",)
FACTOR = op("cholesky", "a", bind="chol")
DOWN: dict[str, Any] = {"lower": True, "transpose": False}
UP: dict[str, Any] = {"lower": True, "transpose": True}


def _halfway() -> Op:
    return op("triangular_solve", FACTOR, "b", **DOWN)


def _solution(m: Match, b: Builder) -> Node:
    return b.emit("cholesky_solve", m.a, m.chol, m.b)


def _shaped(x: Node, like: Node) -> Node:
    return x if x.shape == like.shape else x.builder.emit("reshape", x, shape=like.shape)


def _rest(x: Node, axes: tuple[int, ...]) -> Node:
    """A sum over what is left of the axes."""
    return x.builder.emit("sum", x, axes=axes, keepdims=False) if axes else x


def _log_determinant(m: Match, b: Builder) -> Node | None:
    last = m.chol.rank - 2
    if last not in m.axes:
        return None
    total = b.emit("cholesky_logdet", m.a, m.chol) * 0.5
    return _shaped(_rest(total, tuple(a for a in m.axes if a != last)), m.root)


def _quadratic(m: Match, b: Builder) -> Node | None:
    rows, columns = m.chol.rank - 2, m.chol.rank - 1
    if rows not in m.axes:
        return None
    total = b.emit("cholesky_quadratic", m.a, m.chol, m.b)
    axes = tuple(rows if a == columns else a for a in m.axes if a != rows)
    return _shaped(_rest(total, axes), m.root)


def _squared_length(m: Match, b: Builder) -> Node | None:
    return _shaped(b.emit("cholesky_quadratic", m.a, m.chol, m.b), m.root)


def _scaled_solution(m: Match, b: Builder) -> Node | None:
    if product(m.b.shape) != product(m.root.shape):
        return None
    return b.emit("mul", b.emit("cholesky_solve", m.a, m.chol, _shaped(m.b, m.root)), m.c)


def _scaled(b: Builder) -> Node:
    right = sample(b, 3, 2, index=1, dtype="float64") * -0.5
    return b.emit("cholesky_solve", _positive_definite(b), _factor(b), right)


def _positive_definite(b: Builder) -> Node:
    x = sample(b, 3, 3, dtype="float64")
    return matmul(x, x, ty=True) + on_diagonal(x, 5.0, 0.0)


def _factor(b: Builder) -> Node:
    return b.emit("cholesky", _positive_definite(b))


def _half(b: Builder, columns: int = 2) -> Node:
    return b.emit("triangular_solve", _factor(b), sample(b, 3, columns, index=1, dtype="float64"), **DOWN)


def _down_and_up(b: Builder) -> Node:
    return b.emit("triangular_solve", _factor(b), _half(b), **UP)


def _sum_of_logs(b: Builder) -> Node:
    return b.emit("sum", b.emit("log", b.emit("diag_part", _factor(b))), axes=(0,), keepdims=False)


RULES = (
    Rule(
        "solution by a Cholesky factor",
        op("triangular_solve", FACTOR, _halfway(), **UP),
        _solution,
        "two triangular systems with the factor of a matrix are one system with the matrix",
        TAGS,
        _down_and_up,
        after_gradients=False,
    ),
    Rule(
        "determinant by a Cholesky factor",
        op("sum", op("log", op("diag_part", FACTOR)), axes=Attr("axes")),
        _log_determinant,
        "the logarithms of the diagonal of the factor add up to half that of the determinant",
        TAGS,
        _sum_of_logs,
        after_gradients=False,
    ),
    Rule(
        "quadratic form by a Cholesky factor",
        op("sum", op("square", _halfway()), axes=Attr("axes")),
        _quadratic,
        "the square of L^-1 b is b^T A^-1 b",
        TAGS,
        lambda b: b.emit("sum", b.emit("square", _half(b)), axes=(0,), keepdims=False),
        after_gradients=False,
    ),
    Rule(
        "square of a vector by a Cholesky factor",
        op(
            "matmul",
            op("triangular_solve", FACTOR, "b", bind="half", **DOWN),
            op("triangular_solve", FACTOR, "b", bind="half", **DOWN),
            transpose_x=True,
            transpose_y=False,
        ),
        _squared_length,
        "the product of L^-1 b with itself is b^T A^-1 b, for one column",
        TAGS,
        lambda b: b.emit("matmul", _half(b, 1), _half(b, 1), transpose_x=True, transpose_y=False),
        guard=lambda m: m.b.shape[-1] == 1,
        after_gradients=False,
    ),
)

SCALES = (
    Rule(
        "solution for a scaled right side",
        op("cholesky_solve", "a", "chol", through("reshape", op("mul", scalar("c"), "b"))),
        _scaled_solution,
        "a number is moved out of a solution, which gradients then share",
        TAGS,
        _scaled,
    ),
)
