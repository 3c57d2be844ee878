"""``tf.nn`` where arguments or meaning differ from the native functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import graphc as gc
from graphc.compat.tf1._graph import follow_conventions
from graphc.graph.origin import user_origin


def _channels_first(x: Any, axes: int = 2) -> Any:
    return gc.transpose(x, [0, axes + 1, *range(1, axes + 1)])


def _channels_last(x: Any, axes: int = 2) -> Any:
    return gc.transpose(x, [0, *range(2, axes + 2), 1])


def _spatial(value: Any, first: bool) -> Any:
    """Sizes of all axes in the order of channels last."""
    if isinstance(value, list | tuple) and len(value) in (4, 5) and first:
        return [value[0], *value[2:], value[1]]
    return value


def _image_operation(native: str, label: str, axes: int = 2) -> Callable[..., Any]:
    def call(x: Any, *args: Any, data_format: str | None = None, name: str | None = None, **options: Any) -> Any:
        follow_conventions()
        function = getattr(gc.nn, native)
        first = data_format in ("NCHW", "NCDHW", "channels_first")
        args = tuple(_spatial(a, first) for a in args)
        options = {key: _spatial(value, first) for key, value in options.items()}
        if not first:
            return function(x, *args, name=name or label, **options)
        return _channels_first(function(_channels_last(x, axes), *args, name=name or label, **options), axes)

    call.__name__ = native
    call.__doc__ = f"`graphc.nn.{native}`; NCHW is turned into NHWC and back."
    return call


conv2d = _image_operation("conv2d", "Conv2D")
conv3d = _image_operation("conv3d", "Conv3D", 3)
depthwise_conv2d = _image_operation("depthwise_conv2d", "depthwise")
max_pool = _image_operation("max_pool", "MaxPool")
avg_pool = _image_operation("avg_pool", "AvgPool")
max_pool3d = _image_operation("max_pool", "MaxPool3D", 3)
avg_pool3d = _image_operation("avg_pool", "AvgPool3D", 3)


def ctc_loss_v2(
    labels: Any, logits: Any, label_length: Any, logit_length: Any, logits_time_major: bool = True, unique: Any = None,
    blank_index: int | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """`graphc.nn.ctc_loss`; the blank is class 0 where nothing else is said."""
    follow_conventions()
    blank = 0 if blank_index is None else blank_index
    return gc.nn.ctc_loss(labels, logits, label_length, logit_length, logits_time_major, blank, name)


def conv2d_transpose(
    value: Any, filter: Any = None, output_shape: Any = None, strides: Any = None, padding: str = "SAME",
    data_format: str = "NHWC", name: str | None = None, filters: Any = None, input: Any = None, dilations: Any = 1,
) -> Any:  # fmt: skip
    """The transpose of a convolution."""
    follow_conventions()
    kernel = filter if filter is not None else filters
    first = data_format == "NCHW"
    x = _channels_last(value) if first else value
    found = gc.nn.conv2d_transpose(
        x, kernel, _spatial(output_shape, first), _spatial(strides, first), padding, name=name or "conv2d_transpose"
    )
    return _channels_first(found) if first else found


def separable_conv2d(
    input: Any, depthwise_filter: Any, pointwise_filter: Any, strides: Any, padding: str, rate: Any = None,
    name: str | None = None, data_format: Any = None, dilations: Any = None,
) -> Any:  # fmt: skip
    """A convolution of each channel, then one of size 1 over channels."""
    deep = depthwise_conv2d(input, depthwise_filter, strides, padding, data_format=data_format)
    return conv2d(deep, pointwise_filter, [1, 1, 1, 1], "VALID", data_format=data_format, name=name)


def atrous_conv2d(value: Any, filters: Any, rate: int, padding: str, name: str | None = None) -> Any:
    """A convolution with gaps of `rate` between the taps."""
    follow_conventions()
    return gc.nn.conv2d(value, filters, 1, padding, dilations=rate, name=name or "convolution")


def _two(_sentinel: Any, labels: Any, logits: Any, args: tuple[Any, ...], what: str) -> tuple[Any, Any]:
    """Labels and logits; two positional ones are logits and labels, as in the first versions."""
    given = [a for a in (_sentinel, *args) if a is not None]
    if given:
        if logits is not None or len(given) != 2:
            raise ValueError(f"{what}: say labels=... and logits=...\n  at {user_origin()}")
        logits, labels = given
    if labels is None or logits is None:
        raise ValueError(f"{what}: both labels= and logits= are needed\n  at {user_origin()}")
    follow_conventions()
    return labels, logits


def softmax_cross_entropy_with_logits(
    _sentinel: Any = None, *args: Any, labels: Any = None, logits: Any = None, dim: int = -1, axis: int | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Cross entropy of softmax(logits) with distributions; no gradient goes into the labels."""
    labels, logits = _two(_sentinel, labels, logits, args, "softmax_cross_entropy_with_logits")
    fixed = gc.stop_gradient(labels) if isinstance(labels, gc.Tensor) else labels
    return gc.nn.softmax_cross_entropy_with_logits(
        fixed, logits, axis=dim if axis is None else axis, name=name or "softmax_cross_entropy_with_logits"
    )


