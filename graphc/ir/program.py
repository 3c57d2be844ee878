"""A lowered program: pure functions from feeds and variables to fetches and new values of variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphc.ir.body import Body, bodies_of
from graphc.ir.constants import Constant
from graphc.ir.dims import Dim
from graphc.ir.node import Node
from graphc.ir.types import TensorType


@dataclass(frozen=True)
class Guard:
    """Two dimensions that were taken to be equal; checked at every call.

    Attributes
    ----------
    left, right : Dim
        The two sizes.
    reason : str
        What the user asked for, with its place, for the error.
    """

    left: Dim
    right: Dim
    reason: str = field(compare=False)


@dataclass(frozen=True)
class Program:
    """Everything one call computes.

    Attributes
    ----------
    inputs : tuple of Node
        ``input`` nodes in the order of the call's arguments.
    outputs : tuple of Node
        Values handed back, in order.
    updates : tuple of (int, Node)
        Slot of a variable and its value after the call. All reads see the value before the call; an order between
        writes and reads is part of the data flow.
    variables : tuple of TensorType
        Type of each variable slot.
    guards : tuple of Guard
        Equalities assumed between sizes.
    size_values : tuple of (str, Node)
        Symbols whose value is data: each is computed from the feeds before the sizes are planned.
    size_bounds : tuple of (str, Dim)
        For some of them the largest value that they can have, the smallest being 0: what depends on these is planned at
        the bound, and they are computed within the step.
    """

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    updates: tuple[tuple[int, Node], ...] = ()
    variables: tuple[TensorType, ...] = ()
    guards: tuple[Guard, ...] = ()
    size_values: tuple[tuple[str, Node], ...] = ()
    size_bounds: tuple[tuple[str, Dim], ...] = ()

    @property
    def results(self) -> tuple[Node, ...]:
        """Outputs, then new values of variables."""
        return self.outputs + tuple(node for _, node in self.updates)

    @property
    def roots(self) -> tuple[Node, ...]:
        """Every node that must be kept: results, and values of sizes."""
        return self.results + tuple(node for _, node in self.size_values)

    def nodes(self) -> list[Node]:
        """Every node that a result depends on, inputs first, in topological order."""
        return reachable(self.results)

    def replace_results(self, mapping: Mapping[Node, Node]) -> Program:
        """The program with results and values of sizes replaced."""
        outputs = tuple(mapping.get(n, n) for n in self.outputs)
        updates = tuple((slot, mapping.get(n, n)) for slot, n in self.updates)
        sizes = tuple((name, mapping.get(n, n)) for name, n in self.size_values)
        return Program(self.inputs, outputs, updates, self.variables, self.guards, sizes, self.size_bounds)

    def to_text(self) -> str:
        """The canonical text: numbered nodes in topological order, then results.

        Equal texts mean equal programs, up to the values of array constants, which appear by digest.
        """
        return "\n".join(_lines(self))

    def to_networkx(self) -> Any:
        """A `networkx.DiGraph` whose nodes are this program's nodes, edges from operand to user with ``operand``.

        Returns
        -------
        networkx.DiGraph
            Node attributes ``op``, ``type``; edge attribute ``operands``: positions at which the value is used.
        """
        import networkx as nx

        graph = nx.DiGraph()
        for node in self.nodes():
            graph.add_node(node, op=node.op, type=node.type)
            for position, source in enumerate(node.inputs):
                if graph.has_edge(source, node):
                    graph.edges[source, node]["operands"] += (position,)
                else:
                    graph.add_edge(source, node, operands=(position,))
        return graph


def reachable(results: Iterable[Node]) -> list[Node]:
    """Nodes that the results depend on, by ascending creation number: a topological order."""
    seen: set[Node] = set()
    stack = list(results)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(node.inputs)
    return sorted(seen, key=lambda node: node.id)


def with_inner(roots: Iterable[Node]) -> list[Node]:
    """Nodes that the roots depend on, and those inside the bodies that they hold, each once."""
    found: dict[Node, None] = {}
    waiting = [tuple(roots)]
    while waiting:
        for node in reachable(waiting.pop()):
            if node not in found:
                found[node] = None
                waiting += [body.results for body in bodies_of(node).values()]
    return list(found)


def users(nodes: Iterable[Node]) -> dict[Node, list[Node]]:
    """For every node the nodes among `nodes` that use it, in order and once each."""
    found: dict[Node, list[Node]] = {}
    for node in nodes:
        found.setdefault(node, [])
        for source in dict.fromkeys(node.inputs):
            found.setdefault(source, []).append(node)
    return found


def _lines(program: Program) -> Iterator[str]:
    number = numbered(program)
    for slot, type in enumerate(program.variables):
        yield f"variable {slot} : {type!r}"
    yield from _node_lines(number, "")
    yield f"return {', '.join(f'%{number[n]}' for n in program.outputs)}"
    for slot, node in program.updates:
        yield f"variable {slot} <- %{number[node]}"
    for guard in program.guards:
        yield f"guard {guard.left} == {guard.right}"
    bounds = dict(program.size_bounds)
    for name, node in program.size_values:
        most = f" <= {bounds[name]}" if name in bounds else ""
        yield f"size {name} = %{number[node]}{most}"


def _node_lines(number: Mapping[Node, int], indent: str) -> Iterator[str]:
    for node, i in number.items():
        operands = [f"%{number[n]}" for n in node.inputs]
        operands += [f"{key}={_attr_text(value, indent)}" for key, value in sorted(node.attrs.items())]
        yield f"{indent}%{i} = {node.op}({', '.join(operands)}) : {node.type!r}"


def numbered(program: Program) -> dict[Node, int]:
    """The number of every node in the program's text."""
    return _numbered(program.inputs, program.roots)


