"""Functions of images beyond convolutions: pixels into channels and back, responses among channels, sequences."""

from __future__ import annotations

from typing import Any

from graphc.api.arrays import pad
from graphc.api.convert import as_floating, as_node, axis_of, builder
from graphc.api.convolution import conv2d, depthwise_conv2d, window_attributes
from graphc.api.define import operation
from graphc.api.math import pow_
from graphc.ir.dims import Dim
from graphc.ir.dtypes import int64
from graphc.ir.node import Node


def _image(x: Any) -> Node:
    node = as_node(x)
    if node.rank != 4:
        raise ValueError(f"images [batch, height, width, channels] are needed, not {node.tensor!r}")
    return node


def _divided(size: Dim, by: int, what: str) -> Dim:
    if isinstance(size, int) and size % by:
        raise ValueError(f"{what} of size {size} is no multiple of {by}")
    return size // by


@operation("depth_to_space")
def depth_to_space(x: Any, block_size: int) -> Node:
    """Channels spread over blocks of pixels: [n, h, w, c] becomes [n, h * b, w * b, c / b**2]."""
    node, b = _image(x), int(block_size)
    n, height, width, channels = node.shape
    deep = _divided(channels, b * b, "the axis of channels")
    emit = builder().emit
    parts = emit("reshape", node, shape=(n, height, width, b, b, deep))
    mixed = emit("transpose", parts, perm=(0, 1, 3, 2, 4, 5))
    return emit("reshape", mixed, shape=(n, height * b, width * b, deep))


@operation("space_to_depth")
def space_to_depth(x: Any, block_size: int) -> Node:
    """Blocks of pixels as channels: [n, h, w, c] becomes [n, h / b, w / b, c * b**2]."""
    node, b = _image(x), int(block_size)
    n, height, width, channels = node.shape
    rows, columns = _divided(height, b, "the height"), _divided(width, b, "the width")
    emit = builder().emit
    parts = emit("reshape", node, shape=(n, rows, b, columns, b, channels))
    mixed = emit("transpose", parts, perm=(0, 1, 3, 2, 4, 5))
    return emit("reshape", mixed, shape=(n, rows, columns, channels * (b * b)))


@operation("local_response_normalization")
def local_response_normalization(
    input: Any, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5
) -> Node:
    """x / (bias + alpha * s)**beta, where s sums squares over channels at most `depth_radius` away.

    Parameters
    ----------
    input : Tensor
        [..., channels]
    depth_radius : int
    bias, alpha, beta : float

    Notes
    -----
    Krizhevsky, Sutskever and Hinton, ImageNet classification with deep convolutional neural networks, 2012.
    """
    x, radius = as_floating(input), int(depth_radius)
    edge = (0,) * (x.rank - 1)
    total = builder().emit(
        "window_sum", builder().emit("square", x), window=(*(1 for _ in edge), 2 * radius + 1),
        strides=(1,) * x.rank, low=(*edge, radius), high=(*edge, radius),
    )  # fmt: skip
    found: Node = x * pow_(total * float(alpha) + float(bias), -float(beta))
    return found


@operation("max_pool_with_argmax")
def max_pool_with_argmax(value: Any, ksize: Any, strides: Any = None, padding: Any = "VALID") -> tuple[Node, Node]:
    """`max_pool` of images, and where the largest elements are: (row * width + column) * channels + channel.

    The first of equal ones is taken. The places are int64, and have no gradient.
    """
    x = _image(value)
    _, _, width, channels = x.shape
    attrs = window_attributes(x, ksize, strides, padding)
    emit = builder().emit
    top = emit("window_max", x, **attrs)
    _, height_out, width_out, _ = top.shape
    edges = list(zip(attrs["low"], attrs["high"], strict=True))
    padded = pad(x, edges, constant_values=-float("inf") if x.dtype.is_floating else int(x.dtype.min))
    (_, step_y, step_x, _), (_, low_y, low_x, _) = attrs["strides"], attrs["low"]
    rows = emit("reshape", emit("iota", size=height_out, dtype=int64), shape=(1, height_out, 1, 1)) * step_y
    columns = emit("reshape", emit("iota", size=width_out, dtype=int64), shape=(1, 1, width_out, 1)) * step_x
    channel = emit("reshape", emit("iota", size=channels, dtype=int64), shape=(1, 1, 1, channels))
    sizes = [emit("dim", value=d, dtype=int64) for d in (low_y, low_x, width, channels)]
    place = builder().full(2**62, int64, top.shape)
    for dy in range(attrs["window"][1]):
        for dx in range(attrs["window"][2]):
            stop = (x.shape[0], dy + (height_out - 1) * step_y + 1, dx + (width_out - 1) * step_x + 1, channels)
            tap = emit("slice", padded, start=(0, dy, dx, 0), stop=stop, step=attrs["strides"])
            code = ((rows + dy - sizes[0]) * sizes[2] + (columns + dx - sizes[1])) * sizes[3] + channel
            place = emit("minimum", place, emit("select", emit("eq", tap, top), code, 2**62))
    return top, place


@operation("atrous_conv2d")
def atrous_conv2d(value: Any, filters: Any, rate: int, padding: Any = "VALID") -> Node:
    """`conv2d` with gaps of `rate` between the elements of the filters."""
    found: Node = conv2d(value, filters, 1, padding, rate)
    return found


@operation("separable_conv2d")
def separable_conv2d(
    x: Any, depthwise_filter: Any, pointwise_filter: Any, strides: Any = 1, padding: Any = "VALID", dilations: Any = 1
) -> Node:
    """`depthwise_conv2d`, then a convolution of size 1 over the channels."""
    found: Node = conv2d(depthwise_conv2d(x, depthwise_filter, strides, padding, dilations), pointwise_filter)
    return found


@operation("reverse_sequence")
def reverse_sequence(x: Any, seq_lengths: Any, seq_axis: int = 1, batch_axis: int = 0) -> Node:
    """The first elements of every sequence in reverse order, as many as its length; the others stay.

    Parameters
    ----------
    x : Tensor
    seq_lengths : integer Tensor
        [batch], not above the size of `seq_axis`.
    seq_axis, batch_axis : int
    """
    node, lengths = as_node(x), as_node(seq_lengths)
    along, batch = axis_of(seq_axis, node.rank), axis_of(batch_axis, node.rank)
    if along == batch or lengths.rank != 1:
        raise ValueError(f"two different axes and a vector of lengths are needed, not {along}, {batch}, {lengths!r}")
    perm = (batch, along, *(a for a in range(node.rank) if a not in (batch, along)))
    emit = builder().emit
    steps = emit("reshape", emit("iota", size=node.shape[along], dtype=int64), shape=(1, node.shape[along]))
    ends = emit("reshape", emit("cast", lengths, dtype=int64), shape=(*lengths.shape, 1))
    source = emit("select", emit("lt", steps, ends), ends - 1 - steps, steps)
    taken = emit("gather", emit("transpose", node, perm=perm), source, axis=1, batch_dims=1)
    back = tuple(perm.index(a) for a in range(node.rank))
    return emit("transpose", taken, perm=back)
