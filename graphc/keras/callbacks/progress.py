"""The progress of an epoch: a bar on a terminal, a line elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

from graphc.keras.callbacks.callback import Callback

WIDTH = 20
INTERVAL = 0.1


class ProgbarLogger(Callback):
    """Prints the progress as Keras users know it; ``verbose=2`` and files get one line for each epoch."""

    reads_batch_logs = False

    def __init__(self) -> None:
        super().__init__()
        self._start = self._shown = 0.0
        self._in_fit = False
        self._seen = 0

    @property
    def _live(self) -> bool:
        return self.params["verbose"] == 1 and sys.stdout.isatty()

    def on_train_begin(self, logs: Any = None) -> None:
        """Note that evaluations belong to an epoch."""
        self._in_fit = True

    def on_train_end(self, logs: Any = None) -> None:
        """Note that they no longer do."""
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Print the number of the epoch."""
        print(f"Epoch {epoch + 1}/{self.params['epochs']}")
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Print the finished line."""
        self._finish(logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Start a line for an evaluation of its own."""
        if not self._in_fit:
            self._begin()

    def on_test_end(self, logs: Any = None) -> None:
        """Finish that line."""
        if not self._in_fit:
            self._finish(logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        """Start a line."""
        self._begin()

    def on_predict_end(self, logs: Any = None) -> None:
        """Finish it."""
        self._finish({})

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Draw the bar, at most ten times a second."""
        self._advance(batch, True)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Draw the bar of an evaluation of its own."""
        if not self._in_fit:
            self._advance(batch, True)

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Draw the bar."""
        self._advance(batch, False)

    def _begin(self) -> None:
        self._start = self._shown = time.monotonic()
        self._seen = 0

    def _advance(self, batch: int, measured: bool) -> None:
        self._seen = batch + 1
        now = time.monotonic()
        if now - self._shown < INTERVAL or not self._live:
            return
        self._shown = now
        logs = self.model.get_metrics_result() if measured else {}
        print("\r\x1b[K" + self._line(logs, False), end="", flush=True)

    def _finish(self, logs: Any) -> None:
        print(("\r\x1b[K" if self._live else "") + self._line(logs or {}, True), flush=True)

    def _line(self, logs: Any, done: bool) -> str:
        steps, seen = self.params["steps"], self._seen
        passed = time.monotonic() - self._start
        share = 1.0 if done or not steps else seen / steps
        count = f"{seen}/{steps or (seen if done else 'unknown')}"
        if self.params["verbose"] == 2:
            parts = [f"{count} - {_seconds(passed)} - {_each(passed, seen)}"]
        else:
            filled = round(WIDTH * share)
            bar = "━" * filled + " " * (WIDTH - filled)
            rest = passed / max(seen, 1) * ((steps or seen) - seen)
            parts = [f"{count} {bar} {_seconds(passed if done else rest)} {_each(passed, seen)}"]
        parts += [f"{n}: {_number(v)}" for n, v in sorted(logs.items(), key=lambda i: i[0].startswith("val_"))]
        return " - ".join(parts)


def _seconds(value: float) -> str:
    if value < 60:
        return f"{value:.0f}s"
    return f"{int(value // 60)}:{int(value % 60):02d}"


def _each(passed: float, count: int) -> str:
    one = passed / max(count, 1)
    return f"{one:.0f}s/step" if one >= 1 else f"{one * 1e3:.0f}ms/step" if one >= 1e-3 else f"{one * 1e6:.0f}us/step"


def _number(value: Any) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return f"{number:.4f}" if number == 0 or abs(number) > 1e-3 else f"{number:.4e}"
