"""Functions that NumPy's arrays have as methods, and the methods of tensors and variables."""

from __future__ import annotations

from typing import Any

from graphc.api import arrays, math, shaping
from graphc.api.convert import as_dims, as_floating, as_node, axes_of, builder, promote_all
from graphc.api.define import operation
from graphc.graph.methods import FUNCTIONS
from graphc.ir.dims import Dim, product
from graphc.ir.node import Node
from graphc.ops.shapes import normalize_axis


@operation("dot")
def dot(a: Any, b: Any) -> Node:
    """NumPy's dot product: the last axis of `a` with the only or second last one of `b`; a scalar multiplies."""
    x, y = promote_all((a, b))
    if x.rank == 0 or y.rank == 0:
        return x * y
    if x.rank <= 2 and y.rank <= 2:
        product_: Node = math.matmul(x, y)
        return product_
    contracted: Node = math.tensordot(x, y, [[x.rank - 1], [max(y.rank - 2, 0)]])
    return contracted


@operation("dimshuffle")
def dimshuffle(x: Any, pattern: Any) -> Node:
    """Axes in another order, with new ones.

    Parameters
    ----------
    x : Tensor
    pattern : sequence of int or "x"
        Numbers of axes of `x`, and ``"x"`` for a new axis of size 1. Axes that are not named must have size 1.

    Raises
    ------
    GraphError
        If an axis that is known not to have size 1 is left out, or one is named twice.
    """
    node = as_node(x)
    order = [normalize_axis(int(p), node.rank) for p in pattern if p != "x"]
    dropped = [i for i in range(node.rank) if i not in order]
    wide = [i for i in dropped if isinstance(node.shape[i], int) and node.shape[i] != 1]
    if len(set(order)) != len(order) or wide:
        raise ValueError(f"{tuple(pattern)} drops an axis of {node.tensor!r} that is not 1, or names one twice")
    emit = builder().emit
    moved = emit("transpose", node, perm=(*order, *dropped)) if order + dropped != list(range(node.rank)) else node
    sizes = iter(node.shape[i] for i in order)
    shape: tuple[Dim, ...] = tuple(1 if p == "x" else next(sizes) for p in pattern)
    return moved if moved.shape == shape else emit("reshape", moved, shape=shape)


@operation("flatten")
def flatten(x: Any, ndim: int = 1) -> Node:
    """The same elements with `ndim` axes: the first ones stay, the last one takes what is left."""
    node = as_node(x)
    if not 1 <= ndim <= max(node.rank, 1):
        raise ValueError(f"{node.tensor!r} cannot be flattened to {ndim} axes")
    kept = node.shape[: ndim - 1]
    return builder().emit("reshape", node, shape=(*kept, product(node.shape[ndim - 1 :])))


@operation("swapaxes")
def swapaxes(x: Any, axis1: int, axis2: int) -> Node:
    """The tensor with two axes exchanged."""
    node = as_node(x)
    a, b = normalize_axis(axis1, node.rank), normalize_axis(axis2, node.rank)
    perm = list(range(node.rank))
    perm[a], perm[b] = b, a
    return builder().emit("transpose", node, perm=tuple(perm))


@operation("repeat")
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Node:
    """Every element several times in a row, along an axis or, without one, of the flattened tensor.

    Parameters
    ----------
    x : Tensor
    repeats : int or integer Tensor
        How often, the same for all.
    axis : int, optional
    """
    node = as_node(x)
    if axis is None:
        node, axis = builder().emit("reshape", node, shape=(node.tensor.size,)), 0
    times = as_dims(repeats, "repeats")
    if len(times) != 1:
        raise ValueError("repeats must be one number, the same for all elements")
    at = normalize_axis(axis, node.rank)
    before, size, after = node.shape[:at], node.shape[at], node.shape[at + 1 :]
    emit = builder().emit
    grown = emit("reshape", node, shape=(*before, size, 1, *after))
    wide = emit("broadcast_to", grown, shape=(*before, size, times[0], *after))
    return emit("reshape", wide, shape=(*before, size * times[0], *after))


@operation("norm")
def _norm(x: Any, order: Any = 2, axis: Any = None, keepdims: bool = False) -> Node:
    """The norm of an order over axes: of 0 the number of elements that are not 0, of infinity the largest one."""
    node = as_floating(x)
    axes, emit = axes_of(axis, node.rank), builder().emit
    flags: dict[str, Any] = {"axes": axes, "keepdims": keepdims}
    if order == 0:
        return emit("sum", emit("cast", emit("ne", node, 0.0), dtype=node.dtype), **flags)
    if order == 2:
        return emit("sqrt", emit("sum", emit("square", node), **flags))
    size = emit("abs", node)
    if abs(order) == float("inf"):
        return emit("max" if order > 0 else "min", size, **flags)
    if order == 1:
        return emit("sum", size, **flags)
    return emit("pow", emit("sum", emit("pow", size, float(order)), **flags), 1.0 / order)


FUNCTIONS.update(
    argmax=math.argmax, argmin=math.argmin, argsort=arrays.argsort, cast=math.cast, clip=math.clip_by_value,
    cumprod=math.cumprod, cumsum=math.cumsum, diagonal=arrays.diag_part, dimshuffle=dimshuffle, dot=dot,
    flatten=flatten, gather=arrays.gather, identity=shaping.identity, norm=_norm, repeat=repeat,
    reshape=shaping.reshape, shape=shaping.shape, size=shaping.size, sort=arrays.sort, squeeze=shaping.squeeze,
    swapaxes=swapaxes, transpose=shaping.transpose, all=math.reduce_all, any=math.reduce_any, max=math.reduce_max,
    mean=math.reduce_mean, min=math.reduce_min, prod=math.reduce_prod, std=math.reduce_std, sum=math.reduce_sum,
    var=math.reduce_variance,
)  # fmt: skip
