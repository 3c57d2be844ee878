"""Convolutions along one, two or three axes."""

from __future__ import annotations

from typing import Any

from graphc.api import convolution
from graphc.api.arrays import pad
from graphc.api.shaping import expand_dims, squeeze
from graphc.keras import activations, constraints, initializers, regularizers
from graphc.keras.engine.layer import Layer
from graphc.layers.convolutional import as_format, channels_last, per_axis


class _Convolution(Layer):
    """What all convolutions share; `axes` says along how many axes windows move."""

    axes = 2

    def __init__(
        self, filters: int | None, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        data_format: str | None = None, dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True,
        bias_initializer: Any = "zeros", bias_regularizer: Any = None, bias_constraint: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        if filters is not None and (not isinstance(filters, int) or filters < 1):
            raise ValueError(f"filters is a positive integer, not {filters!r}")
        allowed = ("valid", "same", "causal") if self.axes == 1 else ("valid", "same")
        if padding.lower() not in allowed:
            raise ValueError(f"padding is one of {', '.join(allowed)}, not {padding!r}")
        self.filters, self.padding, self.use_bias = filters, padding.lower(), use_bias
        self.kernel_size, self.strides, self.dilation_rate = (
            tuple(per_axis(tuple(v) if isinstance(v, list) else v, self.axes, n))
            for v, n in ((kernel_size, "kernel_size"), (strides, "strides"), (dilation_rate, "dilation_rate"))
        )
        self.data_format = data_format or "channels_last"
        self.activation = activations.get(activation)
        self.bias_initializer = initializers.get(bias_initializer)
        self.bias_regularizer, self.bias_constraint = (
            regularizers.get(bias_regularizer),
            constraints.get(bias_constraint),
        )

    def _check_input(self, args: tuple[Any, ...]) -> None:
        rank = args[0].shape.ndims if args else None
        if rank not in (None, self.axes + 2):
            raise ValueError(
                f"the layer {self.name} ({type(self).__name__}) takes inputs with {self.axes + 2} axes, [batch, "
                f"{'positions' if self.axes == 1 else 'height, width'}, channels], not of shape "
                f"{tuple(args[0].shape.as_list())}: images without channels are x[..., None]"
            )

    def _channels(self, shape: Any) -> int:
        found = shape[-1] if self.data_format == "channels_last" else shape[1]
        if found is None:
            raise ValueError(f"the layer {self.name} needs to know the number of channels: give it in Input(shape)")
        return int(found)

    def _add_bias(self, size: int) -> None:
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (size,), self.bias_initializer, name="bias", regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )  # fmt: skip

    def _padded(self, x: Any) -> tuple[Any, str]:
        """The input of the convolution, and its padding: causal ones see no later positions."""
        if self.padding != "causal":
            return x, self.padding.upper()
        return pad(x, [[0, 0], [self.dilation_rate[0] * (self.kernel_size[0] - 1), 0], [0, 0]]), "VALID"

    def _finished(self, y: Any) -> Any:
        if self.bias is not None:
            y = y + self.bias
        return self.activation(as_format(y, self.data_format))


class _Conv(_Convolution):
    """A convolution with one kernel."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Any = 1, groups: int = 1, activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, bias_initializer,
            bias_regularizer, bias_constraint, activity_regularizer=activity_regularizer, **options,
        )  # fmt: skip
        self.groups = groups
        if filters % groups:
            raise ValueError(f"filters, {filters}, are divided into {groups} groups: give a multiple")
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)

    def _kernel_shape(self, channels: int) -> tuple[int, ...]:
        assert self.filters is not None
        return (*self.kernel_size, channels // self.groups, self.filters)

    def build(self, input_shape: Any) -> None:
        """Make kernel, of shape (*kernel_size, channels, filters), and bias."""
        channels = self._channels(input_shape)
        if channels % self.groups:
            raise ValueError(f"the layer {self.name} has {self.groups} groups: {channels} channels are no multiple")
        self.kernel = self.add_weight(
            self._kernel_shape(channels), self.kernel_initializer, name="kernel", regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )  # fmt: skip
        assert self.filters is not None
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """The convolution of the inputs."""
        x, padding = self._padded(channels_last(inputs, self.data_format))
        function = (convolution.conv1d, convolution.conv2d, convolution.conv3d)[self.axes - 1]
        return self._finished(function(x, self.kernel.value(), self.strides, padding, self.dilation_rate))


class Conv1D(_Conv):
    """A convolution of [batch, positions, channels]; arguments as for `Conv2D`."""

    axes = 1


class Conv2D(_Conv):
    """A convolution of images, [batch, height, width, channels].

    Parameters
    ----------
    filters : int
        Number of channels of the result.
    kernel_size, strides, dilation_rate : int or tuple of int
    padding : str
        ``"valid"`` or ``"same"``; along one axis also ``"causal"``.
    data_format : str, optional
        ``"channels_last"`` or ``"channels_first"``.
    groups : int
        Into how many parts channels are split, each with filters of its own.
    activation : str or callable, optional
    use_bias : bool
    kernel_initializer, bias_initializer : str, Initializer or callable
    kernel_regularizer, bias_regularizer, activity_regularizer : str, Regularizer or callable, optional
    kernel_constraint, bias_constraint : str, Constraint or callable, optional
    """

    axes = 2


class Conv3D(_Conv):
    """A convolution of [batch, depth, height, width, channels]; arguments as for `Conv2D`."""

    axes = 3


class _Transposed(_Conv):
    """The transpose of a convolution: sizes grow by the strides; arguments as for the convolution."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", output_padding: Any = None,
        data_format: str | None = None, dilation_rate: Any = 1, **options: Any,
    ) -> None:  # fmt: skip
        if output_padding is not None:
            raise ValueError("output_padding= is not there: sizes are those of TensorFlow's transposed convolution")
        self.output_padding = None
        super().__init__(filters, kernel_size, strides, padding, data_format, dilation_rate, **options)

    def _kernel_shape(self, channels: int) -> tuple[int, ...]:
        assert self.filters is not None
        return (*self.kernel_size, self.filters, channels)

    def call(self, inputs: Any) -> Any:
        """The transposed convolution of the inputs."""
        x, kernel = channels_last(inputs, self.data_format), self.kernel.value()
        strides, spread = self.strides, self.dilation_rate
        if self.axes == 1:
            x, kernel, strides, spread = expand_dims(x, 1), expand_dims(kernel, 0), (1, *strides), (1, *spread)
        y = convolution.conv2d_transpose(
            x, kernel, strides=strides, padding=self.padding.upper(), dilations=spread
        )  # fmt: skip
        return self._finished(squeeze(y, axis=1) if self.axes == 1 else y)


