"""Losses with weights and reductions."""

from __future__ import annotations

from typing import Any

from graphc.api import nn
from graphc.api.math import abs_, cast, log, maximum, minimum, reduce_mean, reduce_sum, square
from graphc.api.shaping import ones_like, shape, size, squeeze
from graphc.api.state import name_scope
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.losses.reduction import LOSSES, Reduction, as_tensor, compute_weighted_loss

_MEAN = Reduction.SUM_BY_NONZERO_WEIGHTS


def _pair(name: str, labels: Any, predictions: Any) -> tuple[Tensor, Tensor]:
    """Predictions as floats, labels in their element type; both of one shape."""
    if labels is None or predictions is None:
        raise GraphError(f"{name} needs labels and predictions, not None", user_origin())
    outputs = as_tensor(predictions)
    outputs = outputs if outputs.dtype.is_floating else cast(outputs, "float32")
    targets = as_tensor(labels, outputs.dtype)
    have, want = targets.shape.dims, outputs.shape.dims
    if have is not None and want is not None:
        clash = len(have) != len(want) or any(
            isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(have, want, strict=True)
        )
        if clash:
            raise GraphError(
                f"{name}: labels of shape {targets.shape} do not fit predictions of shape {outputs.shape}",
                user_origin(),
            )
    return targets, outputs


def absolute_difference(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = LOSSES, reduction: str = _MEAN,
) -> Tensor:  # fmt: skip
    """abs(predictions - labels).

    Parameters
    ----------
    labels, predictions : Tensor
        Of one shape.
    weights : number or Tensor
        Broadcast to that shape.
    scope : str, optional
    loss_collection : str or None
        Where the result is listed.
    reduction : str
        One of `Reduction`.

    Returns
    -------
    Tensor

    Raises
    ------
    GraphError
        If the shapes differ.
    """
    with name_scope(scope or "absolute_difference"):
        y, p = _pair("absolute_difference", labels, predictions)
        return compute_weighted_loss(abs_(p - y), weights, None, loss_collection, reduction)


def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = LOSSES, reduction: str = _MEAN,
) -> Tensor:  # fmt: skip
    """(predictions - labels)**2.

    Parameters and errors are those of `absolute_difference`.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     print(session.run(gc.losses.mean_squared_error([1.0, 2.0], [1.0, 4.0])))
    2.0
    """
    with name_scope(scope or "mean_squared_error"):
        y, p = _pair("mean_squared_error", labels, predictions)
        return compute_weighted_loss(square(p - y), weights, None, loss_collection, reduction)


def huber_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, delta: float = 1.0, scope: str | None = None,
    loss_collection: str | None = LOSSES, reduction: str = _MEAN,
) -> Tensor:  # fmt: skip
    """Half the square of errors up to `delta`, and beyond that linear: delta * abs(error) - delta**2 / 2.

    Parameters and errors are those of `absolute_difference` (Huber, Robust estimation of a location parameter, 1964).
    """
    with name_scope(scope or "huber_loss"):
        y, p = _pair("huber_loss", labels, predictions)
        error = abs_(p - y)
        inner = minimum(error, delta)
        return compute_weighted_loss(
            0.5 * square(inner) + delta * (error - inner), weights, None, loss_collection, reduction
        )


def log_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, epsilon: float = 1e-7, scope: str | None = None,
    loss_collection: str | None = LOSSES, reduction: str = _MEAN,
) -> Tensor:  # fmt: skip
    """-labels * log(predictions + epsilon) - (1 - labels) * log(1 - predictions + epsilon), of probabilities.

    Parameters and errors are those of `absolute_difference`.
    """
    with name_scope(scope or "log_loss"):
        y, p = _pair("log_loss", labels, predictions)
        losses = -y * log(p + epsilon) - (1.0 - y) * log(1.0 - p + epsilon)
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def hinge_loss(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: str | None = LOSSES,
    reduction: str = _MEAN,
) -> Tensor:  # fmt: skip
    """max(0, 1 - y * logits) with y = 2 * labels - 1, for labels 0 and 1.

    Parameters and errors are those of `absolute_difference`.
    """
    with name_scope(scope or "hinge_loss"):
        y, p = _pair("hinge_loss", labels, logits)
        return compute_weighted_loss(maximum(1.0 - (2.0 * y - 1.0) * p, 0.0), weights, None, loss_collection, reduction)


