"""F scores, overlaps of classes, and the coefficient of determination."""

from __future__ import annotations

from typing import Any

from graphc.api.arrays import diag_part, one_hot
from graphc.api.math import (
    abs_,
    argmax,
    cast,
    greater,
    greater_equal,
    is_inf,
    logical_and,
    matmul,
    not_equal,
    reduce_max,
    reduce_mean,
    reduce_sum,
    square,
    where,
)
from graphc.api.shaping import expand_dims, ones_like, reshape
from graphc.graph.operation import Tensor
from graphc.keras.eager import EPSILON, as_floats, as_tensor
from graphc.keras.metrics.metric import Metric
from graphc.keras.variables import Variable


class MeanIoU(Metric):
    """The mean over classes of common elements over all elements of label and prediction.

    Parameters
    ----------
    num_classes : int
    name : str, optional
    dtype : DType, optional
    ignore_class : int, optional
        Elements of this class do not count.
    sparse_y_true, sparse_y_pred : bool
        Whether they are numbers of classes, and not scores along the last axis.

    Examples
    --------
    >>> m = MeanIoU(num_classes=2)
    >>> m.update_state([0, 0, 1, 1], [0, 1, 0, 1])
    >>> round(float(m.result()), 6)
    0.333333
    """

    def __init__(
        self, num_classes: int, name: str | None = None, dtype: Any = None, ignore_class: int | None = None,
        sparse_y_true: bool = True, sparse_y_pred: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(name, dtype)
        self.num_classes, self.ignore_class = num_classes, ignore_class
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.total_cm = self.add_variable((num_classes, num_classes), name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Add a batch."""
        y, p = (
            reshape(as_tensor(v, "int32") if sparse else cast(argmax(as_tensor(v), axis=-1), "int32"), [-1])
            for v, sparse in ((y_true, self.sparse_y_true), (y_pred, self.sparse_y_pred))
        )
        # A class out of range has a row of zeros: it counts nowhere.
        rows = one_hot(y, self.num_classes)
        if self.ignore_class is not None:
            rows = rows * expand_dims(cast(not_equal(y, self.ignore_class), rows.dtype), 1)
        if sample_weight is not None:
            rows = rows * expand_dims(reshape(as_tensor(sample_weight, rows.dtype), [-1]), 1)
        self.total_cm.assign_add(matmul(rows, one_hot(p, self.num_classes), transpose_a=True))

    def result(self) -> Any:
        """The mean over the classes that occur."""
        counts = self.total_cm.value()
        common = diag_part(counts)
        either = reduce_sum(counts, axis=0) + reduce_sum(counts, axis=1) - common
        occurs = greater(either, 1e-9)
        shares = where(occurs, common / (either + EPSILON), 0.0)
        return reduce_sum(shares) / (reduce_sum(cast(occurs, "float32")) + EPSILON)


class FBetaScore(Metric):
    """(1 + beta**2) * precision * recall / (beta**2 * precision + recall), of labels [batch, classes].

    Parameters
    ----------
    average : str or None
        ``"micro"`` (all classes together), ``"macro"`` (their mean), ``"weighted"`` (by how often they occur) or None.
    beta : float
    threshold : float, optional
        Above it a class is predicted; without one the largest score is.
    name : str
    dtype : DType, optional
    """

    def __init__(
        self, average: str | None = None, beta: float = 1.0, threshold: float | None = None,
        name: str = "fbeta_score", dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(name, dtype)
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(f"average is 'micro', 'macro', 'weighted' or None, not {average!r}")
        if beta <= 0:
            raise ValueError(f"beta is positive, not {beta}")
        self.average, self.beta, self.threshold = average, beta, threshold
        self._held: list[Variable] = []

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Add a batch."""
        y, p = as_tensor(y_true, "float32"), as_tensor(as_floats(y_pred), "float32")
        classes = p.shape.as_list()[-1]
        if len(p.shape) != 2 or len(y.shape) != 2 or classes is None:
            raise ValueError(f"{self.name} needs labels and scores [batch, classes], not {y.shape} and {p.shape}")
        if not self._held:
            sizes = () if self.average == "micro" else (classes,)
            names = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")
            self._held = [self.add_variable(sizes, name=n) for n in names]
        hit = cast(self._predicted(p), "float32")
        scale = 1.0 if sample_weight is None else expand_dims(as_tensor(sample_weight, "float32"), 1)
        axis = None if self.average == "micro" else 0
        for held, part in zip(self._held, (hit * y, hit * (1.0 - y), (1.0 - hit) * y, y), strict=True):
            held.assign_add(reduce_sum(part * scale, axis=axis))

    def _predicted(self, p: Tensor) -> Any:
        if self.threshold is not None:
            return greater(p, self.threshold)
        return logical_and(greater_equal(p, reduce_max(p, axis=-1, keepdims=True)), greater(abs_(p), 1e-9))

    def result(self) -> Any:
        """The score; one for each class without an average."""
        tp, fp, fn, often = (v.value() for v in self._held)
        precision, recall = tp / (tp + fp + EPSILON), tp / (tp + fn + EPSILON)
        square_ = self.beta**2
        score = (1.0 + square_) * precision * recall / (square_ * precision + recall + EPSILON)
        if self.average == "weighted":
            return reduce_sum(score * often / (reduce_sum(often) + EPSILON))
        return score if self.average is None else reduce_mean(score)


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall."""

    def __init__(
        self, average: str | None = None, threshold: float | None = None, name: str = "f1_score", dtype: Any = None
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)


class R2Score(Metric):
    """1 - sum of squared errors / sum of squared deviations from the mean, of labels [batch, outputs].

    Parameters
    ----------
    class_aggregation : str or None
        ``"uniform_average"``, ``"variance_weighted_average"``, or None for one value for each output.
    name : str
    dtype : DType, optional
    """

    def __init__(
        self, class_aggregation: str | None = "uniform_average", name: str = "r2_score", dtype: Any = None
    ) -> None:
        super().__init__(name, dtype)
        if class_aggregation not in ("uniform_average", "variance_weighted_average", None):
            raise ValueError(f"there is no class_aggregation {class_aggregation!r}")
        self.class_aggregation = class_aggregation
        self._held: list[Variable] = []

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Add a batch."""
        y, p = as_tensor(y_true, "float32"), as_tensor(as_floats(y_pred), "float32")
        if len(y.shape) != 2 or len(p.shape) != 2 or p.shape.as_list()[-1] is None:
            raise ValueError(f"{self.name} needs labels and predictions [batch, outputs], not {y.shape} and {p.shape}")
        if not self._held:
            names = ("squared_sum", "sum", "residual", "count")
            self._held = [self.add_variable((p.shape.as_list()[-1],), name=n) for n in names]
        scale = ones_like(y)
        if sample_weight is not None:
            weights = as_tensor(sample_weight, "float32")
            scale = scale * (expand_dims(weights, 1) if len(weights.shape) == 1 else weights)
        for held, part in zip(self._held, (square(y), y, square(y - p), ones_like(y)), strict=True):
            held.assign_add(reduce_sum(part * scale, axis=0))

    def result(self) -> Any:
        """The coefficient."""
        squares, total, errors, count = (v.value() for v in self._held)
        spread = squares - square(total) / count
        scores = 1.0 - errors / spread
        scores = where(is_inf(scores), 0.0, scores)
        if self.class_aggregation is None:
            return scores
        if self.class_aggregation == "uniform_average":
            return reduce_mean(scores)
        return reduce_sum(spread * scores) / reduce_sum(spread)
