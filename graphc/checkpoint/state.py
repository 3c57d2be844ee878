"""The file ``checkpoint`` of a directory: which checkpoints there are, and which is the latest."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graphc.checkpoint.safetensors import write_whole

SUFFIX = ".safetensors"
_LINE = re.compile(r'\s*(\w+)\s*:\s*("(?:[^"\\]|\\.)*")\s*')


@dataclass
class CheckpointState:
    """What a directory's file ``checkpoint`` says.

    Attributes
    ----------
    model_checkpoint_path : str
        The latest one, without suffix.
    all_model_checkpoint_paths : list of str
        Oldest first.
    """

    model_checkpoint_path: str = ""
    all_model_checkpoint_paths: list[str] = field(default_factory=list)


def update_checkpoint_state(directory: str, latest: str, paths: Sequence[str], name: str | None = None) -> None:
    """Write the file; checkpoints in the same directory are written by their names alone, so that it can be moved."""
    entries = [("model_checkpoint_path", latest), *(("all_model_checkpoint_paths", p) for p in paths)]
    text = "".join(f"{key}: {json.dumps(_relative(directory, path))}\n" for key, path in entries)
    write_whole(Path(directory) / (name or "checkpoint"), text.encode())


def _relative(directory: str, path: str) -> str:
    same = os.path.abspath(os.path.dirname(path) or ".") == os.path.abspath(directory or ".")
    return os.path.basename(path) if same else os.path.abspath(path)


def get_checkpoint_state(checkpoint_dir: str | os.PathLike[str], latest_filename: str | None = None) -> (
    CheckpointState | None
):  # fmt: skip
    """What the file ``checkpoint`` of a directory says; None if there is none.

    Parameters
    ----------
    checkpoint_dir : path-like
    latest_filename : str, optional
        Another name of the file.
    """
    directory = os.fspath(checkpoint_dir)
    try:
        text = (Path(directory) / (latest_filename or "checkpoint")).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    state = CheckpointState()
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        path = os.path.join(directory, json.loads(found[2]))
        if found[1] == "model_checkpoint_path":
            state.model_checkpoint_path = path
        elif found[1] == "all_model_checkpoint_paths":
            state.all_model_checkpoint_paths.append(path)
    return state if state.model_checkpoint_path else None


def latest_checkpoint(checkpoint_dir: str | os.PathLike[str], latest_filename: str | None = None) -> str | None:
    """The path of the latest checkpoint of a directory, as `Saver.restore` takes it; None if there is none.

    Parameters
    ----------
    checkpoint_dir : path-like
    latest_filename : str, optional
    """
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None or not checkpoint_exists(state.model_checkpoint_path):
        return None
    return state.model_checkpoint_path


def checkpoint_exists(path: str | os.PathLike[str]) -> bool:
    """Whether there is a checkpoint of this path (without suffix)."""
    return os.path.exists(os.fspath(path) + SUFFIX)
