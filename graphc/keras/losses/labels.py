"""Labels and probabilities as losses need them: smoothed, clipped, one picked for each sample."""

from __future__ import annotations

from typing import Any

from graphc.api.convert import as_floating, as_node, axis_of, builder
from graphc.api.define import operation
from graphc.api.math import cast, clip_by_value, reduce_sum
from graphc.api.shaping import shape
from graphc.graph.operation import Tensor
from graphc.ir.node import Node
from graphc.keras.eager import EPSILON


def smoothed(labels: Tensor, smoothing: float, classes: Any) -> Any:
    """Labels moved towards the uniform distribution over a number of classes."""
    return labels if not smoothing else labels * (1.0 - smoothing) + smoothing / classes


def classes_of(labels: Tensor, axis: int = -1) -> Any:
    """The number of classes along an axis: a number, or a tensor where it is not known yet."""
    known = labels.shape.as_list()[axis]
    return float(known) if known is not None else cast(shape(labels)[axis], labels.dtype)


def clipped(probabilities: Tensor) -> Any:
    """Probabilities away from 0 and 1, so that their logarithms are finite; Keras clips at 1e-7, with no gradient."""
    found: Tensor = clip_by_value(probabilities, EPSILON, 1.0 - EPSILON)
    return found


def normalized(probabilities: Tensor, axis: int = -1) -> Any:
    """Probabilities that sum to 1 along an axis."""
    found: Tensor = probabilities / reduce_sum(probabilities, axis=axis, keepdims=True)
    return found


@operation("pick_class")
def pick_class(values: Any, labels: Any, axis: int = -1) -> Node:
    """The value of each label's class along an axis, which goes; a label out of range fails the run.

    Parameters
    ----------
    values : Tensor
    labels : integer Tensor
        Of the values' shape without the axis.
    axis : int
    """
    x, y = as_floating(values), as_node(labels)
    at = axis_of(axis, x.rank)
    if y.rank != x.rank - 1:
        raise ValueError(f"labels {y.tensor!r} must have one axis less than {x.tensor!r}")
    emit = builder().emit
    checked = emit("check_index", y, size=x.shape[at])
    chosen = emit("reshape", checked, shape=(*y.shape[:at], 1, *y.shape[at:]))
    numbers = emit("iota", size=x.shape[at], dtype=y.dtype)
    along = emit("reshape", numbers, shape=tuple(x.shape[at] if i == at else 1 for i in range(x.rank)))
    picked = emit("select", emit("eq", chosen, along), x, 0.0)
    return emit("sum", picked, axes=(at,), keepdims=False)
