"""Copies of parts of a graph: with other operands, or for many values of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphc.api.convert import builder
from graphc.api.define import apply, run_body
from graphc.api.shaping import constant
from graphc.autodiff.expand import expand_nodes
from graphc.autodiff.vectorize import vectorize as vectorize_nodes
from graphc.graph.errors import GraphError
from graphc.graph.operation import Operation, Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import Variable, read_of
from graphc.ir.node import Node
from graphc.ops.assume import assume_equal
from graphc.session.passage import DERIVATIVES, needed_operations
from graphc.session.structure import flatten


def graph_replace(outputs: Any, replace: Any) -> Any:
    """Copies of tensors in whose computation some tensors are replaced.

    Parameters
    ----------
    outputs : structure of Tensor, Variable or Operation
    replace : mapping of Tensor or Variable to Tensor or array, or sequence of pairs
        Of one element type and rank each.

    Returns
    -------
    object
        The structure of `outputs`; what does not depend on a replaced tensor is not copied.

    Raises
    ------
    GraphError
        If a replacement does not fit, or tensors are of different graphs.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     x = gc.placeholder(gc.float32, [])
    ...     y = gc.exp(x) + x
    ...     print(session.run(gc.graph_replace(y, {x: 0.0})))
    1.0
    """
    new = {old: _like(value, old) for old, value in _pairs(replace)}
    if not new:
        return outputs
    graph = next(iter(new)).graph
    flat, rebuild = flatten(graph, outputs)
    targets = [f.op if isinstance(f, Tensor) else f for f in flat]
    copies: dict[Operation, Operation] = {}
    with graph.as_default(), graph.control_dependencies(None):
        for op in needed_operations(targets, set(new)):
            _copy(op, new, copies)
    for op, copy in copies.items():
        copy.updates = tuple(copies.get(u, u) for u in op.updates)
    return rebuild([new.get(f, f) if isinstance(f, Tensor) else copies.get(f, f) for f in flat])


def _copy(op: Operation, new: dict[Tensor, Tensor], copies: dict[Operation, Operation]) -> None:
    if op.type == "placeholder" or read_of(op) is not None:
        return
    inputs = tuple(new.get(t, t) for t in op.inputs)
    control = tuple(copies.get(c, c) for c in op.control_inputs)
    if inputs == op.inputs and control == op.control_inputs:
        return
    results = [(t.dtype, None if t.node is None else t.node.inputs[0]) for t in op.outputs]
    name = op.name.rsplit("/", 1)[-1]
    copy = copies[op] = op.graph.add(op.type, name, inputs, op.body, op.args, op.kwargs, results, control)
    copy.origin = op.origin
    new.update({t: c for t, c in zip(op.outputs, copy.outputs, strict=True) if t not in new})


def _pairs(replace: Any) -> list[tuple[Tensor, Any]]:
    found = []
    for old, value in replace.items() if isinstance(replace, Mapping) else replace:
        tensor = old.value() if isinstance(old, Variable) else old
        if not isinstance(tensor, Tensor):
            raise GraphError(f"only tensors and variables can be replaced, not {old!r}", user_origin())
        found.append((tensor, value))
    return found


def _like(value: Any, old: Tensor) -> Tensor:
    """A replacement as a tensor of the element type and rank of what it replaces."""
    if isinstance(value, Variable):
        value = value.value()
    if not isinstance(value, Tensor):
        value = constant(np.asarray(value), dtype=old.dtype)
    ranks = value.shape.ndims, old.shape.ndims
    if value.dtype != old.dtype or (None not in ranks and ranks[0] != ranks[1]):
        raise GraphError(
            f"{old.name} is {old.dtype.name} of shape {old.shape}: it cannot be replaced by {value.name} "
            f"of {value.dtype.name} and shape {value.shape}",
            user_origin(),
        )
    replacement: Tensor = value
    return replacement


def vectorize(outputs: Any, replace: Mapping[Tensor, Any], name: str = "vectorize") -> Any:
    """The same computation for many values of some tensors at once.

    Parameters
    ----------
    outputs : Tensor or sequence of Tensor
    replace : mapping of Tensor to Tensor
        Tensors that `outputs` are computed from, and for each one its values along a new first axis.
    name : str

    Returns
    -------
    Tensor or list of Tensor
        With a new first axis, also where an output does not depend on a replaced tensor.

    Raises
    ------
    GraphError
        If a replacement has not one axis more, or an operation on the way writes a variable or cannot be batched.

    Notes
    -----
    Every operation is replaced by its counterpart with one more axis; there is no loop. Gradients among the operations
    are those of each value by itself.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     x = gc.placeholder(gc.float32, [2])
    ...     length = gc.sqrt(gc.reduce_sum(x * x))
    ...     rows = gc.constant([[3.0, 4.0], [6.0, 8.0]])
    ...     print(session.run(gc.vectorize(length, {x: rows})))
    [ 5. 10.]
    """
    tops = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
    tops = [t.value() if isinstance(t, Variable) else t for t in tops]
    olds, rows = [], []
    for old, value in _pairs(replace):
        olds.append(old)
        rows.append(_rows(value, old))
    ops, captures = _dependent(tops, olds)

    def body(rows: list[Node], captured: list[Node]) -> list[Node]:
        return _batched(tops, olds, rows, ops, dict(zip(captures, captured, strict=True)))

    found = apply("vectorize", body, (rows, captures), {}, name)
    found[0].op.updates = tuple(u for op in ops for u in op.updates)
    return list(found) if isinstance(outputs, list | tuple) else found[0]


def _rows(value: Any, old: Tensor) -> Tensor:
    tensor = value.value() if isinstance(value, Variable) else value
    if not isinstance(tensor, Tensor):
        tensor = constant(np.asarray(tensor), dtype=old.dtype)
    ranks = tensor.shape.ndims, old.shape.ndims
    if tensor.dtype != old.dtype or None in ranks or ranks[0] != (ranks[1] or 0) + 1:
        raise GraphError(
            f"vectorize: the values of {old.name} ({old.dtype.name}, shape {old.shape}) need one axis more, and not "
            f"{tensor.dtype.name} of shape {tensor.shape}",
            user_origin(),
        )
    found: Tensor = tensor
    return found


def _dependent(tops: Sequence[Tensor], olds: Sequence[Tensor]) -> tuple[list[Operation], list[Tensor]]:
    """Operations between the tensors and the results, and what else they need."""
    made = set(olds)
    ops = []
    for op in needed_operations([t.op for t in tops], made):
        if not any(t in made for t in op.inputs):
            continue
        if op.body is None or "variable" in op.kwargs:
            raise GraphError(f"vectorize: {op.name} ({op.type}) cannot be done for many values at once", op.origin)
        ops.append(op)
        made.update(op.outputs)
    needed = dict.fromkeys(t for op in ops for t in op.inputs) | dict.fromkeys(tops)
    return ops, [t for t in needed if t not in made]


def _batched(
    tops: Sequence[Tensor], olds: Sequence[Tensor], rows: Sequence[Node], ops: Sequence[Operation],
    values: dict[Tensor, Node],
) -> list[Node]:  # fmt: skip
    emit = builder().emit
    for other in rows[1:]:
        assume_equal(rows[0].shape[0], other.shape[0])
    leaves = {}
    for old, row in zip(olds, rows, strict=True):
        # A leaf that stands for any one value: what it is computed from does not matter.
        leaf = emit("identity", builder().full(0, row.dtype, row.shape[1:]), tag=("vectorize", old.op.id, old.index))
        values[old] = leaf
        leaves[leaf] = row
    ends = {t for op in ops if op.type in DERIVATIVES for t in op.inputs}
    for op in ops:
        for tensor, node in zip(op.outputs, run_body(op, [values[t] for t in op.inputs]), strict=True):
            values[tensor] = emit("identity", node, tag=("vectorize", op.id, tensor.index)) if tensor in ends else node
    results = expand_nodes([values[t] for t in tops], builder())
    return vectorize_nodes(results, leaves, rows[0].shape[0])
