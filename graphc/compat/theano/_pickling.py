"""Tensors and shared variables in pickles, as Theano's scripts keep models: with the whole graph and its values."""

from __future__ import annotations

import copyreg
from typing import Any

import numpy as np

import graphc as gc
from graphc.checkpoint.graphs import add_graph, graph_to_dict
from graphc.compat.theano._setting import CONVENTIONS
from graphc.graph.operation import Operation
from graphc.graph.store import default_store
from graphc.graph.variable import Variable
from graphc.session.shared import SharedVariable


def _reduce_graph(graph: gc.Graph) -> tuple[Any, ...]:
    store = default_store()
    variables = [op.kwargs["variable"] for op in graph.get_operations() if op.type == "Variable"]
    return _graph, (graph_to_dict(graph), {v.op.name: store.load(v) for v in variables if v in store})


def _graph(form: dict[str, Any], values: dict[str, np.ndarray]) -> gc.Graph:
    graph = gc.Graph()
    graph.conventions = CONVENTIONS
    with graph.as_default():
        variables = add_graph(form)
    for name, value in values.items():
        default_store().save(variables[name], value)
    return graph


def _reduce_tensor(tensor: gc.Tensor) -> tuple[Any, ...]:
    return _tensor, (tensor.graph, tensor.name, tensor.label)


def _tensor(graph: gc.Graph, name: str, label: str | None) -> gc.Tensor:
    found = graph.get_tensor_by_name(name)
    found.label = label
    return found


def _reduce_operation(op: Operation) -> tuple[Any, ...]:
    return gc.Graph.get_operation_by_name, (op.graph, op.name)


def _reduce_variable(variable: Variable) -> tuple[Any, ...]:
    return _variable, (variable.graph, variable.op.name)


def _variable(graph: gc.Graph, name: str) -> Any:
    return graph.get_operation_by_name(name).kwargs["variable"]


def register() -> None:
    """Let `pickle` write what scripts hold of a graph."""
    copyreg.pickle(gc.Graph, _reduce_graph)  # type: ignore[arg-type]
    copyreg.pickle(gc.Tensor, _reduce_tensor)
    copyreg.pickle(Operation, _reduce_operation)
    for kind in (Variable, SharedVariable):
        copyreg.pickle(kind, _reduce_variable)
