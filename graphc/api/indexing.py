"""NumPy-style indexing: slices, steps, ellipsis, new axes, integers, and tensors of integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphc.api.convert import as_dims, as_node, builder
from graphc.api.define import operation
from graphc.ir.constants import Constant
from graphc.ir.dims import Dim, dim_max, dim_min, symbols
from graphc.ir.dtypes import int64
from graphc.ir.node import Node
from graphc.ops.assume import assume_equal
from graphc.ops.shapes import broadcast_shapes


def getitem(x: Any, key: Any) -> Any:
    """``x[key]``: what NumPy's basic indexing gives, and integer tensors as in advanced indexing."""
    return _index(x, key if isinstance(key, tuple) else (key,))


@operation("getitem")
def _index(x: Any, key: tuple[Any, ...]) -> Node:
    node = as_node(x)
    selection = selection_of(node, expanded(key, node.rank))
    return gathered(sliced(node, selection), selection.kept)


def is_array(part: Any) -> bool:
    """Whether a part of an index is an array of indices."""
    if isinstance(part, Node):
        return True
    return isinstance(part, Constant | list | np.ndarray)


def expanded(key: tuple[Any, ...], rank: int) -> list[Any]:
    """The key with its ellipsis written out and full slices at its end."""
    used = sum(1 for k in key if k is not None and k is not Ellipsis)
    if sum(1 for k in key if k is Ellipsis) > 1:
        raise ValueError("an index has at most one ellipsis")
    if used > rank:
        raise ValueError(f"{used} indices for a tensor of rank {rank}")
    for k in key:
        if isinstance(k, bool) or (isinstance(k, Node) and k.dtype.is_bool):
            raise TypeError("a boolean mask has a size that is known only at run time: use gc.boolean_mask")
        if isinstance(k, float):
            raise TypeError(f"an index must be an integer, not {k!r}")
    fill: list[Any] = [slice(None)] * (rank - used)
    if any(k is Ellipsis for k in key):
        at = next(i for i, k in enumerate(key) if k is Ellipsis)
        return [*key[:at], *fill, *key[at + 1 :]]
    return [*key, *fill]


@dataclass(frozen=True)
class Selection:
    """What slices and fixed integers select.

    Attributes
    ----------
    start, stop, step : tuple
        One per axis, of which those in `flipped` are reversed before.
    flipped : tuple of int
    kept : tuple
        One entry per axis of the result: an array of indices, None for a new axis, or a full slice.
    shape : tuple of Dim
        That of the result, before the arrays of indices are applied.
    """

    start: tuple[Dim, ...]
    stop: tuple[Dim, ...]
    step: tuple[int, ...]
    flipped: tuple[int, ...]
    kept: tuple[Any, ...]
    shape: tuple[Dim, ...]


def sliced(node: Node, selection: Selection) -> Node:
    """The tensor with slices and fixed integers applied."""
    emit, s = builder().emit, selection
    if s.flipped:
        node = emit("reverse", node, axes=s.flipped)
    if any(a != 0 or b != n or c != 1 for a, b, c, n in zip(s.start, s.stop, s.step, node.shape, strict=True)):
        node = emit("slice", node, start=s.start, stop=s.stop, step=s.step)
    return node if node.shape == s.shape else emit("reshape", node, shape=s.shape)