class Conv1DTranspose(_Transposed):
    """The transpose of `Conv1D`: sequences grow by the strides; the kernel is (size, filters, channels)."""

    axes = 1


class Conv2DTranspose(_Transposed):
    """The transpose of `Conv2D`: images grow by the strides; the kernel is (height, width, filters, channels)."""

    axes = 2


class _Depthwise(_Convolution):
    """A convolution of every channel by itself."""

    def __init__(
        self, kernel_size: Any, strides: Any = 1, padding: str = "valid", depth_multiplier: int = 1,
        data_format: str | None = None, dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        depthwise_constraint: Any = None, bias_constraint: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            None, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, bias_initializer,
            bias_regularizer, bias_constraint, activity_regularizer=activity_regularizer, **options,
        )  # fmt: skip
        self.depth_multiplier = depth_multiplier
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)

    kernel_name = "kernel"

    def _add_depthwise(self, channels: int) -> None:
        self.depthwise_kernel = self.add_weight(
            (*self.kernel_size, channels, self.depth_multiplier), self.depthwise_initializer, name=self.kernel_name,
            regularizer=self.depthwise_regularizer, constraint=self.depthwise_constraint,
        )  # fmt: skip

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        channels = self._channels(input_shape)
        self._add_depthwise(channels)
        self._add_bias(channels * self.depth_multiplier)

    def _by_channel(self, inputs: Any) -> Any:
        x, padding = self._padded(channels_last(inputs, self.data_format))
        kernel = self.depthwise_kernel.value()
        strides, spread = self.strides, self.dilation_rate
        if self.axes == 1:
            # Strides are equal along both axes there: the axis of size 1 takes any.
            x, kernel = expand_dims(x, 1), expand_dims(kernel, 0)
            strides, spread = (strides[0], strides[0]), (1, spread[0])
        y = convolution.depthwise_conv2d(x, kernel, strides, padding, spread)
        return squeeze(y, axis=1) if self.axes == 1 else y

    def call(self, inputs: Any) -> Any:
        """The convolutions of the channels."""
        return self._finished(self._by_channel(inputs))


class DepthwiseConv1D(_Depthwise):
    """`DepthwiseConv2D` along one axis."""

    axes = 1


class DepthwiseConv2D(_Depthwise):
    """A convolution of every channel by itself; arguments as for `Conv2D`, and:

    Parameters
    ----------
    depth_multiplier : int
        Number of results for each channel.
    depthwise_initializer, depthwise_regularizer, depthwise_constraint
        For the kernel, of shape (*kernel_size, channels, depth_multiplier).
    """

    axes = 2


class _Separable(_Depthwise):
    """A convolution of every channel by itself, then one over the channels."""

    kernel_name = "depthwise_kernel"

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Any = 1, depth_multiplier: int = 1, activation: Any = None, use_bias: bool = True,
        pointwise_initializer: Any = "glorot_uniform", pointwise_regularizer: Any = None,
        pointwise_constraint: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate, activation, use_bias, **options
        )
        self.filters = filters
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def build(self, input_shape: Any) -> None:
        """Make both kernels and the bias."""
        channels = self._channels(input_shape)
        self._add_depthwise(channels)
        assert self.filters is not None
        self.pointwise_kernel = self.add_weight(
            (*[1] * self.axes, channels * self.depth_multiplier, self.filters), self.pointwise_initializer,
            name="pointwise_kernel", regularizer=self.pointwise_regularizer, constraint=self.pointwise_constraint,
        )  # fmt: skip
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """Both convolutions."""
        function = convolution.conv1d if self.axes == 1 else convolution.conv2d
        return self._finished(function(self._by_channel(inputs), self.pointwise_kernel.value()))


class SeparableConv1D(_Separable):
    """`SeparableConv2D` along one axis."""

    axes = 1


class SeparableConv2D(_Separable):
    """A convolution of every channel by itself, then one of size 1 over the channels.

    Arguments as for `Conv2D`; ``depthwise_`` and ``pointwise_`` in front of initializer, regularizer and constraint.
    """

    axes = 2


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
Deconvolution2D = Convolution2DTranspose = Conv2DTranspose
SeparableConvolution2D = SeparableConv2D
