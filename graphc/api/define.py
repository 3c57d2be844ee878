"""How a function over nodes becomes a function over the user's tensors.

A body says what an operation means, in terms of primitives. Called on tensors, it becomes one operation of the graph,
whose type is found by running the body once on the tensors' abstract nodes; called on nodes, from another body or while
a signature is specialised, it just runs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from graphc.api.documentation import complete
from graphc.graph.errors import GraphError
from graphc.graph.graph import Graph, get_default_graph
from graphc.graph.operation import Operation, Ref, Tensor
from graphc.graph.origin import Origin, from_library, user_origin
from graphc.graph.shape import SymbolicShape
from graphc.graph.variable import Variable
from graphc.ir.constants import Constant
from graphc.ir.dims import symbol
from graphc.ir.dtypes import DType
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.assume import collect_assumptions
from graphc.ops.context import Lowering, current_lowering, lowering_into

# Ranks tried when the rank of an operand is unknown, only to learn the element types of the results.
TRIAL_RANKS = (2, 1, 4, 3, 0, 5)


# Bodies of operations by module and type: the names under which files refer to them.
BODIES: dict[str, Callable[..., Any]] = {}


def operation(type_name: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a body over nodes a public function over tensors, with a further argument ``name``."""

    def decorate(body: Callable[..., Any]) -> Callable[..., Any]:
        label = type_name or body.__name__

        @functools.wraps(body)
        def call(*args: Any, name: str | None = None, **kwargs: Any) -> Any:
            if current_lowering() is not None:
                return body(*args, **kwargs)
            return apply(label, body, args, kwargs, name)

        BODIES.setdefault(f"{body.__module__}:{label}", body)
        call.body = body  # type: ignore[attr-defined]
        call.__doc__ = complete(label, body)
        return call

    return decorate


def apply(
    type_name: str, body: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], name: str | None
) -> Any:
    """Append the operation `body(*args, **kwargs)` to the default graph (or that of its first tensor).

    Returns
    -------
    Tensor or tuple of Tensor
        In the structure in which the body returns nodes.

    Raises
    ------
    GraphError, TypeError
        If the operands do not fit; the message ends with the user's line.
    """
    inputs: list[Tensor] = []
    held_args = _hold(args, inputs)
    held_kwargs = {key: _hold(value, inputs) for key, value in kwargs.items()}
    graph = inputs[0].graph if inputs else get_default_graph()
    if type_name in graph.conventions.equal_types:
        _check_equal_types(type_name, inputs)
    results, structure = infer(graph, type_name, body, inputs, held_args, held_kwargs)
    op = graph.add(type_name, name, inputs, body, held_args, held_kwargs, results)
    if structure is None:
        return op.outputs[0]
    return structure(*op.outputs) if hasattr(structure, "_fields") else structure(op.outputs)


def _check_equal_types(type_name: str, inputs: list[Tensor]) -> None:
    """Refuse operands of different element types, in operations that the user's own code makes."""
    for tensor in inputs[1:]:
        first = inputs[0]
        if tensor.dtype != first.dtype and not from_library():
            raise TypeError(
                f"{type_name}: {tensor.name} is {tensor.dtype.name}, which does not match {first.dtype.name} of "
                f"{first.name}: cast one of them, as in tf.cast(x, tf.{first.dtype.name})\n  at {user_origin()}"
            )


def _hold(value: Any, inputs: list[Tensor]) -> Any:
    """An argument with its tensors replaced by references and its arrays frozen."""
    if isinstance(value, SymbolicShape):
        value = value.as_tensor()
    if isinstance(value, Variable):
        value = value.value()
    if isinstance(value, Tensor):
        for i, known in enumerate(inputs):
            if known is value:
                return Ref(i)
        inputs.append(value)
        return Ref(len(inputs) - 1)
    if isinstance(value, np.ndarray):
        return Constant(value.astype(value.dtype.newbyteorder("="), copy=False))
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(_hold(v, inputs) for v in value)
    if isinstance(value, dict):
        return {key: _hold(v, inputs) for key, v in value.items()}
    if isinstance(value, slice):
        return slice(*(_hold(v, inputs) for v in (value.start, value.stop, value.step)))
    return value


