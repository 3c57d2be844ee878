"""Elements picked by index: along one axis, or by index vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphc.ir.dims import Dim, product
from graphc.ir.node import Node
from graphc.ir.types import Shape, TensorType
from graphc.ops.assume import assume_equal
from graphc.ops.batching import move_axis, with_axis
from graphc.ops.record import OpRecord, register
from graphc.ops.source import Source, source_of

#: A message for the user; the reference fills it in.
OUT_OF_RANGE = "{name}: index {value} at position {position} is out of range for axis {axis} of size {size}"


def require_integers(name: str, indices: TensorType) -> None:
    """Raise unless indices are integers."""
    if not indices.dtype.is_integer:
        raise TypeError(f"{name}: indices are {indices.dtype.name}, not integers")


def check_range(name: str, indices: Any, size: int, axis: int) -> None:
    """Raise the error of an index outside 0..size-1.

    Raises
    ------
    IndexError
        With the first offending value, its position, the axis and its size.
    """
    bad = np.argwhere((indices < 0) | (indices >= size))
    if len(bad):
        position = tuple(int(i) for i in bad[0])
        value = int(indices[position])
        raise IndexError(OUT_OF_RANGE.format(name=name, value=value, position=list(position), axis=axis, size=size))


def common_batch(name: str, x: TensorType, indices: TensorType, batch_dims: int) -> Shape:
    """The leading axes that operand and indices share."""
    if batch_dims > min(x.rank, indices.rank):
        raise ValueError(f"{name}: {batch_dims} batch axes, but the operands are {x!r} and {indices!r}")
    try:
        return tuple(assume_equal(a, b) for a, b in zip(x.shape[:batch_dims], indices.shape[:batch_dims], strict=True))
    except ValueError as error:
        raise ValueError(f"{name}: the batch axes of {x!r} and {indices!r} do not agree: {error}") from None


def gathered_shape(name: str, x: TensorType, indices: TensorType, axis: int, batch_dims: int) -> Shape:
    """The shape of elements picked along an axis."""
    require_integers(name, indices)
    if not 0 <= batch_dims <= axis < x.rank:
        raise ValueError(f"{name}: axis {axis} with {batch_dims} batch axes does not suit {x!r}")
    batch = common_batch(name, x, indices, batch_dims)
    return (*batch, *x.shape[batch_dims:axis], *indices.shape[batch_dims:], *x.shape[axis + 1 :])


def blocks(x: Shape, indices: Shape, axis: int, batch_dims: int) -> dict[str, Dim]:
    """Sizes of the loops of a gather: the operand is (batch, outer, size, inner), the indices (batch, count)."""
    return {
        "batch": product(x[:batch_dims]),
        "outer": product(x[batch_dims:axis]),
        "size": x[axis],
        "count": product(indices[batch_dims:]),
        "inner": product(x[axis + 1 :]),
    }


def _infer_gather(x: TensorType, indices: TensorType, axis: int, batch_dims: int) -> TensorType:
    return x.with_shape(gathered_shape("gather", x, indices, axis, batch_dims))


def _evaluate_gather(x: Any, indices: Any, axis: int, batch_dims: int) -> Any:
    check_range("gather", indices, x.shape[axis], axis)
    if batch_dims == 0:
        return np.take(x, indices, axis)
    sizes: dict[str, Any] = blocks(x.shape, indices.shape, axis, batch_dims)
    table = x.reshape(sizes["batch"], sizes["outer"], sizes["size"], sizes["inner"])
    rows = np.arange(sizes["batch"])[:, None]
    found = table[rows, :, indices.reshape(sizes["batch"], sizes["count"])].transpose(0, 2, 1, 3)
    return found.reshape(x.shape[:axis] + indices.shape[batch_dims:] + x.shape[axis + 1 :])


def _vjp_gather(g: Node, out: Node, x: Node, indices: Node) -> tuple[Node, None]:
    zeros = g.builder.full(0, g.dtype, x.shape)
    return g.builder.emit("scatter", zeros, indices, g, mode="add", **out.attrs), None


def _batch_gather(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], axis: int, batch_dims: int) -> Node:
    x, indices = inputs
    emit = x.builder.emit
    if batch_dims == 0 and not batched[1]:
        return emit("gather", x, indices, axis=axis + 1, batch_dims=0)
    if batch_dims == 0 and not batched[0]:
        return move_axis(emit("gather", x, indices, axis=axis, batch_dims=0), axis, 0)
    x, indices = with_axis(x, batched[0], size), with_axis(indices, batched[1], size)
    return emit("gather", x, indices, axis=axis + 1, batch_dims=batch_dims + 1)


def _source_gather(node: Node) -> Source:
    x, indices = node.inputs
    sizes = blocks(x.shape, indices.shape, node.attrs["axis"], node.attrs["batch_dims"])
    body = """
        for b in range(batch):
            for o in range(outer):
                for c in range(count):
                    i = np.int64(indices[b * count + c])
                    if i < 0 or i >= size:
                        return 1
                    source = ((b * outer + o) * size + i) * inner
                    target = ((b * outer + o) * count + c) * inner
                    for k in range(inner):
                        out[target + k] = x[source + k]
    """
    return source_of(node, "x indices out", sizes, body)


register(
    OpRecord(
        "gather",
        "irregular",
        _infer_gather,
        _evaluate_gather,
        _vjp_gather,
        symbolic=lambda x, indices, axis, batch_dims: _symbolic_gather(x, indices),
        batch=_batch_gather,
        source=_source_gather,
        can_fail="gather: an index is out of range",
        doc="Slices of x along an axis at the given positions; the first axes may be common to x and the indices.",
        formula="take(x, indices, axis)",
        sample=((-3.0, 3.0), (0.0, 4.0)),
        dtypes="biuf",
        ulp=(0, 0),
    )
)


def _symbolic_gather(x: tuple[Dim, ...], indices: tuple[Dim, ...]) -> tuple[Dim, ...] | None:
    if not all(isinstance(i, int) and 0 <= i < len(x) for i in indices):
        return None
    return tuple(x[i] for i in indices)  # type: ignore[index]


def index_depth(name: str, x: TensorType, indices: TensorType, batch_dims: int) -> int:
    """How many axes an index vector addresses."""
    require_integers(name, indices)
    if indices.rank == 0 or not isinstance(indices.shape[-1], int):
        raise ValueError(f"{name}: the last axis of the indices {indices!r} must have a known size")
    depth = indices.shape[-1]
    if batch_dims >= indices.rank or batch_dims + depth > x.rank:
        raise ValueError(f"{name}: {depth} indices and {batch_dims} batch axes do not suit {x!r} and {indices!r}")
    return depth


def nd_shape(name: str, x: TensorType, indices: TensorType, batch_dims: int) -> Shape:
    """The shape of slices picked by index vectors."""
    depth = index_depth(name, x, indices, batch_dims)
    batch = common_batch(name, x, indices, batch_dims)
    return (*batch, *indices.shape[batch_dims:-1], *x.shape[batch_dims + depth :])


def nd_positions(name: str, shape: tuple[int, ...], indices: Any, batch_dims: int) -> tuple[Any, ...]:
    """NumPy's index of the addressed slices; raises when one is out of range."""
    depth = indices.shape[-1]
    for k in range(depth):
        check_range(name, indices[..., k], shape[batch_dims + k], batch_dims + k)
    count = indices.ndim - 1
    lead = tuple(np.arange(shape[d]).reshape((1,) * d + (-1,) + (1,) * (count - d - 1)) for d in range(batch_dims))
    positions = (*lead, *(indices[..., k] for k in range(depth)))
    return tuple(np.broadcast_to(p, indices.shape[:-1]) for p in positions)


