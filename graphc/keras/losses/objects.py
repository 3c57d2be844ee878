"""The losses of Keras as objects."""

from __future__ import annotations

from typing import Any

from graphc.api.math import logical_and, not_equal
from graphc.keras.eager import as_tensor
from graphc.keras.losses import classification, overlap, regression, sequence
from graphc.keras.losses.loss import FunctionLoss

BATCH = "sum_over_batch_size"


class MeanSquaredError(FunctionLoss):
    """`mean_squared_error` with a reduction.

    Parameters
    ----------
    reduction : str or None
    name : str
    dtype : DType, optional

    Examples
    --------
    >>> MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [2.0, 0.0]])
    np.float32(1.25)
    """

    def __init__(self, reduction: Any = BATCH, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(regression.mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(FunctionLoss):
    """`mean_absolute_error` with a reduction."""

    def __init__(self, reduction: Any = BATCH, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(regression.mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(FunctionLoss):
    """`mean_absolute_percentage_error` with a reduction."""

    def __init__(self, reduction: Any = BATCH, name: str = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(regression.mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(FunctionLoss):
    """`mean_squared_logarithmic_error` with a reduction."""

    def __init__(self, reduction: Any = BATCH, name: str = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(regression.mean_squared_logarithmic_error, reduction, name, dtype)


class CosineSimilarity(FunctionLoss):
    """`cosine_similarity` with a reduction."""

    def __init__(
        self, axis: int = -1, reduction: Any = BATCH, name: str = "cosine_similarity", dtype: Any = None
    ) -> None:
        super().__init__(regression.cosine_similarity, reduction, name, dtype, axis=axis)


class Huber(FunctionLoss):
    """`huber` with a reduction."""

    def __init__(self, delta: float = 1.0, reduction: Any = BATCH, name: str = "huber_loss", dtype: Any = None) -> None:
        super().__init__(regression.huber, reduction, name, dtype, delta=delta)


class LogCosh(FunctionLoss):
    """`log_cosh` with a reduction."""

    def __init__(self, reduction: Any = BATCH, name: str = "log_cosh", dtype: Any = None) -> None:
        super().__init__(regression.log_cosh, reduction, name, dtype)


class Hinge(FunctionLoss):
    """`hinge` with a reduction."""

    def __init__(self, reduction: Any = BATCH, name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(regression.hinge, reduction, name, dtype)


class SquaredHinge(FunctionLoss):
    """`squared_hinge` with a reduction."""

    def __init__(self, reduction: Any = BATCH, name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(regression.squared_hinge, reduction, name, dtype)


class CategoricalHinge(FunctionLoss):
    """`categorical_hinge` with a reduction."""

    def __init__(self, reduction: Any = BATCH, name: str = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(regression.categorical_hinge, reduction, name, dtype)


class KLDivergence(FunctionLoss):
    """`kl_divergence` with a reduction."""

    def __init__(self, reduction: Any = BATCH, name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(regression.kl_divergence, reduction, name, dtype)


class Poisson(FunctionLoss):
    """`poisson` with a reduction."""

    def __init__(self, reduction: Any = BATCH, name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(regression.poisson, reduction, name, dtype)


class BinaryCrossentropy(FunctionLoss):
    """`binary_crossentropy` with a reduction."""

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, reduction: Any = BATCH,
        name: str = "binary_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(classification.binary_crossentropy, reduction, name, dtype, **options)


class BinaryFocalCrossentropy(FunctionLoss):
    """`binary_focal_crossentropy` with a reduction."""

    def __init__(
        self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,
        label_smoothing: float = 0.0, axis: int = -1, reduction: Any = BATCH, name: str = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        options = {
            "from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis,
            "apply_class_balancing": apply_class_balancing, "alpha": alpha, "gamma": gamma,
        }  # fmt: skip
        super().__init__(classification.binary_focal_crossentropy, reduction, name, dtype, **options)


class CategoricalCrossentropy(FunctionLoss):
    """`categorical_crossentropy` with a reduction."""

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, reduction: Any = BATCH,
        name: str = "categorical_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(classification.categorical_crossentropy, reduction, name, dtype, **options)


class CategoricalFocalCrossentropy(FunctionLoss):
    """`categorical_focal_crossentropy` with a reduction."""

    def __init__(
        self, alpha: Any = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0,
        axis: int = -1, reduction: Any = BATCH, name: str = "categorical_focal_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        options = {
            "from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis, "alpha": alpha,
            "gamma": gamma,
        }  # fmt: skip
        super().__init__(classification.categorical_focal_crossentropy, reduction, name, dtype, **options)


class _OfNumbers(FunctionLoss):
    """A loss whose labels are numbers of classes."""

    def _labels(self, y_true: Any) -> Any:
        return as_tensor(y_true)


class SparseCategoricalCrossentropy(_OfNumbers):
    """`sparse_categorical_crossentropy` with a reduction."""

    def __init__(
        self, from_logits: bool = False, ignore_class: int | None = None, reduction: Any = BATCH,
        axis: int = -1, name: str = "sparse_categorical_crossentropy", dtype: Any = None,
    ) -> None:  # fmt: skip
        options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(classification.sparse_categorical_crossentropy, reduction, name, dtype, **options)

    def _reduced(self, y_true: Any, y_pred: Any, sample_weight: Any, mask: Any) -> Any:
        ignored = self.options["ignore_class"]
        if ignored is not None:
            numbers = classification.class_numbers(y_true, as_tensor(y_pred), self.options["axis"])
            kept = not_equal(numbers, ignored)
            # What is ignored does not count in the mean either.
            mask = kept if mask is None else logical_and(as_tensor(mask, "bool"), kept)
        return super()._reduced(y_true, y_pred, sample_weight, mask)


class CategoricalGeneralizedCrossEntropy(_OfNumbers):
    """`categorical_generalized_cross_entropy` with a reduction."""

    def __init__(
        self, q: float = 0.5, reduction: Any = BATCH, name: str = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:  # fmt: skip
        if not 0 < q < 1:
            raise ValueError(f"q is between 0 and 1, not {q}")
        super().__init__(classification.categorical_generalized_cross_entropy, reduction, name, dtype, q=q)


class CTC(_OfNumbers):
    """`ctc` with a reduction."""

    def __init__(self, reduction: Any = BATCH, name: str = "ctc", dtype: Any = None) -> None:
        super().__init__(sequence.ctc, reduction, name, dtype)


class Dice(FunctionLoss):
    """`dice` with a reduction."""

    def __init__(self, reduction: Any = BATCH, name: str = "dice", axis: Any = None, dtype: Any = None) -> None:
        super().__init__(overlap.dice, reduction, name, dtype, axis=axis)


class Tversky(FunctionLoss):
    """`tversky` with a reduction."""

    def __init__(
        self, alpha: float = 0.5, beta: float = 0.5, reduction: Any = BATCH, name: str = "tversky", axis: Any = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(overlap.tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)


class Circle(_OfNumbers):
    """`circle` with a reduction."""

    def __init__(
        self, gamma: float = 80.0, margin: float = 0.4, remove_diagonal: bool = True, reduction: Any = BATCH,
        name: str = "circle", dtype: Any = None,
    ) -> None:  # fmt: skip
        options = {"gamma": gamma, "margin": margin, "remove_diagonal": remove_diagonal}
        super().__init__(overlap.circle, reduction, name, dtype, **options)
