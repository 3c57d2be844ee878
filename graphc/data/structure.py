"""Elements of data sets: nested tuples and dictionaries of arrays, and what is known of their types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.shape import TensorShape
from graphc.graph.variable import Variable, default_array
from graphc.ir.dtypes import DType, as_dtype


class Component(NamedTuple):
    """What is known of one array of every element.

    Attributes
    ----------
    dtype : DType
    shape : tuple of int or None, or None
        None for what differs from element to element.
    """

    dtype: DType
    shape: tuple[int | None, ...] | None


Pack = Callable[[Sequence[Any]], Any]


def flatten(value: Any, listed: bool = False) -> tuple[list[Any], Pack]:
    """Leaves of nested tuples and dictionaries (lists too if `listed`), and what puts others in their places."""
    leaves: list[Any] = []

    def visit(part: Any) -> Pack:
        if isinstance(part, dict):
            inner = {key: visit(part[key]) for key in part}
            return lambda values: {key: pack(values) for key, pack in inner.items()}
        if isinstance(part, tuple) or (listed and isinstance(part, list)):
            items = [visit(p) for p in part]
            kind = type(part) if hasattr(part, "_fields") else None
            if kind is not None:
                return lambda values: kind(*(item(values) for item in items))
            return lambda values: tuple(item(values) for item in items)
        index = len(leaves)
        leaves.append(part)
        return lambda values: values[index]

    return leaves, visit(value)


def as_leaf(value: Any) -> np.ndarray | Tensor:
    """An array or tensor of a leaf.

    Raises
    ------
    GraphError
        If it is neither numbers nor booleans.
    """
    if isinstance(value, Variable):
        return value.value()
    if isinstance(value, Tensor):
        return value
    try:
        return default_array(value)
    except (TypeError, ValueError) as error:
        raise GraphError(f"data must be arrays of numbers: {error}", user_origin()) from None


def component(value: np.ndarray | Tensor) -> Component:
    """What is known of a leaf."""
    if isinstance(value, Tensor):
        dims = value.shape.dims
        known = None if dims is None else tuple(d if isinstance(d, int) else None for d in dims)
        return Component(value.dtype, known)
    return Component(as_dtype(value.dtype), value.shape)


def along(structure: Any, value: Any) -> list[Any]:
    """The leaves of a value that has the nesting of another structure; inside of its leaves lists stay.

    Raises
    ------
    GraphError
        If the nesting differs.
    """
    if isinstance(structure, dict):
        if not isinstance(value, dict) or set(structure) - set(value):
            raise GraphError(f"a dictionary with {sorted(structure)} is needed, not {value!r}", user_origin())
        return [leaf for key in structure for leaf in along(structure[key], value[key])]
    if isinstance(structure, list | tuple):
        if not isinstance(value, list | tuple) or len(value) != len(structure):
            raise GraphError(f"{len(structure)} parts are needed, not {value!r}", user_origin())
        return [leaf for s, v in zip(structure, value, strict=True) for leaf in along(s, v)]
    return [value]


def declared(types: Any, shapes: Any) -> tuple[list[Component], Pack]:
    """Components from a structure of element types and one of shapes (None: nothing is known)."""
    dtypes, pack = flatten(types, listed=True)
    if shapes is None:
        return [Component(as_dtype(t), None) for t in dtypes], pack
    listed = [None if s is None else TensorShape(s) for s in along(types, shapes)]
    sizes = [None if s is None or s.dims is None else tuple(s.as_list()) for s in listed]
    return [Component(as_dtype(t), s) for t, s in zip(dtypes, sizes, strict=True)], pack