def nd_blocks(x: Shape, indices: Shape, batch_dims: int) -> tuple[dict[str, Dim], str]:
    """Sizes of the loops, and the statements that turn an index vector into the row `i` of the operand."""
    depth = indices[-1]
    assert isinstance(depth, int)
    sizes: dict[str, Dim] = {"batch": product(x[:batch_dims]), "count": product(indices[batch_dims:-1])}
    sizes |= {f"size{k}": x[batch_dims + k] for k in range(depth)}
    sizes |= {"inner": product(x[batch_dims + depth :])}
    lines = ["i = b"]
    for k in range(depth):
        lines += [f"j = np.int64(indices[(b * count + c) * {depth} + {k}])"]
        lines += [f"if j < 0 or j >= size{k}:", "    return 1", f"i = i * size{k} + j"]
    return sizes, "\n".join(lines)


def _evaluate_gather_nd(x: Any, indices: Any, batch_dims: int) -> Any:
    at = nd_positions("gather_nd", x.shape, indices, batch_dims)
    if not at:
        return np.broadcast_to(x, indices.shape[:-1] + x.shape)
    return x[at]


def _vjp_gather_nd(g: Node, out: Node, x: Node, indices: Node) -> tuple[Node, None]:
    zeros = g.builder.full(0, g.dtype, x.shape)
    return g.builder.emit("scatter_nd", zeros, indices, g, mode="add", **out.attrs), None


def _batch_gather_nd(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], batch_dims: int) -> Node:
    x, indices = inputs
    if batch_dims == 0 and not batched[0]:
        return x.builder.emit("gather_nd", x, indices, batch_dims=0)
    x, indices = with_axis(x, batched[0], size), with_axis(indices, batched[1], size)
    return x.builder.emit("gather_nd", x, indices, batch_dims=batch_dims + 1)


def _source_gather_nd(node: Node) -> Source:
    x, indices = node.inputs
    sizes, row = nd_blocks(x.shape, indices.shape, node.attrs["batch_dims"])
    row = row.replace("\n", "\n                ")
    body = f"""
        for b in range(batch):
            for c in range(count):
                {row}
                target = (b * count + c) * inner
                for k in range(inner):
                    out[target + k] = x[i * inner + k]
    """
    return source_of(node, "x indices out", sizes, body)


register(
    OpRecord(
        "gather_nd",
        "irregular",
        lambda x, indices, batch_dims: x.with_shape(nd_shape("gather_nd", x, indices, batch_dims)),
        _evaluate_gather_nd,
        _vjp_gather_nd,
        batch=_batch_gather_nd,
        source=_source_gather_nd,
        can_fail="gather_nd: an index is out of range",
        doc="Slices of x at index vectors; they lie along the last axis of the indices, for the first axes of x.",
        formula="x[tuple(moveaxis(indices, -1, 0))]",
        sample=((-3.0, 3.0), (0.0, 2.0)),
        dtypes="biuf",
        ulp=(0, 0),
    )
)
