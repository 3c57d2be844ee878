"""Callbacks, called in order by `fit`, and those that come with the package."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphc import keras
from graphc.keras import callbacks, layers

X = np.random.RandomState(0).randn(40, 3).astype(np.float32)
Y = X[:, :1] * 2.0


def model(rate: float = 0.05) -> Any:
    made = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    made.compile(keras.optimizers.SGD(rate), "mse")
    return made


class Scripted(callbacks.Callback):
    """Puts given values into the logs."""

    def __init__(self, values: list[float]) -> None:
        super().__init__()
        self.values = values

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["val_loss"] = self.values[epoch]


def test_methods_are_called_in_order() -> None:
    seen: list[str] = []

    class Noting(callbacks.Callback):
        def __getattribute__(self, name: str) -> Any:
            if name.startswith("on_") and "test" not in name and name not in ("on_batch_begin", "on_batch_end"):
                seen.append(name)
            return super().__getattribute__(name)

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            assert logs["loss"] > 0

    model().fit(X, Y, batch_size=20, epochs=1, verbose=0, callbacks=[Noting()])
    assert seen == ["on_train_begin", "on_epoch_begin", "on_train_batch_end", "on_train_batch_end", "on_epoch_end",
                    "on_train_end"]  # fmt: skip


def test_early_stopping_restores_the_best_weights() -> None:
    stop = callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    kept: list[Any] = []
    made = model()
    note = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: kept.append(made.get_weights()))
    history = made.fit(X, Y, epochs=9, verbose=0, callbacks=[Scripted([3, 1, 2, 2, 0, 0, 0, 0, 0]), note, stop])
    assert history.epoch == [0, 1, 2, 3]
    assert (stop.stopped_epoch, stop.best_epoch) == (3, 1)
    for own, best in zip(made.get_weights(), kept[1], strict=True):
        np.testing.assert_array_equal(own, best)


def test_learning_rates_follow_a_schedule_and_a_plateau() -> None:
    made = model()
    history = made.fit(X, Y, epochs=3, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda e: 0.1 / (e + 1))])
    np.testing.assert_allclose(history.history["learning_rate"], [0.1, 0.05, 0.1 / 3], rtol=1e-6)
    made = model(0.08)
    plateau = callbacks.ReduceLROnPlateau(factor=0.5, patience=2)
    made.fit(X, Y, epochs=5, verbose=0, callbacks=[Scripted([1, 1, 1, 1, 1]), plateau])
    assert float(made.optimizer.learning_rate) == pytest.approx(0.02)


def test_training_ends_when_the_loss_is_no_number() -> None:
    with np.errstate(all="ignore"):
        history = model(1e30).fit(X, Y, batch_size=4, epochs=5, verbose=0, callbacks=[callbacks.TerminateOnNaN()])
    assert len(history.epoch) == 1


def test_checkpoints_keep_the_best_model(tmp_path: Path) -> None:
    made = model()
    keep = callbacks.ModelCheckpoint(tmp_path / "m-{epoch}.keras", save_best_only=True)
    made.fit(X, Y, epochs=4, verbose=0, callbacks=[Scripted([3, 2, 2, 1]), keep])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m-1.keras", "m-2.keras", "m-4.keras"]
    other = keras.models.load_model(tmp_path / "m-4.keras")
    np.testing.assert_array_equal(other.get_weights()[0], made.get_weights()[0])


def test_csv_and_tensorboard_files(tmp_path: Path) -> None:
    listed = [callbacks.CSVLogger(tmp_path / "t.csv"), callbacks.TensorBoard(tmp_path / "logs", histogram_freq=1)]
    history = model().fit(X, Y, epochs=2, validation_split=0.2, verbose=0, callbacks=listed)
    with open(tmp_path / "t.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(r["val_loss"]) for r in rows] == pytest.approx(history.history["val_loss"])
    assert {p.parent.name for p in (tmp_path / "logs").rglob("*tfevents*")} == {"train", "validation"}


def test_interrupted_training_goes_on(tmp_path: Path) -> None:
    class Interrupt(callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                raise KeyboardInterrupt

    made = model()
    start = made.get_weights()
    with pytest.raises(KeyboardInterrupt):
        made.fit(X, Y, epochs=4, shuffle=False, verbose=0,
                 callbacks=[callbacks.BackupAndRestore(tmp_path), Interrupt()])  # fmt: skip
    resumed, whole = model(), model()
    assert resumed.fit(X, Y, epochs=4, shuffle=False, verbose=0,
                       callbacks=[callbacks.BackupAndRestore(tmp_path)]).epoch == [2, 3]  # fmt: skip
    whole.set_weights(start)
    whole.fit(X, Y, epochs=4, shuffle=False, verbose=0)
    np.testing.assert_array_equal(resumed.get_weights()[0], whole.get_weights()[0])
    assert not list(tmp_path.iterdir())


def test_progress_is_plain_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    model().fit(X, Y, batch_size=20, epochs=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0::2] == ["Epoch 1/2", "Epoch 2/2"]
    assert all(line.startswith("2/2 ━") and "loss: " in line for line in lines[1::2])
