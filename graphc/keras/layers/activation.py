"""Activations that are layers, some with weights."""

from __future__ import annotations

from typing import Any

from graphc.api.math import minimum
from graphc.keras import activations, constraints, initializers, regularizers
from graphc.keras.engine.layer import Layer


class ReLU(Layer):
    """x above the threshold, up to a largest value; negative_slope * (x - threshold) below.

    Parameters
    ----------
    max_value : float, optional
    negative_slope : float
    threshold : float
    """

    supports_masking = True

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **options: Any
    ) -> None:
        super().__init__(**options)
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope or 0.0, threshold or 0.0

    def call(self, inputs: Any) -> Any:
        """The activation."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(Layer):
    """x where it is positive, negative_slope * x elsewhere.

    Parameters
    ----------
    negative_slope : float
        ``alpha`` in Keras 2.
    """

    supports_masking = True

    def __init__(self, negative_slope: float = 0.3, **options: Any) -> None:
        negative_slope = options.pop("alpha", negative_slope)
        super().__init__(**options)
        self.negative_slope = negative_slope

    def call(self, inputs: Any) -> Any:
        """The activation."""
        return activations.leaky_relu(inputs, self.negative_slope)


class PReLU(Layer):
    """x where it is positive, alpha * x elsewhere, with weights alpha.

    Parameters
    ----------
    alpha_initializer, alpha_regularizer, alpha_constraint
    shared_axes : sequence of int, optional
        Axes along which alpha is the same.

    Notes
    -----
    He et al., Delving deep into rectifiers, 2015.
    """

    supports_masking = True

    def __init__(
        self, alpha_initializer: Any = "zeros", alpha_regularizer: Any = None, alpha_constraint: Any = None,
        shared_axes: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer, self.alpha_constraint = (
            regularizers.get(alpha_regularizer),
            constraints.get(alpha_constraint),
        )
        self.shared_axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes

    def build(self, input_shape: Any) -> None:
        """Make alpha."""
        sizes = [1 if i in (self.shared_axes or ()) else n for i, n in enumerate(input_shape)][1:]
        self.alpha = self.add_weight(tuple(sizes), self.alpha_initializer, name="alpha",
                                     regularizer=self.alpha_regularizer, constraint=self.alpha_constraint)  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """The activation."""
        return activations.relu(inputs) + self.alpha.value() * minimum(inputs, 0.0)


class ELU(Layer):
    """x where it is positive, alpha * (exp(x) - 1) elsewhere.

    Parameters
    ----------
    alpha : float
    """

    supports_masking = True

    def __init__(self, alpha: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        """The activation."""
        return activations.elu(inputs, self.alpha)


class Softmax(Layer):
    """Shares that sum to 1 along an axis, 0 where the mask is False.

    Parameters
    ----------
    axis : int or sequence of int
    """

    supports_masking = True

    def __init__(self, axis: Any = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis if isinstance(axis, int) else list(axis)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The shares."""
        from graphc.api.math import exp, reduce_max, reduce_sum, where

        if mask is not None:
            inputs = where(mask, inputs, -3e38)
        if isinstance(self.axis, int):
            return activations.softmax(inputs, self.axis)
        shares = exp(inputs - reduce_max(inputs, axis=self.axis, keepdims=True))
        return shares / reduce_sum(shares, axis=self.axis, keepdims=True)
