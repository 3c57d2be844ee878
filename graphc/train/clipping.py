"""Limits on the length of gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphc.api.math import add_n, cast, maximum, reduce_sum, sqrt, square, where
from graphc.api.shaping import size
from graphc.api.state import name_scope
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin


def global_norm(t_list: Sequence[Any], name: str | None = None) -> Tensor:
    """The length of all tensors together, sqrt(sum of squares of all elements); None are left out.

    Parameters
    ----------
    t_list : sequence of Tensor or None
    name : str, optional

    Returns
    -------
    Tensor
        Scalar.

    Raises
    ------
    GraphError
        If there is no tensor.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     print(session.run(gc.global_norm([gc.constant([3.0, 0.0]), None, gc.constant(4.0)])))
    5.0
    """
    given = [t for t in t_list if t is not None]
    if not given:
        raise GraphError("global_norm needs at least one tensor that is not None", user_origin())
    with name_scope(name or "global_norm"):
        found: Tensor = sqrt(add_n([reduce_sum(square(t)) for t in given]))
        return found


def clip_by_global_norm(
    t_list: Sequence[Any], clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Tensor]:
    """Tensors shortened together so that their `global_norm` is at most `clip_norm`.

    Parameters
    ----------
    t_list : sequence of Tensor or None
        None stay None.
    clip_norm : float or Tensor
    use_norm : Tensor, optional
        Their global norm, if it is known already.
    name : str, optional

    Returns
    -------
    (list, Tensor)
        The clipped tensors, and their norm before. They are NaN where the norm is not finite.

    Notes
    -----
    Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural networks, 2013.
    """
    norm = global_norm(t_list) if use_norm is None else use_norm
    with name_scope(name or "clip_by_global_norm"):
        # inf - inf is NaN: a norm that is not finite must not pass as a small one.
        scale = clip_norm / maximum(norm, clip_norm) + (norm - norm)
        return [None if t is None else t * cast(scale, t.dtype) for t in t_list], norm


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """A tensor shortened to a length of at most `clip_norm`.

    Parameters
    ----------
    t : Tensor
    clip_norm : float or Tensor
    axes : int or sequence of int, optional
        Lengths are taken over these axes, over all of them if not given.
    name : str, optional

    Returns
    -------
    Tensor
        Of the shape of `t`.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     print(session.run(gc.clip_by_norm(gc.constant([3.0, 4.0]), 1.0)))
    [0.6 0.8]
    """
    with name_scope(name or "clip_by_norm"):
        total = reduce_sum(square(t), axis=axes, keepdims=True)
        # The root has no derivative at 0, where nothing is clipped anyway.
        inside = total > 0.0
        norm = where(inside, sqrt(where(inside, total, 1.0)), total)
        clipped: Tensor = t * (clip_norm / maximum(norm, clip_norm))
        return clipped


def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Tensor:
    """A tensor scaled down so that its length divided by its number of elements is at most `clip_norm`.

    Parameters
    ----------
    t : Tensor
    clip_norm : float or Tensor
    name : str, optional
    """
    with name_scope(name or "clip_by_average_norm"):
        root = sqrt(reduce_sum(square(t)))
        average = root / cast(size(t), root.dtype)
        clipped: Tensor = t * (clip_norm / maximum(average, clip_norm))
        return clipped
