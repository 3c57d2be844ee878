"""Passes written on networkx graphs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from graphc.ir.node import Node
from graphc.ir.program import Program
from graphc.ops.builder import Builder
from graphc.passes.kind import Pass


def networkx_pass(function: Callable[[Any], Any], name: str | None = None) -> Pass:
    """A pass from a function on `networkx.DiGraph`.

    The graph has a node for each value, with the attributes ``op``, ``type`` and ``attrs`` (a dictionary), and an
    edge from operand to user with ``operands``, the positions at which it is used. ``graph.graph["outputs"]`` lists
    the results and ``graph.graph["updates"]`` the pairs of variable slot and new value. The function changes the
    graph or returns another one: nodes may be of any hashable type, need ``op`` and ``attrs``, and get their types
    by inference. Whatever no result depends on is dropped.

    Parameters
    ----------
    function : callable ``(DiGraph) -> DiGraph or None``
        None: the graph was changed in place.
    name : str, optional
        Of the pass; the function's own by default.

    Raises
    ------
    ValueError
        When the pass runs: if the graph has a cycle, a result is missing, or operands have gaps.

    Examples
    --------
    >>> def halve(graph):
    ...     for node in list(graph):
    ...         if graph.nodes[node]["op"] == "exp":
    ...             graph.nodes[node]["op"] = "neg"
    >>> networkx_pass(halve).name
    'halve'
    """
    chosen: str = name or str(getattr(function, "__name__", "networkx_pass"))

    def apply(program: Program, builder: Builder) -> Program:
        graph = program.to_networkx()
        for node in graph:
            graph.nodes[node]["attrs"] = dict(node.attrs)
        graph.graph["outputs"], graph.graph["updates"] = list(program.outputs), list(program.updates)
        changed = function(graph)
        return _program_of(graph if changed is None else changed, program, builder, chosen)

    return Pass(chosen, apply, (function.__doc__ or f"The pass {chosen}.").splitlines()[0])


def _program_of(graph: Any, program: Program, builder: Builder, name: str) -> Program:
    import networkx as nx

    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError(f"the graph that pass {name!r} returned has a cycle: {nx.find_cycle(graph)}")
    results = [*graph.graph["outputs"], *(key for _, key in graph.graph["updates"])]
    missing = [key for key in results if key not in graph]
    if missing:
        raise ValueError(f"pass {name!r}: the result {missing[0]!r} is not a node of the graph")
    needed = set(results).union(*(nx.ancestors(graph, key) for key in set(results)))
    made: dict[Any, Node] = {}
    for key in nx.topological_sort(graph.subgraph(needed)):
        made[key] = _emit(graph, key, made, builder, name)
    outputs = tuple(made[key] for key in graph.graph["outputs"])
    updates = tuple((slot, made[key]) for slot, key in graph.graph["updates"])
    return replace(program, outputs=outputs, updates=updates)


def _emit(graph: Any, key: Any, made: dict[Any, Node], builder: Builder, name: str) -> Node:
    at = {position: source for source, _, edge in graph.in_edges(key, data=True) for position in edge["operands"]}
    if sorted(at) != list(range(len(at))):
        raise ValueError(f"pass {name!r}: operands of {key!r} are at positions {sorted(at)}")
    data = graph.nodes[key]
    node = builder.emit(data["op"], *(made[at[i]] for i in range(len(at))), **data["attrs"])
    if isinstance(key, Node) and key is not node and key in builder.origins:
        builder.origins[node] = builder.origins.get(node, frozenset()) | builder.origins[key]
    return node
