"""Sums and maxima over moving windows (pooling), any axes; the gradient of a maximum goes to its first place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphc.ir.dims import Dim
from graphc.ir.dtypes import DType, int32
from graphc.ir.node import Node
from graphc.ir.types import Shape, TensorType
from graphc.ops.assume import assume_equal
from graphc.ops.batching import Rule, with_axis
from graphc.ops.convolution import window_count
from graphc.ops.record import OpRecord, register
from graphc.ops.source import Source, pointee, source_of

Ints = tuple[int, ...]


def _infer(name: str, result: DType | None = None) -> Callable[..., TensorType]:
    def infer(x: TensorType, window: Ints, strides: Ints, low: Shape, high: Shape) -> TensorType:
        if x.dtype.is_bool:
            raise TypeError(f"{name}: not defined for bool")
        if not x.rank == len(window) == len(strides) == len(low) == len(high):
            raise ValueError(f"{name}: window {list(window)}, strides {list(strides)} and padding must suit {x!r}")
        if min((*window, *strides), default=1) < 1:
            raise ValueError(f"{name}: window {list(window)} and strides {list(strides)} must be positive")
        shape = [
            window_count(n + a + b, k, s) for n, k, s, a, b in zip(x.shape, window, strides, low, high, strict=True)
        ]
        return TensorType(result or x.dtype, tuple(shape))

    return infer


def _windows(x: Any, window: Ints, strides: Ints, low: Ints, high: Ints, fill: Any) -> Any:
    """Every window, flattened into a last axis."""
    for axis, (a, b) in enumerate(zip(low, high, strict=True)):
        keep = slice(max(-a, 0), max(x.shape[axis] - max(-b, 0), 0))
        x = x[(slice(None),) * axis + (keep,)]
        widths = [(max(a, 0), max(b, 0)) if k == axis else (0, 0) for k in range(x.ndim)]
        x = np.pad(x, widths, constant_values=fill)
    counts = [max((n - k) // s + 1, 0) for n, k, s in zip(x.shape, window, strides, strict=True)]
    if 0 in counts:
        return np.zeros((*counts, int(np.prod(window))), x.dtype)
    view = np.lib.stride_tricks.sliding_window_view(x, window)
    view = view[tuple(slice(None, None, s) for s in strides)]
    return view.reshape(*counts, -1)


def _lowest(dtype: Any) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _evaluate_sum(x: Any, **attrs: Any) -> Any:
    return _windows(x, fill=0, **attrs).sum(-1, dtype=x.dtype)


def _evaluate_max(x: Any, **attrs: Any) -> Any:
    return _windows(x, fill=_lowest(x.dtype), **attrs).max(-1, initial=_lowest(x.dtype))


def _evaluate_argmax(x: Any, **attrs: Any) -> Any:
    values = _windows(x, fill=_lowest(x.dtype), **attrs)
    inside = _windows(np.ones(x.shape, bool), fill=False, **attrs)
    best = values.max(-1, initial=_lowest(x.dtype))[..., None]
    hit = inside & ((values == best) | ((values != values) & (best != best)))
    return hit.argmax(-1).astype(np.int32)


def _spread_by(g: Node, strides: Ints) -> Node:
    if set(strides) <= {1}:
        return g
    none = (0,) * g.rank
    zero = g.builder.constant(0, g.dtype)
    return g.builder.emit("pad", g, zero, low=none, high=none, interior=tuple(s - 1 for s in strides))


def _vjp_sum(g: Node, out: Node, x: Node) -> tuple[Node]:
    """Window sums of the cotangent, spread by the strides."""
    window, before = out.attrs["window"], out.attrs["low"]
    spread = _spread_by(g, out.attrs["strides"])
    low = tuple(k - 1 - p for k, p in zip(window, before, strict=True))
    high = tuple(n - m + p for n, m, p in zip(x.shape, spread.shape, before, strict=True))
    return (g.builder.emit("window_sum", spread, window=window, strides=(1,) * g.rank, low=low, high=high),)


def _vjp_max(g: Node, out: Node, x: Node) -> tuple[Node]:
    place = g.builder.emit("window_argmax", x, **out.attrs)
    where = {key: out.attrs[key] for key in ("window", "strides", "low")}
    return (g.builder.emit("window_scatter", g, place, shape=x.shape, **where),)


def _prefixed(name: str) -> Rule:
    """The rule of vectorization: the new axis has windows of one element."""

    def rule(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], **attrs: Any) -> Node:
        first: dict[str, Dim] = {"window": 1, "strides": 1, "low": 0, "high": 0, "shape": size}
        operands = [with_axis(n, b, size) for n, b in zip(inputs, batched, strict=True)]
        return operands[0].builder.emit(name, *operands, **{key: (first[key], *v) for key, v in attrs.items()})

    return rule


_COMMON = "Windows of the given shape at multiples of the strides, over x with padding before and after each axis"

register(
    OpRecord(
        "window_sum",
        "window",
        _infer("window_sum"),
        _evaluate_sum,
        _vjp_sum,
        batch=_prefixed("window_sum"),
        linear=True,
        doc=f"Sums over moving windows. {_COMMON}; padding counts as 0.",
        formula="y[i] = sum(x[strides * i + k - low] for k in window)",
        dtypes="iuf",
    )
)
register(
    OpRecord(
        "window_max",
        "window",
        _infer("window_max"),
        _evaluate_max,
        _vjp_max,
        batch=_prefixed("window_max"),
        doc=f"Maxima over moving windows. {_COMMON}; padding is never the maximum. NaN stays. The gradient of a window "
        "goes to its first largest element.",
        formula="y[i] = max(x[strides * i + k - low] for k in window)",
        dtypes="iuf",
        ulp=(0, 0),
    )
)
register(
    OpRecord(
        "window_argmax",
        "window",
        _infer("window_argmax", int32),
        _evaluate_argmax,
        None,
        batch=_prefixed("window_argmax"),
        doc=f"Place of the first largest element (or first NaN) in each window, counted along it. {_COMMON}.",
        formula="y[i] = argmax(x[strides * i + k - low] for k in window)",
        dtypes="iuf",
        differentiable=False,
    )
)


def _check_places(name: str, values: TensorType, places: TensorType, axes: Sequence[Sequence[Dim]]) -> None:
    if places.dtype != int32:
        raise TypeError(f"{name}: places are int32, not {places.dtype.name}")
    if any(len(a) != places.rank for a in axes) or values.rank != places.rank:
        raise ValueError(f"{name}: window and strides must suit {values!r} and {places!r}")


def _infer_scatter(
    g: TensorType, places: TensorType, shape: Shape, window: Ints, strides: Ints, low: Shape
) -> TensorType:
    _check_places("window_scatter", g, places, (shape, window, strides, low))
    for n, m in zip(g.shape, places.shape, strict=True):
        assume_equal(n, m)
    return g.with_shape(shape)


def _infer_pick(x: TensorType, places: TensorType, window: Ints, strides: Ints, low: Shape) -> TensorType:
    _check_places("window_pick", x, places, (window, strides, low))
    return x.with_shape(places.shape)


def _positions(places: Any, shape: Sequence[int], window: Ints, strides: Ints, low: Ints) -> tuple[Any, Any]:
    """Index of the chosen element of each window, and whether it lies inside."""
    offsets = np.unravel_index(places, window)
    at, inside = [], np.ones(places.shape, bool)
    for axis, (offset, s, a, n) in enumerate(zip(offsets, strides, low, shape, strict=True)):
        start = np.arange(places.shape[axis]).reshape((-1,) + (1,) * (places.ndim - axis - 1)) * s - a
        at.append(start + offset)
        inside &= (at[-1] >= 0) & (at[-1] < n)
    return tuple(at), inside


def _evaluate_scatter(g: Any, places: Any, shape: Ints, window: Ints, strides: Ints, low: Ints) -> Any:
    at, inside = _positions(places, shape, window, strides, low)
    out = np.zeros(shape, g.dtype)
    np.add.at(out, tuple(a[inside] for a in at), g[inside])
    return out


def _evaluate_pick(x: Any, places: Any, window: Ints, strides: Ints, low: Ints) -> Any:
    at, inside = _positions(places, x.shape, window, strides, low)
    if not x.size:
        return np.zeros(places.shape, x.dtype)
    found = x[tuple(np.clip(a, 0, n - 1) for a, n in zip(at, x.shape, strict=True))]
    return np.where(inside, found, np.zeros((), x.dtype))


def _vjp_scatter(g: Node, out: Node, values: Node, places: Node) -> tuple[Node, None]:
    where = {key: out.attrs[key] for key in ("window", "strides", "low")}
    return g.builder.emit("window_pick", g, places, **where), None


def _vjp_pick(g: Node, out: Node, x: Node, places: Node) -> tuple[Node, None]:
    return g.builder.emit("window_scatter", g, places, shape=x.shape, **out.attrs), None


@dataclass(frozen=True)
class _Axis:
    """One loop over windows: how many, the image's size, and how the window moves."""

    count: Dim
    size: Dim
    window: int
    stride: int
    low: Dim

    @property
    def rests(self) -> bool:
        """Whether every element is its own window."""
        return self.window == self.stride == 1 and self.low == 0 and self.count == self.size


