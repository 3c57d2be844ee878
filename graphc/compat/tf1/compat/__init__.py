"""``tf.compat``: text helpers, and the first version's names under ``v1``."""

from __future__ import annotations

from typing import Any


def as_bytes(value: Any, encoding: str = "utf-8") -> bytes:
    """Text as bytes."""
    return value if isinstance(value, bytes) else str(value).encode(encoding)


def as_text(value: Any, encoding: str = "utf-8") -> str:
    """Bytes as text."""
    return value.decode(encoding) if isinstance(value, bytes) else str(value)


as_str = as_str_any = as_text


def __getattr__(name: str) -> Any:
    if name == "v1":
        from importlib import import_module

        return import_module("graphc.compat.tf1.compat.v1")
    raise AttributeError(f"graphc.compat.tf1 has no tf.compat.{name}")
