"""Initial weights whose spread depends on how many values meet in an output: signals keep their size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from graphc.api.random import random_normal, random_uniform, truncated_normal
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.initializers.constants import Initializer
from graphc.ir.dtypes import DType

# Standard deviation of a standard normal cut at two standard deviations.
CUT_STDDEV = 0.87962566103423978


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """Number of inputs of one output, and of outputs of one input.

    Parameters
    ----------
    shape : sequence of int
        Of a matrix [in, out], or filters [..., in, out].

    Examples
    --------
    >>> fans([3, 3, 16, 32])
    (144, 288)
    """
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


class VarianceScaling(Initializer):
    """Random weights of variance scale / n.

    Parameters
    ----------
    scale : float
    mode : str
        What n counts: ``"fan_in"``, ``"fan_out"``, or their mean ``"fan_avg"``.
    distribution : str
        ``"truncated_normal"`` (also called ``"normal"``), ``"untruncated_normal"`` or ``"uniform"``.
    seed : int, optional
        Makes the values independent of the variable's name.
    dtype : DType

    Raises
    ------
    GraphError
        If `mode` or `distribution` is another, or the scale is not positive.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     w = gc.initializers.VarianceScaling(2.0, distribution="uniform")([600, 4])
    ...     print(abs(session.run(w)).max() <= (3 * 2.0 / 600) ** 0.5)
    True
    """

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal",
        seed: int | None = None, dtype: Any = "float32",
    ) -> None:  # fmt: skip
        super().__init__(dtype)
        if scale <= 0:
            raise GraphError(f"the scale of variances must be positive, not {scale}", user_origin())
        if mode.lower() not in ("fan_in", "fan_out", "fan_avg"):
            raise GraphError(f"mode {mode!r} is none of 'fan_in', 'fan_out', 'fan_avg'", user_origin())
        if distribution.lower() not in ("normal", "truncated_normal", "untruncated_normal", "uniform"):
            raise GraphError(
                f"distribution {distribution!r} is none of 'truncated_normal', 'untruncated_normal', 'uniform'",
                user_origin(),
            )
        self.scale, self.mode, self.distribution, self.seed = scale, mode.lower(), distribution.lower(), seed

    def value(self, shape: list[int], dtype: DType) -> Tensor:
        """The weights."""
        inputs, outputs = fans(shape)
        count = {"fan_in": inputs, "fan_out": outputs, "fan_avg": (inputs + outputs) / 2}[self.mode]
        variance = self.scale / max(1.0, count)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random_uniform(shape, -limit, limit, dtype, self.seed)
        if self.distribution == "untruncated_normal":
            return random_normal(shape, 0.0, math.sqrt(variance), dtype, self.seed)
        return truncated_normal(shape, 0.0, math.sqrt(variance) / CUT_STDDEV, dtype, self.seed)


class GlorotUniform(VarianceScaling):
    """Uniform, variance 2 / (fan in + fan out) (Glorot and Bengio, 2010). Also called Xavier's."""

    def __init__(self, seed: int | None = None, dtype: Any = "float32") -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed, dtype)


class GlorotNormal(VarianceScaling):
    """Truncated normal, variance 2 / (fan in + fan out) (Glorot and Bengio, 2010)."""

    def __init__(self, seed: int | None = None, dtype: Any = "float32") -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, dtype)


class HeUniform(VarianceScaling):
    """Uniform, variance 2 / fan in (He et al., 2015): for layers followed by relu."""

    def __init__(self, seed: int | None = None, dtype: Any = "float32") -> None:
        super().__init__(2.0, "fan_in", "uniform", seed, dtype)


class HeNormal(VarianceScaling):
    """Truncated normal, variance 2 / fan in (He et al., 2015): for layers followed by relu."""

    def __init__(self, seed: int | None = None, dtype: Any = "float32") -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed, dtype)


class LecunUniform(VarianceScaling):
    """Uniform, variance 1 / fan in (LeCun et al., Efficient backprop, 1998)."""

    def __init__(self, seed: int | None = None, dtype: Any = "float32") -> None:
        super().__init__(1.0, "fan_in", "uniform", seed, dtype)


class LecunNormal(VarianceScaling):
    """Truncated normal, variance 1 / fan in (LeCun et al., Efficient backprop, 1998)."""

    def __init__(self, seed: int | None = None, dtype: Any = "float32") -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed, dtype)
