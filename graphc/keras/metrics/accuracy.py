"""How many predictions are right."""

from __future__ import annotations

from typing import Any

from graphc.api.math import argmax, cast, equal, greater
from graphc.api.nn import in_top_k
from graphc.api.shaping import reshape, squeeze
from graphc.keras.eager import as_floats, as_tensor, either
from graphc.keras.losses.reduce import same_rank
from graphc.keras.metrics.metric import MeanMetricWrapper


@either
def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where a prediction equals its label."""
    p = as_tensor(y_pred)
    y, p = same_rank(as_tensor(y_true, p.dtype), p)
    return cast(equal(y, p), "float32")


@either
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where a prediction is above the threshold and the label 1, or not above it and the label 0."""
    p = as_floats(y_pred)
    y, p = same_rank(as_tensor(y_true, p.dtype), p)
    return cast(equal(y, cast(greater(p, threshold), y.dtype)), "float32")


@either
def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is that of the label's class, labels one-hot."""
    return cast(equal(argmax(as_tensor(y_true), axis=-1), argmax(as_floats(y_pred), axis=-1)), "float32")


@either
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is that of the class which the label is the number of."""
    p = as_floats(y_pred)
    y = as_tensor(y_true)
    if len(y.shape) == len(p.shape) and y.shape.as_list()[-1] in (1, None):
        y = squeeze(y, axis=-1)
    best = argmax(p, axis=-1)
    return cast(equal(as_tensor(y, best.dtype), best), "float32")


@either
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the label's class is among the k largest predictions, labels one-hot."""
    return sparse_top_k_categorical_accuracy(argmax(as_tensor(y_true), axis=-1), y_pred, k)


@either
def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the class which the label is the number of is among the k largest predictions; one value a sample."""
    p = as_floats(y_pred)
    rows = p if len(p.shape) == 2 else reshape(p, [-1, p.shape.as_list()[-1]])
    return cast(in_top_k(rows, reshape(as_tensor(y_true, "int32"), [-1]), k), "float32")


class Accuracy(MeanMetricWrapper):
    """The mean of `accuracy`."""

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """The mean of `binary_accuracy`."""

    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """The mean of `categorical_accuracy`."""

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """The mean of `sparse_categorical_accuracy`.

    Examples
    --------
    >>> m = SparseCategoricalAccuracy()
    >>> m.update_state([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], sample_weight=[1.0, 1.0, 2.0])
    >>> m.result()
    np.float32(0.5)
    """

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """The mean of `top_k_categorical_accuracy`."""

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """The mean of `sparse_top_k_categorical_accuracy`."""

    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k)
