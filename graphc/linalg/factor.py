"""Factorizations."""

from __future__ import annotations

from typing import Any, NamedTuple

from graphc.api.convert import as_floating, builder
from graphc.api.define import operation
from graphc.ir.dims import Dim, dim_min
from graphc.ir.node import Node
from graphc.ops.linalg.nodes import item, matmul, matrix, transposed


class QRResult(NamedTuple):
    """What `qr` gives: ``a = q r``."""

    q: Any
    r: Any


class EighResult(NamedTuple):
    """What `eigh` gives: ``a = v diag(e) v^T``."""

    e: Any
    v: Any


class SVDResult(NamedTuple):
    """What `svd` gives: ``a = u diag(s) v^T``."""

    s: Any
    u: Any
    v: Any


def columns_of(x: Node, start: Dim, stop: Dim) -> Node:
    """Some columns of matrices."""
    begin = (*(0,) * (x.rank - 1), start)
    return builder().emit("slice", x, start=begin, stop=(*x.shape[:-1], stop), step=(1,) * x.rank)


@operation("cholesky")
def cholesky(a: Any) -> Node:
    """The lower triangular L with ``a = L L^T``.

    Only the lower triangle of `a` is read, and `a` is taken to be symmetric: so is its gradient. A matrix that is not
    positive definite is an error when the step runs; no variable is changed then.
    """
    return builder().emit("cholesky", as_floating(a))


@operation("qr")
def qr(a: Any, full_matrices: bool = False) -> QRResult:
    """``a = q r`` with orthonormal columns in q, and r upper triangular.

    Without `full_matrices` q has as many columns as the smaller size of `a`. The gradient needs a of full rank; with
    `full_matrices` it needs as many columns as rows at least.

    Returns
    -------
    QRResult
        Named tuple of ``q`` and ``r``.
    """
    x = as_floating(a)
    rows, columns = matrix("qr", x.tensor)
    few = dim_min(rows, columns)
    both = builder().emit("qr", x if few == columns else columns_of(x, 0, few), full=full_matrices)
    q, r = item(both, 0), item(both, 1)
    if few != columns:
        r = builder().emit("concat", r, matmul(q, columns_of(x, few, columns), tx=True), axis=r.rank - 1)
    return QRResult(q, r)


@operation("eigh")
def eigh(a: Any) -> EighResult:
    """Eigenvalues, ascending, and eigenvectors, the columns of v, of symmetric matrices.

    Only the lower triangle of `a` is read; the gradient is symmetric. The sign of a vector is arbitrary, and vectors of
    equal eigenvalues are any basis: where eigenvalues are equal, terms of the gradient that would divide by their
    difference are left out, which is right for functions that do not depend on that choice.

    Returns
    -------
    EighResult
        Named tuple of ``e`` and ``v``.
    """
    both = builder().emit("eigh", as_floating(a), vectors=True)
    return EighResult(item(both, 0), item(both, 1))


@operation("eigvalsh")
def eigvalsh(a: Any) -> Node:
    """Eigenvalues of symmetric matrices, ascending; only the lower triangle is read."""
    return builder().emit("eigh", as_floating(a), vectors=False)


@operation("svd")
def svd(a: Any, full_matrices: bool = False, compute_uv: bool = True) -> Any:
    """Singular values, descending, and vectors: ``a = u diag(s) v^T``.

    Without `full_matrices`, u and v have as many columns as the smaller size of `a`. As for `eigh`, vectors are defined
    up to sign and rotation, and the gradient leaves out terms that divide by a zero; with `full_matrices` only the
    values of matrices that are not square have one.

    Returns
    -------
    SVDResult or Tensor
        Named tuple of ``s``, ``u`` and ``v`` (not transposed, as in TensorFlow); s alone without `compute_uv`.
    """
    if not compute_uv:
        return builder().emit("svd", as_floating(a), full=False, vectors=False)
    found = builder().emit("svd", as_floating(a), full=full_matrices, vectors=True)
    return SVDResult(item(found, 1), item(found, 0), transposed(item(found, 2)))


@operation("svdvals")
def svdvals(a: Any) -> Node:
    """Singular values, descending."""
    return builder().emit("svd", as_floating(a), full=False, vectors=False)
