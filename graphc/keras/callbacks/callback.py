"""What callbacks are, and the list of them that `fit` calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

TIMES = ("train", "test", "predict")


class Callback:
    """Methods called while a model trains, is evaluated, or predicts; to be overridden.

    Attributes
    ----------
    model : Model
        Setting its `stop_training` to True ends `fit` after the current batch.
    params : dict
        ``verbose``, ``epochs`` and ``steps``.
    """

    reads_batch_logs = True

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_model(self, model: Any) -> None:
        """Note the model, before anything else is called."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Note the parameters of the call."""
        self.params = params

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch; `logs` has losses and metrics, those of validation with ``val_``."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Any = None) -> None:
        """After the last epoch."""

    def on_test_begin(self, logs: Any = None) -> None:
        """Before an evaluation, also one within `fit`."""

    def on_test_end(self, logs: Any = None) -> None:
        """After an evaluation."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Any = None) -> None:
        """After a prediction."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of training, by the old name."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of training, by the old name."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of training."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of training; `logs` has losses and metrics of the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of an evaluation."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of a prediction."""


class History(Callback):
    """Losses and metrics of each epoch; `fit` returns one.

    Attributes
    ----------
    epoch : list of int
    history : dict of str to list of float
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


def _overrides(callback: Any, name: str) -> bool:
    """Whether a callback does something at a time: the others are not called, which is most of a short step's cost."""
    if getattr(type(callback), name, None) is not getattr(Callback, name):
        return True
    old = name.replace("train_", "")
    return "train_batch" in name and getattr(type(callback), old) is not getattr(Callback, old)


class CallbackList:
    """Calls the callbacks of a call of `fit`, `evaluate` or `predict`.

    Parameters
    ----------
    callbacks : Callback, list of Callback, CallbackList or None
    model : Model
    verbose : int or "auto"
    epochs : int
    steps : int or None
    training : bool
        Whether there is a `History`.
    """

    def __init__(
        self, callbacks: Any, model: Any, verbose: Any = 0, epochs: int = 1, steps: int | None = None,
        training: bool = True,
    ) -> None:  # fmt: skip
        from graphc.keras.callbacks.progress import ProgbarLogger

        given = callbacks if isinstance(callbacks, list | tuple) else [] if callbacks is None else [callbacks]
        self.callbacks: list[Any] = list(given)
        level = 1 if verbose == "auto" else int(verbose)
        # After those given: they may add to the logs.
        self.history: Any = next((c for c in self.callbacks if isinstance(c, History)), None)
        if training and self.history is None:
            self.history = History()
            self.callbacks.append(self.history)
        if level and not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        self.model = model
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params({"verbose": level, "epochs": epochs, "steps": steps})
        self._batch_calls = {
            f"on_{t}_batch_{e}": [c for c in self.callbacks if _overrides(c, f"on_{t}_batch_{e}")]
            for t in TIMES for e in ("begin", "end")
        }  # fmt: skip

    def _each(self, name: str, *args: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, name)(*args)

    def _batch(self, name: str, number: int, measured: bool) -> None:
        for callback in self._batch_calls[name]:
            logs = self.model.get_metrics_result() if measured and callback.reads_batch_logs else {}
            getattr(callback, name)(number, logs)

    def on_train_batch_begin(self, number: int) -> None:
        """Before a batch of training."""
        self._batch("on_train_batch_begin", number, False)

    def on_train_batch_end(self, number: int) -> None:
        """After a batch of training."""
        self._batch("on_train_batch_end", number, True)

    def on_test_batch_begin(self, number: int) -> None:
        """Before a batch of an evaluation."""
        self._batch("on_test_batch_begin", number, False)

    def on_test_batch_end(self, number: int) -> None:
        """After a batch of an evaluation."""
        self._batch("on_test_batch_end", number, True)

    def on_predict_batch_begin(self, number: int) -> None:
        """Before a batch of a prediction."""
        self._batch("on_predict_batch_begin", number, False)

    def on_predict_batch_end(self, number: int) -> None:
        """After a batch of a prediction."""
        self._batch("on_predict_batch_end", number, False)

    def on_epoch_begin(self, epoch: int) -> None:
        """Before an epoch."""
        self._each("on_epoch_begin", epoch, {})

    def on_epoch_end(self, epoch: int, logs: Any) -> None:
        """After an epoch."""
        self._each("on_epoch_end", epoch, logs)

    def on_train_begin(self) -> None:
        """Before the first epoch."""
        self._each("on_train_begin", {})

    def on_train_end(self, logs: Any) -> None:
        """After the last epoch."""
        self._each("on_train_end", logs)

    def on_test_begin(self) -> None:
        """Before an evaluation."""
        self._each("on_test_begin", {})

    def on_test_end(self, logs: Any) -> None:
        """After an evaluation."""
        self._each("on_test_end", logs)

    def on_predict_begin(self) -> None:
        """Before a prediction."""
        self._each("on_predict_begin", {})

    def on_predict_end(self) -> None:
        """After a prediction."""
        self._each("on_predict_end", {})


def better(mode: str, monitor: str) -> Any:
    """A function that says whether a value is better than another.

    Parameters
    ----------
    mode : str
        ``"min"``, ``"max"`` or ``"auto"``, which goes by the name.
    monitor : str

    Raises
    ------
    ValueError
        If there is no such mode.
    """
    if mode not in ("auto", "min", "max"):
        raise ValueError(f"mode is 'min', 'max' or 'auto', not {mode!r}")
    rising: Sequence[str] = ("acc", "auc", "precision", "recall", "f1", "iou", "r2", "top_k", "cosine")
    up = mode == "max" or (mode == "auto" and any(p in monitor.lower() for p in rising))
    return (lambda new, best: new > best) if up else (lambda new, best: new < best)
