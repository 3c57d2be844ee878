"""``tensorflow.python.framework``: every module of it has the names of ``tf``."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return import_module("graphc.compat.tf1.python.framework.ops")
