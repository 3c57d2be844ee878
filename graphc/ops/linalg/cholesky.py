"""The Cholesky factorization, and inverse, determinant and solutions by it.

`cholesky_solve`, `cholesky_inverse`, `cholesky_logdet` and `cholesky_quadratic` take the matrix beside its factor: the
factor gives the value, and the matrix gets the gradient, which needs no differentiation of the factorization.

Derivatives: I. Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527, 2016; M. B. Giles, "Collected
matrix derivative results for forward and reverse mode algorithmic differentiation", 2008.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.library import Library
from graphc.ops.linalg.nodes import (
    NOT_POSITIVE_DEFINITE,
    by_columns,
    count,
    matmul,
    on_diagonal,
    right_side,
    row,
    scalars,
    square,
    symmetric,
    transposed,
    triangle,
    whole,
)
from graphc.ops.linalg.triangular import substituted
from graphc.ops.record import OpRecord, register

#: Test operands: a positive definite matrix, its factor.
SYMMETRIC = {"symmetric": True}


def _factor(a: Any) -> Any:
    try:
        return np.linalg.cholesky(a)
    except np.linalg.LinAlgError:
        raise IndexError(f"cholesky: {NOT_POSITIVE_DEFINITE}") from None


def _infer_cholesky(a: TensorType) -> TensorType:
    square("cholesky", a)
    return a


def _solve(chol: Node, x: Node, transpose: bool) -> Node:
    return chol.builder.emit("triangular_solve", chol, x, lower=True, transpose=transpose)


def _vjp_cholesky(g: Node, out: Node, a: Node) -> tuple[Node]:
    """Murray's blocked formula in one block: the symmetric part of L^-T phi(L^T g) L^-1."""
    inner = triangle(matmul(out, triangle(g, True), tx=True), True)
    inner = on_diagonal(inner, inner * 0.5, inner)
    left = _solve(out, inner, True)
    return (symmetric(_solve(out, transposed(left), True)),)


register(
    OpRecord(
        "cholesky",
        "library",
        _infer_cholesky,
        _factor,
        _vjp_cholesky,
        batch=whole("cholesky"),
        library=lambda node: Library((count(node), node.shape[-1])),
        can_fail=NOT_POSITIVE_DEFINITE,
        doc="The lower triangular L with L L^T = A, of the lower triangle of A, which is taken to be symmetric: the "
        "gradient is symmetric. A matrix that is not positive definite is an error.",
        formula="cholesky(a)",
        extra=SYMMETRIC,
    )
)


def _infer_solve(a: TensorType, chol: TensorType, b: TensorType) -> TensorType:
    right_side("cholesky_solve", a, b)
    right_side("cholesky_solve", chol, b)
    return b


def _evaluate_solve(a: Any, chol: Any, b: Any) -> Any:
    return substituted(chol, substituted(chol, b, True, False), True, True)


def _vjp_solve(g: Node, out: Node, a: Node, chol: Node, b: Node) -> tuple[Node, None, Node]:
    pulled = g.builder.emit("cholesky_solve", a, chol, g)
    return -symmetric(matmul(pulled, out, ty=True)), None, pulled


register(
    OpRecord(
        "cholesky_solve",
        "library",
        _infer_solve,
        _evaluate_solve,
        _vjp_solve,
        batch=by_columns("cholesky_solve"),
        library=lambda node: Library((count(node), *node.shape[-2:])),
        doc="Solutions X of A X = B from the Cholesky factor of A. The gradient goes to A and B.",
        formula="solve(a, b)",
        extra=SYMMETRIC,
    )
)


def _infer_inverse(a: TensorType, chol: TensorType) -> TensorType:
    square("cholesky_inverse", a)
    return a


def _evaluate_inverse(a: Any, chol: Any) -> Any:
    return _evaluate_solve(a, chol, np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape))


def _vjp_inverse(g: Node, out: Node, a: Node, chol: Node) -> tuple[Node, None]:
    return -matmul(matmul(out, symmetric(g)), out), None


register(
    OpRecord(
        "cholesky_inverse",
        "library",
        _infer_inverse,
        _evaluate_inverse,
        _vjp_inverse,
        batch=whole("cholesky_inverse"),
        library=lambda node: Library((count(node), node.shape[-1])),
        doc="The inverse of A from its Cholesky factor. The gradient goes to A.",
        formula="inv(a)",
        extra=SYMMETRIC,
    )
)


def _infer_logdet(a: TensorType, chol: TensorType) -> TensorType:
    square("cholesky_logdet", a)
    return a.with_shape(a.shape[:-2])


def _vjp_logdet(g: Node, out: Node, a: Node, chol: Node) -> tuple[Node, None]:
    return scalars(g) * g.builder.emit("cholesky_inverse", a, chol), None


register(
    OpRecord(
        "cholesky_logdet",
        "library",
        _infer_logdet,
        lambda a, chol: 2 * np.sum(np.log(np.diagonal(chol, 0, -2, -1)), -1),
        _vjp_logdet,
        batch=whole("cholesky_logdet"),
        library=lambda node: Library((count(node.inputs[0]), node.inputs[0].shape[-1])),
        doc="The logarithm of the determinant of A from its Cholesky factor. The gradient goes to A.",
        formula="log(det(a))",
        extra=SYMMETRIC,
    )
)


def _infer_quadratic(a: TensorType, chol: TensorType, b: TensorType) -> TensorType:
    right_side("cholesky_quadratic", a, b)
    return b.with_shape((*b.shape[:-2], b.shape[-1]))


def _vjp_quadratic(g: Node, out: Node, a: Node, chol: Node, b: Node) -> tuple[Node, None, Node]:
    solved = g.builder.emit("cholesky_solve", a, chol, b)
    weighted = solved * row(g)
    return -matmul(weighted, solved, ty=True), None, weighted * 2.0


register(
    OpRecord(
        "cholesky_quadratic",
        "library",
        _infer_quadratic,
        lambda a, chol, b: np.sum(np.square(substituted(chol, b, True, False)), -2),
        _vjp_quadratic,
        batch=whole("cholesky_quadratic"),
        library=lambda node: Library(
            (count(node.inputs[2]), *node.inputs[2].shape[-2:]),
            ((node.dtype.name, node.inputs[2].shape[-2] * node.inputs[2].shape[-1]),),
        ),
        doc="b^T A^-1 b for every column b of B, from the Cholesky factor of A. The gradient goes to A and B.",
        formula="sum(b * solve(a, b), -2)",
        extra=SYMMETRIC,
    )
)