def cosine_distance(
    labels: Any, predictions: Any, axis: int | None = None, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = LOSSES, reduction: str = _MEAN,
) -> Tensor:  # fmt: skip
    """1 - sum(labels * predictions) along an axis, which stays with size 1; both are of length 1 along it.

    Parameters and errors are those of `absolute_difference`; `axis` must be given.
    """
    if axis is None:
        raise GraphError("cosine_distance needs axis=", user_origin())
    with name_scope(scope or "cosine_distance"):
        y, p = _pair("cosine_distance", labels, predictions)
        losses = 1.0 - reduce_sum(y * p, axis=axis, keepdims=True)
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def mean_pairwise_squared_error(
    labels: Any, predictions: Any, scope: str | None = None, loss_collection: str | None = LOSSES
) -> Tensor:
    """The mean over pairs i != j of elements of an example of ((p[i] - p[j]) - (y[i] - y[j]))**2, over all examples.

    For n errors e of an example it is 2 * (sum(e**2) / (n - 1) - sum(e)**2 / (n * (n - 1))).

    Parameters and errors are those of `absolute_difference`.
    """
    with name_scope(scope or "mean_pairwise_squared_error"):
        y, p = _pair("mean_pairwise_squared_error", labels, predictions)
        error = p - y
        axes = list(range(1, error.shape.ndims or 1))
        count = cast(size(error), error.dtype) / cast(shape(error)[0], error.dtype)
        squares, total = reduce_sum(square(error), axis=axes), reduce_sum(error, axis=axes)
        pairs = squares / (count - 1.0) - square(total) / (count * (count - 1.0))
        return compute_weighted_loss(reduce_mean(2.0 * pairs), 1.0, None, loss_collection, Reduction.SUM)


def _smoothed(labels: Tensor, smoothing: float, classes: Any) -> Tensor:
    return labels if not smoothing else labels * (1.0 - smoothing) + smoothing / classes


def sigmoid_cross_entropy(
    multi_class_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0.0, scope: str | None = None,
    loss_collection: str | None = LOSSES, reduction: str = _MEAN,
) -> Tensor:  # fmt: skip
    """Cross-entropy of independent labels in [0, 1] and the sigmoid of logits.

    Parameters and errors are those of `absolute_difference`; `label_smoothing` moves labels towards 1/2.
    """
    with name_scope(scope or "sigmoid_cross_entropy_loss"):
        y, x = _pair("sigmoid_cross_entropy", multi_class_labels, logits)
        y = _smoothed(y, label_smoothing, 2.0)
        losses = nn.sigmoid_cross_entropy_with_logits(labels=y, logits=x)
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def softmax_cross_entropy(
    onehot_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0.0, scope: str | None = None,
    loss_collection: str | None = LOSSES, reduction: str = _MEAN,
) -> Tensor:  # fmt: skip
    """Cross-entropy of distributions along the last axis and the softmax of logits.

    Parameters and errors are those of `absolute_difference`, with one weight per example; `label_smoothing` moves
    labels towards the uniform distribution (Szegedy et al., Rethinking the inception architecture, 2016).
    """
    with name_scope(scope or "softmax_cross_entropy_loss"):
        y, x = _pair("softmax_cross_entropy", onehot_labels, logits)
        if label_smoothing:
            y = _smoothed(y, label_smoothing, reduce_sum(ones_like(x), axis=-1, keepdims=True))
        losses = nn.softmax_cross_entropy_with_logits(labels=y, logits=x)
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)


def sparse_softmax_cross_entropy(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: str | None = LOSSES,
    reduction: str = _MEAN,
) -> Tensor:  # fmt: skip
    """Cross-entropy of class numbers and the softmax of logits along their last axis.

    Parameters
    ----------
    labels : integer Tensor
        Of the logits' shape without the last axis; a last axis of size 1 is dropped.
    logits : Tensor
    weights : number or Tensor
        One per example.
    scope : str, optional
    loss_collection : str or None
        Where the result is listed.
    reduction : str
        One of `Reduction`.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     loss = gc.losses.sparse_softmax_cross_entropy([1, 0], [[0.0, 50.0], [0.0, 50.0]])
    ...     print(session.run(loss))
    25.0
    """
    with name_scope(scope or "sparse_softmax_cross_entropy_loss"):
        y, x = as_tensor(labels), as_tensor(logits)
        have, want = y.shape.dims, x.shape.dims
        if have is not None and want is not None and len(have) == len(want) and have[-1] == 1:
            y = squeeze(y, axis=-1)
        losses = nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=x)
        return compute_weighted_loss(losses, weights, None, loss_collection, reduction)