def _merged(node: Node, image: Shape) -> list[_Axis]:
    """The axes of the windows; neighbours along which nothing moves are one loop, which saves compile time."""
    axes: list[_Axis] = []
    window, strides, low = node.attrs["window"], node.attrs["strides"], node.attrs["low"]
    for values in zip(node.inputs[1].shape, image, window, strides, low, strict=True):
        axis = _Axis(*values)
        if axes and axis.rests and axes[-1].rests:
            total = axes.pop().count * axis.count
            axis = _Axis(total, total, 1, 1, 0)
        axes.append(axis)
    return axes


def _loops(node: Node, image: Shape, act: str) -> tuple[dict[str, Dim], str]:
    """Loops over the windows; `act` sees the window `t`, the element `at` and whether it lies `outside`."""
    axes = _merged(node, image)
    inner, rest = "    " * len(axes), int(np.prod(node.attrs["window"]))
    sizes: dict[str, Dim] = {}
    lines, position, checks = ["t = 0"], "0", ["False"]
    places = [inner + "place = np.uint64(places[t])"]
    for n, axis in enumerate(axes):
        sizes |= {f"count{n}": axis.count}
        lines.append("    " * n + f"for i{n} in range(count{n}):")
        if axis.rests:
            position = f"({position}) * count{n} + i{n}"
            continue
        rest //= axis.window
        sizes |= {f"size{n}": axis.size, f"low{n}": axis.low}
        # Unsigned, because Python's signed division and remainder take corrections of the sign.
        step = f"np.int64(place // np.uint64({rest}) % np.uint64({axis.window}))"
        places.append(inner + f"j{n} = i{n} * {axis.stride} - low{n} + {step}")
        position = f"({position}) * size{n} + j{n}"
        checks.append(f"(j{n} < 0) | (j{n} >= size{n})")
    places += [inner + f"outside = {' | '.join(checks)}", inner + f"at = {position}"]
    acts = [inner + line for line in act.split("\n")]
    return sizes, "\n".join([*lines, *places, *acts, inner + "t += 1"])


