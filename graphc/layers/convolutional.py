"""Layers that convolve."""

from __future__ import annotations

from typing import Any

from graphc.api import convolution
from graphc.api.shaping import transpose
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.scopes import VariableScope
from graphc.layers.scope import Activation, as_input, finished, known_size, layer_scope, weight, with_bias


def per_axis(value: Any, count: int, what: str) -> list[int]:
    """One number for all spatial axes, or one for each.

    Raises
    ------
    GraphError
        If their number or values do not fit.
    """
    listed = [value] * count if isinstance(value, int) else [int(v) for v in value]
    if len(listed) != count or any(v < 1 for v in listed):
        raise GraphError(f"{what} must be {count} positive integers, not {value!r}", user_origin())
    return listed


def channels_last(x: Tensor, data_format: str) -> Tensor:
    """A tensor with its channels on the last axis.

    Raises
    ------
    GraphError
        If the format is neither ``"channels_last"`` nor ``"channels_first"``.
    """
    if data_format == "channels_last":
        return x
    if data_format != "channels_first":
        raise GraphError(f"data_format {data_format!r} is neither 'channels_last' nor 'channels_first'", user_origin())
    rank = len(x.shape)
    found: Tensor = transpose(x, [0, *range(2, rank), 1])
    return found


def as_format(x: Any, data_format: str) -> Any:
    """A tensor with its channels where the format has them."""
    rank = len(x.shape)
    return x if data_format == "channels_last" else transpose(x, [0, rank - 1, *range(1, rank - 1)])


def _convolved(
    count: int, inputs: Any, filters: int, kernel_size: Any, strides: Any, padding: str, data_format: str,
    dilation_rate: Any, activation: Activation, use_bias: bool, kernel_initializer: Any, bias_initializer: Any,
    kernel_regularizer: Any, bias_regularizer: Any, activity_regularizer: Any, trainable: bool,
    name: str | VariableScope | None, reuse: Any,
) -> Tensor:  # fmt: skip
    what = f"conv{count}d"
    given = as_input(inputs, what, rank=count + 2)
    with layer_scope(name, what, reuse):
        x = channels_last(given, data_format)
        shape = [*per_axis(kernel_size, count, "kernel_size"), known_size(x, -1, what), filters]
        kernel = weight("kernel", shape, x.dtype, kernel_initializer, kernel_regularizer, trainable)
        step, spread = per_axis(strides, count, "strides"), per_axis(dilation_rate, count, "dilation_rate")
        operation = convolution.conv1d if count == 1 else convolution.conv2d
        y = operation(x, kernel, step, padding, spread)
        y = with_bias(y, filters, use_bias, bias_initializer, bias_regularizer, trainable)
        return finished(as_format(y, data_format), activation, activity_regularizer)


def conv1d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
    data_format: str = "channels_last", dilation_rate: Any = 1, activation: Activation = None,
    use_bias: bool = True, kernel_initializer: Any = None, bias_initializer: Any = None,
    kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
    trainable: bool = True, name: str | VariableScope | None = None, reuse: Any = None,
) -> Tensor:  # fmt: skip
    """A convolution along one axis, of [batch, width, channels]; arguments as for `conv2d`."""
    return _convolved(
        1, inputs, filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, trainable,
        name, reuse,
    )  # fmt: skip


