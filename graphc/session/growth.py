"""Notices graphs that grow from run to run: operations made inside a loop."""

from __future__ import annotations

import warnings

from graphc.graph.graph import Graph
from graphc.graph.origin import Origin

PATIENCE = 8


class GrowthWatch:
    """Warns once when the same line has added operations before several runs.

    Parameters
    ----------
    graph : Graph

    Notes
    -----
    Every new operation that is fetched makes a new program: the loop becomes slower with every round.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.size = len(graph.operations)
        self._seen: dict[Origin, int] = {}
        self._warned = False

    def check(self) -> None:
        """Called before a run."""
        size = len(self.graph.operations)
        if size == self.size:
            return
        self.size = size
        if self._warned:
            return
        newest = self.graph.operations[-1].origin
        self._seen[newest] = self._seen.get(newest, 0) + 1
        if self._seen[newest] >= PATIENCE:
            self._warned = True
            warnings.warn(
                f"the graph keeps growing: {PATIENCE} runs came after new operations made at {newest}\n"
                "every run after that compiles again; build operations once, before the loop, and only run them inside "
                "(graph.finalize() finds the place)",
                RuntimeWarning,
                stacklevel=4,
            )
