"""``theano.tensor.extra_ops``: cumulative sums, one-hot rows, bins."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.compat.theano.tensor._making import as_tensor_variable
from graphc.compat.theano.tensor._shaping import repeat, squeeze

__all__ = ["cumprod", "cumsum", "diff", "repeat", "squeeze", "to_one_hot"]


def cumsum(x: Any, axis: int | None = None) -> gc.Tensor:
    """Sums of the elements up to each one."""
    found: gc.Tensor = as_tensor_variable(x).cumsum(axis)
    return found


def cumprod(x: Any, axis: int | None = None) -> gc.Tensor:
    """Products of the elements up to each one."""
    found: gc.Tensor = as_tensor_variable(x).cumprod(axis)
    return found


def diff(x: Any, n: int = 1, axis: int = -1) -> gc.Tensor:
    """Differences of neighbours along an axis, `n` times."""
    tensor = as_tensor_variable(x)
    before = (slice(None),) * (axis % (tensor.ndim or 1))
    for _ in range(n):
        tensor = tensor[(*before, slice(1, None))] - tensor[(*before, slice(None, -1))]
    return tensor


def to_one_hot(y: Any, nb_class: Any, dtype: Any = None) -> gc.Tensor:
    """Rows with a single 1, at the place that `y` says."""
    made: gc.Tensor = gc.one_hot(as_tensor_variable(y), nb_class, dtype=dtype or "float64")
    return made
