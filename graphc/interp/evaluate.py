"""The NumPy interpreter: runs a program node by node from the reference of each record. The oracle of every test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from graphc.ir.body import Body
from graphc.ir.dims import DimExpr, substitute
from graphc.ir.node import Node
from graphc.ir.program import Program, reachable
from graphc.ir.types import TensorType
from graphc.ops.record import record_of


def concrete(value: Any, bindings: Mapping[str, int]) -> Any:
    """An attribute with its dimensions as integers, and bodies as functions over arrays."""
    if isinstance(value, Body):
        return BoundBody(value, bindings)
    if isinstance(value, DimExpr):
        return substitute(value, dict(bindings))
    if isinstance(value, tuple):
        return tuple(concrete(v, bindings) for v in value)
    return value


class BoundBody:
    """A body as a function over arrays, once every size is known.

    Attributes
    ----------
    empty : tuple of ndarray
        No results of each kind: arrays of length 0 of a result's element type and, behind that axis, its shape.
    """

    def __init__(self, body: Body, bindings: Mapping[str, int]) -> None:
        self.body = body
        self.bindings = bindings
        self._order = [node for node in reachable(body.results) if node.op != "parameter"]
        self.empty = tuple(np.empty((0, *t.concrete(dict(bindings))), t.dtype.np) for t in body.result_types)

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        """The results for these arguments."""
        values = dict(zip(self.body.parameters, arrays, strict=True))
        for node in self._order:
            values[node] = _value(node, values, self.bindings)
        return tuple(values[node] for node in self.body.results)


def _value(node: Node, values: Mapping[Node, Any], bindings: Mapping[str, int]) -> Any:
    try:
        return evaluate_node(node, [values[n] for n in node.inputs], bindings)
    except NodeError:
        raise
    except (IndexError, ValueError, ArithmeticError, MemoryError) as error:
        raise NodeError(node, str(error)) from error.__cause__


class NodeError(ValueError):
    """Values that an operation refuses, such as an index out of range or a negative size.

    Attributes
    ----------
    node : Node
    """

    def __init__(self, node: Node, message: str) -> None:
        super().__init__(message)
        self.node = node


def evaluate_node(node: Node, operands: Sequence[Any], bindings: Mapping[str, int]) -> Any:
    """The reference value of one node.

    Parameters
    ----------
    node : Node
    operands : sequence of ndarray
    bindings : mapping of str to int
        Value of every symbol.

    Returns
    -------
    ndarray or tuple of ndarray
        In the node's element type.
    """
    attrs = {key: concrete(value, bindings) for key, value in node.attrs.items()}
    with np.errstate(all="ignore"):
        value = record_of(node.op).evaluate(*operands, **attrs)
    if isinstance(node.type, TensorType):
        return np.asarray(value, dtype=node.dtype.np)
    return tuple(np.asarray(v, dtype=t.dtype.np) for v, t in zip(value, node.type.items, strict=True))


def evaluate_nodes(
    results: Iterable[Node],
    feeds: Sequence[Any],
    variables: Sequence[Any],
    bindings: Mapping[str, int],
) -> dict[Node, Any]:
    """Values of all nodes that the results depend on."""
    values: dict[Node, Any] = {}
    for node in reachable(results):
        if node.op == "input":
            values[node] = feeds[node.attrs["index"]]
        elif node.op == "variable":
            values[node] = variables[node.attrs["slot"]]
        else:
            values[node] = _value(node, values, bindings)
    return values


def interpret(
    program: Program, feeds: Sequence[Any], variables: Sequence[Any], bindings: Mapping[str, int]
) -> tuple[list[Any], dict[int, Any]]:
    """Run a program.

    Parameters
    ----------
    program : Program
        Without ``gradient`` nodes.
    feeds, variables : sequence of ndarray
        In the order of `program.inputs` and of the variable slots; not changed.
    bindings : mapping of str to int
        Value of every symbol in the program.

    Returns
    -------
    outputs : list of ndarray
    updates : dict of int to ndarray
        New value of each written slot.
    """
    values = evaluate_nodes(program.results, feeds, variables, bindings)
    outputs = [np.array(values[n]) for n in program.outputs]
    return outputs, {slot: np.array(values[n]) for slot, n in program.updates}
