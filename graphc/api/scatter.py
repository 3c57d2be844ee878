"""Writes of parts of a variable, and counters: each reads, modifies and writes, in the order they were made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphc.api.convert import as_node, builder
from graphc.api.shaping import constant
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.operators import FUNCTIONS
from graphc.graph.origin import user_origin
from graphc.graph.variable import Variable
from graphc.graph.writes import add_write, variable_of
from graphc.ir.dtypes import DType
from graphc.ir.node import Node
from graphc.ops.shapes import broadcast_shapes

_DOC = """{what} the slices of a variable that lie at `indices` along its first axis.

    Parameters
    ----------
    ref : Variable
    indices : integer Tensor
        Repeated ones are served in order; one that is out of range fails the run, and no variable changes.
    updates : Tensor
        Of shape ``indices.shape + ref.shape[1:]``, or broadcasting to it.
    name : str, optional

    Returns
    -------
    Tensor
        The new value of the whole variable.

    Raises
    ------
    GraphError
        If the operands do not fit.
    """

_ND_DOC = _DOC.replace("slices of a variable that lie at `indices` along its first axis",
                       "elements or slices of a variable at points").replace(
    "``indices.shape + ref.shape[1:]``, or broadcasting to it", "one element or slice for each point").replace(
    "Repeated ones", "Coordinates along the last axis. Repeated ones")  # fmt: skip


def _operand(value: Any, dtype: DType | None) -> Tensor:
    if isinstance(value, Variable):
        value = value.value()
    if isinstance(value, Tensor):
        if dtype is not None and value.dtype != dtype:
            raise GraphError(f"updates are {value.dtype.name}, the variable is {dtype.name}: cast first", user_origin())
        return value
    made: Tensor = constant(value, dtype=dtype)
    return made


def _scatter(kind: str, mode: str, what: str, points: bool = False) -> Callable[..., Tensor]:
    def body(held: Node, indices: Node, updates: Node) -> Node:
        values = builder().emit("neg", updates) if mode == "sub" else updates
        values = builder().emit("reciprocal", values) if mode == "div" else values
        how = {"sub": "add", "div": "mul"}.get(mode, mode)
        if points:
            return builder().emit("scatter_nd", held, indices, values, batch_dims=0, mode=how)
        shape = (*indices.shape, *held.shape[1:])
        if values.shape != shape and broadcast_shapes(values.shape, shape) == shape:
            values = builder().emit("broadcast_to", values, shape=shape)
        return builder().emit("scatter", held, as_node(indices), values, axis=0, batch_dims=0, mode=how)

    def write(ref: Variable, indices: Any, updates: Any, name: str | None = None) -> Tensor:
        variable = variable_of(ref)
        operands = [_operand(indices, None), _operand(updates, variable.dtype)]
        return add_write("Scatter", variable, operands, body, name or write.__name__)

    write.__name__ = write.__qualname__ = kind
    write.__doc__ = (_ND_DOC if points else _DOC).format(what=what)
    return write


scatter_update = _scatter("scatter_update", "set", "Replace")
scatter_add = _scatter("scatter_add", "add", "Add to")
scatter_sub = _scatter("scatter_sub", "sub", "Subtract from")
scatter_mul = _scatter("scatter_mul", "mul", "Multiply")
scatter_div = _scatter("scatter_div", "div", "Divide")
scatter_min = _scatter("scatter_min", "min", "Lower")
scatter_max = _scatter("scatter_max", "max", "Raise")
scatter_nd_update = _scatter("scatter_nd_update", "set", "Replace", points=True)
scatter_nd_add = _scatter("scatter_nd_add", "add", "Add to", points=True)
scatter_nd_sub = _scatter("scatter_nd_sub", "sub", "Subtract from", points=True)


def count_up_to(ref: Variable, limit: int, name: str | None = None) -> Tensor:
    """Add 1 to an integer variable of rank 0; the result is its value before.

    The run fails, and no variable changes, once the variable has reached `limit`.

    Parameters
    ----------
    ref : Variable
        An integer, not negative.
    limit : int
    name : str, optional

    Raises
    ------
    GraphError
        If the variable is not an integer of rank 0.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     count = gc.count_up_to(gc.Variable(0), 2)
    ...     print(session.run(count), session.run(count))
    0 1
    """
    variable = variable_of(ref)
    if not variable.dtype.is_integer or variable.shape.ndims != 0:
        raise GraphError(f"count_up_to counts an integer of rank 0, not {variable!r}", user_origin())

    def body(held: Node) -> tuple[Node, Node]:
        checked = builder().emit("check_index", held, size=int(limit))
        return checked + builder().constant(1, held.dtype), checked

    return add_write("CountUpTo", variable, [], body, name or "count_up_to")


FUNCTIONS.update(count_up_to=count_up_to)
