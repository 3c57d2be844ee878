"""Structures of tensors that go into and out of bodies: lists, tuples, named tuples, dictionaries, tensor arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Rebuild = Callable[[Sequence[Any]], Any]


def flatten(structure: Any) -> tuple[list[Any], Rebuild]:
    """The leaves of a structure, and the function that puts others in their places.

    Objects with a method ``flow_parts() -> (leaves, rebuild)`` are structures too.

    Examples
    --------
    >>> leaves, rebuild = flatten({"a": 1, "b": [2, (3,)]})
    >>> leaves, rebuild([x * 10 for x in leaves])
    ([1, 2, 3], {'a': 10, 'b': [20, (30,)]})
    """
    leaves: list[Any] = []
    rebuild = _visit(structure, leaves)
    return leaves, rebuild


def _visit(structure: Any, leaves: list[Any]) -> Rebuild:
    if hasattr(structure, "flow_parts"):
        inner, make = structure.flow_parts()
        start = len(leaves)
        leaves.extend(inner)
        stop = len(leaves)
        return lambda values: make(values[start:stop])
    if isinstance(structure, dict):
        parts = {key: _visit(value, leaves) for key, value in structure.items()}
        return lambda values: {key: part(values) for key, part in parts.items()}
    if isinstance(structure, list | tuple):
        items = [_visit(value, leaves) for value in structure]
        if hasattr(structure, "_fields"):
            return lambda values: type(structure)(*(item(values) for item in items))
        return lambda values: type(structure)(item(values) for item in items)
    index = len(leaves)
    leaves.append(structure)
    return lambda values: values[index]


def shape_of(structure: Any) -> Any:
    """The structure without its leaves, comparable: lists and tuples count as equal."""
    if hasattr(structure, "flow_parts"):
        return type(structure).__name__
    if isinstance(structure, dict):
        return {key: shape_of(value) for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        return [shape_of(value) for value in structure]
    return None
