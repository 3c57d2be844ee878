"""Initial values drawn from one distribution, whatever the shape."""

from __future__ import annotations

from typing import Any

from graphc.api.random import random_normal, random_uniform, truncated_normal
from graphc.graph.operation import Tensor
from graphc.initializers.constants import Initializer
from graphc.ir.dtypes import DType


class RandomNormal(Initializer):
    """Normal numbers.

    Parameters
    ----------
    mean, stddev : float
    seed : int, optional
        Makes the values independent of the variable's name.
    dtype : DType

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     a, b = (gc.initializers.RandomNormal(seed=1)([3]) for _ in range(2))
    ...     print(session.run(gc.reduce_all(gc.equal(a, b))))
    True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 1.0, seed: int | None = None, dtype: Any = "float32") -> None:
        super().__init__(dtype)
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def value(self, shape: list[int], dtype: DType) -> Tensor:
        """The numbers."""
        return random_normal(shape, self.mean, self.stddev, dtype, self.seed)


class TruncatedNormal(RandomNormal):
    """Normal numbers not further than two standard deviations from the mean.

    Parameters
    ----------
    mean, stddev : float
        Of the distribution before it is cut.
    seed : int, optional
    dtype : DType
    """

    def value(self, shape: list[int], dtype: DType) -> Tensor:
        """The numbers."""
        return truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


class RandomUniform(Initializer):
    """Uniform numbers on [minval, maxval).

    Parameters
    ----------
    minval : number
    maxval : number, optional
        1 for floats; needed for integers.
    seed : int, optional
        Makes the values independent of the variable's name.
    dtype : DType
    """

    def __init__(
        self, minval: float = 0, maxval: float | None = None, seed: int | None = None, dtype: Any = "float32"
    ) -> None:
        super().__init__(dtype)
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def value(self, shape: list[int], dtype: DType) -> Tensor:
        """The numbers."""
        return random_uniform(shape, self.minval, self.maxval, dtype, self.seed)
