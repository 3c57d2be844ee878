"""The LU factorization with partial pivoting, and solutions and determinants by it.

The factorization itself has no gradient: what is computed from it takes the matrix as a further operand, which gets the
gradient, so that one factorization serves value and gradients.

Derivatives: M. B. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", 2008.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.ir.dtypes import int64
from graphc.ir.node import Node
from graphc.ir.types import TensorType, TupleType
from graphc.ops.library import Library
from graphc.ops.linalg.nodes import (
    SINGULAR,
    by_columns,
    count,
    identity_like,
    matmul,
    right_side,
    scalars,
    square,
    whole,
)
from graphc.ops.linalg.triangular import substituted
from graphc.ops.record import OpRecord, register


def _infer_lu(a: TensorType) -> TupleType:
    square("lu", a)
    return TupleType((a, TensorType(int64, a.shape[:-1])))


def _evaluate_lu(a: Any) -> tuple[Any, Any]:
    """Columns are exchanged, and the right factor has ones on its diagonal: rows of A are columns to LAPACK."""
    factors, size = np.array(a), a.shape[-1]
    pivots = np.zeros(a.shape[:-1], np.int64)
    for place in np.ndindex(a.shape[:-2]):
        f = factors[place]
        for k in range(size):
            chosen = k + int(np.argmax(np.abs(f[k, k:])))
            pivots[(*place, k)] = chosen
            f[:, [k, chosen]] = f[:, [chosen, k]]
            if f[k, k] != 0:
                f[k, k + 1 :] /= f[k, k]
                f[k + 1 :, k + 1 :] -= np.outer(f[k + 1 :, k], f[k, k + 1 :])
    return factors, pivots


def _square_library(node: Node) -> Library:
    a = node.inputs[0]
    return Library((count(a), a.shape[-1]))


register(
    OpRecord(
        "lu",
        "library",
        _infer_lu,
        _evaluate_lu,
        None,
        batch=whole("lu"),
        library=lambda node: Library(
            (count(node.inputs[0]), node.inputs[0].shape[-1]), (("int64", node.inputs[0].shape[-1]),)
        ),
        doc="Factors L and U, packed in one matrix, with L U = A P, where U has ones on its diagonal, and the "
        "exchanges of columns that make P. A singular matrix is no error here.",
        formula="lu(a)",
        differentiable=False,
    )
)


def _infer_solve(a: TensorType, factors: TensorType, pivots: TensorType, b: TensorType, transpose: bool) -> TensorType:
    right_side("solve", a, b)
    return b


def _exchanged(x: Any, pivots: Any, backwards: bool) -> Any:
    x = np.array(x)
    for place in np.ndindex(x.shape[:-2]):
        order = range(pivots.shape[-1])
        for i in reversed(order) if backwards else order:
            j = pivots[(*place, i)]
            x[place][[i, j]] = x[place][[j, i]]
    return x


def _evaluate_solve(a: Any, factors: Any, pivots: Any, b: Any, transpose: bool) -> Any:
    unit = np.array(factors)
    size = unit.shape[-1]
    if np.any(np.diagonal(factors, 0, -2, -1) == 0):
        raise IndexError(f"solve: {SINGULAR}")
    unit[..., range(size), range(size)] = 1
    if transpose:
        x = substituted(unit, _exchanged(b, pivots, False), False, True)
        return substituted(factors, x, True, True)
    x = substituted(unit, substituted(factors, b, True, False), False, False)
    return _exchanged(x, pivots, True)


def _vjp_solve(
    g: Node, out: Node, a: Node, factors: Node, pivots: Node, b: Node
) -> tuple[Node, None, None, Node]:  # fmt: skip
    transpose = out.attrs["transpose"]
    pulled = g.builder.emit("lu_solve", a, factors, pivots, g, transpose=not transpose)
    slope = matmul(out, pulled, ty=True) if transpose else matmul(pulled, out, ty=True)
    return -slope, None, None, pulled


register(
    OpRecord(
        "lu_solve",
        "library",
        _infer_solve,
        _evaluate_solve,
        _vjp_solve,
        batch=by_columns("lu_solve"),
        library=lambda node: Library((count(node), *node.shape[-2:]), (), (node.attrs["transpose"],)),
        can_fail=SINGULAR,
        doc="Solutions X of A X = B, or of A^T X = B, from the LU factors of A. The gradient goes to A and B. A "
        "singular matrix is an error.",
        formula="solve(a, b)",
    )
)


def _sign(factors: Any, pivots: Any) -> Any:
    exchanges = np.sum(pivots != np.arange(pivots.shape[-1]), -1)
    return np.where(exchanges % 2 == 1, -1, 1).astype(factors.dtype)


def _evaluate_slogdet(a: Any, factors: Any, pivots: Any) -> tuple[Any, Any]:
    diagonal = np.diagonal(factors, 0, -2, -1)
    with np.errstate(divide="ignore"):
        return _sign(factors, pivots) * np.prod(np.sign(diagonal), -1), np.sum(np.log(np.abs(diagonal)), -1)


def _infer_slogdet(a: TensorType, factors: TensorType, pivots: TensorType) -> TupleType:
    square("slogdet", a)
    one = a.with_shape(a.shape[:-2])
    return TupleType((one, one))


def _inverse_transposed(a: Node, factors: Node, pivots: Node) -> Node:
    return a.builder.emit("lu_solve", a, factors, pivots, identity_like(a), transpose=True)


def _vjp_slogdet(
    g: dict[int, Node], out: Node, a: Node, factors: Node, pivots: Node
) -> tuple[Node | None, None, None]:  # fmt: skip
    if 1 not in g:
        return None, None, None
    return scalars(g[1]) * _inverse_transposed(a, factors, pivots), None, None


register(
    OpRecord(
        "lu_slogdet",
        "library",
        _infer_slogdet,
        _evaluate_slogdet,
        _vjp_slogdet,
        batch=whole("lu_slogdet"),
        library=_square_library,
        doc="Sign and logarithm of the magnitude of the determinant, from the LU factors: 0 and -inf where the matrix "
        "is singular. The gradient goes to A.",
        formula="slogdet(a)",
    )
)


def _infer_det(a: TensorType, factors: TensorType, pivots: TensorType) -> TensorType:
    square("det", a)
    return a.with_shape(a.shape[:-2])


def _vjp_det(g: Node, out: Node, a: Node, factors: Node, pivots: Node) -> tuple[Node, None, None]:
    return scalars(g * out) * _inverse_transposed(a, factors, pivots), None, None


register(
    OpRecord(
        "lu_det",
        "library",
        _infer_det,
        lambda a, factors, pivots: _sign(factors, pivots) * np.prod(np.diagonal(factors, 0, -2, -1), -1),
        _vjp_det,
        batch=whole("lu_det"),
        library=_square_library,
        doc="The determinant from the LU factors. The gradient goes to A; where A is singular it is an error.",
        formula="det(a)",
    )
)
