"""Jacobians: the vector-Jacobian product, vectorized over the unit cotangents."""

from __future__ import annotations

from graphc.autodiff.reverse import vjp
from graphc.autodiff.vectorize import vectorize
from graphc.ir.dtypes import int64
from graphc.ir.node import Node
from graphc.ops.builder import Builder


def jacobian_node(y: Node, x: Node, builder: Builder) -> Node:
    """All derivatives of the elements of `y` by the elements of `x`.

    Returns
    -------
    Node
        Of shape ``y.shape + x.shape``; zeros where `y` does not depend on `x`.
    """
    emit = builder.emit
    size = y.tensor.size
    # The cotangent stands for any value: the product is linear in it.
    cotangent = emit("identity", builder.full(0.0, y.dtype, y.shape), tag=("cotangent", y.id, x.id))
    (g,) = vjp([y], [x], [cotangent])
    if g is None:
        return builder.full(0.0, x.dtype, (*y.shape, *x.shape))
    rows = emit("reshape", emit("iota", size=size, dtype=int64), shape=(size, 1))
    units = emit("cast", emit("eq", rows, emit("iota", size=size, dtype=int64)), dtype=y.dtype)
    seeds = emit("reshape", units, shape=(size, *y.shape))
    (stacked,) = vectorize([g], {cotangent: seeds}, size)
    return emit("reshape", stacked, shape=(*y.shape, *x.shape))
