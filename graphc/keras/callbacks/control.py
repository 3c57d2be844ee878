"""Callbacks that steer training: when it ends, and how fast it learns."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from graphc.keras.callbacks.callback import Callback, better


class _Watching(Callback):
    """Looks at one entry of the logs after each epoch."""

    def __init__(self, monitor: str, mode: str) -> None:
        super().__init__()
        self.monitor, self.mode = monitor, mode
        self._better: Callable[[float, float], bool] = better(mode, monitor)
        self._worst = -math.inf if self._better(1.0, 0.0) else math.inf

    def _value(self, logs: Any) -> float | None:
        found = (logs or {}).get(self.monitor)
        if found is None:
            warnings.warn(
                f"{type(self).__name__} watches {self.monitor!r}, which is not among the logs: "
                f"{', '.join(logs or {}) or 'there are none'}",
                stacklevel=3,
            )
        return None if found is None else float(found)


class EarlyStopping(_Watching):
    """Ends training when a value no longer gets better.

    Parameters
    ----------
    monitor : str
    min_delta : float
        The least change that counts.
    patience : int
        How many epochs without such a change there may be.
    verbose : int
    mode : str
        ``"min"``, ``"max"`` or ``"auto"``.
    baseline : float, optional
        A value that has to be reached before.
    restore_best_weights : bool
        Whether the model ends with the weights of its best epoch.
    start_from_epoch : int

    Attributes
    ----------
    stopped_epoch : int
        0 if training was not ended.
    best_epoch : int
    """

    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0.0, patience: int = 0, verbose: int = 0,
        mode: str = "auto", baseline: float | None = None, restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(monitor, mode)
        self.min_delta, self.patience, self.verbose = abs(min_delta), patience, verbose
        self.baseline, self.restore_best_weights = baseline, restore_best_weights
        self.start_from_epoch = start_from_epoch

    def on_train_begin(self, logs: Any = None) -> None:
        """Start anew."""
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best, self.best_weights = self._worst, None

    def _improved(self, value: float, reference: float) -> bool:
        margin = self.min_delta if self._better(1.0, 0.0) else -self.min_delta
        return self._better(value - margin, reference)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compare with the best epoch."""
        value = self._value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self._improved(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._improved(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        """Restore the best weights."""
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch.

    Parameters
    ----------
    schedule : callable
        Of the epoch, from 0, and the present rate.
    verbose : int
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set the rate."""
        rate = float(self.model.optimizer.learning_rate)
        try:
            found = self.schedule(epoch, rate)
        except TypeError:  # the form of old scripts
            found = self.schedule(epoch)
        if not isinstance(found, float | np.floating | int):
            raise ValueError(f"the schedule of LearningRateScheduler gives a number, not {found!r}")
        self.model.optimizer.learning_rate = float(found)
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(found)}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Put the rate into the logs."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class ReduceLROnPlateau(_Watching):
    """Makes the learning rate smaller when a value no longer gets better.

    Parameters
    ----------
    monitor : str
    factor : float
        What the rate is multiplied by, below 1.
    patience : int
    verbose : int
    mode : str
    min_delta : float
    cooldown : int
        How many epochs pass after a change before the next is counted.
    min_lr : float
    """

    def __init__(
        self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0,
        mode: str = "auto", min_delta: float = 1e-4, cooldown: int = 0, min_lr: float = 0.0, **old: Any,
    ) -> None:  # fmt: skip
        super().__init__(monitor, mode)
        if factor >= 1.0:
            raise ValueError(f"factor is below 1, so that the rate gets smaller, not {factor}")
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.min_delta, self.cooldown, self.min_lr = old.pop("epsilon", min_delta), cooldown, min_lr

    def on_train_begin(self, logs: Any = None) -> None:
        """Start anew."""
        self.best, self.wait, self.cooldown_counter = self._worst, 0, 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Compare with the best epoch."""
        value = self._value(logs)
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        margin = self.min_delta if self._better(1.0, 0.0) else -self.min_delta
        if self._better(value - margin, self.best):
            self.best, self.wait = value, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        old = float(np.float32(float(self.model.optimizer.learning_rate)))
        if old <= np.float32(self.min_lr):
            return
        new = max(old * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = new
        self.cooldown_counter, self.wait = self.cooldown, 0
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.")


class TerminateOnNaN(Callback):
    """Ends training when the loss is no longer a finite number."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            print(f"\nBatch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True


class LambdaCallback(Callback):
    """Functions as a callback.

    Parameters
    ----------
    **functions : callable
        By the name of the method that each stands for, such as ``on_epoch_end=lambda epoch, logs: ...``.

    Raises
    ------
    TypeError
        If there is no method of a name.
    """

    def __new__(cls, **functions: Any) -> LambdaCallback:
        unknown = [n for n in functions if not hasattr(Callback, n)]
        if unknown:
            raise TypeError(f"callbacks have no method {', '.join(unknown)}")
        methods = {n: staticmethod(f) for n, f in functions.items() if f is not None}
        return object.__new__(type(cls.__name__, (cls,), methods))

    def __init__(self, **functions: Any) -> None:
        super().__init__()
