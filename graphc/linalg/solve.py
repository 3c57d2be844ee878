"""Systems of equations, inverses and determinants."""

from __future__ import annotations

from typing import Any, NamedTuple

from graphc.api.convert import as_floating, as_node, builder, promote_all
from graphc.api.define import operation
from graphc.ir.node import Node
from graphc.linalg.factor import cholesky, qr
from graphc.linalg.matrices import broadcast_leading, identity
from graphc.ops.linalg.nodes import diagonal, identity_like, item, matmul, matrix, square, transposed


class SlogdetResult(NamedTuple):
    """What `slogdet` gives: the determinant is ``sign * exp(log_abs_determinant)``."""

    sign: Any
    log_abs_determinant: Any


def system(name: str, a: Any, b: Any) -> tuple[Node, Node, bool]:
    """Matrices and right sides with equal element types and leading axes; whether the right side is one vector."""
    x, y = (as_floating(v) for v in promote_all((a, b)))
    vectors = y.rank == 1
    if vectors:
        y = builder().emit("reshape", y, shape=(*y.shape, 1))
    matrix(name, x.tensor)
    matrix(name, y.tensor)
    x, y = broadcast_leading(x, y)
    return x, y, vectors


def without_column(x: Node, vectors: bool) -> Node:
    """The solutions, as vectors again if the right side was one."""
    return builder().emit("reshape", x, shape=x.shape[:-1]) if vectors else x


@operation("triangular_solve")
def triangular_solve(matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False) -> Node:
    """Solutions of ``matrix x = rhs``, or ``matrix^T x = rhs``, for triangular matrices.

    The other triangle is not read. `rhs` holds matrices, or is one vector; leading axes broadcast.
    A zero on the diagonal is an error when the step runs.
    """
    a, b, vectors = system("triangular_solve", matrix, rhs)
    found = builder().emit("triangular_solve", a, b, lower=bool(lower), transpose=bool(adjoint))
    return without_column(found, vectors)


@operation("cholesky_solve")
def cholesky_solve(chol: Any, rhs: Any) -> Node:
    """Solutions of ``A x = rhs`` from the factor ``chol = cholesky(A)``.

    `rhs` holds matrices, or is one vector; leading axes broadcast.
    """
    a, b, vectors = system("cholesky_solve", chol, rhs)
    emit = builder().emit
    half = emit("triangular_solve", a, b, lower=True, transpose=False)
    return without_column(emit("triangular_solve", a, half, lower=True, transpose=True), vectors)


def _factored(a: Node) -> tuple[Node, Node, Node]:
    both = builder().emit("lu", a)
    return a, item(both, 0), item(both, 1)


@operation("solve")
def solve(matrix: Any, rhs: Any, adjoint: bool = False) -> Node:
    """Solutions of ``matrix x = rhs``, or ``matrix^T x = rhs``, by LU factorization with pivoting.

    `rhs` holds matrices, or is one vector; leading axes broadcast. Gradients use the same
    factorization. A singular matrix is an error when the step runs; no variable is changed then.
    """
    a, b, vectors = system("solve", matrix, rhs)
    square("solve", a.tensor)
    return without_column(builder().emit("lu_solve", *_factored(a), b, transpose=bool(adjoint)), vectors)


@operation("inv")
def inv(a: Any, adjoint: bool = False) -> Node:
    """The inverse of square matrices, or of their transposes.

    Solving with `solve` is faster and more accurate than multiplying by an inverse. A singular matrix is an error when
    the step runs.
    """
    x = as_floating(a)
    square("inv", x.tensor)
    return builder().emit("lu_solve", *_factored(x), identity_like(x), transpose=bool(adjoint))


@operation("det")
def det(a: Any) -> Node:
    """Determinants; 0 for singular matrices, where asking for the gradient is an error when the step runs."""
    return builder().emit("lu_det", *_factored(as_floating(a)))


@operation("slogdet")
def slogdet(a: Any) -> SlogdetResult:
    """Sign and logarithm of the magnitude of determinants; 0 and -inf for singular matrices.

    Returns
    -------
    SlogdetResult
        Named tuple of ``sign`` and ``log_abs_determinant``.
    """
    both = builder().emit("lu_slogdet", *_factored(as_floating(a)))
    return SlogdetResult(item(both, 0), item(both, 1))


@operation("logdet")
def logdet(a: Any) -> Node:
    """Logarithms of the determinants of symmetric positive definite matrices, by their Cholesky factors.

    A matrix that is not positive definite is an error when the step runs. See `slogdet` for others.
    """
    logs = builder().emit("log", diagonal(cholesky(a)))
    return builder().emit("sum", logs, axes=(logs.rank - 1,), keepdims=False) * 2.0


@operation("lstsq")
def lstsq(matrix: Any, rhs: Any, l2_regularizer: Any = 0.0) -> Node:
    """The x of least ``|matrix x - rhs|^2 + l2_regularizer |x|^2``, by QR factorization.

    With fewer rows than columns and no regularizer, the solution of least norm. The matrix must have full rank;
    otherwise there is an error when the step runs (see `pinv`). Where the sizes are not known when the graph is built,
    there must be at least as many rows as columns. `rhs` holds matrices, or is one vector.

    Parameters
    ----------
    matrix, rhs : Tensor or array_like
    l2_regularizer : float or scalar Tensor
        Not negative.
    name : str, optional
        Of the operation in the graph.
    """
    a, b, vectors = system("lstsq", matrix, rhs)
    emit = builder().emit
    rows, columns = a.shape[-2:]
    if not isinstance(l2_regularizer, int | float) or l2_regularizer != 0:
        root = emit("sqrt", as_node(l2_regularizer, a.dtype))
        eye = emit("broadcast_to", identity(columns, a.dtype), shape=(*a.shape[:-2], columns, columns))
        a = emit("concat", a, eye * root, axis=a.rank - 2)
        zeros = builder().full(0.0, b.dtype, (*b.shape[:-2], columns, b.shape[-1]))
        b = emit("concat", b, zeros, axis=b.rank - 2)
    elif isinstance(rows, int) and isinstance(columns, int) and rows < columns:
        q, r = qr(transposed(a))
        half = emit("triangular_solve", r, b, lower=False, transpose=True)
        return without_column(matmul(q, half), vectors)
    q, r = qr(a)
    found = emit("triangular_solve", r, matmul(q, b, tx=True), lower=False, transpose=False)
    return without_column(found, vectors)
