"""Operations whose results have sizes that are data: masks, positions, distinct values, partitions.

The number of results is found before the sizes of a run are planned, and is a symbol that later shapes may use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphc.api.convert import as_dims, as_node, axis_of, builder, dim_node, promote_all
from graphc.api.define import operation
from graphc.ir.dims import Dim, product
from graphc.ir.dtypes import as_dtype, int32, int64
from graphc.ir.node import Node


def _count(flags: Node) -> Dim:
    """How many flags of a vector are set, as a size."""
    total = builder().emit("sum", builder().emit("cast", flags, dtype=int64), axes=(0,), keepdims=False)
    (count,) = as_dims(total, "the number of results")
    return count


def _ranks(flags: Node) -> Node:
    """For every set flag of a vector how many are set before it."""
    ones = builder().emit("cast", flags, dtype=int64)
    return builder().emit("cumsum", ones, axis=0, exclusive=True, reverse=False)


def _positions(flags: Node, count: Dim) -> Node:
    """Positions of the set flags of a vector, ascending: each goes to the place that its rank says."""
    emit = builder().emit
    places = emit("select", flags, _ranks(flags), -1)
    numbers = emit("iota", size=flags.shape[0], dtype=int64)
    return emit("unsorted_segment_sum", numbers, places, segments=count)


def _flat_mask(mask: Any) -> Node:
    node = as_node(mask)
    flags = node if node.dtype.is_bool else builder().emit("ne", node, 0)
    return builder().emit("reshape", flags, shape=(product(node.shape),))


@operation("boolean_mask")
def boolean_mask(tensor: Any, mask: Any, axis: Any = 0) -> Node:
    """Slices at the positions where the mask holds; the mask's axes are those of `tensor` from `axis` on."""
    x, flags = as_node(tensor), as_node(mask)
    first = axis_of(axis, x.rank)
    if flags.rank == 0 or first + flags.rank > x.rank:
        raise ValueError(f"boolean_mask: a mask of rank {flags.rank} does not suit {x.type!r} from axis {first} on")
    emit = builder().emit
    # Multiplying nothing in, but comparing the sizes: the mask must have exactly the axes that it selects from.
    masked = x.shape[first : first + flags.rank]
    flat = _flat_mask(emit("broadcast_to", flags, shape=masked) if flags.shape != masked else flags)
    merged = emit("reshape", x, shape=(*x.shape[:first], product(masked), *x.shape[first + flags.rank :]))
    return emit("gather", merged, _positions(flat, _count(flat)), axis=first, batch_dims=0)


@operation("where_positions")
def where_positions(condition: Any) -> Node:
    """Index vectors of the elements that hold (are not 0), in order: shape (their number, rank), int64."""
    node = as_node(condition)
    flat = _flat_mask(node)
    emit = builder().emit
    rest = _positions(flat, _count(flat))
    columns: list[Node] = []
    for size in reversed(node.shape):
        bound = dim_node(size, int64)
        columns.append(emit("mod", rest, bound))
        rest = emit("floordiv", rest, bound)
    shaped = [emit("reshape", c, shape=(*c.shape, 1)) for c in reversed(columns)]
    return shaped[0] if len(shaped) == 1 else emit("concat", *shaped, axis=1)


def _unique(x: Any, out_idx: Any) -> tuple[Node, Node, Node]:
    """Distinct values by first occurrence, for every element the number of its value, and how often each occurs."""
    node, emit = as_node(x), builder().emit
    if node.rank != 1:
        raise ValueError(f"unique: one axis is needed, not {node.type!r}")
    size = node.shape[0]
    order = emit("argsort", node, axis=0, descending=False, dtype=int64)
    ordered = emit("gather", node, order, axis=0, batch_dims=0)
    numbers = emit("iota", size=size, dtype=int64)
    before = emit("gather", ordered, emit("maximum", numbers - 1, 0), axis=0, batch_dims=0)
    fresh = emit("or", emit("eq", numbers, 0), emit("ne", ordered, before))
    # The sort is stable: the first of a run of equal elements is the value's first occurrence.
    group = emit("cumsum", emit("cast", fresh, dtype=int64), axis=0, exclusive=False, reverse=False) - 1
    first = emit("unsorted_segment_sum", emit("select", fresh, order, 0), group, segments=size)
    is_first = emit(
        "ne", emit("unsorted_segment_sum", emit("cast", fresh, dtype=int64), order, segments=size), 0
    )  # fmt: skip
    count = _count(is_first)
    values = emit("gather", node, _positions(is_first, count), axis=0, batch_dims=0)
    firsts = emit("gather", first, group, axis=0, batch_dims=0)
    ranks = emit("gather", _ranks(is_first), firsts, axis=0, batch_dims=0)
    index = emit("unsorted_segment_sum", ranks, order, segments=size)
    ones = emit("add", emit("mul", numbers, 0), 1)
    counts = emit("unsorted_segment_sum", ones, index, segments=count)
    element = as_dtype(out_idx)
    return values, emit("cast", index, dtype=element), emit("cast", counts, dtype=element)


