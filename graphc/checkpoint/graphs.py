"""Graphs in JSON files: operations with their arguments, variables without values, collections."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from graphc.api.define import infer
from graphc.api.inputs import placeholder
from graphc.checkpoint.safetensors import CheckpointFileError, write_whole
from graphc.checkpoint.values import UnwritableError, decode, decode_function, encode, encode_function
from graphc.graph.errors import GraphError
from graphc.graph.graph import Graph, get_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import Variable
from graphc.ir.types import TensorType
from graphc.session.session import HOSTED
from graphc.session.shared import SharedVariable

FORMAT = "graphc-graph-1"


def graph_to_dict(graph: Graph, saved: dict[str, Variable] | None = None) -> dict[str, Any]:
    """A graph as plain data for JSON.

    Parameters
    ----------
    graph : Graph
    saved : dict of str to Variable, optional
        What a Saver saves under which names.

    Raises
    ------
    GraphError
        If an operation cannot be written, such as one with a function of the user.
    """
    operations = [_operation(op) for op in graph.get_operations()]
    collections = {
        key: [_member(v) for v in values if _member(v) is not None]
        for key, values in graph.collections.items()
        if isinstance(key, str) and key != HOSTED
    }
    names = None if saved is None else {name: v.op.name for name, v in saved.items()}
    return {
        "format": FORMAT, "seed": graph.seed, "operations": operations, "collections": collections, "saver": names
    }  # fmt: skip


def _operation(op: Operation) -> dict[str, Any]:
    if "source" in op.kwargs or "sink" in op.kwargs or op.context is not None or op.type == "parameter":
        raise GraphError(
            f"{op.name} ({op.type}) cannot be written to a file: loops, branches and iterators belong to this program",
            op.origin,
        )
    form: dict[str, Any] = {"name": op.name, "type": op.type, "inputs": [t.name for t in op.inputs]}
    try:
        if op.type == "Variable":
            form["variable"] = _variable(op)
        else:
            form["args"], form["kwargs"] = encode(op.args), encode(op.kwargs)
        if op.body is not None:
            form["body"] = encode_function(op.body)
    except UnwritableError as error:
        raise GraphError(f"{op.name} ({op.type}) cannot be written to a file: {error}", op.origin) from None
    form["control"] = [c.name for c in op.control_inputs]
    form["updates"] = [u.name for u in op.updates]
    form["static"] = [None if t.static is None else list(t.static) for t in op.outputs]
    return form


def _variable(op: Operation) -> dict[str, Any]:
    variable: Variable = op.kwargs["variable"]
    if variable.op is not op:
        raise UnwritableError(f"it reads {variable.name} of another graph")
    initial = variable.initial_value
    return {
        "dtype": variable.dtype.name, "trainable": variable.trainable, "validate_shape": variable.validate_shape,
        "shared": isinstance(variable, SharedVariable),
        "initial": {"tensor": initial.name} if isinstance(initial, Tensor) else encode(initial),
    }  # fmt: skip


def _member(value: Any) -> Any:
    if isinstance(value, Variable):
        return {"variable": value.op.name}
    if isinstance(value, Tensor):
        return {"tensor": value.name}
    if isinstance(value, Operation):
        return {"operation": value.name}
    return {"value": value} if isinstance(value, bool | int | float | str) else None


def export_meta_graph(
    filename: str | os.PathLike[str], graph: Graph | None = None, saved: dict[str, Variable] | None = None
) -> dict[str, Any]:
    """Write a graph, without values of variables, as JSON.

    Parameters
    ----------
    filename : path-like
        Written as a whole or not at all.
    graph : Graph, optional
        The default one if not given.
    saved : dict of str to Variable, optional
        Names for the `Saver` that `import_meta_graph` makes.

    Returns
    -------
    dict
        What was written.

    Raises
    ------
    GraphError
        If an operation cannot be written: one with a function of yours, a loop or branch, an iterator.
    """
    found = graph_to_dict(graph if graph is not None else get_default_graph(), saved)
    write_whole(filename, json.dumps(found).encode())
    return found


def read_graph(filename: str | os.PathLike[str]) -> dict[str, Any]:
    """The plain data of a file.

    Raises
    ------
    GraphError
        If there is no such file.
    CheckpointFileError
        If it is no graph.
    """
    try:
        found = json.loads(Path(filename).read_bytes())
    except FileNotFoundError:
        raise GraphError(f"there is no graph file {os.fspath(filename)}", user_origin()) from None
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise CheckpointFileError(f"{os.fspath(filename)} is no graph file of this version ({FORMAT})")
    return found


def add_graph(form: dict[str, Any], scope: str | None = None) -> dict[str, Variable]:
    """Add the operations of plain data to the default graph.

    Parameters
    ----------
    form : dict
    scope : str, optional
        Prefix of all names.

    Returns
    -------
    dict of str to Variable
        Variables by their names in the file.

    Raises
    ------
    CheckpointFileError
        If the data are damaged, or of another version.
    """
    graph = get_default_graph()
    if graph.seed is None:
        graph.seed = form["seed"]
    reader = _Reader(graph)
    try:
        with graph.control_dependencies(None), graph.name_scope(None), graph.name_scope(scope):
            for entry in form["operations"]:
                reader.add(entry)
        for entry in form["operations"]:
            reader.operations[entry["name"]].updates = tuple(reader.operations[n] for n in entry["updates"])
        for key, members in form["collections"].items():
            for member in members:
                graph.add_to_collection(key, reader.member(member))
    except GraphError:
        raise
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise CheckpointFileError(f"the graph cannot be read: {type(error).__name__}: {error}") from error
    return reader.variables


class _Reader:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.operations: dict[str, Operation] = {}
        self.variables: dict[str, Variable] = {}

    def tensor(self, name: str) -> Tensor:
        """A tensor by its name in the file."""
        head, _, number = name.rpartition(":")
        return self.operations[head].outputs[int(number)]

    def member(self, form: dict[str, Any]) -> Any:
        """A member of a collection."""
        ((kind, value),) = form.items()
        if kind == "value":
            return value
        if kind == "tensor":
            return self.tensor(value)
        return self.variables[value] if kind == "variable" else self.operations[value]

    def add(self, form: dict[str, Any]) -> None:
        """One operation."""
        name, inputs = form["name"], [self.tensor(n) for n in form["inputs"]]
        if form["type"] == "Variable":
            op = self._variable(name, form["variable"]).op
        elif form["type"] == "placeholder":
            given = decode(form["kwargs"], self.variables)
            op = placeholder(given["dtype"], given["shape"], name=name).op
        else:
            op = self._plain(form, inputs)
        for tensor, static in zip(op.outputs, form["static"], strict=True):
            tensor.static = None if static is None else tuple(static)
        self.operations[name] = op

    def _variable(self, name: str, form: dict[str, Any]) -> Variable:
        initial = form["initial"]
        value = self.tensor(initial["tensor"]) if "tensor" in initial else decode(initial, {})
        # Which collections it is in stands in the file.
        kind = SharedVariable if form.get("shared") else Variable
        found = kind(value, form["trainable"], name, form["dtype"], form["validate_shape"], collections=[])
        for members in self.graph.collections.values():
            members[:] = [m for m in members if m is not found]
        self.variables[name] = found
        return found

    def _plain(self, form: dict[str, Any], inputs: list[Tensor]) -> Operation:
        args, kwargs = decode(form["args"], self.variables), decode(form["kwargs"], self.variables)
        body = decode_function(form["body"], self.variables) if "body" in form else None
        variable = kwargs.get("variable")
        if isinstance(variable, Variable):
            node = variable.op.outputs[0].node
            if form["type"] == "Read":
                # A read is a leaf of its own, as the variable's own one is.
                node = self.graph.builder.emit(
                    "variable", slot=variable.op.id, type=TensorType(variable.dtype, variable.static_shape)
                )
            results = [(variable.dtype, node)]
        elif body is None:
            results = []
        else:
            results, _ = infer(self.graph, form["type"], body, inputs, args, kwargs)
        control = [self.operations[n] for n in form["control"]]
        return self.graph.add(form["type"], form["name"], inputs, body, args, kwargs, results, control)
