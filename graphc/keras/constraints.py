"""What weights are brought back to after every step, by the names of Keras."""

from __future__ import annotations

from typing import Any

from graphc.api.math import clip_by_value, maximum, reduce_sum, sqrt, square
from graphc.graph.operation import Tensor
from graphc.keras import lookup
from graphc.keras.eager import EPSILON, as_floats, either
from graphc.keras.lookup import Configured, to_write


class Constraint(Configured):
    """A function from a weight to the nearest one that is allowed.

    A constraint of your own has ``__call__(w)`` and `get_config`.
    """

    def __call__(self, w: Any) -> Any:
        """The weight that is allowed."""
        raise to_write(self, "__call__(w)")


class MaxNorm(Constraint):
    """Lengths over an axis are at most a value.

    Parameters
    ----------
    max_value : float
    axis : int or sequence of int
        The axes over which lengths are taken: 0 for the weights of every unit of a dense layer.
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        """The weight that is allowed."""
        return _within(w, 0.0, self.max_value, 1.0, self.axis)


class MinMaxNorm(Constraint):
    """Lengths over an axis are moved between two values.

    Parameters
    ----------
    min_value, max_value : float
    rate : float
        1 moves them the whole way.
    axis : int or sequence of int
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        """The weight that is allowed."""
        return _within(w, self.min_value, self.max_value, self.rate, self.axis)


class NonNeg(Constraint):
    """Negative elements become 0."""

    def __call__(self, w: Any) -> Any:
        """The weight that is allowed."""
        return _not_negative(w)


class UnitNorm(Constraint):
    """Lengths over an axis are 1.

    Parameters
    ----------
    axis : int or sequence of int
    """

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """The weight that is allowed."""
        return _unit(w, self.axis)


def _norms(t: Tensor, axis: Any) -> Tensor:
    axes = list(axis) if isinstance(axis, list | tuple) else axis
    found: Tensor = sqrt(reduce_sum(square(t), axis=axes, keepdims=True))
    return found


@either
def _within(w: Any, low: float, high: float, rate: float, axis: Any) -> Any:
    t = as_floats(w)
    norms = _norms(t, axis)
    wanted = clip_by_value(norms, low, high)
    if rate != 1.0:
        wanted = rate * wanted + (1.0 - rate) * norms
    return t * (wanted / (norms + EPSILON))


@either
def _not_negative(w: Any) -> Any:
    return maximum(as_floats(w), 0.0)


@either
def _unit(w: Any, axis: Any) -> Any:
    t = as_floats(w)
    return t / (_norms(t, axis) + EPSILON)


max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm
ALL: dict[str, Any] = {
    n: c for c in (MaxNorm, MinMaxNorm, NonNeg, UnitNorm) for n in (c.__name__, lookup.snake_case(c.__name__))
}


def get(identifier: Any) -> Any:
    """The constraint of a name, configuration, class, or the callable itself; None for None.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> get("non_neg")([-1.0, 2.0])
    array([0., 2.], dtype=float32)
    """
    return lookup.find("constraint", ALL, identifier)


serialize, deserialize = lookup.serialize, lookup.reader("constraint", ALL)
