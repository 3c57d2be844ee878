"""Shapes of tensors, and tensors of shapes."""

from __future__ import annotations

from typing import Any

from graphc.api.convert import (
    as_dims,
    as_node,
    axis_of,
    builder,
    dim_node,
    fill_minus_one,
    promote_all,
    static_ints,
)
from graphc.api.define import operation
from graphc.ir.dims import product
from graphc.ir.dtypes import DType, as_dtype, int32
from graphc.ir.node import Node
from graphc.ops.shapes import normalize_axis


@operation("constant")
def constant(value: Any, dtype: Any = None, shape: Any = None) -> Node:
    """A tensor known when the graph is built.

    Parameters
    ----------
    value : array_like
        Python floats are float32, integers int32; NumPy arrays keep their type.
    dtype : DType, optional
    shape : sequence of int, optional
        Fill this shape; a single value is repeated.
    """
    node = as_node(value, None if dtype is None else as_dtype(dtype))
    if shape is None:
        return node
    wanted = as_dims(shape, "shape")
    if node.tensor.size == 1 and product(wanted) != 1:
        return builder().emit("broadcast_to", builder().emit("reshape", node, shape=()), shape=wanted)
    return builder().emit("reshape", node, shape=wanted)


@operation("identity")
def identity(x: Any) -> Node:
    """The tensor itself, as a new one of its own name."""
    return as_node(x)


@operation("stop_gradient")
def stop_gradient(x: Any) -> Node:
    """The tensor itself; gradients treat it as a constant."""
    return builder().emit("stop_gradient", as_node(x))


@operation("shape")
def shape(x: Any, out_type: Any = int32) -> Node:
    """Sizes of the axes as an integer vector."""
    node, dtype = as_node(x), as_dtype(out_type)
    if not node.rank:
        return builder().emit("reshape", builder().full(0, dtype, (0,)), shape=(0,))
    parts = [builder().emit("reshape", dim_node(d, dtype), shape=(1,)) for d in node.shape]
    return parts[0] if len(parts) == 1 else builder().emit("concat", *parts, axis=0)


@operation("size")
def size(x: Any, out_type: Any = int32) -> Node:
    """Number of elements, as an integer tensor."""
    return dim_node(as_node(x).tensor.size, as_dtype(out_type))


@operation("rank")
def rank(x: Any) -> Node:
    """Number of axes, as an int32 tensor."""
    return builder().constant(as_node(x).rank, int32)


@operation("reshape")
def reshape(x: Any, shape: Any) -> Node:
    """The same elements in row-major order under another shape; one size may be -1."""
    node = as_node(x)
    wanted = fill_minus_one(as_dims(shape, "shape"), node.tensor.size)
    return node if wanted == node.shape else builder().emit("reshape", node, shape=wanted)


@operation("transpose")
def transpose(x: Any, perm: Any = None) -> Node:
    """Axes in the order `perm`; reversed if it is None."""
    node = as_node(x)
    order = tuple(reversed(range(node.rank))) if perm is None else static_ints(perm, "perm")
    return builder().emit("transpose", node, perm=tuple(normalize_axis(p, node.rank) for p in order))


@operation("expand_dims")
def expand_dims(x: Any, axis: Any) -> Node:
    """A new axis of size 1 before `axis`."""
    node = as_node(x)
    at = axis_of(axis, node.rank + 1)
    return builder().emit("reshape", node, shape=(*node.shape[:at], 1, *node.shape[at:]))


@operation("squeeze")
def squeeze(x: Any, axis: Any = None) -> Node:
    """Axes of size 1 removed: those given, or all that are known to be 1.

    Raises
    ------
    GraphError
        If a given axis has another size.
    """
    node = as_node(x)
    if axis is None:
        drop = {i for i, d in enumerate(node.shape) if d == 1}
    else:
        drop = {normalize_axis(a, node.rank) for a in static_ints(axis, "axis")}
        for a in drop:
            if isinstance(node.shape[a], int) and node.shape[a] != 1:
                raise ValueError(f"axis {a} of {node.tensor!r} has size {node.shape[a]}, not 1")
    return builder().emit("reshape", node, shape=tuple(d for i, d in enumerate(node.shape) if i not in drop))


@operation("broadcast_to")
def broadcast_to(x: Any, shape: Any) -> Node:
    """The tensor repeated along axes of size 1, and new leading ones, to a shape."""
    return builder().emit("broadcast_to", as_node(x), shape=as_dims(shape, "shape"))


@operation("concat")
def concat(values: Any, axis: Any) -> Node:
    """Tensors one after another along an axis; they agree in all other sizes."""
    nodes = promote_all(list(values))
    return nodes[0] if len(nodes) == 1 else builder().emit("concat", *nodes, axis=axis_of(axis, nodes[0].rank))


@operation("stack")
def stack(values: Any, axis: Any = 0) -> Node:
    """Tensors of one shape along a new axis."""
    nodes = promote_all(list(values))
    at = axis_of(axis, nodes[0].rank + 1)
    grown = [builder().emit("reshape", n, shape=(*n.shape[:at], 1, *n.shape[at:])) for n in nodes]
    return grown[0] if len(grown) == 1 else builder().emit("concat", *grown, axis=at)


def _filled(value: float, shape: Any, dtype: Any) -> Node:
    wanted: DType = as_dtype(dtype)
    return builder().full(value, wanted, as_dims(shape, "shape"))


@operation("zeros")
def zeros(shape: Any, dtype: Any = "float32") -> Node:
    """Zeros of a shape, which may be a tensor."""
    return _filled(0, shape, dtype)


@operation("ones")
def ones(shape: Any, dtype: Any = "float32") -> Node:
    """Ones of a shape, which may be a tensor."""
    return _filled(1, shape, dtype)


@operation("zeros_like")
def zeros_like(x: Any, dtype: Any = None) -> Node:
    """Zeros of another tensor's shape, and its element type unless one is given."""
    node = as_node(x)
    return builder().full(0, node.dtype if dtype is None else as_dtype(dtype), node.shape)


@operation("ones_like")
def ones_like(x: Any, dtype: Any = None) -> Node:
    """Ones of another tensor's shape, and its element type unless one is given."""
    node = as_node(x)
    return builder().full(1, node.dtype if dtype is None else as_dtype(dtype), node.shape)


@operation("fill")
def fill(dims: Any, value: Any) -> Node:
    """A shape filled with a scalar tensor."""
    return builder().emit("broadcast_to", as_node(value), shape=as_dims(dims, "dims"))
