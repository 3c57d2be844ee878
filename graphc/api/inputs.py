"""Placeholders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from graphc.api.convert import as_node
from graphc.api.define import operation
from graphc.graph.errors import GraphError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.shape import Dimension, TensorShape
from graphc.ir.dims import Dim, symbol
from graphc.ir.dtypes import as_dtype
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.assume import collect_assumptions


def placeholder(
    dtype: Any, shape: Sequence[int | None] | int | TensorShape | None = None, name: str | None = None
) -> Tensor:
    """A tensor whose value is fed.

    Parameters
    ----------
    dtype : DType
    shape : sequence of int or None, optional
        None for a size that is known only at run time; no shape at all: not even the rank is known.
    name : str, optional

    Returns
    -------
    Tensor

    Raises
    ------
    GraphError
        If a size is negative, fractional, or not a number.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     gc.placeholder(gc.float32, [None, 784], name="x")
    <graphc.Tensor 'x:0' shape=(?, 784) dtype=float32>
    """
    graph = get_default_graph()
    element = as_dtype(dtype)
    sizes = _sizes(shape)
    full = name or "placeholder"
    node = None
    if sizes is not None:
        dims: list[Dim] = [symbol(graph.fresh_symbol(full)) if s is None else s for s in sizes]
        node = graph.builder.emit("input", index=len(graph.operations), type=TensorType(element, tuple(dims)))
    return graph.add("placeholder", name, (), None, (), {"dtype": element, "shape": sizes}, [(element, node)]).outputs[
        0
    ]


def placeholder_with_default(
    default: Any, shape: Sequence[int | None] | int | TensorShape | None = None, name: str | None = None
) -> Tensor:
    """A tensor that may be fed; where it is not, it is `default`.

    Parameters
    ----------
    default : Tensor or array_like
    shape : sequence of int or None, optional
        What is fed must have this shape; that of `default` if not given.
    name : str, optional

    Raises
    ------
    GraphError
        If `default` does not have the shape.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     rate = gc.placeholder_with_default(0.5, [])
    ...     print(session.run(rate * 2.0), session.run(rate * 2.0, {rate: 3.0}))
    1.0 6.0
    """
    tensor: Tensor = _default_value(default, name=name)
    if shape is None or tensor.node is None:
        return tensor
    sizes = TensorShape(_sizes(shape))
    if not sizes.is_compatible_with(tensor.shape):
        raise GraphError(f"the default has shape {tensor.shape}, which is not {sizes}", user_origin())
    graph = tensor.graph
    dims = tuple(d if isinstance(d, int) else symbol(graph.fresh_symbol(tensor.op.name)) for d in sizes.dims or ())
    tensor.node = graph.builder.emit("reshape", tensor.node, shape=dims)
    collect_assumptions()
    return tensor


@operation("placeholder_with_default")
def _default_value(default: Any) -> Node:
    """The default."""
    return as_node(default)


def _sizes(shape: Any) -> tuple[int | None, ...] | None:
    if isinstance(shape, TensorShape):
        return None if shape.dims is None else tuple(shape.as_list())
    if shape is None:
        return None
    if not isinstance(shape, bool | int | Dimension | Iterable):
        raise GraphError(f"a shape is a sequence of sizes, not {shape!r}", user_origin())
    listed = list(shape) if isinstance(shape, Iterable) else [shape]
    return tuple(_size(s, listed) for s in listed)


def _size(size: Any, shape: list[Any]) -> int | None:
    value = size.value if isinstance(size, Dimension) else size
    if value is None or (isinstance(value, int) and value == -1):
        return None
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise GraphError(f"a size must be an integer or None, not {value!r} in shape {shape}", user_origin())
    number = int(value)
    if not 0 <= number < 2**48:
        raise GraphError(f"a size must lie between 0 and 2**48, not {number} in shape {shape}", user_origin())
    return number
