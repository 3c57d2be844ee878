"""Layers that do something in training only: dropout and noise."""

from __future__ import annotations

from typing import Any

from graphc.api.math import sqrt
from graphc.api.random import dropout, random_normal
from graphc.api.shaping import shape
from graphc.keras import regularizers
from graphc.keras.engine.layer import Layer


class Dropout(Layer):
    """Elements set to 0 at random in training, the others scaled up so that the mean stays.

    Parameters
    ----------
    rate : float
        Share of elements that are set to 0.
    noise_shape : sequence of int or None, optional
        Shape of the random choices, 1 where an axis shares them.
    seed : int, optional
    """

    supports_masking = True

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        if not 0 <= rate <= 1:
            raise ValueError(f"rate is the share of elements that are dropped, from 0 to 1, not {rate}")
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def _choices(self, inputs: Any) -> Any:
        if self.noise_shape is None:
            return None
        sizes = shape(inputs)
        return [sizes[i] if n is None else n for i, n in enumerate(self.noise_shape)]

    def call(self, inputs: Any, training: Any = None) -> Any:
        """The inputs, in training with elements dropped."""
        if not training or not self.rate:
            return inputs
        if self.rate == 1:
            return inputs * 0.0
        return dropout(inputs, rate=self.rate, noise_shape=self._choices(inputs), seed=self.seed)


class SpatialDropout1D(Dropout):
    """Whole channels of [batch, positions, channels] set to 0 at random in training.

    Parameters
    ----------
    rate : float
    seed : int, optional
    """

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(rate, None, seed, **options)

    def _choices(self, inputs: Any) -> Any:
        sizes = shape(inputs)
        return [sizes[0], 1, sizes[2]]


class SpatialDropout2D(Dropout):
    """Whole channels of images set to 0 at random in training.

    Parameters
    ----------
    rate : float
    data_format : str, optional
    seed : int, optional
    """

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **options: Any) -> None:
        super().__init__(rate, None, seed, **options)
        self.data_format = data_format or "channels_last"

    def _choices(self, inputs: Any) -> Any:
        sizes = shape(inputs)
        return [sizes[0], 1, 1, sizes[3]] if self.data_format == "channels_last" else [sizes[0], sizes[1], 1, 1]


class GaussianNoise(Layer):
    """Normal noise added in training.

    Parameters
    ----------
    stddev : float
    seed : int, optional
    """

    supports_masking = True

    def __init__(self, stddev: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        if stddev < 0:
            raise ValueError(f"stddev is at least 0, not {stddev}")
        self.stddev, self.seed = stddev, seed

    def call(self, inputs: Any, training: Any = None) -> Any:
        """The inputs, in training with noise."""
        if not training or not self.stddev:
            return inputs
        return inputs + random_normal(shape(inputs), 0.0, self.stddev, inputs.dtype, seed=self.seed)


class GaussianDropout(Layer):
    """Inputs multiplied by normal noise of mean 1 in training.

    Parameters
    ----------
    rate : float
        The noise has the variance rate / (1 - rate).
    seed : int, optional
    """

    supports_masking = True

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        if not 0 <= rate < 1:
            raise ValueError(f"rate is from 0 to below 1, not {rate}")
        self.rate, self.seed = rate, seed

    def call(self, inputs: Any, training: Any = None) -> Any:
        """The inputs, in training with noise."""
        if not training or not self.rate:
            return inputs
        spread = sqrt(self.rate / (1.0 - self.rate))
        return inputs * random_normal(shape(inputs), 1.0, spread, inputs.dtype, seed=self.seed)


class ActivityRegularization(Layer):
    """The inputs as they are, with a penalty on them in the loss.

    Parameters
    ----------
    l1, l2 : float
    """

    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **options: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1, l2), **options)
        self.l1, self.l2 = l1, l2

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return inputs
