"""Convolution over any number of spatial axes, channels last; its gradients are convolutions again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphc.ir.dims import Dim, dim_max, floordiv
from graphc.ir.node import Node
from graphc.ir.types import Shape, TensorType
from graphc.ops.assume import assume_equal, assume_not_negative
from graphc.ops.batching import move_axis
from graphc.ops.record import OpRecord, register


def dilated(size: Dim, dilation: int) -> Dim:
    """A size with `dilation` - 1 zeros between neighbours."""
    return size if dilation == 1 else dim_max((size - 1) * dilation + 1, 0)


def window_count(size: Dim, window: Dim, stride: int) -> Dim:
    """How many windows fit; sizes include padding and dilation.

    Raises
    ------
    ValueError
        If the window is larger than the image by more than a step.
    """
    return assume_not_negative(floordiv(size - window, stride) + 1, f"a window of {window} over an image of {size}")


def _infer(
    x: TensorType,
    w: TensorType,
    strides: tuple[int, ...],
    low: Shape,
    high: Shape,
    image_dilation: tuple[int, ...],
    window_dilation: tuple[int, ...],
    groups: int,
    batch_groups: int,
) -> TensorType:
    _check(x, w, (strides, low, high, image_dilation, window_dilation))
    spatial = []
    for n, k, s, a, b, i, d in zip(
        x.shape[1:-1], w.shape[:-2], strides, low, high, image_dilation, window_dilation, strict=True
    ):
        spatial.append(window_count(dilated(n, i) + a + b, dilated(k, d), s))
    try:
        assume_equal(x.shape[-1], w.shape[-2] * groups)
    except ValueError:
        raise ValueError(
            f"conv: images {x!r} have {x.shape[-1]} channels, but the window {w!r} is for {w.shape[-2]}"
            + (f" in each of {groups} groups" if groups > 1 else "")
        ) from None
    for size, what, parts in ((w.shape[-1], "features", groups * batch_groups), (x.shape[0], "images", batch_groups)):
        if isinstance(size, int) and size % parts:
            raise ValueError(f"conv: {size} {what} do not divide into {parts} groups")
    return x.with_shape((floordiv(x.shape[0], batch_groups), *spatial, w.shape[-1]))


def _check(x: TensorType, w: TensorType, per_axis: Sequence[Sequence[Dim]]) -> None:
    if x.dtype != w.dtype or x.dtype.is_bool:
        raise TypeError(f"conv: images {x!r} and window {w!r} must be numbers of one element type")
    if x.rank < 3 or x.rank != w.rank:
        raise ValueError(
            f"conv: images [batch, *spatial, channels] and a window [*spatial, channels, features] are needed, "
            f"not {x!r} and {w!r}"
        )
    if any(len(values) != x.rank - 2 for values in per_axis):
        raise ValueError(f"conv: strides, padding and dilations need one entry for each of {x.rank - 2} spatial axes")


def _spread(x: Any, axes: Sequence[int], low: Sequence[int], high: Sequence[int], dilation: Sequence[int]) -> Any:
    """Zeros between neighbours and around; negative widths cut off."""
    for axis, a, b, d in zip(axes, low, high, dilation, strict=True):
        moved = np.moveaxis(x, axis, 0)
        size = max((len(moved) - 1) * d + 1, 0)
        out = np.zeros((max(size + a + b, 0), *moved.shape[1:]), x.dtype)
        places = np.arange(len(moved)) * d + a
        inside = (places >= 0) & (places < len(out))
        out[places[inside]] = moved[inside]
        x = np.moveaxis(out, 0, axis)
    return x


def _patches(x: Any, window: Sequence[int], strides: Sequence[int], dilation: Sequence[int]) -> Any:
    """Every window of an image [batch, *spatial, channels], as [batch, *count, *window, channels]."""
    axes = tuple(range(1, x.ndim - 1))
    full = tuple(max((k - 1) * d + 1, 0) for k, d in zip(window, dilation, strict=True))
    counts = [max((n - k) // s + 1, 0) for n, k, s in zip(x.shape[1:-1], full, strides, strict=True)]
    if 0 in counts or 0 in window:
        return np.zeros((x.shape[0], *counts, *window, x.shape[-1]), x.dtype)
    view = np.lib.stride_tricks.sliding_window_view(x, full, axes)
    steps: tuple[Any, ...] = (slice(None), *(slice(None, None, s) for s in strides))
    view = view[steps]
    holes: tuple[Any, ...] = (..., *(slice(None, None, d) for d in dilation))
    view = view[holes]
    return np.moveaxis(view, len(axes) + 1, -1)


def _evaluate(
    x: Any,
    w: Any,
    strides: Sequence[int],
    low: Sequence[int],
    high: Sequence[int],
    image_dilation: Sequence[int],
    window_dilation: Sequence[int],
    groups: int,
    batch_groups: int,
) -> Any:
    spatial = w.ndim - 2
    image = _spread(x, range(1, spatial + 1), low, high, image_dilation)
    parts = []
    for g in range(groups * batch_groups):
        image_axis, count = (-1, groups) if groups > 1 else (0, batch_groups)
        block = np.split(image, count, image_axis)[g]
        kernel = np.split(w, count, -1)[g]
        patches = _patches(block, w.shape[:-2], strides, window_dilation)
        depth = int(np.prod(kernel.shape[:-1]))
        flat = patches.reshape(*patches.shape[: spatial + 1], depth)
        parts.append(flat @ kernel.reshape(depth, kernel.shape[-1]))
    return np.concatenate(parts, -1)


def _grouped(x: Node, axis: int, count: int) -> Node:
    """An axis split into (count, rest)."""
    shape = (*x.shape[:axis], count, floordiv(x.shape[axis], count), *x.shape[axis + 1 :])
    return x.builder.emit("reshape", x, shape=shape)


def _joined(x: Node, axis: int) -> Node:
    """Two neighbouring axes as one."""
    return x.builder.emit(
        "reshape", x, shape=(*x.shape[:axis], x.shape[axis] * x.shape[axis + 1], *x.shape[axis + 2 :])
    )


def _swap_features(w: Node, count: int) -> Node:
    """The window for the way back: [*spatial, c, (count, o)] reversed, as [*spatial, o, (count, c)]."""
    spatial = w.rank - 2
    flipped = w.builder.emit("reverse", w, axes=tuple(range(spatial)))
    if count == 1:
        return move_axis(flipped, spatial, spatial + 1)
    split = _grouped(flipped, spatial + 1, count)
    order = (*range(spatial), spatial + 2, spatial + 1, spatial)
    return _joined(w.builder.emit("transpose", split, perm=order), spatial + 1)


def _gradient_of_images(g: Node, out: Node, x: Node, w: Node) -> Node:
    """Convolution of the cotangent, spread by the strides, with the reversed window."""
    a = out.attrs
    groups, batch_groups = a["groups"], a["batch_groups"]
    low, high = [], []
    for n, k, m, s, p, i, d in zip(
        x.shape[1:-1],
        w.shape[:-2],
        g.shape[1:-1],
        a["strides"],
        a["low"],
        a["image_dilation"],
        a["window_dilation"],
        strict=True,
    ):
        before = dilated(k, d) - 1 - p
        low.append(before)
        high.append(dilated(n, i) + dilated(k, d) - 1 - dilated(m, s) - before)
    dx = g.builder.emit(
        "conv",
        g,
        _swap_features(w, groups * batch_groups),
        strides=a["image_dilation"],
        low=tuple(low),
        high=tuple(high),
        image_dilation=a["strides"],
        window_dilation=a["window_dilation"],
        groups=groups * batch_groups,
        batch_groups=1,
    )
    if batch_groups > 1:
        dx = _joined(move_axis(_grouped(dx, dx.rank - 1, batch_groups), dx.rank - 1, 0), 0)
    return dx


def _gradient_of_window(g: Node, out: Node, x: Node, w: Node) -> Node:
    """Convolution of the images with the cotangent as a window, batch and channels having changed places."""
    a = out.attrs
    high = []
    for n, k, m, s, p, i, d in zip(
        x.shape[1:-1],
        w.shape[:-2],
        g.shape[1:-1],
        a["strides"],
        a["low"],
        a["image_dilation"],
        a["window_dilation"],
        strict=True,
    ):
        high.append(dilated(m, s) - dilated(n, i) + dilated(k, d) - p - 1)
    last = x.rank - 1
    swapped = x.builder.emit("transpose", x, perm=(last, *range(1, last), 0))
    dw = g.builder.emit(
        "conv",
        swapped,
        move_axis(g, 0, last - 1),
        strides=a["window_dilation"],
        low=a["low"],
        high=tuple(high),
        image_dilation=a["image_dilation"],
        window_dilation=a["strides"],
        groups=a["batch_groups"],
        batch_groups=a["groups"],
    )
    return move_axis(dw, 0, last - 1)


def _vjp(g: Node, out: Node, x: Node, w: Node) -> tuple[Node, Node]:
    return _gradient_of_images(g, out, x, w), _gradient_of_window(g, out, x, w)


def _batch(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], **attrs: Any) -> Node:
    """The new axis joins the batch, the features, or (with one window per element) the groups."""
    x, w = inputs
    emit, features = x.builder.emit, w.rank - 1
    groups, batch_groups = attrs["groups"], attrs["batch_groups"]
    if not batched[1]:
        return _batch_of_images(size, x, w, attrs)
    if not batched[0]:
        # Features come as (group, new axis, rest), since a group's features are neighbours.
        split = _grouped(w, features, groups * batch_groups)
        moved = _joined(_joined(move_axis(split, 0, features), features), features - 1)
        y = emit("conv", x, moved, **attrs)
        shape = (*y.shape[:-1], groups * batch_groups, size, floordiv(w.shape[-1], groups * batch_groups))
        y = move_axis(emit("reshape", y, shape=shape), y.rank, 0)
        return _joined(y, y.rank - 2)
    if not isinstance(size, int):
        raise ValueError("conv: one window for each element of an axis of unknown size is not supported")
    kernel = _joined(move_axis(w, 0, features - 1), features - 1)
    if batch_groups > 1:
        y = emit("conv", _joined(x, 0), kernel, **(attrs | {"batch_groups": batch_groups * size}))
    else:
        channels = _joined(move_axis(x, 0, x.rank - 2), x.rank - 2)
        y = emit("conv", channels, kernel, **(attrs | {"groups": groups * size}))
    return move_axis(_grouped(y, y.rank - 1, size), y.rank - 1, 0)


def _batch_of_images(size: Dim, x: Node, w: Node, attrs: dict[str, Any]) -> Node:
    batch_groups = attrs["batch_groups"]
    count = x.shape[1]
    if batch_groups > 1:
        x = _joined(move_axis(_grouped(x, 1, batch_groups), 0, 1), 0)
        count = floordiv(count, batch_groups)
    joined = _joined(x, 0)
    y = x.builder.emit("conv", joined, w, **attrs)
    return x.builder.emit("reshape", y, shape=(size, count, *y.shape[1:]))


register(
    OpRecord(
        "conv",
        "contract",
        _infer,
        _evaluate,
        _vjp,
        batch=_batch,
        doc="Sums of products of a window [*spatial, channels / groups, features] with every part of the images "
        "[batch, *spatial, channels], zeros between and around them; negative padding cuts off. With groups, each part "
        "of the features sees its part of the channels; with batch groups, its part of the batch.",
        formula="y[n, i, o] = sum(x[n, strides * i + window_dilation * k - low, c] * w[k, c, o])",
        sample=((-1.0, 1.0), (-1.0, 1.0)),
        dtypes="iuf",
    )
)
