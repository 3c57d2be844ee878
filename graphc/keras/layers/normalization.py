"""Normalizations: by batch, by sample, by groups of channels, by length."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.api import nn
from graphc.api.math import cast, maximum, reduce_mean, reduce_sum, rsqrt, sqrt, square
from graphc.api.shaping import expand_dims, reshape, shape
from graphc.keras import constraints, initializers, regularizers
from graphc.keras.engine.layer import Layer
from graphc.keras.losses.reduce import quotient


def _along(value: Any, rank: int, axes: list[int]) -> Any:
    """A weight over some axes, broadcast against an input."""
    sizes = list(value.static_shape)
    return reshape(value.value(), [sizes[axes.index(i)] if i in axes else 1 for i in range(rank)])


def _weight(layer: Any, name: str, sizes: tuple[int, ...]) -> Any:
    """The scale or offset of a layer, with what it has for it."""
    options = {k: getattr(layer, f"{name}_{k}") for k in ("initializer", "regularizer", "constraint")}
    return layer.add_weight(sizes, name=name, **options)


class BatchNormalization(Layer):
    """Each channel less its mean over the batch, divided by its standard deviation, scaled and shifted.

    In training with the batch's own mean and variance; otherwise, and where `trainable` is False, with their moving
    averages.

    Parameters
    ----------
    axis : int
        Of the channels.
    momentum : float
        Share of the moving averages that stays in each step.
    epsilon : float
    center, scale : bool
        Whether there are offset and scale.
    beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer
    beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint

    Notes
    -----
    Ioffe and Szegedy, Batch normalization: accelerating deep network training by reducing internal covariate shift,
    2015.
    """

    supports_masking = True

    def __init__(
        self, axis: Any = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones", beta_regularizer: Any = None, gamma_regularizer: Any = None,
        beta_constraint: Any = None, gamma_constraint: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**{k: v for k, v in options.items() if k not in ("synchronized", "fused")})
        self.axis = axis[0] if isinstance(axis, list | tuple) else axis
        self.momentum, self.epsilon, self.center, self.scale = momentum, epsilon, center, scale
        self.beta_initializer, self.gamma_initializer = map(initializers.get, (beta_initializer, gamma_initializer))
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer, self.gamma_regularizer = map(regularizers.get, (beta_regularizer, gamma_regularizer))
        self.beta_constraint, self.gamma_constraint = map(constraints.get, (beta_constraint, gamma_constraint))

    def build(self, input_shape: Any) -> None:
        """Make scale, offset and moving averages."""
        size = (input_shape[self.axis],)
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = _weight(self, "gamma", size)
        if self.center:
            self.beta = _weight(self, "beta", size)
        self.moving_mean = self.add_weight(size, self.moving_mean_initializer, trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight(
            size, self.moving_variance_initializer, trainable=False, name="moving_variance"
        )

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The normalized inputs."""
        rank = inputs.shape.ndims
        at = self.axis % rank
        axes = [i for i in range(rank) if i != at]
        if training and self.trainable:
            mean, variance = self._batch(inputs, axes, mask)
            for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                flat = reshape(value, [-1])
                moving.assign(moving.value() * self.momentum + flat * (1.0 - self.momentum))
        else:
            mean, variance = (_along(v, rank, [at]) for v in (self.moving_mean, self.moving_variance))
        factor = rsqrt(variance + self.epsilon)
        if self.gamma is not None:
            factor = factor * _along(self.gamma, rank, [at])
        y = (inputs - mean) * factor
        return y if self.beta is None else y + _along(self.beta, rank, [at])

    def _batch(self, x: Any, axes: list[int], mask: Any) -> Any:
        if mask is None:
            return nn.moments(x, axes, keepdims=True)
        kept = cast(mask, x.dtype)
        for _ in range(x.shape.ndims - mask.shape.ndims):
            kept = expand_dims(kept, -1)
        count = reduce_sum(kept)
        mean = quotient(reduce_sum(x * kept, axis=axes, keepdims=True), count)
        return mean, quotient(reduce_sum(square(x - mean) * kept, axis=axes, keepdims=True), count)