def conv2d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid",
    data_format: str = "channels_last", dilation_rate: Any = (1, 1), activation: Activation = None,
    use_bias: bool = True, kernel_initializer: Any = None, bias_initializer: Any = None,
    kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
    trainable: bool = True, name: str | VariableScope | None = None, reuse: Any = None,
) -> Tensor:  # fmt: skip
    """A convolution of images.

    Parameters
    ----------
    inputs : Tensor
        [batch, height, width, channels]; the number of channels must be known.
    filters : int
        Number of channels of the result.
    kernel_size, strides, dilation_rate : int or pair of int
    padding : str
        ``"valid"`` or ``"same"``.
    data_format : str
        ``"channels_first"`` where images are [batch, channels, height, width].
    activation : callable, optional
    use_bias : bool
    kernel_initializer, bias_initializer : callable, optional
        Glorot's uniform distribution (or the scope's initializer), and zeros.
    kernel_regularizer, bias_regularizer, activity_regularizer : callable, optional
        Their values join the collection ``"regularization_losses"``.
    trainable : bool
    name : str, optional
        Scope of the variables ``kernel`` [height, width, channels, filters] and ``bias``.
    reuse : bool or AUTO_REUSE, optional

    Returns
    -------
    Tensor

    Raises
    ------
    GraphError
        If the input does not fit.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     x = gc.placeholder(gc.float32, [None, 28, 28, 1])
    ...     print(gc.layers.conv2d(x, 32, 5, padding="same").shape, gc.trainable_variables()[0].name)
    (?, 28, 28, 32) conv2d/kernel:0
    """
    return _convolved(
        2, inputs, filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, trainable,
        name, reuse,
    )  # fmt: skip


def conv2d_transpose(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid",
    data_format: str = "channels_last", activation: Activation = None, use_bias: bool = True,
    kernel_initializer: Any = None, bias_initializer: Any = None, kernel_regularizer: Any = None,
    bias_regularizer: Any = None, activity_regularizer: Any = None, trainable: bool = True,
    name: str | VariableScope | None = None, reuse: Any = None,
) -> Tensor:  # fmt: skip
    """The transpose of a convolution: images grow by the strides. Arguments as for `conv2d`.

    The variable ``kernel`` is [height, width, filters, channels].

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     x = gc.placeholder(gc.float32, [None, 7, 7, 64])
    ...     print(gc.layers.conv2d_transpose(x, 32, 5, strides=2, padding="same").shape)
    (?, 14, 14, 32)
    """
    given = as_input(inputs, "conv2d_transpose", rank=4)
    with layer_scope(name, "conv2d_transpose", reuse):
        x = channels_last(given, data_format)
        shape = [*per_axis(kernel_size, 2, "kernel_size"), filters, known_size(x, -1, "conv2d_transpose")]
        kernel = weight("kernel", shape, x.dtype, kernel_initializer, kernel_regularizer, trainable)
        y = convolution.conv2d_transpose(x, kernel, strides=per_axis(strides, 2, "strides"), padding=padding)
        y = with_bias(y, filters, use_bias, bias_initializer, bias_regularizer, trainable)
        return finished(as_format(y, data_format), activation, activity_regularizer)


def separable_conv2d(
    inputs: Any, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid",
    data_format: str = "channels_last", dilation_rate: Any = (1, 1), depth_multiplier: int = 1,
    activation: Activation = None, use_bias: bool = True, depthwise_initializer: Any = None,
    pointwise_initializer: Any = None, bias_initializer: Any = None, depthwise_regularizer: Any = None,
    pointwise_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
    trainable: bool = True, name: str | VariableScope | None = None, reuse: Any = None,
) -> Tensor:  # fmt: skip
    """A convolution of every channel by itself, then one of size 1 over the channels.

    Arguments as for `conv2d`; the variables are ``depthwise_kernel``, ``pointwise_kernel`` and ``bias``.
    """
    given = as_input(inputs, "separable_conv2d", rank=4)
    with layer_scope(name, "separable_conv2d", reuse):
        x = channels_last(given, data_format)
        channels = known_size(x, -1, "separable_conv2d")
        own = [*per_axis(kernel_size, 2, "kernel_size"), channels, depth_multiplier]
        point = [1, 1, channels * depth_multiplier, filters]
        depthwise = weight("depthwise_kernel", own, x.dtype, depthwise_initializer, depthwise_regularizer, trainable)
        pointwise = weight("pointwise_kernel", point, x.dtype, pointwise_initializer, pointwise_regularizer, trainable)
        step, spread = per_axis(strides, 2, "strides"), per_axis(dilation_rate, 2, "dilation_rate")
        y = convolution.conv2d(convolution.depthwise_conv2d(x, depthwise, step, padding, spread), pointwise)
        y = with_bias(y, filters, use_bias, bias_initializer, bias_regularizer, trainable)
        return finished(as_format(y, data_format), activation, activity_regularizer)
