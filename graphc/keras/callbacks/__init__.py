"""Callbacks: what happens between batches and epochs."""

from graphc.keras.callbacks.callback import Callback, CallbackList, History
from graphc.keras.callbacks.control import (
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from graphc.keras.callbacks.files import BackupAndRestore, CSVLogger, ModelCheckpoint, TensorBoard
from graphc.keras.callbacks.progress import ProgbarLogger

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TensorBoard",
    "TerminateOnNaN",
]