class LayerNormalization(Layer):
    """Each sample less its mean, divided by its standard deviation, scaled and shifted.

    Parameters
    ----------
    axis : int or sequence of int
        Over which axes.
    epsilon : float
    center, scale : bool
    beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint

    Notes
    -----
    Ba, Kiros and Hinton, Layer normalization, 2016.
    """

    supports_masking = True

    def __init__(
        self, axis: Any = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", beta_regularizer: Any = None,
        gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None,
        rms_scaling: bool = False, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        if rms_scaling:
            raise ValueError("rms_scaling=True is the layer RMSNormalization")
        self.axis = axis if isinstance(axis, int) else list(axis)
        self.epsilon, self.center, self.scale = epsilon, center, scale
        self.beta_initializer, self.gamma_initializer = map(initializers.get, (beta_initializer, gamma_initializer))
        self.beta_regularizer, self.gamma_regularizer = map(regularizers.get, (beta_regularizer, gamma_regularizer))
        self.beta_constraint, self.gamma_constraint = map(constraints.get, (beta_constraint, gamma_constraint))

    def _axes(self, rank: int) -> list[int]:
        return [a % rank for a in ([self.axis] if isinstance(self.axis, int) else self.axis)]

    def build(self, input_shape: Any) -> None:
        """Make scale and offset, of the sizes of the axes."""
        sizes = tuple(input_shape[a] for a in self._axes(len(input_shape)))
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = _weight(self, "gamma", sizes)
        if self.center:
            self.beta = _weight(self, "beta", sizes)

    def call(self, inputs: Any) -> Any:
        """The normalized inputs."""
        rank = inputs.shape.ndims
        axes = self._axes(rank)
        scale = None if self.gamma is None else _along(self.gamma, rank, axes)
        offset = None if self.beta is None else _along(self.beta, rank, axes)
        return nn.layer_normalization(inputs, scale, offset, axes, self.epsilon)


class RMSNormalization(Layer):
    """Each sample divided by the root of its mean square, and scaled.

    Parameters
    ----------
    axis : int
    epsilon : float

    Notes
    -----
    Zhang and Sennrich, Root mean square layer normalization, 2019.
    """

    supports_masking = True

    def __init__(self, axis: int = -1, epsilon: float = 1e-6, **options: Any) -> None:
        super().__init__(**options)
        self.axis, self.epsilon = axis, epsilon

    def build(self, input_shape: Any) -> None:
        """Make the scale."""
        self.scale = self.add_weight((input_shape[self.axis],), "ones", name="scale")

    def call(self, inputs: Any) -> Any:
        """The normalized inputs."""
        at = self.axis % inputs.shape.ndims
        mean = reduce_mean(square(inputs), axis=at, keepdims=True)
        return inputs * rsqrt(mean + self.epsilon) * _along(self.scale, inputs.shape.ndims, [at])


class GroupNormalization(Layer):
    """Groups of channels of each sample less their mean, divided by their standard deviation, scaled and shifted.

    Parameters
    ----------
    groups : int
        -1: as many as there are channels.
    axis : int
        Of the channels.
    epsilon : float
    center, scale : bool
    beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint

    Notes
    -----
    Wu and He, Group normalization, 2018.
    """

    supports_masking = True

    def __init__(
        self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", beta_regularizer: Any = None,
        gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.groups, self.axis, self.epsilon, self.center, self.scale = groups, axis, epsilon, center, scale
        self.beta_initializer, self.gamma_initializer = map(initializers.get, (beta_initializer, gamma_initializer))
        self.beta_regularizer, self.gamma_regularizer = map(regularizers.get, (beta_regularizer, gamma_regularizer))
        self.beta_constraint, self.gamma_constraint = map(constraints.get, (beta_constraint, gamma_constraint))

    def build(self, input_shape: Any) -> None:
        """Make scale and offset, one for each channel."""
        channels = input_shape[self.axis]
        self.groups = channels if self.groups == -1 else self.groups
        if channels is None or channels % self.groups:
            raise ValueError(f"the layer {self.name} has {self.groups} groups: {channels} channels are no multiple")
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = _weight(self, "gamma", (channels,))
        if self.center:
            self.beta = _weight(self, "beta", (channels,))

    def call(self, inputs: Any) -> Any:
        """The normalized inputs."""
        rank = inputs.shape.ndims
        at, sizes, open_sizes = self.axis % rank, inputs.shape.as_list(), shape(inputs)
        own = [open_sizes[i] if n is None else n for i, n in enumerate(sizes)]
        apart = [*own[:at], self.groups, sizes[at] // self.groups, *own[at + 1 :]]
        x = reshape(inputs, apart)
        mean, variance = nn.moments(x, [i for i in range(1, rank + 1) if i != at], keepdims=True)
        y = reshape((x - mean) * rsqrt(variance + self.epsilon), own)
        if self.gamma is not None:
            y = y * _along(self.gamma, rank, [at])
        return y if self.beta is None else y + _along(self.beta, rank, [at])


class UnitNormalization(Layer):
    """Each sample divided by its length.

    Parameters
    ----------
    axis : int or sequence of int
    """

    def __init__(self, axis: Any = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis if isinstance(axis, int) else list(axis)

    def call(self, inputs: Any) -> Any:
        """The inputs with length 1."""
        total = reduce_sum(square(inputs), axis=self.axis, keepdims=True)
        return inputs * rsqrt(maximum(total, 1e-12))


class Normalization(Layer):
    """(inputs - mean) / standard deviation, with numbers taken from data by `adapt`, or given.

    Parameters
    ----------
    axis : int, sequence of int or None
        Axes with numbers of their own; None: one for all elements.
    mean, variance : array_like, optional
    invert : bool
        The other way round: normalized inputs become the data.

    Examples
    --------
    >>> layer = Normalization()
    >>> layer.adapt(np.float32([[1.0, 10.0], [3.0, 30.0]]))
    >>> layer(np.float32([[1.0, 30.0]]))
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        if (mean is None) != (variance is None):
            raise ValueError("Normalization takes mean and variance together, or none of them and `adapt`")
        self.axis, self.invert = axis, invert
        self.mean, self.variance = mean, variance

    def adapt(self, data: Any) -> None:
        """Take mean and variance from data."""
        x = np.asarray(data)
        if not self.built:
            self.build((None, *x.shape[1:]))
            self.built = True
        axes = tuple(i for i in range(x.ndim) if i not in self._kept(x.ndim))
        x = x.astype(np.float64)
        self.adapt_mean.assign(x.mean(axes).reshape(self.adapt_mean.static_shape))
        self.adapt_variance.assign(x.var(axes).reshape(self.adapt_variance.static_shape))

    def _kept(self, rank: int) -> list[int]:
        if self.axis is None:
            return []
        return sorted(a % rank for a in ([self.axis] if isinstance(self.axis, int) else self.axis))

    def build(self, input_shape: Any) -> None:
        """Make mean and variance, 0 and 1 until data were seen."""
        sizes = tuple(input_shape[a] for a in self._kept(len(input_shape)))
        if self.mean is not None:
            return
        self.adapt_mean = self.add_weight(sizes, "zeros", trainable=False, name="mean")
        self.adapt_variance = self.add_weight(sizes, "ones", trainable=False, name="variance")

    def call(self, inputs: Any) -> Any:
        """The normalized inputs."""
        rank = inputs.shape.ndims
        if self.mean is None:
            axes = self._kept(rank)
            mean, variance = (_along(v, rank, axes) for v in (self.adapt_mean, self.adapt_variance))
        else:
            mean, variance = np.float32(self.mean), np.float32(self.variance)
        spread = maximum(sqrt(variance), 1e-7)
        return inputs * spread + mean if self.invert else (inputs - mean) / spread
