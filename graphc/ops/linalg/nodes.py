"""What the rules of linear algebra share: checks of shapes, and small expressions over nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphc.ir.dims import Dim, product
from graphc.ir.dtypes import int64
from graphc.ir.node import Node
from graphc.ir.types import Shape, TensorType
from graphc.ops.assume import assume_equal
from graphc.ops.batching import Rule, with_axis

NOT_POSITIVE_DEFINITE = "the matrix is not positive definite"
SINGULAR = "the matrix is singular"
NO_CONVERGENCE = "the iteration did not converge: is there a NaN or an infinity in the matrix?"


def matrix(name: str, x: TensorType) -> tuple[Dim, Dim]:
    """The last two sizes of a floating operand.

    Raises
    ------
    TypeError, ValueError
        If it is not floating, or has fewer than two axes.
    """
    if not x.dtype.is_floating:
        raise TypeError(f"{name}: float32 or float64 is needed, not {x!r}: cast first")
    if x.rank < 2:
        raise ValueError(f"{name}: a matrix is needed, not {x!r}")
    return x.shape[-2], x.shape[-1]


def square(name: str, x: TensorType) -> Dim:
    """The size of square matrices.

    Raises
    ------
    TypeError, ValueError
        If the operand holds none.
    """
    rows, columns = matrix(name, x)
    try:
        return assume_equal(rows, columns)
    except ValueError:
        raise ValueError(f"{name}: square matrices are needed, not {x!r}") from None


def right_side(name: str, a: TensorType, b: TensorType) -> None:
    """Check that the rows and leading axes of `b` are those of the square `a`.

    Raises
    ------
    TypeError, ValueError
        If they are not.
    """
    square(name, a)
    matrix(name, b)
    if a.dtype != b.dtype:
        raise TypeError(f"{name}: the element types of {a!r} and {b!r} differ")
    try:
        if a.rank != b.rank:
            raise ValueError("different ranks")
        for n, m in zip(a.shape[:-1], b.shape[:-1], strict=True):
            assume_equal(n, m)
    except ValueError as error:
        raise ValueError(f"{name}: the right side {b!r} does not fit the matrices {a!r}: {error}") from None


def count(x: Node) -> Dim:
    """The number of matrices."""
    return product(x.shape[:-2])


def transposed(x: Node) -> Node:
    """The last two axes exchanged."""
    order = (*range(x.rank - 2), x.rank - 1, x.rank - 2)
    return x.builder.emit("transpose", x, perm=order)


def matmul(x: Node, y: Node, tx: bool = False, ty: bool = False) -> Node:
    """A product; of matrices with one column or row it is elementwise, and so joins what it is used in."""
    if (x.shape[-2] if tx else x.shape[-1]) == 1:
        return (transposed(x) if tx else x) * (transposed(y) if ty else y)
    return x.builder.emit("matmul", x, y, transpose_x=tx, transpose_y=ty)


def symmetric(x: Node) -> Node:
    """The symmetric part."""
    return (x + transposed(x)) * 0.5


def rows_and_columns(x: Node) -> tuple[Node, Node]:
    """Numbers of the rows, as a column, and of the columns."""
    emit = x.builder.emit
    rows = emit("iota", size=x.shape[-2], dtype=int64)
    return emit("reshape", rows, shape=(x.shape[-2], 1)), emit("iota", size=x.shape[-1], dtype=int64)


def triangle(x: Node, lower: bool) -> Node:
    """The elements on one side of the diagonal, the diagonal included; zeros elsewhere."""
    rows, columns = rows_and_columns(x)
    emit = x.builder.emit
    return emit("select", emit("le" if lower else "ge", columns, rows), x, 0.0)


def on_diagonal(x: Node, value: Node | float, otherwise: Node | float) -> Node:
    """`value` on the diagonals of matrices shaped as `x`, another elsewhere."""
    rows, columns = rows_and_columns(x)
    emit = x.builder.emit
    operands = [v if isinstance(v, Node) else x.builder.constant(v, x.dtype) for v in (value, otherwise)]
    return emit("select", emit("eq", rows, columns), *operands)


def identity_like(x: Node) -> Node:
    """Identity matrices of the shape of square `x`."""
    return x.builder.emit("broadcast_to", on_diagonal(x, 1.0, 0.0), shape=x.shape)


def diagonal(x: Node) -> Node:
    """The diagonals of matrices."""
    return x.builder.emit("diag_part", x)


def column(x: Node) -> Node:
    """Vectors as matrices of one column."""
    return x.builder.emit("reshape", x, shape=(*x.shape, 1))


def row(x: Node) -> Node:
    """Vectors as matrices of one row."""
    return x.builder.emit("reshape", x, shape=(*x.shape[:-1], 1, x.shape[-1]))


def scalars(x: Node) -> Node:
    """One value for each matrix, with two axes of size 1 behind it."""
    return x.builder.emit("reshape", x, shape=(*x.shape, 1, 1))


def item(x: Node, index: int) -> Node:
    """One result of a node that has several."""
    return x.builder.emit("item", x, index=index)


def whole(name: str) -> Rule:
    """The rule of vectorization of operations over matrices: every operand gets the new axis."""

    def rule(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], **attrs: Any) -> Node:
        operands = [with_axis(n, b, size) for n, b in zip(inputs, batched, strict=True)]
        return operands[0].builder.emit(name, *operands, **attrs)

    return rule


def by_columns(name: str) -> Rule:
    """The rule of solvers, whose last operand is the right side.

    Where only that one is new, its copies become further columns: the matrix is read once.
    """

    def rule(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], **attrs: Any) -> Node:
        if any(batched[:-1]):
            return whole(name)(size, inputs, batched, **attrs)
        b = inputs[-1]
        emit, rank = b.builder.emit, b.rank
        rows, columns = b.shape[-2:]
        moved = emit("transpose", b, perm=(*range(1, rank - 1), 0, rank - 1))
        wide = emit("reshape", moved, shape=(*b.shape[1:-2], rows, size * columns))
        solved = emit(name, *inputs[:-1], wide, **attrs)
        parts = emit("reshape", solved, shape=(*b.shape[1:-2], rows, size, columns))
        return emit("transpose", parts, perm=(rank - 2, *range(rank - 2), rank - 1))

    return rule


def leading(shape: Shape) -> Shape:
    """The axes before the last two."""
    return shape[:-2]
