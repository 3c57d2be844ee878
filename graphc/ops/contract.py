"""Matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.assume import assume_equal
from graphc.ops.batching import aligned
from graphc.ops.record import OpRecord, register
from graphc.ops.shapes import broadcast_shapes


def _infer_matmul(x: TensorType, y: TensorType, transpose_x: bool, transpose_y: bool) -> TensorType:
    if x.dtype != y.dtype or x.dtype.is_bool:
        raise TypeError(f"matmul: operands are {x!r} and {y!r}")
    if x.rank < 2 or y.rank < 2:
        raise ValueError(f"matmul: operands of at least two axes are needed, not {x!r} and {y!r}")
    rows, inner = x.shape[-2:][::-1] if transpose_x else x.shape[-2:]
    inner_y, columns = y.shape[-2:][::-1] if transpose_y else y.shape[-2:]
    try:
        assume_equal(inner, inner_y)
    except ValueError:
        shown = f"{x!r}{' transposed' if transpose_x else ''} and {y!r}{' transposed' if transpose_y else ''}"
        raise ValueError(f"matmul: inner sizes {inner} and {inner_y} differ in {shown}") from None
    return x.with_shape((*broadcast_shapes(x.shape[:-2], y.shape[:-2]), rows, columns))


def _evaluate_matmul(x: Any, y: Any, transpose_x: bool, transpose_y: bool) -> Any:
    return np.matmul(np.swapaxes(x, -1, -2) if transpose_x else x, np.swapaxes(y, -1, -2) if transpose_y else y)


def _vjp_matmul(g: Node, out: Node, x: Node, y: Node) -> tuple[Node, Node]:
    tx, ty = out.attrs["transpose_x"], out.attrs["transpose_y"]

    def product(a: Node, b: Node, ta: bool, tb: bool) -> Node:
        return g.builder.emit("matmul", a, b, transpose_x=ta, transpose_y=tb)

    dx = product(y, g, ty, True) if tx else product(g, y, False, not ty)
    dy = product(g, x, True, tx) if ty else product(x, g, not tx, False)
    return dx, dy


register(
    OpRecord(
        "matmul",
        "contract",
        _infer_matmul,
        _evaluate_matmul,
        _vjp_matmul,
        batch=aligned("matmul"),
        dtypes="iuf",
        sample=((-1.0, 1.0), (-1.0, 1.0)),
        doc="Matrix product over the last two axes; leading axes broadcast.",
        formula="matmul(x, y)",
    )
)
