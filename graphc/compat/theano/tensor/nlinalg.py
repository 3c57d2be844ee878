"""``theano.tensor.nlinalg``: linear algebra."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.compat.theano._setting import absent as _absent
from graphc.compat.theano.tensor._making import as_tensor_variable
from graphc.compat.theano.tensor._shaping import diag, trace

__all__ = ["det", "diag", "eigh", "matrix_dot", "matrix_inverse", "matrix_power", "norm", "pinv", "qr", "svd", "trace"]


def matrix_inverse(x: Any) -> gc.Tensor:
    """The inverse of a square matrix."""
    found: gc.Tensor = gc.linalg.inv(as_tensor_variable(x))
    return found


def pinv(x: Any) -> gc.Tensor:
    """The pseudo-inverse of a matrix."""
    found: gc.Tensor = gc.linalg.pinv(as_tensor_variable(x))
    return found


def det(x: Any) -> gc.Tensor:
    """The determinant of a square matrix."""
    found: gc.Tensor = gc.linalg.det(as_tensor_variable(x))
    return found


def matrix_power(x: Any, n: int) -> gc.Tensor:
    """A square matrix multiplied by itself `n` times."""
    found: gc.Tensor = gc.linalg.matrix_power(as_tensor_variable(x), n)
    return found


def matrix_dot(*args: Any) -> gc.Tensor:
    """The product of several matrices."""
    product = as_tensor_variable(args[0])
    for factor in args[1:]:
        product = gc.dot(product, as_tensor_variable(factor))
    return product


def norm(x: Any, ord: Any = None) -> gc.Tensor:
    """A norm of a vector or matrix, the Euclidean one if `ord` is not given."""
    tensor = as_tensor_variable(x)
    if ord is None or ord == "fro" or tensor.ndim == 1:
        found: gc.Tensor = tensor.norm(2 if ord in (None, "fro") else ord)
        return found
    if ord not in (1, float("inf")):
        raise NotImplementedError("norm of a matrix: 'fro', 1 or inf")
    sums = abs(tensor).sum(axis=0 if ord == 1 else 1)
    largest: gc.Tensor = sums.max()
    return largest


def eigh(a: Any) -> tuple[gc.Tensor, gc.Tensor]:
    """Eigenvalues and eigenvectors of a symmetric matrix."""
    values, vectors = gc.linalg.eigh(as_tensor_variable(a))
    return values, vectors


def qr(a: Any) -> tuple[gc.Tensor, gc.Tensor]:
    """An orthogonal and an upper triangular matrix whose product is `a`."""
    q, r = gc.linalg.qr(as_tensor_variable(a))
    return q, r


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular values, between the factors ``u`` and the transposed ``v`` unless `compute_uv` is False."""
    matrix = as_tensor_variable(a)
    if not compute_uv:
        return gc.linalg.svdvals(matrix)
    s, u, v = gc.linalg.svd(matrix, full_matrices=full_matrices)
    return u, s, gc.transpose(v)


_MISSING = {"eig": "use eigh for symmetric matrices; complex eigenvalues have no type here"}
_find = _absent("tensor.nlinalg", _MISSING, lambda: globals())


def __getattr__(name: str) -> Any:
    return _find(name)
