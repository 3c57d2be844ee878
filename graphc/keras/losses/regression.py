"""Losses of numbers: how far predictions are from what they should be, one value for each sample."""

from __future__ import annotations

import math
from typing import Any

from graphc.api.math import (
    abs_,
    clip_by_value,
    equal,
    log,
    maximum,
    minimum,
    reduce_all,
    reduce_max,
    reduce_mean,
    reduce_sum,
    square,
    where,
)
from graphc.api.nn import l2_normalize, softplus
from graphc.graph.operation import Tensor
from graphc.keras.eager import EPSILON, as_floats, as_tensor, either
from graphc.keras.losses.reduce import same_rank


def _pair(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    p = as_floats(y_pred)
    return same_rank(as_tensor(y_true, p.dtype), p)


@either
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of (y_true - y_pred)**2 over the last axis.

    Examples
    --------
    >>> mean_squared_error([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [2.0, 0.0]])
    array([0.5, 2. ], dtype=float32)
    """
    y, p = _pair(y_true, y_pred)
    return reduce_mean(square(y - p), axis=-1)


@either
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of abs(y_true - y_pred) over the last axis."""
    y, p = _pair(y_true, y_pred)
    return reduce_mean(abs_(y - p), axis=-1)


@either
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 times the mean of abs((y_true - y_pred) / y_true) over the last axis."""
    y, p = _pair(y_true, y_pred)
    return 100.0 * reduce_mean(abs_((y - p) / maximum(abs_(y), EPSILON)), axis=-1)


@either
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """The mean of (log(y_true + 1) - log(y_pred + 1))**2 over the last axis; what is negative counts as 0."""
    y, p = _pair(y_true, y_pred)
    return reduce_mean(square(log(maximum(p, EPSILON) + 1.0) - log(maximum(y, EPSILON) + 1.0)), axis=-1)


@either
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between y_true and y_pred along an axis: -1 for equal directions."""
    y, p = _pair(y_true, y_pred)
    return -reduce_sum(l2_normalize(y, axis) * l2_normalize(p, axis), axis=axis)


@either
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """The mean over the last axis of error**2 / 2 up to `delta`, and of delta * abs(error) - delta**2 / 2 beyond."""
    y, p = _pair(y_true, y_pred)
    error = abs_(p - y)
    inner = minimum(error, delta)
    return reduce_mean(0.5 * square(inner) + delta * (error - inner), axis=-1)


@either
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """The mean of log(cosh(y_pred - y_true)) over the last axis."""
    y, p = _pair(y_true, y_pred)
    error = p - y
    return reduce_mean(error + softplus(-2.0 * error) - math.log(2.0), axis=-1)


@either
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """sum(y_true * log(y_true / y_pred)) over the last axis, of probabilities."""
    p = clip_by_value(as_floats(y_pred), EPSILON, 1.0)
    y = clip_by_value(as_tensor(y_true, p.dtype), EPSILON, 1.0)
    return reduce_sum(y * log(y / p), axis=-1)


@either
def poisson(y_true: Any, y_pred: Any) -> Any:
    """The mean of y_pred - y_true * log(y_pred) over the last axis."""
    p = as_floats(y_pred)
    return reduce_mean(p - as_tensor(y_true, p.dtype) * log(p + EPSILON), axis=-1)


def _margins(y_true: Any, y_pred: Any) -> Any:
    p = as_floats(y_pred)
    y = as_tensor(y_true, p.dtype)
    # Labels of a batch that are all 0 or 1 become -1 and 1.
    binary = reduce_all(equal(y * (y - 1.0), 0.0))
    return maximum(1.0 - where(binary, 2.0 * y - 1.0, y) * p, 0.0)


@either
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(0, 1 + the largest score of a wrong class - the score of the right one), labels one-hot."""
    p = as_floats(y_pred)
    y = as_tensor(y_true, p.dtype)
    wrong, right = reduce_max((1.0 - y) * p, axis=-1), reduce_sum(y * p, axis=-1)
    return maximum(wrong - right + 1.0, 0.0)


@either
def hinge(y_true: Any, y_pred: Any) -> Any:
    """The mean of max(0, 1 - y_true * y_pred) over the last axis, labels -1 and 1 or 0 and 1."""
    return reduce_mean(_margins(y_true, y_pred), axis=-1)


@either
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """The mean of max(0, 1 - y_true * y_pred)**2 over the last axis, labels -1 and 1 or 0 and 1."""
    return reduce_mean(square(_margins(y_true, y_pred)), axis=-1)
