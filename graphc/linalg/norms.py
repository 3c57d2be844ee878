"""Norms of vectors and matrices."""

from __future__ import annotations

import math
from typing import Any

from graphc.api.convert import as_floating, builder, static_ints
from graphc.api.define import operation
from graphc.ir.node import Node
from graphc.ops.shapes import normalize_axis

MATRIX_ORDERS = "'euclidean', 'fro', 'nuc', 1, 2, inf, -1, -2 or -inf"


@operation("norm")
def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool = False) -> Node:
    """Norms of vectors or matrices.

    Parameters
    ----------
    tensor : Tensor or array_like
    ord : str or float
        Of vectors: ``'euclidean'`` (as 2), or any number p for ``sum(|x|^p)^(1/p)``, inf and -inf for the largest and
        smallest magnitude. Of matrices: ``'euclidean'`` or ``'fro'`` (Frobenius), ``'nuc'`` (sum of the singular
        values), 1 and inf (largest sum of magnitudes of a column, of a row), 2 (largest singular value); -1, -inf and
        -2 give the smallest.
    axis : int, pair of int, or None
        One axis: vectors; two: matrices, of rows and columns in this order; None: the whole tensor as one vector.
    keepdims : bool
        Keep reduced axes, with size 1.
    name : str, optional
        Of the operation in the graph.

    Notes
    -----
    The gradient of a Euclidean or Frobenius norm is 0 where the norm is.
    """
    x = as_floating(tensor)
    axes = tuple(range(x.rank)) if axis is None else tuple(normalize_axis(a, x.rank) for a in static_ints(axis, "axis"))
    if axis is None or len(axes) == 1:
        return _vector_norm(x, ord, axes, bool(keepdims))
    if len(axes) != 2 or axes[0] == axes[1]:
        raise ValueError(f"norm: axis is one axis, two different ones, or None, not {axis}")
    return _matrix_norm(x, ord, axes, bool(keepdims))


def _reduced(kind: str, x: Node, axes: tuple[int, ...], keepdims: bool) -> Node:
    return builder().emit(kind, x, axes=tuple(sorted(axes)), keepdims=keepdims) if axes else x


def _euclidean(x: Node, axes: tuple[int, ...], keepdims: bool) -> Node:
    """A root whose gradient at 0 is 0."""
    emit = builder().emit
    squares = _reduced("sum", emit("square", x), axes, keepdims)
    zero = emit("eq", squares, 0.0)
    return emit("select", zero, 0.0, emit("sqrt", emit("select", zero, 1.0, squares)))


def _vector_norm(x: Node, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Node:
    if ord in ("euclidean", "fro", 2):
        return _euclidean(x, axes, keepdims)
    if isinstance(ord, str):
        raise ValueError(f"norm: vectors have no norm of order {ord!r}: use 'euclidean' or a number")
    emit, size = builder().emit, builder().emit("abs", x)
    if math.isinf(ord):
        return _reduced("max" if ord > 0 else "min", size, axes, keepdims)
    if ord == 0:
        return _reduced("sum", emit("cast", emit("ne", x, 0.0), dtype=x.dtype), axes, keepdims)
    if ord == 1:
        return _reduced("sum", size, axes, keepdims)
    return emit("pow", _reduced("sum", emit("pow", size, float(ord)), axes, keepdims), 1.0 / ord)


def _matrix_norm(x: Node, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Node:
    if ord in ("euclidean", "fro"):
        return _euclidean(x, axes, keepdims)
    emit = builder().emit
    if ord in (1, -1, math.inf, -math.inf):
        summed, left = axes if abs(ord) == 1 else axes[::-1]
        sums = _reduced("sum", emit("abs", x), (summed,), True)
        found = _reduced("max" if ord > 0 else "min", sums, (left,), True)
    elif ord in ("nuc", 2, -2):
        order = (*(a for a in range(x.rank) if a not in axes), *axes)
        values = emit("svd", emit("transpose", x, perm=order), full=False, vectors=False)
        kind = {"nuc": "sum", 2: "max", -2: "min"}[ord]
        found = _reduced(kind, values, (values.rank - 1,), False)
        kept = tuple(1 if a in axes else d for a, d in enumerate(x.shape))
        found = emit("reshape", found, shape=kept)
    else:
        raise ValueError(f"norm: the order of a matrix norm is {MATRIX_ORDERS}, not {ord!r}")
    if keepdims:
        return found
    return emit("reshape", found, shape=tuple(d for a, d in enumerate(x.shape) if a not in axes))
