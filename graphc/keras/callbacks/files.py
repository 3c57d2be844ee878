"""Callbacks that write files: models, tables, summaries, and where training was."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any, TextIO

from graphc.keras.callbacks.callback import Callback
from graphc.keras.callbacks.control import _Watching


class ModelCheckpoint(_Watching):
    """Saves the model after epochs, or after a number of batches.

    Parameters
    ----------
    filepath : str or path-like
        May name ``{epoch}`` and entries of the logs, as in ``"m-{epoch:02d}-{val_loss:.2f}.keras"``.
    monitor : str
    verbose : int
    save_best_only : bool
        Only when the value is better than before.
    save_weights_only : bool
    mode : str
    save_freq : "epoch" or int
        A number of batches.
    initial_value_threshold : float, optional
        The value to be better than at first.
    """

    def __init__(
        self, filepath: Any, monitor: str = "val_loss", verbose: int = 0, save_best_only: bool = False,
        save_weights_only: bool = False, mode: str = "auto", save_freq: Any = "epoch",
        initial_value_threshold: float | None = None, **old: Any,
    ) -> None:  # fmt: skip
        super().__init__(monitor, mode)
        self.filepath, self.verbose = os.fspath(filepath), verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        if save_freq != "epoch" and not isinstance(save_freq, int):
            raise ValueError(f"save_freq is 'epoch' or a number of batches, not {save_freq!r}")
        self.save_freq = save_freq
        self.best = self._worst if initial_value_threshold is None else initial_value_threshold
        self._epoch = self._batches = 0
        self.reads_batch_logs = save_freq != "epoch"

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Save after a number of batches."""
        self._batches += 1
        if self.save_freq != "epoch" and self._batches % self.save_freq == 0:
            self._save(self._epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save after an epoch."""
        if self.save_freq == "epoch":
            self._save(epoch, logs)

    def _save(self, epoch: int, logs: Any) -> None:
        if self.save_best_only:
            value = self._value(logs)
            if value is None or not self._better(value, self.best):
                return
            self.best = value
        path = self.filepath.format(epoch=epoch + 1, **(logs or {}))
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: saving model to {path}")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)


class CSVLogger(Callback):
    """Writes a line of a table for each epoch.

    Parameters
    ----------
    filename : str or path-like
    separator : str
    append : bool
        Whether an existing file goes on.
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename, self.separator, self.append = os.fspath(filename), separator, append
        self._file: TextIO | None = None
        self._writer: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Open the file."""
        started = self.append and Path(self.filename).exists() and Path(self.filename).stat().st_size > 0
        self._file = open(self.filename, "a" if self.append else "w", newline="", encoding="utf-8")  # noqa: SIM115
        self._writer, self._headless = None, started

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the line."""
        logs = logs or {}
        if self._file is None:
            return
        if self._writer is None:
            names = ["epoch", *sorted(logs)]
            self._writer = csv.DictWriter(self._file, names, delimiter=self.separator, extrasaction="ignore")
            if not self._headless:
                self._writer.writeheader()
        self._writer.writerow({"epoch": epoch, **logs})
        self._file.flush()

    def on_train_end(self, logs: Any = None) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


class TensorBoard(Callback):
    """Writes losses, metrics and, if asked, distributions of weights for TensorBoard.

    Parameters
    ----------
    log_dir : str or path-like
        Training goes to ``train`` in it, validation to ``validation``.
    histogram_freq : int
        After how many epochs distributions are written; 0: never.
    write_graph : bool
        Accepted as in Keras; `gc.viz.export` writes graphs.
    update_freq : object
        Accepted as in Keras: values are written for each epoch.
    """

    def __init__(
        self, log_dir: Any = "logs", histogram_freq: int = 0, write_graph: bool = True, write_images: bool = False,
        update_freq: Any = "epoch", **old: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        self.log_dir, self.histogram_freq = Path(os.fspath(log_dir)), histogram_freq
        self._writers: dict[str, Any] = {}

    def _writer(self, kind: str) -> Any:
        from graphc.summary import FileWriter

        if kind not in self._writers:
            self._writers[kind] = FileWriter(str(self.log_dir / kind))
        return self._writers[kind]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the logs."""
        from graphc.summary.message import Summary, SummaryValue, histogram_field

        for name, value in (logs or {}).items():
            kind = "validation" if name.startswith("val_") else "train"
            tag = f"epoch_{name.removeprefix('val_')}"
            self._writer(kind).add_summary(Summary([SummaryValue(tag, float(value))]), epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            for variable in self.model.weights:
                field = histogram_field(variable.numpy())
                self._writer("train").add_summary(Summary([SummaryValue(variable.op.name, field=field)]), epoch)
        for writer in self._writers.values():
            writer.flush()

    def on_train_end(self, logs: Any = None) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}


class BackupAndRestore(Callback):
    """Saves where training is, and goes on from there when it was interrupted.

    Parameters
    ----------
    backup_dir : str or path-like
    save_freq : "epoch" or int
        A number of batches.
    delete_checkpoint : bool
        Whether the files go when training has ended.
    """

    reads_batch_logs = False

    def __init__(self, backup_dir: Any, save_freq: Any = "epoch", delete_checkpoint: bool = True, **old: Any) -> None:
        super().__init__()
        self.backup_dir, self.save_freq, self.delete_checkpoint = Path(backup_dir), save_freq, delete_checkpoint
        self._epoch = self._batches = 0

    @property
    def _paths(self) -> tuple[Path, Path]:
        return self.backup_dir / "latest.keras", self.backup_dir / "training.json"

    def on_train_begin(self, logs: Any = None) -> None:
        """Take up what was saved."""
        model, place = self._paths
        if model.exists() and place.exists():
            from graphc.keras.engine.saving import restore_state

            restore_state(self.model, model)
            self.model.resume_from = int(json.loads(place.read_text())["epoch"])

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Save after a number of batches."""
        self._batches += 1
        if self.save_freq != "epoch" and self._batches % self.save_freq == 0:
            self._save(self._epoch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save after an epoch."""
        self._save(epoch + 1)

    def _save(self, epoch: int) -> None:
        from graphc.session.export import write_file

        self.backup_dir.mkdir(parents=True, exist_ok=True)
        model, place = self._paths
        self.model.save(model)
        write_file(json.dumps({"epoch": epoch}).encode(), place)

    def on_train_end(self, logs: Any = None) -> None:
        """Take the files away."""
        if self.delete_checkpoint:
            for path in self._paths:
                path.unlink(missing_ok=True)
