"""Metrics over many batches: local variables collect sums, an update adds a batch, a value is read off.

Every function returns a pair of tensors: the value of what has been collected, and an operation that adds a batch and
gives the value after that. Local variables start from zero, or again from zero by `local_variables_initializer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphc.api.math import abs_, cast, divide, equal, greater, reduce_sum, sqrt, square
from graphc.api.shaping import ones_like, reshape, squeeze
from graphc.api.state import assign_add, name_scope
from graphc.graph.errors import GraphError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import LOCAL_VARIABLES, Variable
from graphc.ir.dtypes import float32
from graphc.losses.reduction import as_tensor, safe_quotient, weights_of

METRIC_VARIABLES = "metric_variables"
Metric = tuple[Tensor, Tensor]
Collections = Sequence[Any] | None


def local(name: str, shape: Sequence[int] = ()) -> Variable:
    """A local variable of float32 zeros."""
    start = np.zeros(shape, np.float32)
    graph = get_default_graph()
    with graph.control_dependencies(None):
        return Variable(start, trainable=False, name=name, collections=[LOCAL_VARIABLES, METRIC_VARIABLES])


def listed(value: Tensor, update: Tensor, values: Collections, updates: Collections) -> Metric:
    """The pair, after both were added to their collections."""
    graph = get_default_graph()
    for collections, tensor in ((values, value), (updates, update)):
        for collection in collections or ():
            graph.add_to_collection(collection, tensor)
    return value, update


def fitted(labels: Any, predictions: Any) -> tuple[Tensor, Tensor]:
    """Labels and predictions of one rank: a last axis of size 1 that only one of them has is dropped."""
    y, p = as_tensor(labels), as_tensor(predictions)
    have, want = y.shape.dims, p.shape.dims
    if have is not None and want is not None:
        if len(have) == len(want) + 1 and have[-1] == 1:
            y = squeeze(y, axis=-1)
        elif len(want) == len(have) + 1 and want[-1] == 1:
            p = squeeze(p, axis=-1)
        elif len(have) != len(want):
            raise GraphError(f"labels of shape {y.shape} do not fit predictions of shape {p.shape}", user_origin())
    return y, p


def mean(
    values: Any, weights: Any = None, metrics_collections: Collections = None, updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:  # fmt: skip
    """The weighted mean of all elements of all batches.

    Parameters
    ----------
    values : Tensor
    weights : number or Tensor, optional
        One for all values, or of their rank with sizes that are theirs or 1; a last axis of size 1 too many is dropped.
    metrics_collections, updates_collections : sequence, optional
        Where value and update are listed.
    name : str, optional

    Returns
    -------
    (Tensor, Tensor)
        The value, and the update. 0 before the first batch.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     x = gc.placeholder(gc.float32, [None])
    ...     value, update = gc.metrics.mean(x)
    ...     for batch in ([1.0, 2.0], [6.0]):
    ...         print(session.run(update, {x: batch}))
    ...     print(session.run(value))
    1.5
    3.0
    3.0
    """
    with name_scope(name or "mean"):
        total, count = local("total"), local("count")
        elements = as_tensor(values, float32)
        scale = 1.0 if weights is None else weights_of(elements, weights)
        added, number = reduce_sum(elements * scale), reduce_sum(ones_like(elements) * scale)
        value = safe_quotient(total.value(), count.value())
        update = safe_quotient(assign_add(total, added), assign_add(count, number))
        return listed(value, update, metrics_collections, updates_collections)


def accuracy(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Collections = None,
    updates_collections: Collections = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The part of predictions that equal their labels.

    Parameters and results are those of `mean`.
    """
    with name_scope(name or "accuracy"):
        y, p = fitted(labels, predictions)
        hits = equal(p, y if y.dtype == p.dtype else cast(y, p.dtype))
        return mean(hits, weights, metrics_collections, updates_collections, "mean")


def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Collections = None,
    updates_collections: Collections = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The mean of (predictions - labels)**2.

    Parameters and results are those of `mean`.
    """
    with name_scope(name or "mean_squared_error"):
        y, p = (cast(t, float32) for t in fitted(labels, predictions))
        return mean(square(p - y), weights, metrics_collections, updates_collections, "mean")


def root_mean_squared_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Collections = None,
    updates_collections: Collections = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The root of the mean of (predictions - labels)**2.

    Parameters and results are those of `mean`.
    """
    with name_scope(name or "root_mean_squared_error"):
        value, update = mean_squared_error(labels, predictions, weights)
        return listed(sqrt(value), sqrt(update), metrics_collections, updates_collections)


def mean_absolute_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Collections = None,
    updates_collections: Collections = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The mean of abs(predictions - labels).

    Parameters and results are those of `mean`.
    """
    with name_scope(name or "mean_absolute_error"):
        y, p = (cast(t, float32) for t in fitted(labels, predictions))
        return mean(abs_(p - y), weights, metrics_collections, updates_collections, "mean")


def percentage_below(
    values: Any, threshold: float, weights: Any = None, metrics_collections: Collections = None,
    updates_collections: Collections = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The part (0 to 1) of elements below a threshold.

    Parameters and results are those of `mean`.
    """
    with name_scope(name or "percentage_below"):
        return mean(as_tensor(values) < threshold, weights, metrics_collections, updates_collections, "mean")