def softmax_cross_entropy_with_logits_v2(
    labels: Any = None, logits: Any = None, axis: int | None = None, name: str | None = None, dim: int | None = None
) -> Any:
    """Cross entropy of softmax(logits) with distributions."""
    follow_conventions()
    along = -1 if axis is None and dim is None else axis if axis is not None else dim
    return gc.nn.softmax_cross_entropy_with_logits(labels, logits, axis=along, name=name or "softmax_cross_entropy")


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, *args: Any, labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:
    """Cross entropy of softmax(logits) with class numbers."""
    labels, logits = _two(_sentinel, labels, logits, args, "sparse_softmax_cross_entropy_with_logits")
    return gc.nn.sparse_softmax_cross_entropy_with_logits(labels, logits, name=name or "SparseSoftmaxCrossEntropy")


def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None, *args: Any, labels: Any = None, logits: Any = None, targets: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Cross entropy of sigmoid(logits) with probabilities, element by element."""
    labels = targets if labels is None else labels
    labels, logits = _two(_sentinel, labels, logits, args, "sigmoid_cross_entropy_with_logits")
    return gc.nn.sigmoid_cross_entropy_with_logits(labels, logits, name=name or "logistic_loss")


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """relu(x @ weights + biases)."""
    follow_conventions()
    return gc.nn.relu(gc.nn.xw_plus_b(x, weights, biases), name=name or "relu_layer")


def dropout(
    x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: Any = None, name: str | None = None, rate: Any = None
) -> Any:
    """Elements set to 0 at random, the others scaled up."""
    follow_conventions()
    if rate is not None and keep_prob is not None:
        raise ValueError(f"dropout: keep_prob and rate say the same: give one of them\n  at {user_origin()}")
    return gc.nn.dropout(x, keep_prob, noise_shape, seed, name or "dropout", rate)


def moments(
    x: Any, axes: Any, shift: Any = None, name: str | None = None, keep_dims: Any = None, keepdims: Any = None
) -> Any:
    """Mean and variance over axes."""
    follow_conventions()
    return gc.nn.moments(x, axes, bool(keep_dims or keepdims), name=name or "moments")


def fused_batch_norm(
    x: Any, scale: Any, offset: Any, mean: Any = None, variance: Any = None, epsilon: float = 0.001,
    data_format: str = "NHWC", is_training: bool = True, name: str | None = None,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Batch normalisation over all axes but the channels: the result, mean and variance."""
    follow_conventions()
    if data_format != "NHWC":
        raise NotImplementedError(f"fused_batch_norm takes NHWC here\n  at {user_origin()}")
    if is_training:
        mean, variance = gc.nn.moments(x, [0, 1, 2])
    return gc.nn.batch_normalization(x, mean, variance, offset, scale, epsilon, name=name), mean, variance
