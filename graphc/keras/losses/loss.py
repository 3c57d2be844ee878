"""What a loss object is: a function of labels and predictions, with a reduction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphc.keras.eager import as_floats, as_tensor, computed, is_symbolic
from graphc.keras.lookup import Configured, plain, snake_case, to_write
from graphc.keras.losses.reduce import check_reduction, reduced


class Loss(Configured):
    """A loss with a reduction.

    A loss of your own has ``call(y_true, y_pred)``, which returns one value for each sample.

    Parameters
    ----------
    name : str, optional
    reduction : str or None
        ``"sum_over_batch_size"``, ``"sum"``, ``"mean"``, ``"mean_with_sample_weight"``, or ``"none"``.
    dtype : DType, optional
        Element type in which it is computed.

    Examples
    --------
    >>> class Distance(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return abs(y_true - y_pred)
    >>> Distance(reduction="sum")([1.0, 2.0], [1.5, 1.0])
    np.float32(1.5)
    """

    def __init__(self, name: str | None = None, reduction: Any = "sum_over_batch_size", dtype: Any = None) -> None:
        self.name = name or snake_case(type(self).__name__)
        self.reduction = check_reduction(reduction)
        self.dtype = dtype or "float32"

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value for each sample."""
        raise to_write(self, "call(y_true, y_pred)")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """The loss.

        Parameters
        ----------
        y_true, y_pred : Tensor or array
        sample_weight : Tensor or array, optional
            One for each sample, or for each sample and step.
        mask : Tensor or array, optional
            False where a value does not count.

        Returns
        -------
        Tensor, or array if only arrays are given
        """
        if not is_symbolic(y_true, y_pred, sample_weight, mask):
            return computed(self._reduced, y_true, y_pred, sample_weight, mask)
        return self._reduced(y_true, y_pred, sample_weight, mask)

    def _reduced(self, y_true: Any, y_pred: Any, sample_weight: Any, mask: Any) -> Any:
        values = self.call(self._labels(y_true), as_tensor(as_floats(y_pred), self.dtype))
        weights = None if sample_weight is None else as_tensor(sample_weight, self.dtype)
        return reduced(as_tensor(values, self.dtype), weights, self.reduction, mask)

    def _labels(self, y_true: Any) -> Any:
        """Labels as `call` gets them: in the loss's element type, but numbers of classes stay integers."""
        return as_tensor(y_true, self.dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal loss is made."""
        return {"name": self.name, "reduction": self.reduction}


class FunctionLoss(Loss):
    """A loss made of a function of labels and predictions.

    Parameters
    ----------
    fn : callable
        ``fn(y_true, y_pred, **options)`` gives one value for each sample.
    reduction : str or None
    name : str, optional
    dtype : DType, optional
    **options
        Passed to the function.
    """

    def __init__(
        self, fn: Callable[..., Any], reduction: Any = "sum_over_batch_size", name: str | None = None,
        dtype: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn, self.options = fn, options

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One value for each sample."""
        return self.fn(y_true, y_pred, **self.options)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal loss is made; the function itself has no configuration."""
        return super().get_config() | {k: plain(v) for k, v in self.options.items()}


LossFunctionWrapper = FunctionLoss
