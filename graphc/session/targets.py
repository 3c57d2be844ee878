"""What a function computes: the graph it belongs to, its updates as operations, inputs that nothing depends on."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphc.api.math import cast
from graphc.api.state import assign
from graphc.graph.errors import GraphError
from graphc.graph.graph import Graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import Variable
from graphc.session.passage import needed_operations
from graphc.session.structure import flatten


def check_used(graph: Graph, inputs: Sequence[Tensor], results: Any, action: str) -> None:
    """Raise or warn, as `action` says, if nothing depends on an input."""
    flat, _ = flatten(graph, results)
    targets = [f.op if isinstance(f, Tensor) else f for f in flat]
    used = {t for op in needed_operations(targets, set(inputs)) for t in op.inputs}
    unused = [t.label or t.op.name for t in inputs if t not in used and t not in flat]
    if not unused:
        return
    message = f"nothing that the function computes depends on its input {', '.join(unused)}"
    if action == "raise":
        raise GraphError(f"{message}: leave it out, or say on_unused_input='ignore'", user_origin())
    warnings.warn(message, stacklevel=4)


def graph_of(feeds: Sequence[Tensor], outputs: Any, updates: Any) -> Graph:
    """The graph of the first tensor or variable named, else the default one."""
    from graphc.graph.graph import get_default_graph

    found: list[Graph] = [f.graph for f in feeds]

    def visit(value: Any) -> None:
        if isinstance(value, Tensor | Operation | Variable):
            found.append(value.graph)
        elif isinstance(value, Mapping):
            for key, item in value.items():
                visit(key)
                visit(item)
        elif isinstance(value, list | tuple):
            for item in value:
                visit(item)

    visit(outputs)
    visit(updates)
    return found[0] if found else get_default_graph()


def _pairs(value: Any) -> list[Any]:
    return list(value.items()) if isinstance(value, Mapping) else list(value or ())


def update_operations(updates: Any) -> list[Operation]:
    """Operations that write the new values of variables."""
    writes: list[Operation] = []
    for update in _pairs(updates):
        if isinstance(update, Operation):
            writes.append(update)
        elif isinstance(update, Tensor):
            writes.append(update.op)
        else:
            variable, value = update
            writes.append(assign(variable, _widened(variable, value)).op)
    return writes


def _widened(variable: Any, value: Any) -> Any:
    """A new value in the variable's element type, where that holds every value of its own."""
    if isinstance(value, Variable):
        value = value.value()
    if not isinstance(value, Tensor) or not isinstance(variable, Variable) or value.dtype == variable.dtype:
        return value
    return cast(value, variable.dtype) if np.can_cast(value.dtype.np, variable.dtype.np, "safe") else value