@operation("unique")
def unique(x: Any, out_idx: Any = int32) -> tuple[Node, Node]:
    """Distinct values of a vector in the order of their first occurrence, and for every element its value's number."""
    return _unique(x, out_idx)[:2]


@operation("unique_with_counts")
def unique_with_counts(x: Any, out_idx: Any = int32) -> tuple[Node, Node, Node]:
    """As `unique`, and how often each value occurs."""
    return _unique(x, out_idx)


@operation("dynamic_partition")
def dynamic_partition(data: Any, partitions: Any, num_partitions: int) -> tuple[Node, ...]:
    """The slices of `data` that carry the number 0, those that carry 1, and so on; a list of tensors."""
    x, labels = as_node(data), as_node(partitions)
    if not labels.dtype.is_integer or labels.rank > x.rank:
        raise ValueError(f"dynamic_partition: {labels.type!r} cannot number the slices of {x.type!r}")
    emit = builder().emit
    flat_labels = emit("reshape", labels, shape=(product(labels.shape),))
    merged = emit("reshape", x, shape=(product(x.shape[: labels.rank]), *x.shape[labels.rank :]))
    parts = []
    for number in range(int(num_partitions)):
        flags = emit("eq", flat_labels, number)
        parts.append(emit("gather", merged, _positions(flags, _count(flags)), axis=0, batch_dims=0))
    return tuple(parts)


@operation("dynamic_stitch")
def dynamic_stitch(indices: Sequence[Any], data: Sequence[Any]) -> Node:
    """Slices put at the given positions; of several for one position the last wins, positions without one are 0."""
    places = [as_node(i) for i in indices]
    values = promote_all(list(data))
    if not places or len(places) != len(values):
        raise ValueError(f"dynamic_stitch: {len(places)} index tensors for {len(values)} data tensors")
    emit = builder().emit
    flat = [emit("cast", emit("reshape", p, shape=(product(p.shape),)), dtype=int64) for p in places]
    rows = [
        emit("reshape", v, shape=(product(v.shape[: p.rank]), *v.shape[p.rank :]))
        for p, v in zip(places, values, strict=True)
    ]
    at = flat[0] if len(flat) == 1 else emit("concat", *flat, axis=0)
    source = rows[0] if len(rows) == 1 else emit("concat", *rows, axis=0)
    highest = emit("max", at, axes=(0,), keepdims=False) + 1
    (size,) = as_dims(highest, "the number of stitched slices")
    target = builder().full(0, source.dtype, (size, *source.shape[1:]))
    return emit("scatter", target, at, source, mode="set", axis=0, batch_dims=0)


@operation("setdiff1d")
def setdiff1d(x: Any, y: Any, out_idx: Any = int32) -> tuple[Node, Node]:
    """Elements of the vector `x` that do not occur in `y`, in order, and their positions."""
    left, right = promote_all((x, y))
    if left.rank != 1 or right.rank != 1:
        raise ValueError(f"setdiff1d: two vectors are needed, not {left.type!r} and {right.type!r}")
    emit = builder().emit
    column = emit("reshape", left, shape=(left.shape[0], 1))
    flags = emit("not", emit("any", emit("eq", column, right), axes=(1,), keepdims=False))
    positions = _positions(flags, _count(flags))
    kept = emit("gather", left, positions, axis=0, batch_dims=0)
    return kept, emit("cast", positions, dtype=as_dtype(out_idx))
