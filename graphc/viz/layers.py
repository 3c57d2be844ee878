"""Layered drawing, first half: which row a node is in, and the order within the rows.

The method is Sugiyama's (Sugiyama, Tagawa and Toda 1981, "Methods for visual understanding of hierarchical system
structures"): rows by longest path, one dummy per row that an edge only passes, then sweeps that sort every row by the
median of its neighbours (Eades and Wormald 1994), keeping the order with the fewest crossings seen.
"""

from bisect import bisect_left, insort
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Vertex = Hashable
"""A node's key, or a tuple ``(source, target, row)``: the dummy of an edge in a row."""


@dataclass(frozen=True)
class Layers:
    """Rows of vertices from top to bottom, and the edges between neighbouring rows."""

    rows: list[list[Vertex]]
    above: dict[Vertex, list[Vertex]]
    below: dict[Vertex, list[Vertex]]
    chains: dict[tuple[Vertex, Vertex], list[Vertex]]


def layer(graph: Any, groups: Mapping[Vertex, str]) -> Layers:
    """Place the nodes of an acyclic ``networkx.DiGraph`` in ordered rows.

    Parameters
    ----------
    graph : networkx.DiGraph
        Nodes are visited in insertion order, so equal graphs give equal drawings.
    groups : mapping
        The group of a node; in a row, nodes of one group stay together.

    Returns
    -------
    Layers
        Every edge leads from a row to the next one; ``chains`` lists the vertices of each original edge.
    """
    rank = _ranks(graph)
    rows: list[list[Vertex]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for node in _depth_first(graph):
        rows[rank[node]].append(node)
    above: dict[Vertex, list[Vertex]] = {node: [] for node in graph}
    below: dict[Vertex, list[Vertex]] = {node: [] for node in graph}
    chains: dict[tuple[Vertex, Vertex], list[Vertex]] = {}
    for source, target in graph.edges:
        dummies: list[Vertex] = [(source, target, row) for row in range(rank[source] + 1, rank[target])]
        for offset, dummy in enumerate(dummies):
            rows[rank[source] + 1 + offset].append(dummy)
        chain = [source, *dummies, target]
        chains[source, target] = chain
        for upper, lower in pairwise(chain):
            below.setdefault(upper, []).append(lower)
            above.setdefault(lower, []).append(upper)
    layers = Layers(rows, above, below, chains)
    _reduce_crossings(layers, groups)
    return layers


def _ranks(graph: Any) -> dict[Vertex, int]:
    """Row of each node: longest path from the top; then, from below, every node with no more inputs than readers
    moves down to just above its first reader, which makes no edge longer than it makes others shorter."""
    import networkx as nx

    rank: dict[Vertex, int] = {}
    for row, generation in enumerate(nx.topological_generations(graph)):
        rank.update(dict.fromkeys(generation, row))
    for node in reversed(list(rank)):
        if 0 < graph.out_degree(node) >= graph.in_degree(node):
            rank[node] = min(rank[reader] for reader in graph.successors(node)) - 1
    top = min(rank.values(), default=0)
    return {node: row - top for node, row in rank.items()}


def _depth_first(graph: Any) -> Iterable[Vertex]:
    """Nodes in depth-first order over edges in both directions: a first order in which neighbours are near."""
    seen: set[Vertex] = set()
    for root in graph:
        stack = [root]
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            yield node
            stack.extend(reversed([*graph.predecessors(node), *graph.successors(node)]))


def _reduce_crossings(layers: Layers, groups: Mapping[Vertex, str], sweeps: int = 24) -> None:
    best, fewest = [row[:] for row in layers.rows], count_crossings(layers)
    for sweep in range(sweeps):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        neighbours = layers.above if down else layers.below
        order = range(1, len(layers.rows)) if down else range(len(layers.rows) - 2, -1, -1)
        for index in order:
            fixed = {vertex: place for place, vertex in enumerate(layers.rows[index - 1 if down else index + 1])}
            layers.rows[index] = _sorted_by_median(layers.rows[index], neighbours, fixed, groups)
        crossings = count_crossings(layers)
        if crossings < fewest:
            best, fewest = [row[:] for row in layers.rows], crossings
    layers.rows[:] = best


def _sorted_by_median(
    row: list[Vertex],
    neighbours: Mapping[Vertex, list[Vertex]],
    fixed: Mapping[Vertex, int],
    groups: Mapping[Vertex, str],
) -> list[Vertex]:
    """Sort a row by the median place of each vertex's neighbours; a group goes where its members are on average."""
    place: dict[Vertex, float] = {}
    for index, vertex in enumerate(row):
        known = sorted(fixed[other] for other in neighbours.get(vertex, ()))
        middle = len(known) // 2
        if not known:
            place[vertex] = float(index)
        elif len(known) % 2:
            place[vertex] = float(known[middle])
        else:
            place[vertex] = (known[middle - 1] + known[middle]) / 2
    members: dict[str, list[float]] = {}
    for vertex in row:
        if groups.get(vertex):
            members.setdefault(groups[vertex], []).append(place[vertex])
    centre = {name: sum(places) / len(places) for name, places in members.items()}
    return sorted(row, key=lambda v: (centre.get(groups.get(v, ""), place[v]), groups.get(v, ""), place[v]))


def count_crossings(layers: Layers) -> int:
    """Count the pairs of edges that cross between neighbouring rows."""
    crossings = 0
    for upper, lower in pairwise(layers.rows):
        place = {vertex: index for index, vertex in enumerate(lower)}
        ends: list[int] = []
        for vertex in upper:
            targets = sorted(place[other] for other in layers.below.get(vertex, ()))
            crossings += sum(len(ends) - bisect_left(ends, target + 1) for target in targets)
            for target in targets:
                insort(ends, target)
    return crossings
