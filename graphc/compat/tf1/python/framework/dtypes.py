"""``tensorflow.python.framework.dtypes``: the element types of ``tf``."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    return getattr(import_module("graphc.compat.tf1"), name)
