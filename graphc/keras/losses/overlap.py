"""Losses of sets and of embeddings: overlaps of regions, and distances between samples of equal and other classes."""

from __future__ import annotations

from typing import Any

from graphc.api.arrays import range_
from graphc.api.math import cast, divide, equal, logical_and, matmul, maximum, not_equal, reduce_logsumexp, reduce_sum
from graphc.api.math import where as choose
from graphc.api.nn import softplus
from graphc.api.shaping import expand_dims, reshape, shape
from graphc.graph.operation import Tensor
from graphc.keras.eager import EPSILON, as_floats, as_tensor, either


def _axes(axis: Any) -> Any:
    return list(axis) if isinstance(axis, tuple) else axis


@either
def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred)), over all elements or over axes."""
    p = as_floats(y_pred)
    y, over = as_tensor(y_true, p.dtype), _axes(axis)
    common = reduce_sum(y * p, axis=over)
    return 1.0 - divide(2.0 * common, reduce_sum(y, axis=over) + reduce_sum(p, axis=over) + EPSILON)


@either
def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    """1 - c / (c + alpha * a + beta * b), c common to both, a only in y_true, b only in y_pred (Salehi et al., 2017).

    Keras weighs in this way, though its text calls alpha the weight of false positives.
    """
    p = as_floats(y_pred)
    y, over = as_tensor(y_true, p.dtype), _axes(axis)
    common = reduce_sum(y * p, axis=over)
    missed, added = reduce_sum((1.0 - p) * y, axis=over), reduce_sum(p * (1.0 - y), axis=over)
    return 1.0 - divide(common, common + alpha * missed + beta * added + EPSILON)


@either
def circle(
    y_true: Any, y_pred: Any, ref_labels: Any = None, ref_embeddings: Any = None, remove_diagonal: bool = True,
    gamma: float = 80.0, margin: float = 0.4,
) -> Any:  # fmt: skip
    """A loss of embeddings, which brings samples of one class together and moves those of others apart.

    Parameters
    ----------
    y_true : integer Tensor or array
        [batch] or [batch, 1], the class of each sample.
    y_pred : Tensor or array
        [batch, features], of length 1 along the features.
    ref_labels, ref_embeddings : Tensor or array, optional
        What to compare with; the batch itself if not given.
    remove_diagonal : bool
        Whether pairs of a row with the column of the same number are left out.
    gamma, margin : float

    Returns
    -------
    Tensor
        [batch]

    Notes
    -----
    Sun et al., Circle loss: a unified perspective of pair similarity optimization, 2020.
    """
    p = as_floats(y_pred)
    labels = reshape(as_tensor(y_true, "int32"), [-1])
    others = labels if ref_labels is None else reshape(as_tensor(ref_labels, "int32"), [-1])
    far = maximum(1.0 - matmul(p, p if ref_embeddings is None else as_tensor(ref_embeddings), transpose_b=True), 0.0)
    same, different = _pairs(labels, others, remove_diagonal)
    pull, push = margin + far, maximum(1.0 + margin - far, 0.0)
    together = _over(same, -gamma * pull * (margin - far))
    apart = _over(different, gamma * push * (1.0 - margin - far))
    return softplus(together + apart)


def _pairs(labels: Tensor, others: Tensor, remove_diagonal: bool) -> tuple[Tensor, Tensor]:
    rows, columns = expand_dims(labels, 1), expand_dims(others, 0)
    same, different = equal(rows, columns), not_equal(rows, columns)
    if remove_diagonal:
        count, width = shape(labels)[0], shape(others)[0]
        off = not_equal(expand_dims(range_(0, count), 1), expand_dims(range_(0, width), 0))
        same = logical_and(same, off)
    return same, different


def _over(mask: Tensor, values: Tensor) -> Any:
    found: Tensor = reduce_logsumexp(choose(mask, values, cast(float("-inf"), values.dtype)), axis=1)
    return found
