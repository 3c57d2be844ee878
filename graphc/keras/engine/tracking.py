"""Layers that are attributes of a layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphc.keras.engine.layer import Layer

# Attributes of the machinery that lead to layers which are not parts.
PRIVATE = ("_nodes", "_arguments", "_trainer", "callbacks")


def sublayers(layer: Any) -> list[Layer]:
    """Layers that a layer holds: as attributes, or in lists, tuples and dictionaries that are, in order."""
    found = [v for name, value in vars(layer).items() if name not in PRIVATE for v in _layers_in(value)]
    return [v for v in dict.fromkeys(found) if v is not layer]


def _layers_in(value: Any) -> Iterator[Layer]:
    from graphc.keras.engine.layer import Layer

    if isinstance(value, Layer):
        yield value
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from _layers_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _layers_in(item)
    elif hasattr(value, "tracked_layers"):
        yield from value.tracked_layers()
