"""Checkpoints: values of variables in files."""

from graphc.checkpoint.safetensors import CheckpointFileError
from graphc.checkpoint.saver import RestoreError, Saver, list_variables, read_checkpoint
from graphc.checkpoint.state import (
    CheckpointState,
    checkpoint_exists,
    get_checkpoint_state,
    latest_checkpoint,
    update_checkpoint_state,
)

__all__ = [
    "CheckpointFileError",
    "CheckpointState",
    "RestoreError",
    "Saver",
    "checkpoint_exists",
    "get_checkpoint_state",
    "latest_checkpoint",
    "list_variables",
    "read_checkpoint",
    "update_checkpoint_state",
]
