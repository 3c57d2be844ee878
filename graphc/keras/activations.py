"""Activation functions by the names of Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphc.api import nn
from graphc.api.arrays import sort, split
from graphc.api.math import (
    abs_,
    cast,
    clip_by_value,
    cumsum,
    exp,
    greater,
    maximum,
    minimum,
    reduce_sum,
    sqrt,
    square,
    where,
)
from graphc.api.math import tanh as native_tanh
from graphc.api.shaping import ones_like
from graphc.graph.operation import Tensor
from graphc.keras import lookup
from graphc.keras.eager import as_floats, either

FUNCTIONS: dict[str, Callable[..., Any]] = {}


def _activation(function: Callable[..., Any]) -> Callable[..., Any]:
    found = either(function)
    FUNCTIONS[function.__name__] = found
    return found


@_activation
def linear(x: Any) -> Any:
    """x."""
    return x


@_activation
def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """x above the threshold, up to a largest value; negative_slope * (x - threshold) below.

    Parameters
    ----------
    x : Tensor or array
    negative_slope : float
    max_value : float, optional
    threshold : float

    Examples
    --------
    >>> relu([-2.0, 1.0, 9.0], negative_slope=0.5, max_value=6.0)
    array([-1.,  1.,  6.], dtype=float32)
    """
    t = as_floats(x)
    if threshold == 0.0:
        found = nn.leaky_relu(t, negative_slope) if negative_slope else nn.relu(t)
    else:
        below = (t - threshold) * negative_slope if negative_slope else 0.0
        found = where(greater(t, threshold), t, below)
    return found if max_value is None else minimum(found, max_value)


@_activation
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x, or negative_slope * x where x is negative."""
    return nn.leaky_relu(as_floats(x), negative_slope)


@_activation
def relu6(x: Any) -> Any:
    """min(max(x, 0), 6)."""
    return nn.relu6(as_floats(x))


@_activation
def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis, or over several."""
    t = as_floats(x)
    if isinstance(axis, int):
        return nn.softmax(t, axis)
    from graphc.api.math import reduce_logsumexp

    found: Tensor = exp(t - reduce_logsumexp(t, axis=list(axis), keepdims=True))
    return found


@_activation
def log_softmax(x: Any, axis: int = -1) -> Any:
    """log(softmax(x))."""
    return nn.log_softmax(as_floats(x), axis)


@_activation
def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where it is positive, alpha * (exp(x) - 1) elsewhere."""
    return nn.elu(as_floats(x), alpha)


@_activation
def celu(x: Any, alpha: float = 1.0) -> Any:
    """max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0) (Barron, 2017)."""
    t = as_floats(x)
    return where(greater(t, 0.0), t, alpha * nn.elu(t / alpha))


@_activation
def selu(x: Any) -> Any:
    """Scaled ELU (Klambauer et al., 2017)."""
    return nn.selu(as_floats(x))


@_activation
def softplus(x: Any) -> Any:
    """log(1 + exp(x))."""
    return nn.softplus(as_floats(x))


@_activation
def softsign(x: Any) -> Any:
    """x / (1 + abs(x))."""
    return nn.softsign(as_floats(x))


@_activation
def squareplus(x: Any, b: float = 4.0) -> Any:
    """(x + sqrt(x**2 + b)) / 2 (Barron, 2021)."""
    t = as_floats(x)
    return (t + sqrt(square(t) + b)) / 2.0


@_activation
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x moved towards 0 by the threshold, and 0 within it."""
    t = as_floats(x)
    return where(greater(t, threshold), t - threshold, where(t < -threshold, t + threshold, 0.0))


@_activation
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x, but 0 within the threshold."""
    t = as_floats(x)
    return where(greater(abs_(t), threshold), t, 0.0)


@_activation
def tanh_shrink(x: Any) -> Any:
    """x - tanh(x)."""
    t = as_floats(x)
    return t - native_tanh(t)


@_activation
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x above the threshold, the default value elsewhere."""
    t = as_floats(x)
    return where(greater(t, threshold), t, default_value)


@_activation
def sparse_plus(x: Any) -> Any:
    """0 below -1, x above 1, and (x + 1)**2 / 4 between (Martins and Astudillo, 2016)."""
    t = as_floats(x)
    return where(t <= -1.0, 0.0, where(t < 1.0, square(t + 1.0) / 4.0, t))


@_activation
def sparse_sigmoid(x: Any) -> Any:
    """0 below -1, 1 above 1, and (x + 1) / 2 between."""
    t = as_floats(x)
    return where(t <= -1.0, 0.0, where(t >= 1.0, 1.0, 0.5 * (t + 1.0)))


@_activation
def silu(x: Any) -> Any:
    """x * sigmoid(x)."""
    return nn.silu(as_floats(x))


@_activation
def gelu(x: Any, approximate: bool = False) -> Any:
    """x times the normal distribution function, or its approximation by tanh."""
    return nn.gelu(as_floats(x), approximate)


@_activation
def glu(x: Any, axis: int = -1) -> Any:
    """The first half along an axis times the sigmoid of the second (Dauphin et al., 2017)."""
    first, second = split(as_floats(x), 2, axis)
    return first * nn.sigmoid(second)


@_activation
def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return native_tanh(as_floats(x))


@_activation
def hard_tanh(x: Any) -> Any:
    """x between -1 and 1."""
    return clip_by_value(as_floats(x), -1.0, 1.0)


@_activation
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return nn.sigmoid(as_floats(x))


@_activation
def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x))."""
    return nn.log_sigmoid(as_floats(x))


@_activation
def hard_sigmoid(x: Any) -> Any:
    """x / 6 + 1 / 2, between 0 and 1."""
    return nn.relu6(as_floats(x) + 3.0) / 6.0


@_activation
def hard_silu(x: Any) -> Any:
    """x * hard_sigmoid(x)."""
    t = as_floats(x)
    return t * nn.relu6(t + 3.0) / 6.0


@_activation
def exponential(x: Any) -> Any:
    """exp(x)."""
    return exp(as_floats(x))


@_activation
def mish(x: Any) -> Any:
    """x * tanh(softplus(x))."""
    return nn.mish(as_floats(x))


@_activation
def sparsemax(x: Any, axis: int = -1) -> Any:
    """The nearest point to x, along an axis, whose elements are not negative and sum to 1.

    Notes
    -----
    Martins and Astudillo, From softmax to sparsemax, 2016.
    """
    t = as_floats(x)
    z = sort(t, axis, "DESCENDING")
    number = cumsum(ones_like(z), axis)
    total = cumsum(z, axis)
    within = greater(z * number + 1.0, total)
    count = reduce_sum(cast(within, t.dtype), axis=axis, keepdims=True)
    cut = (reduce_sum(where(within, z, 0.0), axis=axis, keepdims=True) - 1.0) / count
    return maximum(t - cut, 0.0)


swish, hard_swish = silu, hard_silu
ALL = {**FUNCTIONS, "swish": silu, "hard_swish": hard_silu, "log_softmax": log_softmax}


def get(identifier: Any) -> Callable[..., Any]:
    """The activation function of a name, a configuration, or the callable itself; `linear` for None.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> get("relu") is relu, get(None) is linear
    (True, True)
    """
    found: Callable[..., Any] = linear if identifier is None else lookup.find("activation", ALL, identifier)
    return found


serialize, deserialize = lookup.serialize, lookup.reader("activation", ALL)