def numbered_with_inner(program: Program) -> dict[Node, int]:
    """The number of every node, those inside bodies after all others; as canonical as the text."""
    found = numbered(program)
    waiting = list(found)
    while waiting:
        inner = [
            node
            for holder in waiting
            for _, body in sorted(bodies_of(holder).items())
            for node in _depth_first(body.parameters, body.results)
        ]
        waiting = [node for node in dict.fromkeys(inner) if node not in found]
        found |= {node: number for number, node in enumerate(waiting, len(found))}
    return found


def _numbered(first: Iterable[Node], roots: Iterable[Node]) -> dict[Node, int]:
    return {node: i for i, node in enumerate(_depth_first(first, roots))}


def _depth_first(first: Iterable[Node], roots: Iterable[Node]) -> list[Node]:
    """Nodes in an order that does not depend on creation numbers: inputs, then operands before users."""
    order: dict[Node, None] = dict.fromkeys(first)
    for result in roots:
        stack: list[tuple[Node, Iterator[Node]]] = [(result, iter(result.inputs))]
        while stack:
            node, rest = stack[-1]
            if node in order:
                stack.pop()
                continue
            following = next((n for n in rest if n not in order), None)
            if following is None:
                order[node] = None
                stack.pop()
            else:
                stack.append((following, iter(following.inputs)))
    return list(order)


def _attr_text(value: Any, indent: str) -> str:
    if isinstance(value, Body):
        return _body_text(value, indent)
    if isinstance(value, Constant):
        return repr(value) if value.array.size == 1 and np.isfinite(value.array).all() else f"<{value.digest}>"
    return repr(value)


def _body_text(body: Body, indent: str) -> str:
    """A body, numbered by itself: its lines stand within braces, further in."""
    number = _numbered(body.parameters, body.results)
    inner = indent + "    "
    lines = [*_node_lines(number, inner), f"{inner}return {', '.join(f'%{number[n]}' for n in body.results)}"]
    return "\n".join(["{", *lines, indent + "}"])
