"""``theano.tensor.slinalg``: factorisations and linear systems."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.compat.theano._setting import absent as _absent
from graphc.compat.theano.tensor._making import as_tensor_variable

__all__ = ["cholesky", "expm", "kron", "solve", "solve_lower_triangular", "solve_upper_triangular"]


def cholesky(x: Any) -> gc.Tensor:
    """The lower triangular factor of a positive definite matrix."""
    found: gc.Tensor = gc.linalg.cholesky(as_tensor_variable(x))
    return found


def _columns(function: Any, a: Any, b: Any, **options: Any) -> gc.Tensor:
    """A linear system whose right side is a vector or a matrix."""
    matrix, right = as_tensor_variable(a), as_tensor_variable(b)
    if right.ndim == 1:
        column: gc.Tensor = gc.squeeze(function(matrix, gc.expand_dims(right, 1), **options), [1])
        return column
    found: gc.Tensor = function(matrix, right, **options)
    return found


def solve(a: Any, b: Any) -> gc.Tensor:
    """The solution x of a x = b."""
    return _columns(gc.linalg.solve, a, b)


def solve_lower_triangular(a: Any, b: Any) -> gc.Tensor:
    """The solution x of a x = b for a lower triangular matrix."""
    return _columns(gc.linalg.triangular_solve, a, b, lower=True)


def solve_upper_triangular(a: Any, b: Any) -> gc.Tensor:
    """The solution x of a x = b for an upper triangular matrix."""
    return _columns(gc.linalg.triangular_solve, a, b, lower=False)


def expm(x: Any) -> gc.Tensor:
    """The exponential of a square matrix."""
    found: gc.Tensor = gc.linalg.expm(as_tensor_variable(x))
    return found


def kron(a: Any, b: Any) -> gc.Tensor:
    """The Kronecker product of two matrices."""
    found: gc.Tensor = gc.linalg.kron(as_tensor_variable(a), as_tensor_variable(b))
    return found


_find = _absent("tensor.slinalg", {"eigvalsh": "use T.nlinalg.eigh"}, lambda: globals())


def __getattr__(name: str) -> Any:
    return _find(name)
