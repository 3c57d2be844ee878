"""From losses of elements to one number: weights, reductions, and the collections in which losses are found again."""

from __future__ import annotations

from typing import Any

from graphc.api.math import add_n, cast, maximum, not_equal, reduce_sum, where
from graphc.api.shaping import constant, ones_like, size, squeeze
from graphc.api.state import name_scope
from graphc.graph.errors import GraphError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import Variable

LOSSES = "losses"
REGULARIZATION_LOSSES = "regularization_losses"


class Reduction:
    """How losses of elements become one.

    Attributes
    ----------
    NONE
        They stay: weighted elements.
    SUM
        Weighted sum.
    MEAN
        Weighted sum over the sum of weights; 0 if that is 0.
    SUM_OVER_BATCH_SIZE
        Weighted sum over the number of elements; 0 if there are none.
    SUM_BY_NONZERO_WEIGHTS, SUM_OVER_NONZERO_WEIGHTS
        Weighted sum over the number of elements whose weight is not zero; 0 if there are none.
    """

    NONE = "none"
    SUM = "weighted_sum"
    MEAN = "weighted_mean"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """All of them."""
        return cls.NONE, cls.SUM, cls.MEAN, cls.SUM_OVER_BATCH_SIZE, cls.SUM_BY_NONZERO_WEIGHTS


def compute_weighted_loss(
    losses: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: str | None = LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Tensor:  # fmt: skip
    """One number from the losses of elements.

    Parameters
    ----------
    losses : Tensor
    weights : number or Tensor
        One for all losses, or of their rank with sizes that are theirs or 1; a last axis of size 1 too many is
        dropped.
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
        If the reduction is unknown, or the weights do not fit.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     print(session.run(gc.losses.compute_weighted_loss(gc.constant([1.0, 2.0, 6.0]), [1.0, 1.0, 0.0])))
    1.5
    """
    if reduction not in Reduction.all():
        raise GraphError(f"{reduction!r} is no reduction: there are {', '.join(Reduction.all())}", user_origin())
    with name_scope(scope or "weighted_loss"):
        elements = as_tensor(losses)
        scale = weights_of(elements, weights)
        found = _reduced(elements, scale, reduction)
        if loss_collection:
            get_default_graph().add_to_collection(loss_collection, found)
        return found


def as_tensor(value: Any, dtype: Any = None) -> Tensor:
    """A tensor of a variable, array or number, in an element type if one is given."""
    if isinstance(value, Variable):
        value = value.value()
    if not isinstance(value, Tensor):
        value = constant(value)
    found: Tensor = value if dtype is None or value.dtype == dtype else cast(value, dtype)
    return found


def weights_of(values: Tensor, weights: Any) -> Any:
    """Weights that broadcast to the shape of `values` without a doubt about which axis is which.

    Parameters
    ----------
    values : Tensor
    weights : number or Tensor
        One for all values, or of their rank with sizes that are theirs or 1; a last axis of size 1 too many is dropped.

    Returns
    -------
    float or Tensor

    Raises
    ------
    GraphError
        If they do not fit.
    """
    if isinstance(weights, int | float):
        return float(weights)
    found = as_tensor(weights, values.dtype)
    have, want = found.shape.dims, values.shape.dims
    if have is None or want is None:
        return found
    if len(have) == len(want) + 1 and have[-1] == 1:
        return squeeze(found, axis=-1)
    pairs = zip(have, want, strict=False)
    clash = any(isinstance(h, int) and isinstance(w, int) and h not in (1, w) for h, w in pairs)
    if have and (clash or len(have) != len(want)):
        raise GraphError(
            f"weights of shape {found.shape} do not fit values of shape {values.shape}: a weight for each example has "
            "axes of size 1 behind the first one (expand_dims)",
            user_origin(),
        )
    return found


def _reduced(losses: Tensor, weights: Any, reduction: str) -> Tensor:
    uniform = isinstance(weights, float)
    weighted = losses if uniform and weights == 1.0 else losses * weights
    if reduction == Reduction.NONE:
        return weighted
    total: Tensor = reduce_sum(losses if uniform and reduction == Reduction.MEAN and weights else weighted)
    if reduction == Reduction.SUM:
        return total
    if uniform or reduction == Reduction.SUM_OVER_BATCH_SIZE:
        # The sum of no elements is 0: of an empty batch that is the loss, and not 0 / 0.
        mean: Tensor = total / maximum(cast(size(losses), losses.dtype), 1.0)
        return mean
    scale = ones_like(losses) * weights
    count = reduce_sum(scale if reduction == Reduction.MEAN else cast(not_equal(scale, 0.0), losses.dtype))
    return safe_quotient(total, count)


def safe_quotient(top: Any, bottom: Any) -> Tensor:
    """top / bottom, and 0 where the divisor is 0."""
    some = not_equal(bottom, 0.0)
    found: Tensor = where(some, top / where(some, bottom, 1.0), 0.0)
    return found


def add_loss(loss: Tensor, loss_collection: str | None = LOSSES) -> None:
    """List a loss of your own for `get_total_loss`."""
    if loss_collection:
        get_default_graph().add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: str = LOSSES) -> list[Tensor]:
    """The losses of the default graph, those whose names start with `scope` if it is given."""
    return get_default_graph().get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Tensor]:
    """The penalties of the default graph, which regularizers of variables make."""
    return get_default_graph().get_collection(REGULARIZATION_LOSSES, scope)


def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> Tensor:
    """The sum of all penalties; 0 if there are none."""
    found = get_regularization_losses(scope)
    total: Tensor = add_n(found, name=name) if found else constant(0.0)
    return total


def get_total_loss(
    add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None
) -> Tensor:
    """The sum of all losses of the default graph, and of all penalties if `add_regularization_losses`.

    Raises
    ------
    GraphError
        If there are none.
    """
    found = get_losses(scope) + (get_regularization_losses(scope) if add_regularization_losses else [])
    if not found:
        raise GraphError("the graph has no losses: make them by gc.losses, or list them by add_loss", user_origin())
    total: Tensor = add_n(found, name=name)
    return total
