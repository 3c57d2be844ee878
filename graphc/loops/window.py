"""Windows (pooling) as nests: the axes of the result, then those of the window, over which the nest reduces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from graphc.ir.dims import Dim
from graphc.ir.dtypes import DType
from graphc.ir.node import Node
from graphc.ir.types import Shape
from graphc.loops.expr import Expr
from graphc.loops.indexmap import (
    Index,
    IndexMap,
    add,
    axis_index,
    conjunction,
    constant_index,
    index_expr,
    scale,
    size_expr,
)


def window_axes(node: Node) -> tuple[Shape, Shape]:
    """Sizes of the parallel and of the reduced axes, those of size 1 left out."""
    return tuple(n for n in node.shape if n != 1), tuple(k for k in node.attrs["window"] if k != 1)


def window_map(node: Node) -> IndexMap:
    """Where a window reads its operand; the guard is false in the padding."""
    parallel, window = window_axes(node)
    count = len(parallel) + len(window)
    places, steps = iter(range(len(parallel))), iter(range(len(parallel), count))
    indices: list[Index] = []
    guard: Expr | None = None
    attrs = node.attrs
    per_axis = zip(
        node.shape, node.inputs[0].shape, attrs["window"], attrs["strides"], attrs["low"], attrs["high"], strict=True
    )
    for result, size, width, stride, low, high in per_axis:
        start = constant_index(0, count) if result == 1 else scale(axis_index(next(places), count), stride)
        step = constant_index(0, count) if width == 1 else axis_index(next(steps), count)
        index = scale(add(start, step), 1, -low)
        guard = conjunction(guard, _inside(index, size, low, high))
        indices.append(index)
    return IndexMap(tuple(indices), False, guard)


def _inside(index: Index, size: Dim, low: Dim, high: Dim) -> Expr | None:
    place, guard = index_expr(index), None
    if not (isinstance(low, int) and low <= 0):
        guard = Expr("ge", (place, size_expr(0)), "bool", ())
    if not (isinstance(high, int) and high <= 0):
        guard = conjunction(guard, Expr("lt", (place, size_expr(size)), "bool", ()))
    return guard


def window_value(node: Node, element: Callable[[Node, IndexMap], Expr]) -> Expr:
    """The reduction that a window is; `element` gives the operand at a map (a read is 0 where its guard is false)."""
    source = window_map(node)
    value, inside = element(node.inputs[0], source), source.guard
    if node.op == "window_sum":
        if inside is not None and value.op != "load":  # computed values, constants among them, have no such zeros
            value = Expr("select", (inside, value, Expr("const", (), value.dtype, 0)), value.dtype, ())
        return _reduced(node, "sum", value)
    if inside is not None:
        value = Expr("select", (inside, value, _lowest(node.inputs[0].dtype)), value.dtype, ())
    best = _reduced(node, "max", value)
    return best if node.op == "window_max" else _first_place(node, value, best, inside)


def _reduced(node: Node, kind: str, value: Expr) -> Expr:
    return Expr("reduce", (value,), value.dtype, kind) if window_axes(node)[1] else value


def _lowest(dtype: DType) -> Expr:
    value = -np.inf if dtype.is_floating else int(np.iinfo(dtype.np).min)
    return Expr("const", (), dtype.name, float(value) if dtype.is_floating else value)


def _first_place(node: Node, value: Expr, best: Expr, inside: Expr | None) -> Expr:
    """The smallest place at which the best value, or a NaN if that is one, stands; padding does not count."""
    hit = Expr("eq", (value, best), "bool", ())
    if node.inputs[0].dtype.is_floating:
        both = (Expr("ne", (value, value), "bool", ()), Expr("ne", (best, best), "bool", ()))
        hit = Expr("or", (hit, Expr("and", both, "bool", ())), "bool", ())
    place = constant_index(0, sum(map(len, window_axes(node))))
    axis = len(window_axes(node)[0])
    for width in node.attrs["window"]:
        if width != 1:
            place = add(scale(place, width), axis_index(axis, len(place.affine.coefficients)))
            axis += 1
    total = int(np.prod(node.attrs["window"]))
    guard = conjunction(inside, hit)
    assert guard is not None
    candidate = Expr("select", (guard, index_expr(place), size_expr(total)), "int64", ())
    first = _reduced(node, "min", candidate)
    found = Expr("select", (Expr("lt", (first, size_expr(total)), "bool", ()), first, size_expr(0)), "int64", ())
    return Expr("cast", (found,), node.dtype.name, (("dtype", node.dtype),))
