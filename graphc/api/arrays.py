"""Selecting, joining, ordering and filling tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.api.convert import (
    as_dims,
    as_node,
    axis_of,
    builder,
    dim_node,
    promote_all,
    static_ints,
)
from graphc.api.define import operation
from graphc.ir.dims import Dim, dim_max
from graphc.ir.dtypes import as_dtype, bool_, int32, int64
from graphc.ir.node import Node
from graphc.ops.shapes import normalize_axis


def _part(x: Node, axis: int, start: Dim, stop: Dim) -> Node:
    begin = tuple(start if i == axis else 0 for i in range(x.rank))
    end = tuple(stop if i == axis else d for i, d in enumerate(x.shape))
    return builder().emit("slice", x, start=begin, stop=end, step=(1,) * x.rank)


@operation("split")
def split(value: Any, num_or_size_splits: Any, axis: Any = 0, num: int | None = None) -> list[Node]:
    """Parts along an axis: a number of equal ones, or parts of given sizes (one may be -1).

    Raises
    ------
    GraphError
        If the sizes do not add up.
    """
    x = as_node(value)
    at = axis_of(axis, x.rank)
    size = x.shape[at]
    if isinstance(num_or_size_splits, int):
        if isinstance(size, int) and size % num_or_size_splits:
            raise ValueError(f"axis {at} of size {size} does not split into {num_or_size_splits} equal parts")
        sizes: list[Dim] = [size // num_or_size_splits] * num_or_size_splits
    else:
        sizes = list(as_dims(num_or_size_splits, "sizes"))
        open_at = [i for i, s in enumerate(sizes) if s == -1]
        if open_at:
            sizes[open_at[0]] = size - sum((s for i, s in enumerate(sizes) if i != open_at[0]), 0)
    total = sum(sizes, 0)
    if isinstance(total, int) and isinstance(size, int) and total != size:
        raise ValueError(f"parts of sizes {sizes} do not make up axis {at} of size {size}")
    parts, start = [], 0
    for part in sizes:
        parts.append(_part(x, at, start, start + part))
        start = start + part  # type: ignore[assignment]
    return parts


@operation("unstack")
def unstack(value: Any, num: int | None = None, axis: Any = 0) -> list[Node]:
    """The tensors along an axis, whose size must be known."""
    x = as_node(value)
    at = axis_of(axis, x.rank)
    count = x.shape[at] if num is None else num
    if not isinstance(count, int):
        raise ValueError(f"axis {at} of {x.tensor!r} has no known size: pass num=")
    rest = tuple(d for i, d in enumerate(x.shape) if i != at)
    return [builder().emit("reshape", _part(x, at, i, i + 1), shape=rest) for i in range(count)]


@operation("slice")
def slice_(x: Any, begin: Any, size: Any) -> Node:
    """`size` elements from `begin` on every axis; a size of -1 means all that are left."""
    node = as_node(x)
    start, count = as_dims(begin, "begin"), as_dims(size, "size")
    stop = tuple(n if c == -1 else b + c for b, c, n in zip(start, count, node.shape, strict=True))
    for b, e, n in zip(start, stop, node.shape, strict=True):
        if all(isinstance(v, int) for v in (b, e, n)) and not 0 <= b <= e <= n:  # type: ignore[operator]
            raise ValueError(f"elements {b} to {e} of an axis of size {n}")
    return builder().emit("slice", node, start=start, stop=stop, step=(1,) * node.rank)


@operation("pad")
def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0) -> Node:
    """Elements before and after, on every axis.

    Parameters
    ----------
    tensor : Tensor
    paddings : sequence of (before, after)
    mode : str
        ``"CONSTANT"``, ``"REFLECT"`` (mirror without the edge) or ``"SYMMETRIC"`` (mirror with the edge).
    constant_values : scalar
    """
    x = as_node(tensor)
    flat = as_dims(paddings, "paddings")
    if len(flat) != 2 * x.rank:
        raise ValueError(f"{x.rank} pairs of widths are needed for {x.tensor!r}, not {len(flat) / 2:g}")
    low, high = flat[::2], flat[1::2]
    kind = mode.upper()
    if kind == "CONSTANT":
        value = as_node(constant_values)
        value = value if value.dtype == x.dtype else as_node(value, x.dtype)
        return builder().emit("pad", x, value, low=low, high=high, interior=(0,) * x.rank)
    if kind not in ("REFLECT", "SYMMETRIC"):
        raise ValueError(f"mode {mode!r} is none of 'CONSTANT', 'REFLECT', 'SYMMETRIC'")
    for axis, (a, b) in enumerate(zip(low, high, strict=True)):
        x = _mirrored(x, axis, a, b, 1 if kind == "REFLECT" else 0)
    return x


def _mirrored(x: Node, axis: int, low: Dim, high: Dim, skip: int) -> Node:
    size = x.shape[axis]
    parts = [x]
    if low != 0:
        parts.insert(0, builder().emit("reverse", _part(x, axis, skip, low + skip), axes=(axis,)))
    if high != 0:
        parts.append(builder().emit("reverse", _part(x, axis, size - high - skip, size - skip), axes=(axis,)))
    return x if len(parts) == 1 else builder().emit("concat", *parts, axis=axis)


@operation("tile")
def tile(x: Any, multiples: Any) -> Node:
    """The tensor repeated along every axis."""
    node = as_node(x)
    times = as_dims(multiples, "multiples")
    if len(times) != node.rank:
        raise ValueError(f"{node.rank} multiples are needed for {node.tensor!r}, not {len(times)}")
    emit = builder().emit
    pairs = [d for t, n in zip(times, node.shape, strict=True) for d in (t, n)]
    grown = emit("reshape", node, shape=tuple(d for n in node.shape for d in (1, n)))
    whole = emit("broadcast_to", grown, shape=tuple(pairs))
    return emit("reshape", whole, shape=tuple(t * n for t, n in zip(times, node.shape, strict=True)))


@operation("reverse")
def reverse(x: Any, axis: Any) -> Node:
    """Elements in reversed order along axes."""
    node = as_node(x)
    return builder().emit("reverse", node, axes=tuple(normalize_axis(a, node.rank) for a in static_ints(axis, "axis")))


@operation("gather")
def gather(params: Any, indices: Any, axis: Any = 0, batch_dims: int = 0) -> Node:
    """Slices of `params` along an axis, by index; an index out of range fails the run."""
    x = as_node(params)
    return builder().emit("gather", x, as_node(indices), axis=axis_of(axis, x.rank), batch_dims=batch_dims)


@operation("gather_nd")
def gather_nd(params: Any, indices: Any, batch_dims: int = 0) -> Node:
    """Elements or slices by points: the last axis of `indices` holds coordinates."""
    return builder().emit("gather_nd", as_node(params), as_node(indices), batch_dims=batch_dims)


@operation("scatter_nd")
def scatter_nd(indices: Any, updates: Any, shape: Any) -> Node:
    """Zeros of a shape with `updates` added at points."""
    values = as_node(updates)
    zeros = builder().full(0, values.dtype, as_dims(shape, "shape"))
    return builder().emit("scatter_nd", zeros, as_node(indices), values, batch_dims=0, mode="add")


def _scatter(name: str, mode: str, what: str) -> Any:
    def body(tensor: Any, indices: Any, updates: Any) -> Node:
        x = as_node(tensor)
        return builder().emit("scatter_nd", x, as_node(indices), as_node(updates, x.dtype), batch_dims=0, mode=mode)

    body.__name__ = name
    body.__doc__ = f"""The tensor with {what} at points; an index out of range fails the run.

    Parameters
    ----------
    tensor : Tensor or array_like
    indices : integer Tensor
        The last axis holds coordinates into the leading axes of `tensor`.
    updates : Tensor or array_like
        Elements or slices, one for each point.
    name : str, optional
    """
    return operation(body.__name__)(body)


tensor_scatter_update = _scatter("tensor_scatter_update", "set", "elements replaced by `updates`")
tensor_scatter_add = _scatter("tensor_scatter_add", "add", "`updates` added")
tensor_scatter_max = _scatter("tensor_scatter_max", "max", "elements raised to `updates`")
tensor_scatter_min = _scatter("tensor_scatter_min", "min", "elements lowered to `updates`")


@operation("one_hot")
def one_hot(
    indices: Any, depth: Any, on_value: Any = 1.0, off_value: Any = 0.0, axis: Any = -1, dtype: Any = "float32"
) -> Node:
    """A new axis of size `depth` that is `on_value` at the index and `off_value` elsewhere; all off for others."""
    index = as_node(indices)
    (size,) = as_dims(depth, "depth")
    at = axis_of(axis, index.rank + 1)
    emit = builder().emit
    grown = emit("reshape", index, shape=(*index.shape[:at], 1, *index.shape[at:]))
    numbers = emit("iota", size=size, dtype=index.dtype)
    along = emit("reshape", numbers, shape=tuple(size if i == at else 1 for i in range(index.rank + 1)))
    element = as_dtype(dtype)
    hit = emit("eq", grown, along)
    return emit("select", hit, as_node(on_value, element), as_node(off_value, element))


@operation("sort")
def sort(values: Any, axis: Any = -1, direction: str = "ASCENDING") -> Node:
    """Elements in order along an axis, NaN last."""
    x = as_node(values)
    at = axis_of(axis, x.rank)
    found = builder().emit("sort", x, axis=at)
    return builder().emit("reverse", found, axes=(at,)) if _descending(direction) else found


@operation("argsort")
def argsort(values: Any, axis: Any = -1, direction: str = "ASCENDING", output_type: Any = int32) -> Node:
    """Positions that put elements in order along an axis; equal elements keep theirs."""
    x = as_node(values)
    return builder().emit(
        "argsort", x, axis=axis_of(axis, x.rank), descending=_descending(direction), dtype=as_dtype(output_type)
    )


def _descending(direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(f"direction {direction!r} is neither 'ASCENDING' nor 'DESCENDING'")
    return direction == "DESCENDING"


@operation("top_k")
def top_k(x: Any, k: Any = 1, sorted: bool = True) -> tuple[Node, Node]:
    """The k largest elements along the last axis, largest first, and their positions (int32)."""
    node = as_node(x)
    (count,) = as_dims(k, "k")
    index = builder().emit("top_k", node, k=count, dtype=int32)
    values = builder().emit("gather", node, index, axis=node.rank - 1, batch_dims=node.rank - 1)
    return values, index


@operation("searchsorted")
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = int32) -> Node:
    """Where values would be inserted along the last axis to keep the order."""
    if side not in ("left", "right"):
        raise ValueError(f"side {side!r} is neither 'left' nor 'right'")
    ordered, wanted = promote_all((sorted_sequence, values))
    return builder().emit("searchsorted", ordered, wanted, right=side == "right", dtype=as_dtype(out_type))


@operation("unsorted_segment_sum")
def unsorted_segment_sum(data: Any, segment_ids: Any, num_segments: Any) -> Node:
    """Sums of the slices that carry the same id; negative ids are dropped."""
    (count,) = as_dims(num_segments, "num_segments")
    return builder().emit("unsorted_segment_sum", as_node(data), as_node(segment_ids), segments=count)


@operation("range")
def range_(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None) -> Node:
    """Numbers from `start` (0 if only one is given) up to but without `limit`."""
    if limit is None:
        start, limit = 0, start
    listed = promote_all((start, limit, delta))
    element = as_dtype(dtype) if dtype is not None else listed[0].dtype
    emit = builder().emit
    if element.is_floating or any(n.dtype.is_floating for n in listed):
        first, last, step = (_static_float(v) for v in (start, limit, delta))
        return builder().constant(np.arange(first, last, step), element)
    (first_dim,), (last_dim,), (step_dim,) = (as_dims(v, "a bound of range") for v in (start, limit, delta))
    if not isinstance(step_dim, int) or step_dim == 0:
        raise ValueError("the step of a range must be an integer other than 0, known when the graph is built")
    span = last_dim - first_dim if step_dim > 0 else first_dim - last_dim
    count = dim_max((span + abs(step_dim) - 1) // abs(step_dim), 0)
    numbers = emit("iota", size=count, dtype=element)
    scaled = numbers if step_dim == 1 else numbers * step_dim
    return scaled if first_dim == 0 else scaled + as_node(dim_node(first_dim, int64), element)


def _static_float(value: Any) -> float:
    if isinstance(value, Node):
        if value.op != "const" or value.rank:
            raise ValueError("the bounds of a floating range must be known when the graph is built")
        return float(value.attrs["value"].array)
    return float(value)


@operation("linspace")
def linspace(start: Any, stop: Any, num: Any) -> Node:
    """`num` numbers at equal distances from `start` to `stop`, both included."""
    first, last = promote_all((start, stop))
    if not first.dtype.is_floating:
        first, last = as_node(first, as_dtype("float32")), as_node(last, as_dtype("float32"))
    (count,) = as_dims(num, "num")
    emit = builder().emit
    numbers = emit("cast", emit("iota", size=count, dtype=int64), dtype=first.dtype)
    below = emit("cast", dim_node(dim_max(count - 1, 1), int64), dtype=first.dtype)
    at_end = emit("eq", numbers, below)
    return emit("select", at_end, last, first + (last - first) / below * numbers)


def _rows_columns(rows: Dim, columns: Dim) -> tuple[Node, Node]:
    emit = builder().emit
    return (
        emit("reshape", emit("iota", size=rows, dtype=int64), shape=(rows, 1)),
        emit("iota", size=columns, dtype=int64),
    )


@operation("eye")
def eye(num_rows: Any, num_columns: Any = None, dtype: Any = "float32", batch_shape: Any = None) -> Node:
    """The identity matrix, or many of it with `batch_shape` as their leading axes."""
    (rows,) = as_dims(num_rows, "num_rows")
    columns = rows if num_columns is None else as_dims(num_columns, "num_columns")[0]
    one = builder().emit("cast", builder().emit("eq", *_rows_columns(rows, columns)), dtype=as_dtype(dtype))
    if batch_shape is None:
        return one
    return builder().emit("broadcast_to", one, shape=(*as_dims(batch_shape, "batch_shape"), rows, columns))


@operation("diag")
def diag(diagonal: Any) -> Node:
    """A matrix for every vector along the last axis, with the vector on its diagonal."""
    x = as_node(diagonal)
    size = x.shape[-1]
    hit = builder().emit("eq", *_rows_columns(size, size))
    grown = builder().emit("reshape", x, shape=(*x.shape, 1))
    return builder().emit("select", hit, grown, builder().constant(0, x.dtype))


@operation("diag_part")
def diag_part(x: Any) -> Node:
    """The diagonals of matrices over the last two axes."""
    return builder().emit("diag_part", as_node(x))


def _triangle(name: str, doc: str, comparison: str) -> Any:
    def body(x: Any, k: int = 0) -> Node:
        node = as_node(x)
        rows, columns = _rows_columns(*node.shape[-2:])
        kept = builder().emit(comparison, columns, rows + k)
        return builder().emit("select", kept, node, builder().constant(0, node.dtype))

    body.__name__, body.__doc__ = name, doc
    return operation(name)(body)


tril = _triangle("tril", "Elements on and below the k-th diagonal, zeros elsewhere.", "le")
triu = _triangle("triu", "Elements on and above the k-th diagonal, zeros elsewhere.", "ge")


@operation("meshgrid")
def meshgrid(*args: Any, indexing: str = "xy") -> list[Node]:
    """Coordinates of a grid, one tensor for each vector."""
    vectors = [as_node(a) for a in args]
    if indexing not in ("xy", "ij"):
        raise ValueError(f"indexing {indexing!r} is neither 'xy' nor 'ij'")
    order = list(range(len(vectors)))
    if indexing == "xy" and len(vectors) > 1:
        order[0], order[1] = 1, 0
    shape = [vectors[i].shape[0] for i in order]
    grids = []
    for i, vector in enumerate(vectors):
        at = order.index(i)
        along = builder().emit(
            "reshape", vector, shape=tuple(vector.shape[0] if j == at else 1 for j in range(len(order)))
        )
        grids.append(builder().emit("broadcast_to", along, shape=tuple(shape)))
    return grids


@operation("sequence_mask")
def sequence_mask(lengths: Any, maxlen: Any, dtype: Any = bool_) -> Node:
    """Whether a position comes before the length, along a new last axis of size `maxlen`."""
    length = as_node(lengths)
    (size,) = as_dims(maxlen, "maxlen")
    numbers = builder().emit("iota", size=size, dtype=length.dtype)
    hit = builder().emit("lt", numbers, builder().emit("reshape", length, shape=(*length.shape, 1)))
    return as_node(hit, as_dtype(dtype))
