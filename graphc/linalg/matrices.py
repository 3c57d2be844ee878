"""Matrices made from others: diagonals, bands, blocks, products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphc.api.convert import as_dims, as_node, builder, dim_node, promote_all
from graphc.api.define import operation
from graphc.ir.dims import Dim, dim_min
from graphc.ir.dtypes import DType, int64
from graphc.ir.node import Node
from graphc.ops.linalg.nodes import column, diagonal, matmul, on_diagonal, rows_and_columns, transposed
from graphc.ops.shapes import broadcast_shapes


def broadcast_leading(*operands: Node) -> tuple[Node, ...]:
    """Operands with equal leading axes."""
    lead = broadcast_shapes(*(x.shape[:-2] for x in operands))
    return tuple(
        x if x.shape[:-2] == lead else builder().emit("broadcast_to", x, shape=(*lead, *x.shape[-2:])) for x in operands
    )


def identity(size: Dim, dtype: DType) -> Node:
    """An identity matrix."""
    like = builder().full(0.0, dtype, (size, size))
    return on_diagonal(like, 1.0, 0.0)


def need_matrix(name: str, x: Node) -> None:
    """Refuse tensors of fewer than two axes."""
    if x.rank < 2:
        raise ValueError(f"{name}: a matrix is needed, not {x.tensor!r}")


@operation("matrix_transpose")
def matrix_transpose(a: Any) -> Node:
    """The last two axes exchanged."""
    x = as_node(a)
    need_matrix("matrix_transpose", x)
    return transposed(x)


@operation("trace")
def trace(x: Any) -> Node:
    """Sums of the diagonals of matrices."""
    values = diagonal(as_node(x))
    return builder().emit("sum", values, axes=(values.rank - 1,), keepdims=False)


@operation("set_diag")
def set_diag(input: Any, diagonal: Any) -> Node:
    """Matrices with their diagonals replaced."""
    x, values = promote_all((input, diagonal))
    need_matrix("set_diag", x)
    missing = x.shape[-2] - dim_min(*x.shape[-2:])
    if missing != 0:
        # Rows below the diagonal of a tall matrix: what is put there is not used.
        zeros = (0,) * values.rank
        high = (*zeros[1:], missing)
        values = builder().emit("pad", values, builder().constant(0, x.dtype), low=zeros, high=high, interior=zeros)
    return on_diagonal(x, column(values), x)


@operation("band_part")
def band_part(input: Any, num_lower: Any, num_upper: Any) -> Node:
    """The diagonals from `num_lower` below to `num_upper` above the main one, zeros elsewhere.

    Parameters
    ----------
    input : Tensor or array_like
    num_lower, num_upper : int or integer Tensor
        Numbers of diagonals that are kept; -1 keeps all on that side.
    name : str, optional
        Of the operation in the graph.
    """
    x = as_node(input)
    need_matrix("band_part", x)
    rows, columns = rows_and_columns(x)
    emit = builder().emit
    below, above = (as_dims(v, "a number of diagonals")[0] for v in (num_lower, num_upper))
    zero = builder().constant(0, x.dtype)
    for bound, distance in ((below, rows - columns), (above, columns - rows)):
        if isinstance(bound, int) and bound < 0:
            continue
        limit = dim_node(bound, int64)
        kept = emit("le", distance, limit)
        if not isinstance(bound, int):
            kept = emit("or", kept, emit("lt", limit, 0))
        x = emit("select", kept, x, zero)
    return x


@operation("kron")
def kron(a: Any, b: Any) -> Node:
    """The Kronecker product of matrices: ``b`` times each element of ``a``, in blocks. Leading axes broadcast."""
    x, y = promote_all((a, b))
    need_matrix("kron", x)
    need_matrix("kron", y)
    (m, n), (p, q) = x.shape[-2:], y.shape[-2:]
    emit = builder().emit
    wide = emit("reshape", x, shape=(*x.shape[:-2], m, 1, n, 1)) * emit("reshape", y, shape=(*y.shape[:-2], 1, p, 1, q))
    return emit("reshape", wide, shape=(*wide.shape[:-4], m * p, n * q))


@operation("block_diag")
def block_diag(matrices: Sequence[Any]) -> Node:
    """A matrix with the given ones along its diagonal, zeros elsewhere. Leading axes broadcast."""
    blocks = promote_all(tuple(matrices))
    for block in blocks:
        need_matrix("block_diag", block)
    blocks = broadcast_leading(*blocks)
    width = sum((b.shape[-1] for b in blocks), 0)
    zero, start = builder().constant(0, blocks[0].dtype), 0
    rows = []
    for block in blocks:
        none, stop = (0,) * (block.rank - 1), start + block.shape[-1]
        low, high = (*none, start), (*none, width - stop)
        rows.append(builder().emit("pad", block, zero, low=low, high=high, interior=(0,) * block.rank))
        start = stop  # type: ignore[assignment]
    return builder().emit("concat", *rows, axis=rows[0].rank - 2)


@operation("cross")
def cross(a: Any, b: Any) -> Node:
    """The cross product of vectors of three elements along the last axis.

    Raises
    ------
    GraphError
        If the last axis has another size.
    """
    x, y = promote_all((a, b))
    for operand in (x, y):
        if operand.rank == 0 or operand.shape[-1] != 3:
            raise ValueError(f"cross: vectors of 3 elements are needed, not {operand.tensor!r}")

    def part(node: Node, k: int) -> Node:
        start, stop = (0,) * (node.rank - 1) + (k,), (*node.shape[:-1], k + 1)
        return builder().emit("slice", node, start=start, stop=stop, step=(1,) * node.rank)

    parts = [
        part(x, (k + 1) % 3) * part(y, (k + 2) % 3) - part(x, (k + 2) % 3) * part(y, (k + 1) % 3) for k in range(3)
    ]
    return builder().emit("concat", *parts, axis=parts[0].rank - 1)


@operation("matvec")
def matvec(a: Any, b: Any, transpose_a: bool = False) -> Node:
    """Products of matrices and vectors; leading axes broadcast."""
    x, y = promote_all((a, b))
    need_matrix("matvec", x)
    product = matmul(x, column(y), tx=bool(transpose_a))
    return builder().emit("reshape", product, shape=product.shape[:-1])
