"""Operators and functions on recorded inputs: layers without weights."""

from __future__ import annotations

from typing import Any

from graphc.graph.operators import FUNCTIONS
from graphc.keras.eager import as_tensor
from graphc.keras.engine.layer import Layer


class Operation(Layer):
    """A Python operator, as in ``x + y``.

    Parameters
    ----------
    operator : str
        Its name without underscores: ``"add"``, ``"truediv"``...
    swapped : bool
        Whether the first argument of the call is the right operand.
    """

    autocast = False

    def __init__(self, operator: str, swapped: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.operator, self.swapped = operator, swapped

    def call(self, x: Any, *others: Any) -> Any:
        """The operator's result."""
        operands = [x, *others][:: -1 if self.swapped else 1]
        return FUNCTIONS[self.operator](*operands)


class GetItem(Layer):
    """An index or slice, as in ``x[:, 0]``.

    Parameters
    ----------
    key : index, slice, or tuple of them
    """

    autocast = False

    def __init__(self, key: Any, **options: Any) -> None:
        super().__init__(**options)
        self.key = _read(key)

    def call(self, x: Any) -> Any:
        """The part."""
        return as_tensor(x)[self.key]

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal layer is made."""
        return super().get_config() | {"key": _written(self.key)}


def _written(key: Any) -> Any:
    if isinstance(key, tuple):
        return [_written(k) for k in key]
    if isinstance(key, slice):
        return {"slice": [key.start, key.stop, key.step]}
    return "..." if key is Ellipsis else key


def _read(key: Any) -> Any:
    if isinstance(key, list):
        return tuple(_read(k) for k in key)
    if isinstance(key, dict):
        return slice(*key["slice"])
    return Ellipsis if key == "..." else key


class Function(Layer):
    """A function of `keras.ops`.

    Parameters
    ----------
    function : str
        Its name there.
    """

    autocast = False

    def __init__(self, function: str, **options: Any) -> None:
        super().__init__(**options)
        self.function = function

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The function's result."""
        from graphc.keras.ops import TABLE

        return TABLE[self.function](*args, **kwargs)