def selection_of(node: Node, parts: list[Any]) -> Selection:
    """The slices and fixed integers of an index."""
    start: list[Dim] = []
    stop: list[Dim] = []
    step: list[int] = []
    flipped: list[int] = []
    kept: list[Any] = []
    shape: list[Dim] = []
    axis = 0
    for part in parts:
        if part is None:
            kept.append(None)
            shape.append(1)
            continue
        size = node.shape[axis]
        if is_array(part) and not (isinstance(part, Node) and part.rank == 0 and part.op == "const"):
            bounds: tuple[Dim, Dim, int, bool] = (0, size, 1, False)
            kept.append(part)
            shape.append(size)
        elif isinstance(part, slice):
            bounds = _bounds(part, size)
            kept.append(slice(None))
            count = dim_max((bounds[1] - bounds[0] + bounds[2] - 1) // bounds[2], 0)
            shape.append(count)
        else:
            at = _position(part, size, axis)
            bounds = (at, at + 1, 1, False)
        start.append(bounds[0])
        stop.append(bounds[1])
        step.append(bounds[2])
        if bounds[3]:
            flipped.append(axis)
        axis += 1
    return Selection(tuple(start), tuple(stop), tuple(step), tuple(flipped), tuple(kept), tuple(shape))


def _position(part: Any, size: Dim, axis: int) -> Dim:
    (at,) = as_dims(part, "an index")
    if not isinstance(at, int):
        return at
    if isinstance(size, int):
        if not -size <= at < size:
            raise IndexError(f"index {at} is out of range for axis {axis} of size {size}")
    else:
        assume_equal(dim_max(size, at + 1 if at >= 0 else -at), size)
    return size + at if at < 0 else at


def _bounds(part: slice, size: Dim) -> tuple[Dim, Dim, int, bool]:
    """Start, stop and positive step of a slice, and whether the axis is reversed before."""
    step = 1 if part.step is None else as_dims(part.step, "a step")[0]
    if not isinstance(step, int) or step == 0:
        raise ValueError(
            f"the step of a slice must be an integer other than 0, known when the graph is built: {part.step}"
        )
    if step > 0:
        return _clipped(part.start, size, 0), _clipped(part.stop, size, size), step, False
    # x[a:b:-s] is the reversed axis, from size - 1 - a to size - 1 - b.
    first = size - 1 if part.start is None else _clipped_reverse(part.start, size)
    last: Dim = -1 if part.stop is None else _clipped_reverse(part.stop, size)
    return size - 1 - first, size - 1 - last, -step, True


def _clipped(bound: Any, size: Dim, default: Dim) -> Dim:
    if bound is None:
        return default
    (value,) = as_dims(bound, "a bound of a slice")
    value = _from_front(value, size, 0)
    if isinstance(value, int) and value < 0:
        return dim_max(size + value, 0)
    return dim_min(value, size) if value != 0 else 0


def _clipped_reverse(bound: Any, size: Dim) -> Dim:
    (value,) = as_dims(bound, "a bound of a slice")
    value = _from_front(value, size, -1)
    if isinstance(value, int) and value < 0:
        return dim_max(size + value, -1)
    return dim_min(value, size - 1)


def _from_front(bound: Dim, size: Dim, least: int) -> Dim:
    """A bound whose value is data, counted from the front and not below `least`."""
    if isinstance(bound, int) or not any(name.startswith("value") for name in symbols(bound)):
        return bound
    negative = dim_max(dim_min(-bound, 1), 0)
    return dim_max(bound + negative * size, least)


def gathered(node: Node, parts: Sequence[Any]) -> Node:
    """Integer tensors applied: one by one axis when there is one, together as points when there are several."""
    at = [i for i, part in enumerate(parts) if is_array(part)]
    if not at:
        return node
    emit = builder().emit
    indices = [nonnegative(as_node(parts[i], None), node.shape[i]) for i in at]
    if len(at) == 1:
        return emit("gather", node, indices[0], axis=at[0], batch_dims=0)
    shape = broadcast_shapes(*(i.shape for i in indices))
    rest = [i for i in range(node.rank) if i not in at]
    moved = emit("transpose", node, perm=(*at, *rest))
    columns = [emit("broadcast_to", i, shape=shape) if i.shape != shape else i for i in indices]
    points = emit("concat", *(emit("reshape", c, shape=(*shape, 1)) for c in columns), axis=len(shape))
    found = emit("gather_nd", moved, points, batch_dims=0)
    if at != list(range(at[0], at[0] + len(at))):
        return found
    # Adjacent index tensors leave their axes where they stood.
    lead = at[0]
    order = (*range(len(shape), len(shape) + lead), *range(len(shape)), *range(len(shape) + lead, found.rank))
    return found if lead == 0 else emit("transpose", found, perm=order)


def nonnegative(index: Node, size: Dim) -> Node:
    """Indices counted from the front."""
    if not index.dtype.is_integer:
        raise TypeError(f"a tensor of indices must be of integers, not {index.dtype.name}")
    wide = as_node(index, int64)
    top = (
        builder().emit("dim", value=size, dtype=int64) if not isinstance(size, int) else builder().constant(size, int64)
    )
    return builder().emit("select", builder().emit("lt", wide, 0), wide + top, wide)
