"""Systems with triangular matrices, and the diagonals of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.ir.dims import dim_min
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.batching import shifted
from graphc.ops.library import Library
from graphc.ops.linalg.nodes import SINGULAR, by_columns, column, count, matmul, on_diagonal, right_side, triangle
from graphc.ops.record import OpRecord, register


def _infer_solve(a: TensorType, b: TensorType, lower: bool, transpose: bool) -> TensorType:
    right_side("triangular_solve", a, b)
    return b


def substituted(a: Any, b: Any, lower: bool, transpose: bool) -> Any:
    """Solutions by substitution, row by row; a zero on the diagonal is an `IndexError`."""
    if np.any(np.diagonal(a, 0, -2, -1) == 0):
        raise IndexError(f"triangular_solve: {SINGULAR}: there is a zero on the diagonal")
    if transpose:
        a, lower = np.swapaxes(a, -1, -2), not lower
    x = np.array(b)
    size = a.shape[-1]
    for i in range(size) if lower else reversed(range(size)):
        known = slice(0, i) if lower else slice(i + 1, size)
        rest = np.matmul(a[..., i : i + 1, known], x[..., known, :])
        x[..., i : i + 1, :] = (x[..., i : i + 1, :] - rest) / a[..., i : i + 1, i : i + 1]
    return x


def _vjp_solve(g: Node, out: Node, a: Node, b: Node) -> tuple[Node, Node]:
    lower, transpose = out.attrs["lower"], out.attrs["transpose"]
    pulled = g.builder.emit("triangular_solve", a, g, lower=lower, transpose=not transpose)
    factor = matmul(out, pulled, ty=True) if transpose else matmul(pulled, out, ty=True)
    return -triangle(factor, lower), pulled


register(
    OpRecord(
        "triangular_solve",
        "library",
        _infer_solve,
        substituted,
        _vjp_solve,
        batch=by_columns("triangular_solve"),
        library=lambda node: Library(
            (count(node), *node.shape[-2:]), (), (node.attrs["lower"], node.attrs["transpose"])
        ),
        can_fail=f"{SINGULAR}: there is a zero on the diagonal",
        doc="Solutions X of A X = B, or of A^T X = B, where A is triangular; its other triangle is not read. A zero on "
        "the diagonal is an error.",
        formula="solve(tril(a) or triu(a), b)",
    )
)


def _infer_diagonal(x: TensorType) -> TensorType:
    if x.rank < 2:
        raise ValueError(f"diag_part: a matrix is needed, not {x!r}")
    return x.with_shape((*x.shape[:-2], dim_min(*x.shape[-2:])))


def _vjp_diagonal(g: Node, out: Node, x: Node) -> tuple[Node]:
    rows, columns = x.shape[-2:]
    if rows == columns:
        return (on_diagonal(x, column(g), 0.0),)
    zero, missing = g.builder.constant(0.0, g.dtype), rows - g.shape[-1]
    pad = {"low": (0,) * g.rank, "interior": (0,) * g.rank, "high": (0,) * (g.rank - 1) + (missing,)}
    return (on_diagonal(x, column(g.builder.emit("pad", g, zero, **pad)), 0.0),)


register(
    OpRecord(
        "diag_part",
        "view",
        _infer_diagonal,
        lambda x: np.diagonal(x, 0, -2, -1),
        _vjp_diagonal,
        batch=shifted("diag_part"),
        linear=True,
        dtypes="biuf",
        doc="The diagonals of matrices over the last two axes.",
        formula="diagonal(x, 0, -2, -1)",
    )
)
