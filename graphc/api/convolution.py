"""Convolutions and pooling, channels last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphc.api.convert import as_dims, as_floating, as_node, builder, promote_all
from graphc.api.define import operation
from graphc.ir.dims import Dim, ceildiv, dim_max
from graphc.ir.node import Node

Widths = tuple[tuple[Dim, ...], tuple[Dim, ...]]


def _spatial(value: Any, count: int, what: str) -> tuple[int, ...]:
    """One number for all spatial axes, one for each, or four-element lists with the batch and channel axes."""
    listed = [value] * count if isinstance(value, int) else [int(v) for v in value]
    if len(listed) == count + 2:
        if listed[0] != 1 or listed[-1] != 1:
            raise ValueError(f"{what} along the batch and the channels must be 1, not {listed}")
        listed = listed[1:-1]
    if len(listed) == 1:
        listed = listed * count
    if len(listed) != count or any(v < 1 for v in listed):
        raise ValueError(f"{what} must be {count} positive integers, not {value!r}")
    return tuple(listed)


def padding_widths(
    sizes: Sequence[Dim], window: Sequence[Dim], strides: Sequence[int], dilations: Sequence[int], padding: Any
) -> Widths:
    """Widths before and after each spatial axis.

    ``"VALID"`` is none; ``"SAME"`` gives ceil(size / stride) outputs, with the odd element behind; pairs stand as they
    are.

    Raises
    ------
    ValueError
        If it is something else.
    """
    if isinstance(padding, str):
        kind = padding.upper()
        if kind == "VALID":
            return (0,) * len(sizes), (0,) * len(sizes)
        if kind != "SAME":
            raise ValueError(f"padding {padding!r} is neither 'SAME' nor 'VALID'")
        totals = [
            dim_max((ceildiv(n, s) - 1) * s + (k - 1) * d + 1 - n, 0)
            for n, k, s, d in zip(sizes, window, strides, dilations, strict=True)
        ]
        low = tuple(t // 2 for t in totals)
        return low, tuple(t - a for t, a in zip(totals, low, strict=True))
    flat = as_dims(list(padding), "padding")
    if len(flat) == 2 * (len(sizes) + 2):
        flat = flat[2:-2]
    if len(flat) != 2 * len(sizes):
        raise ValueError(f"padding needs a pair for each of {len(sizes)} spatial axes, not {padding!r}")
    return flat[::2], flat[1::2]


def _convolution(x: Node, w: Node, strides: Any, padding: Any, dilations: Any, groups: int) -> Node:
    count = x.rank - 2
    if w.rank != x.rank or count < 1:
        raise ValueError(
            f"an input [batch, ..., channels] and filters of equal rank are needed: {x.tensor!r}, {w.tensor!r}"
        )
    step, spread = _spatial(strides, count, "strides"), _spatial(dilations, count, "dilations")
    low, high = padding_widths(x.shape[1:-1], w.shape[:-2], step, spread, padding)
    return builder().emit(
        "conv", x, w, strides=step, low=low, high=high, image_dilation=(1,) * count, window_dilation=spread,
        groups=groups, batch_groups=1,
    )  # fmt: skip


def _groups(x: Node, w: Node) -> int:
    """Groups that the channels of the input and the filters imply."""
    have, want = x.shape[-1], w.shape[-2]
    if isinstance(have, int) and isinstance(want, int) and want and have % want == 0:
        return have // want
    if have == want or not (isinstance(have, int) and isinstance(want, int)):
        return 1
    raise ValueError(f"{have} channels do not divide into filters for {want}: {x.tensor!r}, {w.tensor!r}")


@operation("conv1d")
def conv1d(value: Any, filters: Any, stride: Any = 1, padding: Any = "VALID", dilations: Any = 1) -> Node:
    """Convolution along one axis: [batch, width, channels] with filters [width, channels / groups, features]."""
    x, w = promote_all((value, filters))
    return _convolution(x, w, stride, padding, dilations, _groups(x, w))


@operation("conv2d")
def conv2d(x: Any, filters: Any, strides: Any = 1, padding: Any = "VALID", dilations: Any = 1) -> Node:
    """Convolution (cross-correlation) of images.

    Parameters
    ----------
    x : Tensor
        [batch, height, width, channels].
    filters : Tensor
        [height, width, channels / groups, features].
    strides, dilations : int or sequence of int
        One number, one for each spatial axis, or four with 1 for batch and channels.
    padding : str or sequence of pairs
        ``"SAME"``, ``"VALID"``, or widths before and after.
    """
    image, w = promote_all((x, filters))
    return _convolution(image, w, strides, padding, dilations, _groups(image, w))


@operation("conv3d")
def conv3d(x: Any, filters: Any, strides: Any = 1, padding: Any = "VALID", dilations: Any = 1) -> Node:
    """Convolution over three axes: [batch, depth, height, width, channels] with filters
    [depth, height, width, channels / groups, features]; arguments as for `conv2d`."""
    volume, w = promote_all((x, filters))
    return _convolution(volume, w, strides, padding, dilations, _groups(volume, w))


@operation("depthwise_conv2d")
def depthwise_conv2d(x: Any, filters: Any, strides: Any = 1, padding: Any = "VALID", dilations: Any = 1) -> Node:
    """A convolution of every channel with its own filters, [height, width, channels, multiplier]."""
    image, w = promote_all((x, filters))
    height, width, channels, multiplier = w.shape
    if not isinstance(channels, int):
        raise ValueError(f"the number of channels must be known: {w.tensor!r}")
    flat = builder().emit("reshape", w, shape=(height, width, 1, channels * multiplier))
    return _convolution(image, flat, strides, padding, dilations, channels)


@operation("conv2d_transpose")
def conv2d_transpose(
    x: Any, filters: Any, output_shape: Any = None, strides: Any = 1, padding: Any = "SAME", dilations: Any = 1
) -> Node:
    """The transpose of `conv2d`: from its output back to the shape of its input.

    Parameters
    ----------
    x : Tensor
        [batch, height, width, channels].
    filters : Tensor
        [height, width, features, channels], as those of the convolution that this transposes.
    output_shape : sequence of int, optional
        The smallest that the padding allows if not given.
    strides, dilations : int or sequence of int
    padding : str
    """
    image, w = promote_all((x, filters))
    count = image.rank - 2
    step, spread = _spatial(strides, count, "strides"), _spatial(dilations, count, "dilations")
    reach = [(k - 1) * d + 1 for k, d in zip(w.shape[:-2], spread, strict=True)]
    if output_shape is None:
        same = isinstance(padding, str) and padding.upper() == "SAME"
        sizes = [
            n * s + (0 if same else dim_max(r - s, 0)) for n, s, r in zip(image.shape[1:-1], step, reach, strict=True)
        ]
    else:
        wanted = as_dims(output_shape, "output_shape")
        sizes = list(wanted[1:-1] if len(wanted) == count + 2 else wanted)
    low, _ = padding_widths(sizes, w.shape[:-2], step, spread, padding)
    before = tuple(r - 1 - a for r, a in zip(reach, low, strict=True))
    after = tuple(n - ((m - 1) * s + 1) + a for n, m, s, a in zip(sizes, image.shape[1:-1], step, low, strict=True))
    emit = builder().emit
    flipped = emit("reverse", w, axes=tuple(range(count)))
    swapped = emit("transpose", flipped, perm=(*range(count), count + 1, count))
    return emit(
        "conv", image, swapped, strides=(1,) * count, low=before, high=after, image_dilation=step,
        window_dilation=spread, groups=1, batch_groups=1,
    )  # fmt: skip


def window_attributes(x: Node, ksize: Any, strides: Any, padding: Any) -> dict[str, Any]:
    """Attributes of a pooling primitive over the spatial axes."""
    count = x.rank - 2
    window = _spatial(ksize, count, "the window")
    step = window if strides is None else _spatial(strides, count, "strides")
    low, high = padding_widths(x.shape[1:-1], window, step, (1,) * count, padding)
    return {"window": (1, *window, 1), "strides": (1, *step, 1), "low": (0, *low, 0), "high": (0, *high, 0)}


@operation("max_pool")
def max_pool(value: Any, ksize: Any, strides: Any = None, padding: Any = "VALID") -> Node:
    """Largest elements of moving windows over the spatial axes; the first of equal ones gets the gradient."""
    x = as_node(value)
    return builder().emit("window_max", x, **window_attributes(x, ksize, strides, padding))


@operation("avg_pool")
def avg_pool(value: Any, ksize: Any, strides: Any = None, padding: Any = "VALID") -> Node:
    """Means of moving windows over the spatial axes; padding does not count."""
    x = as_floating(value)
    attrs = window_attributes(x, ksize, strides, padding)
    total = builder().emit("window_sum", x, **attrs)
    if all(isinstance(a, int) and a == 0 for a in (*attrs["low"], *attrs["high"])):
        count = 1
        for k in attrs["window"]:
            count *= k
        return total / count
    ones = builder().full(1.0, x.dtype, (1, *x.shape[1:-1], 1))
    return total / builder().emit("window_sum", ones, **attrs)


__all__ = [
    "avg_pool",
    "conv1d",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "depthwise_conv2d",
    "max_pool",
    "padding_widths",
    "window_attributes",
]
