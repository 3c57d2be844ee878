"""Batch normalisation, with moving averages for the time after training."""

from __future__ import annotations

from typing import Any

from graphc.api import nn
from graphc.api.math import cast, maximum, where
from graphc.api.shaping import reshape, size
from graphc.api.state import assign_sub
from graphc.graph.errors import GraphError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.scopes import VariableScope
from graphc.graph.variable import GLOBAL_VARIABLES, Variable
from graphc.initializers.constants import Ones, Zeros, sizes_of
from graphc.ir.dtypes import DType
from graphc.layers.scope import as_input, as_switch, known_size, layer_scope, weight

UPDATE_OPS = "update_ops"
"""Collection of the operations that move the averages on: run them with the training step."""


def batch_normalization(
    inputs: Any, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True,
    scale: bool = True, beta_initializer: Any = None, gamma_initializer: Any = None,
    moving_mean_initializer: Any = None, moving_variance_initializer: Any = None, beta_regularizer: Any = None,
    gamma_regularizer: Any = None, training: Any = False, trainable: bool = True,
    name: str | VariableScope | None = None, reuse: Any = None, fused: bool | None = None,
) -> Tensor:  # fmt: skip
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, of the batch in training and of moving averages else.

    Parameters
    ----------
    inputs : Tensor
        At least two axes; the size of `axis` must be known.
    axis : int
        The axis whose elements are normalised each by itself: that of the features.
    momentum : float
        The averages move as a <- momentum * a + (1 - momentum) * batch.
    epsilon : float
    center, scale : bool
        Whether there is a beta, a gamma.
    beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer : callable, optional
        By default 0, 1, 0 and 1.
    beta_regularizer, gamma_regularizer : callable, optional
    training : bool or Tensor
        A boolean tensor decides at every run.
    trainable : bool
    name : str, optional
        Scope of the variables ``gamma``, ``beta``, ``moving_mean`` and ``moving_variance``.
    reuse : bool or AUTO_REUSE, optional
    fused : bool, optional
        False: the moving variance of images divides by n, as that of other inputs; by default by n - 1.

    Returns
    -------
    Tensor

    Notes
    -----
    Ioffe and Szegedy, 2015. The updates of the averages are in the collection ``"update_ops"``: make the training step
    under control dependencies on them.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default() as graph, gc.Session(mode="interpret") as session:
    ...     y = gc.layers.batch_normalization(gc.constant([[1.0], [3.0]]), training=True, momentum=0.5)
    ...     _ = session.run(graph.get_collection(gc.layers.UPDATE_OPS))
    ...     print(session.run(graph.get_tensor_by_name("batch_normalization/moving_mean:0")))
    [1.]
    """
    x = as_input(inputs, "batch_normalization", least=2)
    rank, at = len(x.shape), _feature_axis(x, axis)
    with layer_scope(name, "batch_normalization", reuse):
        features = known_size(x, at, "batch_normalization")
        gamma = beta = None
        if scale:
            gamma = weight("gamma", [features], x.dtype, gamma_initializer or Ones(), gamma_regularizer, trainable)
        if center:
            beta = weight("beta", [features], x.dtype, beta_initializer or Zeros(), beta_regularizer, trainable)
        mean = _average("mean", [features], x.dtype, moving_mean_initializer or Zeros())
        variance = _average("variance", [features], x.dtype, moving_variance_initializer or Ones())
        unbiased = rank == 4 and fused is not False
        *used, updates = statistics(x, at, mean, variance, momentum, training, unbiased)
        for update in updates:
            get_default_graph().add_to_collection(UPDATE_OPS, update)
        along = [features if i == at else 1 for i in range(rank)]
        parts = [p if p is None or at == rank - 1 else reshape(p, along) for p in (*used, beta, gamma)]
        found: Tensor = nn.batch_normalization(x, *parts, variance_epsilon=epsilon)
        return found


def _feature_axis(x: Tensor, axis: Any) -> int:
    rank = len(x.shape)
    at = axis[0] if isinstance(axis, list | tuple) and len(axis) == 1 else axis
    if not isinstance(at, int) or not -rank <= at < rank:
        raise GraphError(f"batch_normalization: {axis!r} is no axis of {x.name}, shape {x.shape}", user_origin())
    return at % rank


def _average(name: str, shape: list[int], dtype: DType, start: Any) -> Variable:
    return weight(f"moving_{name}", shape, dtype, start, None, False, [GLOBAL_VARIABLES])


def statistics(
    x: Tensor, at: int, mean: Variable, variance: Variable, momentum: float, training: Any, unbiased: bool
) -> tuple[Any, Any, list[Tensor]]:
    """What to normalise with, and the updates of the averages.

    Parameters
    ----------
    x : Tensor
    at : int
        The axis of the features.
    mean, variance : Variable
        The moving averages.
    momentum : float
    training : bool or Tensor
    unbiased : bool
        Whether the variance that is averaged divides by n - 1.

    Returns
    -------
    tuple
        Mean, variance, and a list of assignments.
    """
    training = as_switch(training)
    decides = isinstance(training, Tensor)
    if not decides and not training:
        return mean, variance, []
    batch = nn.moments(x, [i for i in range(len(x.shape)) if i != at])
    spread = batch.variance
    if unbiased:
        count = cast(size(x), x.dtype) / float(sizes_of(mean.shape)[0])
        spread = spread * (count / maximum(count - 1.0, 1.0))
    share = cast(where(training, 1.0 - momentum, 0.0), x.dtype) if decides else 1.0 - momentum
    updates = [
        assign_sub(average, (average - value) * share, name="AssignMovingAvg")
        for average, value in ((mean, batch.mean), (variance, spread))
    ]
    if not decides:
        return batch.mean, batch.variance, updates
    return where(training, batch.mean, mean), where(training, batch.variance, variance), updates
