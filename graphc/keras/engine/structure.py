"""Nested lists, tuples and dictionaries of arguments: what is in them, and the same with other leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def leaves(value: Any) -> Iterator[Any]:
    """All that is neither a list, tuple nor dictionary, in order."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    else:
        yield value


def mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """The structure with the function's results in the place of its leaves.

    Examples
    --------
    >>> mapped(lambda v: v + 1, {"a": [1, 2], "b": (3,)})
    {'a': [2, 3], 'b': (4,)}
    """
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(function, v) for v in value))
    if isinstance(value, list | tuple):
        return type(value)([mapped(function, v) for v in value])
    if isinstance(value, dict):
        return {k: mapped(function, v) for k, v in value.items()}
    return function(value)


def first_leaf(value: Any) -> Any:
    """The first leaf, or None if there is none."""
    return next(leaves(value), None)
