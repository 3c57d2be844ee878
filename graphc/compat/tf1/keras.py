"""``tf.keras``: `graphc.keras`, under TensorFlow's name."""

from __future__ import annotations

from typing import Any

from graphc import keras as _keras


def __getattr__(name: str) -> Any:
    return getattr(_keras, name)


def __dir__() -> list[str]:
    return dir(_keras)
