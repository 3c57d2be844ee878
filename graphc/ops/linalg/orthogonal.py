"""Factorizations with orthogonal factors: QR, eigenvalues of symmetric matrices, singular values.

Derivatives: S. F. Walter, L. Lehmann, "Algorithmic differentiation of linear algebra functions with application in
optimum experimental design", 2010 (QR); M. B. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation", 2008 (eigenvalues); J. Townsend, "Differentiating the singular value decomposition", 2016.

Vectors are defined up to a sign, and up to a rotation where values coincide. There the terms that would divide by a
zero difference are dropped: right for functions that do not depend on the choice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.ir.dims import Dim, dim_max, dim_min
from graphc.ir.node import Node
from graphc.ir.types import TensorType, TupleType
from graphc.ops.library import Library
from graphc.ops.linalg.nodes import (
    NO_CONVERGENCE,
    column,
    count,
    item,
    leading,
    matmul,
    matrix,
    on_diagonal,
    row,
    square,
    symmetric,
    transposed,
    triangle,
    whole,
)
from graphc.ops.record import OpRecord, register

BLOCK = 64  # columns that LAPACK works on at a time, at most


def _infer_qr(a: TensorType, full: bool) -> TupleType:
    rows, columns = matrix("qr", a)
    if isinstance(rows, int) and isinstance(columns, int) and rows < columns:
        raise ValueError(f"qr: the primitive takes no more columns than rows, not {a!r}")
    inner = rows if full else columns
    return TupleType(
        (a.with_shape((*leading(a.shape), rows, inner)), a.with_shape((*leading(a.shape), inner, columns)))
    )


def _evaluate_qr(a: Any, full: bool) -> tuple[Any, Any]:
    q, r = np.linalg.qr(a, "complete" if full else "reduced")
    return q, r


def _vjp_qr(g: dict[int, Node], out: Node, a: Node) -> tuple[Node]:
    if out.attrs["full"] and a.shape[-2] != a.shape[-1]:
        raise ValueError("qr: with full_matrices=True only square matrices have a gradient")
    q, r = item(out, 0), item(out, 1)
    products = []
    if 1 in g:
        products.append(matmul(r, triangle(g[1], False), ty=True))
    if 0 in g:
        products.append(-matmul(g[0], q, tx=True))
    inner = products[0] + products[1] if len(products) == 2 else products[0]
    lower = triangle(inner, True)
    mirrored = on_diagonal(inner, inner, lower + transposed(lower))
    total = matmul(q, mirrored)
    if 0 in g:
        total = total + g[0]
    solved = a.builder.emit("triangular_solve", r, transposed(total), lower=False, transpose=False)
    return (transposed(solved),)


def _library_qr(node: Node) -> Library:
    (a,) = node.inputs
    rows, columns = a.shape[-2:]
    inner = rows if node.attrs["full"] else columns
    dtype = a.dtype.name
    return Library(
        (count(a), rows, columns, inner, BLOCK * dim_max(inner, 1)),
        ((dtype, rows * inner), (dtype, inner), (dtype, BLOCK * dim_max(inner, 1))),
    )


register(
    OpRecord(
        "qr",
        "library",
        _infer_qr,
        _evaluate_qr,
        _vjp_qr,
        batch=whole("qr"),
        library=_library_qr,
        doc="A = Q R with orthonormal columns in Q and R upper triangular, by Householder reflections; `full` "
        "completes Q to a square matrix. The gradient needs columns that are independent.",
        formula="qr(a)",
    )
)


def _infer_eigh(a: TensorType, vectors: bool) -> TupleType | TensorType:
    square("eigh", a)
    values = a.with_shape(a.shape[:-1])
    return TupleType((values, a)) if vectors else values


def _evaluate_eigh(a: Any, vectors: bool) -> Any:
    try:
        return tuple(np.linalg.eigh(a)) if vectors else np.linalg.eigvalsh(a)
    except np.linalg.LinAlgError:
        raise IndexError(f"eigh: {NO_CONVERGENCE}") from None


def _differences(values: Node, like: Node) -> Node:
    """1 / (v_j - v_i); 0 where they are equal."""
    emit = values.builder.emit
    gaps = row(values) - column(values)
    equal = emit("eq", gaps, 0.0)
    return emit("select", equal, like.builder.constant(0.0, like.dtype), 1.0 / emit("select", equal, 1.0, gaps))


def _vjp_eigh(g: Any, out: Node, a: Node) -> tuple[Node]:
    if isinstance(out.type, TensorType):
        vectors = item(a.builder.emit("eigh", a, vectors=True), 1)
        return (matmul(vectors * row(g), vectors, ty=True),)
    values, vectors = item(out, 0), item(out, 1)
    if 1 not in g:
        return (matmul(vectors * row(g[0]), vectors, ty=True),)
    inner = _differences(values, a) * matmul(vectors, g[1], tx=True)
    if 0 in g:
        inner = on_diagonal(inner, column(g[0]), inner)
    return (symmetric(matmul(vectors, matmul(inner, vectors, ty=True))),)


def _library_eigh(node: Node) -> Library:
    (a,) = node.inputs
    n, dtype, vectors = a.shape[-1], a.dtype.name, node.attrs["vectors"]
    work: Dim = 1 + (6 * n + 2 * n * n if vectors else (BLOCK + 2) * n) + BLOCK * n
    integers: Dim = 3 + 5 * n
    return Library((count(a), n, work, integers), ((dtype, n * n), (dtype, work), ("int64", integers)), (vectors,))


register(
    OpRecord(
        "eigh",
        "library",
        _infer_eigh,
        _evaluate_eigh,
        _vjp_eigh,
        batch=whole("eigh"),
        library=_library_eigh,
        can_fail=NO_CONVERGENCE,
        doc="Eigenvalues in ascending order, and eigenvectors as columns, of the lower triangle of A, which is taken "
        "to be symmetric: the gradient is symmetric. With equal eigenvalues that of the vectors lacks the terms that "
        "divide by zero.",
        formula="eigh(a)",
        extra={"symmetric": True},
    )
)


def _infer_svd(a: TensorType, full: bool, vectors: bool) -> TupleType | TensorType:
    rows, columns = matrix("svd", a)
    few = dim_min(rows, columns)
    head = leading(a.shape)
    values = a.with_shape((*head, few))
    if not vectors:
        return values
    left, right = (rows, columns) if full else (few, few)
    return TupleType((a.with_shape((*head, rows, left)), values, a.with_shape((*head, right, columns))))


def _evaluate_svd(a: Any, full: bool, vectors: bool) -> Any:
    try:
        return tuple(np.linalg.svd(a, full, True)) if vectors else np.linalg.svd(a, full, False)
    except np.linalg.LinAlgError:
        raise IndexError(f"svd: {NO_CONVERGENCE}") from None


def _vjp_svd(g: Any, out: Node, a: Node) -> tuple[Node]:
    rows, columns = a.shape[-2:]
    if isinstance(out.type, TensorType):
        both = a.builder.emit("svd", a, full=False, vectors=True)
        return (matmul(item(both, 0) * row(g), item(both, 2)),)
    if out.attrs["full"] and (0 in g or 2 in g) and rows != columns:
        raise ValueError("svd: with full_matrices=True only the singular values of matrices that are not square have a "
                         "gradient")  # fmt: skip
    if out.attrs["full"] and rows != columns:
        thin = a.builder.emit("svd", a, full=False, vectors=True)
        return (matmul(item(thin, 0) * row(g[1]), item(thin, 2)),)
    u, s, vh = (item(out, i) for i in range(3))
    return (_pulled_svd(g, u, s, vh, rows == columns),)


def _pulled_svd(g: dict[int, Node], u: Node, s: Node, vh: Node, square: bool) -> Node:
    """Townsend's equation for A = U S V^T from the cotangents of U, S and V^T that there are."""
    emit = s.builder.emit
    gaps = _differences(s * s, s)
    zero = emit("eq", s, 0.0)
    inverse = emit("select", zero, s.builder.constant(0.0, s.dtype), 1.0 / emit("select", zero, 1.0, s))
    terms: list[Node] = []
    outer: list[Node] = []
    if 0 in g:
        product = matmul(u, g[0], tx=True)
        terms.append(gaps * (product - transposed(product)) * row(s))
        if not square:
            outer.append(matmul((g[0] - matmul(u, product)) * row(inverse), vh))
    if 2 in g:
        product = matmul(vh, g[2], ty=True)
        terms.append(column(s) * gaps * (product - transposed(product)))
        if not square:
            outer.append(matmul(u, column(inverse) * (g[2] - matmul(transposed(product), vh))))
    if not terms:
        return matmul(u * row(g[1]), vh)
    inner = terms[0] if len(terms) == 1 else terms[0] + terms[1]
    if 1 in g:
        inner = on_diagonal(inner, column(g[1]), inner)
    total = matmul(u, matmul(inner, vh))
    for term in outer:
        total = total + term
    return total


