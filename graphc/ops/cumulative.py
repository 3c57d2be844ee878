"""Running sums, products and extremes along an axis, and the linear recurrence that their gradients are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphc.ir.dims import Dim, product
from graphc.ir.dtypes import int64
from graphc.ir.node import Node
from graphc.ir.types import Shape, TensorType
from graphc.ops.assume import assume_equal
from graphc.ops.batching import all_shifted, move_axis, shifted
from graphc.ops.record import OpRecord, register
from graphc.ops.source import Source, pointee, source_of


def shift(x: Node, axis: int, by: int) -> Node:
    """Elements moved by one place along an axis; 0 comes in."""
    low = tuple(by if i == axis else 0 for i in range(x.rank))
    zero = x.builder.constant(0, x.dtype)
    return x.builder.emit("pad", x, zero, low=low, high=tuple(-w for w in low), interior=(0,) * x.rank)


def _infer(name: str) -> Callable[..., TensorType]:
    def infer(x: TensorType, axis: int, exclusive: bool, reverse: bool) -> TensorType:
        if x.dtype.is_bool:
            raise TypeError(f"{name}: not defined for bool")
        if not 0 <= axis < x.rank:
            raise ValueError(f"{name}: axis {axis} is out of range for {x!r}")
        return x

    return infer


def _evaluate(accumulate: Callable[..., Any], start: Callable[[Any], Any]) -> Callable[..., Any]:
    def evaluate(x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
        ordered = np.flip(x, axis) if reverse else x
        if exclusive:
            shape = tuple(1 if i == axis else n for i, n in enumerate(x.shape))
            first = np.full(shape, start(x.dtype), x.dtype)
            ordered = np.concatenate([first, ordered], axis).take(range(x.shape[axis]), axis)
        out = accumulate(ordered, axis=axis, dtype=x.dtype)
        return np.flip(out, axis) if reverse else out

    return evaluate


def _lowest(dtype: Any) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _highest(dtype: Any) -> Any:
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


def rows(shape: Shape, axis: int) -> dict[str, Dim]:
    """Sizes of the loops along one axis."""
    return {"outer": product(shape[:axis]), "size": shape[axis], "inner": product(shape[axis + 1 :])}


def _source(step: str, start: Callable[[Any], Any]) -> Callable[[Node], Source]:
    def source(node: Node) -> Source:
        (x,) = node.inputs
        position = "size - 1 - j" if node.attrs["reverse"] else "j"
        before, after = ("out[t] = a", "") if node.attrs["exclusive"] else ("", "out[t] = a")
        first = repr(start(x.dtype.np)).replace("inf", "np.inf")
        lines = "\n                    ".join(line for line in (before, "v = x[t]", *step.split("\n"), after) if line)
        body = f"""
            for o in range(outer):
                for k in range(inner):
                    a = {pointee(x.dtype.name)}({first})
                    for j in range(size):
                        t = (o * size + {position}) * inner + k
                        {lines.replace(chr(10) + " " * 20, chr(10) + " " * 24)}
        """
        return source_of(node, "x out", rows(x.shape, node.attrs["axis"]), body)

    return source


def _vjp_cumsum(g: Node, out: Node, x: Node) -> tuple[Node]:
    return (g.builder.emit("cumsum", g, **(dict(out.attrs) | {"reverse": not out.attrs["reverse"]})),)


def _vjp_cumprod(g: Node, out: Node, x: Node) -> tuple[Node]:
    """Product of what came before, times a recurrence over what follows: exact at zeros.

    The cotangent of x[k] is prod(x[:k]) * sum(g[i] * prod(x[k+1:i+1]) for i >= k), and the sum s[k] obeys
    s[k] = g[k] + x[k+1] * s[k+1].
    """
    axis, reverse = out.attrs["axis"], out.attrs["reverse"]
    towards = 1 if reverse else -1
    before = g.builder.emit("cumprod", x, axis=axis, exclusive=True, reverse=reverse)
    given = shift(g, axis, towards) if out.attrs["exclusive"] else g
    after = g.builder.emit("linear_scan", shift(x, axis, towards), given, axis=axis, reverse=not reverse)
    return (before * after,)


def _vjp_extreme(g: Node, out: Node, x: Node) -> tuple[Node]:
    """To the last position at which the running extreme was attained."""
    emit, axis = g.builder.emit, out.attrs["axis"]
    direction = {"axis": axis, "reverse": out.attrs["reverse"]}
    running = out
    if out.attrs["exclusive"]:
        running = emit(out.op, x, exclusive=False, **direction)
    place = emit("reshape", emit("iota", size=x.shape[axis], dtype=int64), shape=_along(x.shape[axis], axis, x.rank))
    place = emit("broadcast_to", place, shape=x.shape)
    nowhere = x.shape[axis] if out.attrs["reverse"] else -1
    missing = emit("dim", value=nowhere, dtype=int64)
    attained = emit("select", emit("eq", x, running), place, missing)
    follow = "cummin" if out.attrs["reverse"] else "cummax"
    source = emit(follow, attained, exclusive=out.attrs["exclusive"], **direction)
    last = emit("dim", value=x.shape[axis] - 1, dtype=int64)
    known = emit("and", emit("ge", source, 0), emit("le", source, last))
    given = emit("select", known, g, 0.0)
    safe = emit("select", known, source, 0)
    return (put_along(given, safe, axis),)


def _along(size: Dim, axis: int, rank: int) -> Shape:
    return tuple(size if i == axis else 1 for i in range(rank))


def put_along(values: Node, positions: Node, axis: int) -> Node:
    """Zeros with `values` added at `positions` along an axis; all of one shape."""
    last = values.rank - 1
    moved, places = move_axis(values, axis, last), move_axis(positions, axis, last)
    zeros = values.builder.full(0, values.dtype, moved.shape)
    out = values.builder.emit("scatter", zeros, places, moved, axis=last, batch_dims=last, mode="add")
    return move_axis(out, last, axis)


def _register(
    name: str,
    accumulate: Callable[..., Any],
    start: Callable[[Any], Any],
    step: str,
    vjp: Callable[..., tuple[Node]],
    doc: str,
    linear: bool = False,
) -> None:
    register(
        OpRecord(
            name,
            "irregular",
            _infer(name),
            _evaluate(accumulate, start),
            vjp,
            batch=shifted(name, "axis"),
            source=_source(step, start),
            linear=linear,
            doc=doc + " Exclusive: without the element itself. Reverse: from the end.",
            formula=f"{name}(x, axis)",
            dtypes="iuf",
        )
    )


_register(
    "cumsum", np.add.accumulate, lambda d: 0, "a = a + v", _vjp_cumsum, "Running sums along an axis.", linear=True
)
_register("cumprod", np.multiply.accumulate, lambda d: 1, "a = a * v", _vjp_cumprod, "Running products along an axis.")
_register(
    "cummax",
    np.maximum.accumulate,
    _lowest,
    "if v > a or v != v:\n    a = v",
    _vjp_extreme,
    "Running maxima along an axis; NaN stays. The gradient goes to the last element that attained the maximum.",
)
_register(
    "cummin",
    np.minimum.accumulate,
    _highest,
    "if v < a or v != v:\n    a = v",
    _vjp_extreme,
    "Running minima along an axis; NaN stays. The gradient goes to the last element that attained the minimum.",
)


def _infer_scan(a: TensorType, b: TensorType, axis: int, reverse: bool) -> TensorType:
    if a.dtype != b.dtype or not a.dtype.is_floating or a.rank != b.rank:
        raise TypeError(f"linear_scan: coefficients {a!r} and terms {b!r} must be floats of one type and shape")
    shape = tuple(assume_equal(n, m) for n, m in zip(a.shape, b.shape, strict=True))
    if not 0 <= axis < a.rank:
        raise ValueError(f"linear_scan: axis {axis} is out of range for {a!r}")
    return a.with_shape(shape)


def _evaluate_scan(a: Any, b: Any, axis: int, reverse: bool) -> Any:
    out = np.empty_like(b)
    into, factor, term = np.moveaxis(out, axis, 0), np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    state = np.zeros(into.shape[1:], b.dtype)
    for k in range(len(into) - 1, -1, -1) if reverse else range(len(into)):
        state = factor[k] * state + term[k]
        into[k] = state
    return out


def _vjp_scan(g: Node, out: Node, a: Node, b: Node) -> tuple[Node, Node]:
    axis, reverse = out.attrs["axis"], out.attrs["reverse"]
    step = -1 if reverse else 1
    db = g.builder.emit("linear_scan", shift(a, axis, -step), g, axis=axis, reverse=not reverse)
    return db * shift(out, axis, step), db


def _batch_scan(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], axis: int, reverse: bool) -> Node:
    return all_shifted("linear_scan", "axis")(size, inputs, batched, axis=axis, reverse=reverse)


def _source_scan(node: Node) -> Source:
    a, _ = node.inputs
    position = "size - 1 - j" if node.attrs["reverse"] else "j"
    body = f"""
        for o in range(outer):
            for k in range(inner):
                y = {pointee(a.dtype.name)}(0)
                for j in range(size):
                    t = (o * size + {position}) * inner + k
                    y = a[t] * y + b[t]
                    out[t] = y
    """
    return source_of(node, "a b out", rows(a.shape, node.attrs["axis"]), body)


register(
    OpRecord(
        "linear_scan",
        "irregular",
        _infer_scan,
        _evaluate_scan,
        _vjp_scan,
        batch=_batch_scan,
        source=_source_scan,
        doc="First-order linear recurrence along an axis, from 0; in reverse it starts at the end.",
        formula="y[k] = a[k] * y[k - 1] + b[k]",
        sample=((-1.0, 1.0), (-3.0, 3.0)),
        ulp=(8, 8),
    )
)
