"""Checkpoints: values of variables, and graphs, in files."""

from graphc.checkpoint.graphs import export_meta_graph
from graphc.checkpoint.safetensors import CheckpointFileError
from graphc.checkpoint.saver import RestoreError, Saver, import_meta_graph, list_variables, read_checkpoint
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
    "export_meta_graph",
    "get_checkpoint_state",
    "import_meta_graph",
    "latest_checkpoint",
    "list_variables",
    "read_checkpoint",
    "update_checkpoint_state",
]