def _library_svd(node: Node) -> Library:
    (a,) = node.inputs
    rows, columns = a.shape[-2:]
    few, many = dim_min(rows, columns), dim_max(rows, columns)
    dtype, full, vectors = a.dtype.name, node.attrs["full"], node.attrs["vectors"]
    left, right = (rows, columns) if full else (few, few)
    # LAPACK asks for 3k + max(m, 7k), or 4k^2 + 7k (+ m): blocks work better with some more.
    work: Dim = (4 * few * few if vectors else 0) + 10 * few + many + BLOCK * (rows + columns) + 1
    sizes = (count(a), rows, columns, few, left, right, work)
    scratch = [(dtype, rows * columns), (dtype, work), ("int64", 8 * few + 1)]
    if vectors:
        scratch += [(dtype, rows * left), (dtype, right * columns)]
    return Library(sizes, tuple(scratch), (full, vectors))


register(
    OpRecord(
        "svd",
        "library",
        _infer_svd,
        _evaluate_svd,
        _vjp_svd,
        batch=whole("svd"),
        library=_library_svd,
        can_fail=NO_CONVERGENCE,
        doc="A = U diag(S) V^T with the singular values in descending order, by divide and conquer; `full` completes U "
        "and V to square matrices. With equal singular values the gradient of the vectors lacks the terms that "
        "divide by zero.",
        formula="svd(a)",
    )
)
