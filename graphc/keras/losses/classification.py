"""Losses of classes: cross-entropies of probabilities or logits, one value for each sample."""

from __future__ import annotations

import warnings
from typing import Any

from graphc.api import nn
from graphc.api.math import cast, log, not_equal, pow_, reduce_mean, reduce_sum, where
from graphc.api.shaping import expand_dims, squeeze, transpose
from graphc.graph.operation import Tensor
from graphc.keras.eager import as_floats, as_tensor, either
from graphc.keras.losses.labels import classes_of, clipped, normalized, pick_class, smoothed
from graphc.keras.losses.reduce import same_rank


def _shaped_alike(name: str, y: Tensor, p: Tensor) -> None:
    have, want = y.shape.as_list(), p.shape.as_list()
    if len(have) != len(want) or any(None not in (a, b) and a != b for a, b in zip(have, want, strict=False)):
        raise ValueError(
            f"{name}: y_true of shape {y.shape} and y_pred of shape {p.shape} must have the same shape. "
            "Labels that are numbers of classes go with sparse_categorical_crossentropy"
        )


@either
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """The mean over an axis of the cross-entropy of independent labels 0 or 1.

    Parameters
    ----------
    y_true, y_pred : Tensor or array
        Of one shape.
    from_logits : bool
        Whether `y_pred` is before the sigmoid, and not probabilities.
    label_smoothing : float
        Moves labels towards 1/2.
    axis : int

    Examples
    --------
    >>> binary_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])
    array([0.6931472], dtype=float32)
    """
    p = as_floats(y_pred)
    y, p = same_rank(as_tensor(y_true, p.dtype), p)
    _shaped_alike("binary_crossentropy", y, p)
    return reduce_mean(_binary(smoothed(y, label_smoothing, 2.0), p, from_logits), axis=axis)


def _binary(y: Tensor, p: Tensor, from_logits: bool) -> Any:
    if from_logits:
        found: Tensor = nn.sigmoid_cross_entropy_with_logits(labels=y, logits=p)
        return found
    p = clipped(p)
    return -(y * log(p) + (1.0 - y) * log(1.0 - p))


@either
def binary_focal_crossentropy(
    y_true: Any, y_pred: Any, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0,
    from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
) -> Any:  # fmt: skip
    """Binary cross-entropy in which what is right already counts less: times (1 - p of the label)**gamma.

    Parameters
    ----------
    y_true, y_pred, from_logits, label_smoothing, axis
        As for `binary_crossentropy`.
    apply_class_balancing : bool
        Weigh labels 1 by `alpha` and labels 0 by 1 - alpha.
    alpha, gamma : float

    Notes
    -----
    Lin et al., Focal loss for dense object detection, 2017.
    """
    p = as_floats(y_pred)
    y, p = same_rank(as_tensor(y_true, p.dtype), p)
    y = smoothed(y, label_smoothing, 2.0)
    p = nn.sigmoid(p) if from_logits else p
    right = y * p + (1.0 - y) * (1.0 - p)
    losses = pow_(1.0 - right, gamma) * _binary(y, p, False)
    if apply_class_balancing:
        losses = (y * alpha + (1.0 - y) * (1.0 - alpha)) * losses
    return reduce_mean(losses, axis=axis)


@either
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """-sum(y_true * log(y_pred)) along an axis, of distributions over classes.

    Parameters
    ----------
    y_true, y_pred : Tensor or array
        Of one shape; `y_pred` is divided by its sum.
    from_logits : bool
        Whether `y_pred` is before the softmax.
    label_smoothing : float
        Moves labels towards the uniform distribution.
    axis : int
    """
    p = as_floats(y_pred)
    y = as_tensor(y_true, p.dtype)
    _shaped_alike("categorical_crossentropy", y, p)
    _check_classes("categorical_crossentropy", p)
    if label_smoothing:
        y = smoothed(y, label_smoothing, classes_of(y))
    if from_logits:
        return nn.softmax_cross_entropy_with_logits(labels=y, logits=p, axis=axis)
    return -reduce_sum(y * log(clipped(normalized(p, axis))), axis=axis)