def _source_scatter(node: Node) -> Source:
    shape = node.attrs["shape"]
    sizes, loops = _loops(node, shape, "if not outside:\n    out[at] = out[at] + g[t]")
    zero = f"{pointee(node.dtype.name)}(0)"
    total: Dim = node.tensor.size
    body = f"for t in range(total):\n    out[t] = {zero}\n{loops}"
    return source_of(node, "g places out", {"total": total} | sizes, body)


def _source_pick(node: Node) -> Source:
    zero = f"{pointee(node.dtype.name)}(0)"
    sizes, loops = _loops(node, node.inputs[0].shape, f"out[t] = {zero} if outside else x[at]")
    return source_of(node, "x places out", sizes, loops)


register(
    OpRecord(
        "window_scatter",
        "irregular",
        _infer_scatter,
        _evaluate_scatter,
        _vjp_scatter,
        batch=_prefixed("window_scatter"),
        source=_source_scatter,
        doc="Zeros of the given shape, to which each window's value is added at its place; places in the padding are "
        "dropped. The cotangent of window_max.",
        formula="x[strides * i + unravel(places[i]) - low] += g[i]",
        sample=((-3.0, 3.0), (0.0, 3.0)),
        dtypes="iuf",
    )
)
register(
    OpRecord(
        "window_pick",
        "irregular",
        _infer_pick,
        _evaluate_pick,
        _vjp_pick,
        batch=_prefixed("window_pick"),
        source=_source_pick,
        doc="The element of x at each window's place; 0 in the padding.",
        formula="y[i] = x[strides * i + unravel(places[i]) - low]",
        sample=((-3.0, 3.0), (0.0, 3.0)),
        dtypes="iuf",
        ulp=(0, 0),
    )
)
