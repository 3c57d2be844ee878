"""From the losses of samples to one number: ranks, masks, weights and reductions as Keras has them."""

from __future__ import annotations

from typing import Any

from graphc.api.math import cast, divide, equal, maximum, reduce_sum, where
from graphc.api.shaping import expand_dims, size, squeeze
from graphc.graph.operation import Tensor
from graphc.keras.eager import as_tensor

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)


def check_reduction(reduction: Any) -> str | None:
    """The reduction itself.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if reduction in ("auto", "AUTO"):
        return "sum_over_batch_size"
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction!r} is no reduction: there are {', '.join(map(repr, REDUCTIONS))}")
    found: str | None = reduction
    return found


def same_rank(first: Tensor, second: Tensor, expand_vectors: bool = True) -> tuple[Tensor, Tensor]:
    """Two tensors of one rank: a last axis of size 1 that one has too many goes, or the other one gets it.

    Keras gives a vector the axis of a column beside it, and takes the axis away otherwise.
    """
    if len(first.shape) == len(second.shape) + 1:
        second, first = same_rank(second, first, expand_vectors)
        return first, second
    if len(second.shape) == len(first.shape) + 1 and second.shape.as_list()[-1] == 1:
        if len(first.shape) == 1 and expand_vectors:
            return expand_dims(first, -1), second
        return first, squeeze(second, axis=-1)
    return first, second


def quotient(numerator: Any, denominator: Any) -> Any:
    """numerator / denominator, 0 where the denominator is 0."""
    nothing = equal(denominator, 0.0)
    found: Tensor = where(nothing, 0.0, divide(numerator, where(nothing, 1.0, denominator)))
    return found


def masked_weights(weights: Any, mask: Any, dtype: Any, mean: bool) -> Any:
    """Sample weights that are 0 where the mask is False.

    Parameters
    ----------
    weights : Tensor or None
    mask : Tensor or None
    dtype : DType
    mean : bool
        Whether the loss is divided by the number of values: what stays counts for what goes, then.

    Returns
    -------
    Tensor or None
    """
    if mask is None:
        return None if weights is None else as_tensor(weights, dtype)
    kept = as_tensor(mask, dtype)
    if mean:
        kept = kept * quotient(cast(size(kept), kept.dtype), reduce_sum(kept))
    if weights is None:
        return kept
    kept, scale = same_rank(kept, as_tensor(weights, dtype))
    return scale * kept


def reduced(values: Tensor, weights: Any, reduction: str | None, mask: Any = None) -> Any:
    """Weighted values, their sum, or their mean.

    Parameters
    ----------
    values : Tensor
    weights : Tensor or None
        Of the values' rank, or of fewer axes: one for a sample, or for a sample and step.
    reduction : str or None
        ``"sum_over_batch_size"`` divides by the number of values, also with weights; ``"mean_with_sample_weight"`` by
        the sum of the weights.
    mask : Tensor, optional
    """
    scale = masked_weights(weights, mask, values.dtype, reduction in ("sum_over_batch_size", "mean"))
    if scale is not None:
        values, scale = same_rank(values, scale)
        for _ in range(len(values.shape) - len(scale.shape)):
            scale = expand_dims(scale, -1)
        values = values * scale
    if reduction in (None, "none") or not len(values.shape):
        return values
    total: Tensor = reduce_sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and scale is not None:
        return quotient(total, reduce_sum(scale))
    # A batch of nothing has the sum 0: dividing by 1 keeps it.
    found: Tensor = total / cast(maximum(size(values), 1), total.dtype)
    return found
