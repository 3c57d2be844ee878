"""Counts of what is right and wrong above thresholds, and what is made of them: precision, recall, areas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphc.api.math import cast, greater, maximum, minimum, not_equal, reduce_sum
from graphc.api.shaping import broadcast_to, expand_dims, reshape, shape
from graphc.graph.operation import Tensor
from graphc.keras.eager import as_floats, as_tensor
from graphc.keras.losses.reduce import quotient, same_rank
from graphc.keras.metrics.metric import Metric
from graphc.keras.variables import Variable

KINDS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


def _column(values: Tensor, like: Tensor) -> Tensor:
    """One weight for every prediction, as a row."""
    for _ in range(len(like.shape) - len(values.shape)):
        values = expand_dims(values, -1)
    found: Tensor = reshape(broadcast_to(values, shape(like)), [1, -1])
    return found


class Counts(Metric):
    """Base of metrics that count, at every threshold, what is above it and what is not.

    Parameters
    ----------
    thresholds : sequence of float
    kinds : sequence of str
        Which of the four counts are kept.
    name : str, optional
    dtype : DType, optional
    """

    def __init__(
        self, thresholds: Sequence[float], kinds: Sequence[str] = KINDS, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(name, dtype)
        self._limits = np.array(thresholds, np.float32)
        self._counts: dict[str, Variable] = {k: self.add_variable((len(thresholds),), name=k) for k in kinds}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Add a batch."""
        p, y = same_rank(as_tensor(as_floats(y_pred), "float32"), as_tensor(y_true, "float32"))
        above = cast(greater(reshape(p, [1, -1]), self._limits[:, None]), "float32")
        positive = cast(not_equal(reshape(y, [1, -1]), 0.0), "float32")
        weight = 1.0 if sample_weight is None else _column(as_tensor(sample_weight, "float32"), p)
        for kind, held in self._counts.items():
            predicted = above if kind.endswith("positives") else 1.0 - above
            truth = positive if kind in ("true_positives", "false_negatives") else 1.0 - positive
            held.assign_add(reduce_sum(predicted * truth * weight, axis=1))

    def count(self, kind: str) -> Tensor:
        """What was counted, one number for each threshold."""
        return self._counts[kind].value()

    def _one(self, values: Tensor) -> Tensor:
        return values[0] if len(self._limits) == 1 else values


def _list(thresholds: Any, default: float = 0.5) -> list[float]:
    listed = [default] if thresholds is None else list(thresholds) if np.ndim(thresholds) else [float(thresholds)]
    if any(not 0 <= t <= 1 for t in listed):
        raise ValueError(f"thresholds are from 0 to 1, not {thresholds}")
    return listed


class _Count(Counts):
    kind = ""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        self.thresholds = thresholds
        super().__init__(_list(thresholds), [self.kind], name, dtype)

    def result(self) -> Any:
        """The number, one for each threshold if there are several."""
        return self._one(self.count(self.kind))


class TruePositives(_Count):
    """How many are true and predicted so."""

    kind = "true_positives"


class FalsePositives(_Count):
    """How many are false and predicted true."""

    kind = "false_positives"


class TrueNegatives(_Count):
    """How many are false and predicted so."""

    kind = "true_negatives"


class FalseNegatives(_Count):
    """How many are true and predicted false."""

    kind = "false_negatives"


class Precision(Counts):
    """The part of what is predicted true that is: tp / (tp + fp), 0 if nothing was.

    Parameters
    ----------
    thresholds : float or sequence of float, optional
    name : str, optional
    dtype : DType, optional
    """

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        self.thresholds = thresholds
        super().__init__(_list(thresholds), KINDS[:2], name, dtype)

    def result(self) -> Any:
        """The precision, one for each threshold if there are several."""
        tp = self.count("true_positives")
        return self._one(quotient(tp, tp + self.count("false_positives")))


class Recall(Counts):
    """The part of what is true that is predicted so: tp / (tp + fn), 0 if nothing is.

    Parameters are those of `Precision`.
    """

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        self.thresholds = thresholds
        super().__init__(_list(thresholds), (KINDS[0], KINDS[3]), name, dtype)

    def result(self) -> Any:
        """The recall, one for each threshold if there are several."""
        tp = self.count("true_positives")
        return self._one(quotient(tp, tp + self.count("false_negatives")))


class AUC(Counts):
    """The area under a curve, between thresholds evenly spaced in [0, 1].

    Parameters
    ----------
    num_thresholds : int
    curve : str
        ``"ROC"`` (recall over the false positive rate) or ``"PR"`` (precision over recall).
    summation_method : str
        ``"interpolation"``, ``"minoring"`` or ``"majoring"``. Interpolated precision follows Davis and Goadrich (2006).
    name : str, optional
    dtype : DType, optional
    thresholds : sequence of float, optional
        In the place of even ones.
    from_logits : bool
    """

    def __init__(
        self, num_thresholds: int = 200, curve: str = "ROC", summation_method: str = "interpolation",
        name: str | None = None, dtype: Any = None, thresholds: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:  # fmt: skip
        if curve not in ("ROC", "PR") or summation_method not in ("interpolation", "minoring", "majoring"):
            raise ValueError(f"there is no curve {curve!r} with the summation {summation_method!r}")
        inner = thresholds or [i / (num_thresholds - 1) for i in range(1, num_thresholds - 1)]
        self.num_thresholds, self.curve, self.summation_method = len(inner) + 2, curve, summation_method
        self.thresholds, self.from_logits = thresholds, from_logits
        # The ends leave everything, and nothing, above them.
        super().__init__([-1e-7, *sorted(inner), 1.0 + 1e-7], KINDS, name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Add a batch."""
        from graphc.api.nn import sigmoid

        Counts.update_state(self, y_true, sigmoid(as_floats(y_pred)) if self.from_logits else y_pred, sample_weight)

    def result(self) -> Any:
        """The area."""
        tp, fp, tn, fn = (self.count(k) for k in KINDS)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _interpolated(tp, fp, fn)
        recall = quotient(tp, tp + fn)
        x, y = (quotient(fp, fp + tn), recall) if self.curve == "ROC" else (recall, quotient(tp, tp + fp))
        heights = {"interpolation": lambda a, b: (a + b) / 2.0, "minoring": minimum, "majoring": maximum}
        return reduce_sum((x[:-1] - x[1:]) * heights[self.summation_method](y[:-1], y[1:]))


def _interpolated(tp: Tensor, fp: Tensor, fn: Tensor) -> Any:
    """Area under precision over recall, in which tp is taken as linear in tp + fp between thresholds."""
    from graphc.api.math import log, logical_and, where

    p = tp + fp
    gained = tp[:-1] - tp[1:]
    slope = quotient(gained, maximum(p[:-1] - p[1:], 0.0))
    start = tp[1:] - slope * p[1:]
    both = logical_and(greater(p[:-1], 0.0), greater(p[1:], 0.0))
    ratio = where(both, quotient(p[:-1], maximum(p[1:], 0.0)), 1.0)
    return reduce_sum(quotient(slope * (gained + start * log(ratio)), maximum(tp[1:] + fn[1:], 0.0)))