def release(value: Any, nodes: list[Node]) -> Any:
    """An argument with its references replaced by nodes."""
    if isinstance(value, Ref):
        return nodes[value.index]
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(release(v, nodes) for v in value)
    if isinstance(value, dict):
        return {key: release(v, nodes) for key, v in value.items()}
    if isinstance(value, slice):
        return slice(*(release(v, nodes) for v in (value.start, value.stop, value.step)))
    return value


def run_body(op: Operation, nodes: list[Node], *held: Node) -> tuple[Node, ...]:
    """The nodes of an operation's results, for nodes of its inputs; writes of variables get the held value first."""
    assert op.body is not None
    kwargs = {} if held else release(op.kwargs, nodes)
    found = op.body(*held, *release(op.args, nodes), **kwargs)
    return (found,) if isinstance(found, Node) else tuple(found)


def infer(
    graph: Graph, type_name: str, body: Callable[..., Any], inputs: list[Tensor], args: Any, kwargs: Any
) -> tuple[list[tuple[DType, Node | None]], Any]:
    """Types of the results, and the container that the body returns them in (None for a single one)."""
    origin = user_origin()
    unknown = [t for t in inputs if t.node is None]
    if not unknown:
        found = _trial(graph, type_name, body, [t.node for t in inputs if t.node is not None], args, kwargs, origin)
        nodes, structure = _flatten(found)
        return [(n.dtype, n) for n in nodes], structure
    failure: Exception | None = None
    found_types: list[tuple[list[Node], Any]] = []
    for rank in TRIAL_RANKS:
        trial = [t.node if t.node is not None else _dummy(graph, t.dtype, rank) for t in inputs]
        try:
            nodes, structure = _flatten(_trial(graph, type_name, body, trial, args, kwargs, origin))
        except (ValueError, TypeError, IndexError) as error:
            failure = failure or error
            continue
        found_types.append((nodes, structure))
        if not _is_settled(found_types):
            break
    if not found_types:
        assert failure is not None
        raise failure
    nodes, structure = found_types[0]
    settled = _is_settled(found_types)
    return [(n.dtype, n if settled else None) for n in nodes], structure


def _is_settled(trials: list[tuple[list[Node], Any]]) -> bool:
    """Whether all sizes of the results are known, and the same whatever the ranks of the operands."""
    first = [n.shape for n in trials[0][0]]
    known = all(isinstance(d, int) for shape in first for d in shape)
    return known and all([n.shape for n in nodes] == first for nodes, _ in trials)


def _dummy(graph: Graph, dtype: DType, rank: int) -> Node:
    shape = tuple(symbol(f"unknown.{rank}.{axis}") for axis in range(rank))
    return graph.builder.emit("input", index=-1, type=TensorType(dtype, shape))


def _trial(
    graph: Graph, type_name: str, body: Callable[..., Any], nodes: list[Node], args: Any, kwargs: Any, origin: Origin
) -> Any:
    lowering = Lowering(graph.builder, graph.fresh_symbol)
    try:
        with lowering_into(lowering):
            return body(*release(args, nodes), **release(kwargs, nodes))
    except GraphError:
        raise
    except (ValueError, IndexError, ZeroDivisionError) as error:
        raise GraphError(_named(type_name, error), origin) from None
    except TypeError as error:
        if error.__traceback__ is not None and error.__traceback__.tb_next is None:
            raise
        raise TypeError(f"{_named(type_name, error)}\n  at {origin}") from None
    finally:
        collect_assumptions()


def _named(type_name: str, error: Exception) -> str:
    text = str(error)
    return text if text.startswith(type_name) else f"{type_name}: {text}"


def _flatten(found: Any) -> tuple[list[Node], Any]:
    if isinstance(found, Node):
        return [found], None
    if hasattr(found, "_fields"):
        return list(found), type(found)
    return list(found), type(found)
