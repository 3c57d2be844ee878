"""Penalties on weights, for the argument ``regularizer`` of variables and layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphc.api.math import abs_, reduce_sum
from graphc.api.nn import l2_loss
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin

Regularizer = Callable[[Any], Tensor | None]


def _scaled(scale: float, penalty: Callable[[Any], Tensor]) -> Regularizer:
    if isinstance(scale, bool) or not isinstance(scale, int | float) or scale < 0:
        raise GraphError(f"the scale of a regularizer is a number not below 0, not {scale!r}", user_origin())
    return lambda weights: penalty(weights) * scale if scale else None


def l1_regularizer(scale: float) -> Regularizer:
    """scale * sum(abs(w)).

    Parameters
    ----------
    scale : float
        At 0 there is no penalty.

    Returns
    -------
    callable

    Raises
    ------
    GraphError
        If the scale is negative, or no number.
    """
    return _scaled(scale, lambda weights: reduce_sum(abs_(weights)))


def l2_regularizer(scale: float) -> Regularizer:
    """scale * sum(w**2) / 2.

    Parameters
    ----------
    scale : float
        At 0 there is no penalty.

    Returns
    -------
    callable

    Raises
    ------
    GraphError
        If the scale is negative, or no number.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default() as graph, gc.Session(mode="interpret") as session:
    ...     w = gc.get_variable("w", initializer=[3.0, 4.0], regularizer=gc.layers.l2_regularizer(0.1))
    ...     print(session.run(graph.get_collection("regularization_losses")))
    [np.float32(1.25)]
    """
    return _scaled(scale, l2_loss)


def l1_l2_regularizer(scale_l1: float = 1.0, scale_l2: float = 1.0) -> Regularizer:
    """scale_l1 * sum(abs(w)) + scale_l2 * sum(w**2) / 2.

    Parameters
    ----------
    scale_l1, scale_l2 : float

    Returns
    -------
    callable

    Raises
    ------
    GraphError
        If a scale is negative, or no number.
    """
    first, second = l1_regularizer(scale_l1), l2_regularizer(scale_l2)

    def both(weights: Any) -> Tensor | None:
        parts = [p for p in (first(weights), second(weights)) if p is not None]
        return sum(parts[1:], parts[0]) if parts else None

    return both