def _check_classes(name: str, p: Tensor) -> None:
    if p.shape.as_list()[-1] == 1:
        warnings.warn(
            f"{name}: y_pred of shape {p.shape} has one class, so that the loss is 0 whatever is learned. For two "
            "classes in one output use binary_crossentropy",
            SyntaxWarning,
            stacklevel=4,
        )


@either
def categorical_focal_crossentropy(
    y_true: Any, y_pred: Any, alpha: Any = 0.25, gamma: float = 2.0, from_logits: bool = False,
    label_smoothing: float = 0.0, axis: int = -1,
) -> Any:  # fmt: skip
    """Categorical cross-entropy whose terms are weighed by alpha * (1 - p)**gamma.

    Parameters
    ----------
    y_true, y_pred, from_logits, label_smoothing, axis
        As for `categorical_crossentropy`.
    alpha : float or sequence of float
        One for all classes, or one for each.
    gamma : float
    """
    p = as_floats(y_pred)
    y = as_tensor(y_true, p.dtype)
    _shaped_alike("categorical_focal_crossentropy", y, p)
    if label_smoothing:
        y = smoothed(y, label_smoothing, classes_of(y))
    p = clipped(normalized(nn.softmax(p, axis) if from_logits else p, axis))
    weight = alpha if isinstance(alpha, int | float) else as_tensor(alpha, p.dtype)
    return reduce_sum(weight * pow_(1.0 - p, gamma) * -y * log(p), axis=axis)


@either
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """-log(y_pred) of the class that y_true is the number of.

    Parameters
    ----------
    y_true : integer Tensor or array
        Of the shape of `y_pred` without the axis, which may also have size 1. A number out of range fails the run.
    y_pred : Tensor or array
    from_logits : bool
        Whether `y_pred` is before the softmax.
    ignore_class : int, optional
        Samples of this class have loss 0.
    axis : int
    """
    p = as_floats(y_pred)
    y = class_numbers(y_true, p, axis)
    kept = None
    if ignore_class is not None:
        kept = not_equal(y, ignore_class)
        y, p = where(kept, y, 0), where(expand_dims(kept, axis), p, 0.0)
    losses = _sparse(y, p, from_logits, axis)
    return losses if kept is None else where(kept, losses, 0.0)


def class_numbers(y_true: Any, p: Tensor, axis: int = -1) -> Any:
    """Labels as integers, without the axis of classes."""
    y = as_tensor(y_true)
    if not y.dtype.is_integer:
        y = cast(y, "int32")
    if len(y.shape) == len(p.shape) and y.shape.as_list()[axis] in (1, None):
        y = squeeze(y, axis=axis)
    if len(y.shape) != len(p.shape) - 1:
        raise ValueError(
            f"sparse_categorical_crossentropy: y_true of shape {y.shape} must be numbers of classes, one for each of "
            f"y_pred's shape {p.shape} without its axis {axis}. One-hot labels go with categorical_crossentropy"
        )
    return y


def _sparse(y: Tensor, p: Tensor, from_logits: bool, axis: int) -> Any:
    rank = len(p.shape)
    if from_logits:
        if axis % rank != rank - 1:
            p = transpose(p, [i for i in range(rank) if i != axis % rank] + [axis % rank])
        found: Tensor = nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=p)
        return found
    # Only the label's probability needs a logarithm.
    return -log(clipped(pick_class(p, y, axis) / reduce_sum(p, axis=axis)))


@either
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """(1 - p**q) / q of the probability p of the class that y_true is the number of: less of labels that are wrong.

    Parameters
    ----------
    y_true, y_pred : Tensor or array
    q : float
        From 0 (cross-entropy) to 1 (absolute error).

    Notes
    -----
    Zhang and Sabuncu, Generalized cross entropy loss for training deep neural networks with noisy labels, 2018.
    """
    p = as_floats(y_pred)
    return (1.0 - pow_(pick_class(p, class_numbers(y_true, p)), q)) / q