def _counted(kind: str, labels: Any, predictions: Any, weights: Any) -> Metric:
    """How often labels and predictions have the truth values of ``"tp"``, ``"fp"``, ``"tn"`` or ``"fn"``."""
    y, p = fitted(labels, predictions)
    positive, predicted = (cast(t, "bool") if not t.dtype.is_bool else t for t in (y, p))
    right = predicted if kind[1] == "p" else ~predicted
    hit = cast(right & (positive if kind in ("tp", "fn") else ~positive), float32)
    names = {"tp": "true_positives", "fp": "false_positives", "tn": "true_negatives", "fn": "false_negatives"}
    total = local(f"{names[kind]}/count")
    added = reduce_sum(hit if weights is None else hit * weights_of(hit, weights))
    return total.value(), assign_add(total, added)


def _count(
    kind: str, labels: Any, predictions: Any, weights: Any, metrics_collections: Collections,
    updates_collections: Collections, name: str | None,
) -> Metric:  # fmt: skip
    with name_scope(name):
        pair = _counted(kind, labels, predictions, weights)
    return listed(*pair, metrics_collections, updates_collections)


def true_positives(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Collections = None,
    updates_collections: Collections = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The number of elements that are true and predicted so.

    Parameters and results are those of `mean`.
    """
    return _count("tp", labels, predictions, weights, metrics_collections, updates_collections, name)


def false_positives(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Collections = None,
    updates_collections: Collections = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The number of elements that are false and predicted true.

    Parameters and results are those of `mean`.
    """
    return _count("fp", labels, predictions, weights, metrics_collections, updates_collections, name)


def true_negatives(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Collections = None,
    updates_collections: Collections = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The number of elements that are false and predicted so.

    Parameters and results are those of `mean`.
    """
    return _count("tn", labels, predictions, weights, metrics_collections, updates_collections, name)


def false_negatives(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Collections = None,
    updates_collections: Collections = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The number of elements that are true and predicted false.

    Parameters and results are those of `mean`.
    """
    return _count("fn", labels, predictions, weights, metrics_collections, updates_collections, name)


def precision(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Collections = None,
    updates_collections: Collections = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The part of what is predicted true that is: tp / (tp + fp), 0 if nothing was.

    Parameters and results are those of `mean`; labels and predictions count as true where they are not zero.
    """
    with name_scope(name or "precision"):
        pairs = [_counted(kind, labels, predictions, weights) for kind in ("tp", "fp")]
        value, update = (safe_quotient(tp, tp + fp) for tp, fp in zip(*pairs, strict=True))
        return listed(value, update, metrics_collections, updates_collections)


def recall(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Collections = None,
    updates_collections: Collections = None, name: str | None = None,
) -> Metric:  # fmt: skip
    """The part of what is true that is predicted so: tp / (tp + fn), 0 if nothing is.

    Parameters and results are those of `mean`; labels and predictions count as true where they are not zero.
    """
    with name_scope(name or "recall"):
        pairs = [_counted(kind, labels, predictions, weights) for kind in ("tp", "fn")]
        value, update = (safe_quotient(tp, tp + fn) for tp, fn in zip(*pairs, strict=True))
        return listed(value, update, metrics_collections, updates_collections)


def auc(
    labels: Any, predictions: Any, weights: Any = None, num_thresholds: int = 200,
    metrics_collections: Collections = None, updates_collections: Collections = None, curve: str = "ROC",
    name: str | None = None,
) -> Metric:  # fmt: skip
    """The area under a curve, by trapezoids between thresholds evenly spaced in [0, 1].

    Parameters
    ----------
    labels : Tensor
        True where not zero.
    predictions : Tensor
        Probabilities.
    weights : Tensor, optional
        Of the same number of elements.
    num_thresholds : int
    metrics_collections, updates_collections : sequence, optional
        Where value and update are listed.
    curve : str
        ``"ROC"`` (true over false positive rate) or ``"PR"`` (precision over recall).
    name : str, optional

    Returns
    -------
    (Tensor, Tensor)
        The value, and the update.
    """
    if curve not in ("ROC", "PR"):
        raise GraphError(f"curve {curve!r} is neither 'ROC' nor 'PR'", user_origin())
    with name_scope(name or "auc"):
        inner = [i / (num_thresholds - 1) for i in range(1, num_thresholds - 1)]
        # The ends leave everything, and nothing, above them.
        ends = np.array([-1e-7, *inner, 1.0 + 1e-7], np.float32)[:, None]
        predicted = cast(greater(reshape(as_tensor(predictions, float32), [1, -1]), ends), float32)
        truth = as_tensor(labels)
        positive = cast(reshape(truth if truth.dtype.is_bool else cast(truth, "bool"), [1, -1]), float32)
        scale = 1.0 if weights is None else reshape(as_tensor(weights, float32), [1, -1])
        parts = (predicted * positive, predicted * (1.0 - positive), (1.0 - predicted) * (1.0 - positive),
                 (1.0 - predicted) * positive)  # fmt: skip
        names = ("true_positives", "false_positives", "true_negatives", "false_negatives")
        held = [local(n, [num_thresholds]) for n in names]
        updates = [assign_add(v, reduce_sum(p * scale, axis=1)) for v, p in zip(held, parts, strict=True)]
        value = _area(curve, *(v.value() for v in held))
        return listed(value, _area(curve, *updates), metrics_collections, updates_collections)


def _area(curve: str, tp: Tensor, fp: Tensor, tn: Tensor, fn: Tensor) -> Tensor:
    tiny = 1e-6
    hit = divide(tp + tiny, tp + fn + tiny)
    x, y = (divide(fp, fp + tn + tiny), hit) if curve == "ROC" else (hit, divide(tp + tiny, tp + fp + tiny))
    found: Tensor = reduce_sum((x[:-1] - x[1:]) * (y[:-1] + y[1:]) * 0.5)
    return found
