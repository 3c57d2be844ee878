"""A compiled step as a graph of kernels: what depends on what, what could run together, what takes longest.

It is computed from the calls of a report whenever the report is asked for, and not kept on disk: it follows from what
is kept there. So a step loaded from disk has it as well, and compiling does not import networkx for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def graph_facts(calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts, levels and the critical path of the kernels of a step.

    Parameters
    ----------
    calls : sequence of dict
        The entry ``"calls"`` of a report. ``"work"`` weighs a kernel; an edge leads from the call that writes a buffer
        last to a call that reads it. A branch or loop is one node, which weighs what its calls do together.

    Returns
    -------
    dict
        ``kernels``, ``edges`` : int
            Size of the graph.
        ``components`` : int
            Parts that have nothing to do with each other.
        ``widths`` : list of int
            Kernels in each topological generation: those in one could run at the same time.
        ``critical_path`` : list of int
            Numbers of the calls of the heaviest chain of kernels that wait for each other.
        ``critical_labels`` : list of str
            Their operations.
        ``critical_share`` : float
            Their work as a part of all work, 0 to 1: the time that any number of parallel workers could not go below.
        ``bottlenecks`` : list of int
            Calls through which every path from the first kernels to the last ones goes (dominators of the end).

    Examples
    --------
    >>> def call(label, work, reads, writes):
    ...     named = lambda names: [{"name": name} for name in names]
    ...     return {"label": label, "work": work, "reads": named(reads), "writes": named(writes)}
    >>> calls = [call("exp", 10, "x", "a"), call("sin", 1, "a", "b"), call("cos", 5, "a", "c")]
    >>> facts = graph_facts([*calls, call("add", 1, "bc", "y")])
    >>> facts["widths"], facts["critical_labels"], facts["bottlenecks"]
    ([1, 2, 1], ['exp', 'cos', 'add'], [0, 3])
    """
    import networkx as nx

    graph = _kernel_graph(nx, calls)
    path = _heaviest_path(nx, graph, calls)
    total = sum(calls[number]["work"] for number in graph)
    return {
        "kernels": graph.number_of_nodes(),
        "edges": graph.number_of_edges(),
        "components": nx.number_weakly_connected_components(graph),
        "widths": [len(generation) for generation in nx.topological_generations(graph)],
        "critical_path": path,
        "critical_labels": [calls[number]["label"] for number in path],
        "critical_share": round(sum(calls[n]["work"] for n in path) / total, 4) if total else 0.0,
        "bottlenecks": _bottlenecks(nx, graph),
    }


def _kernel_graph(nx: Any, calls: Sequence[Mapping[str, Any]]) -> Any:
    graph = nx.DiGraph()
    writer: dict[str, int] = {}
    for number, call in enumerate(calls):
        if call.get("within"):
            continue
        graph.add_node(number)
        graph.add_edges_from((writer[b["name"]], number) for b in call["reads"] if b["name"] in writer)
        writer.update((b["name"], number) for b in call["writes"])
    return graph


def _heaviest_path(nx: Any, graph: Any, calls: Sequence[Mapping[str, Any]]) -> list[int]:
    """The path of largest work. Weights belong to nodes, networkx wants them on edges: each has that of its end."""
    weighted = nx.DiGraph()
    weighted.add_weighted_edges_from((a, b, calls[b]["work"]) for a, b in graph.edges)
    weighted.add_weighted_edges_from(("start", node, calls[node]["work"]) for node in graph)
    return list(nx.dag_longest_path(weighted))[1:]


def _bottlenecks(nx: Any, graph: Any) -> list[int]:
    closed = graph.copy()
    closed.add_edges_from([("start", node) for node, degree in graph.in_degree() if degree == 0])
    closed.add_edges_from([(node, "end") for node, degree in graph.out_degree() if degree == 0])
    if "end" not in closed:
        return []
    before = nx.immediate_dominators(closed, "start")
    found: list[int] = []
    node = before["end"]
    while node != "start":
        found.append(node)
        node = before[node]
    return found[::-1]
