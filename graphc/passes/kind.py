"""What a pass is, and what it reports."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from graphc.ir.program import Program, reachable
from graphc.ops.builder import Builder

Apply = Callable[[Program, Builder], "Program | tuple[Program, Mapping[str, int]]"]


@dataclass(frozen=True)
class Pass:
    """A named function from program to program.

    Attributes
    ----------
    name : str
        Unique in a list of passes; its switch.
    apply : callable ``(program, builder) -> Program`` or ``-> (Program, counts)``
        Nodes of the result belong to `builder`. The counts say what was done how often.
    doc : str
        One line for reports.
    """

    name: str
    apply: Apply
    doc: str


@dataclass(frozen=True)
class PassReport:
    """What one pass did.

    Attributes
    ----------
    name : str
        Of the pass.
    nodes_before, nodes_after, edges_before, edges_after : int
        Size of the program.
    seconds : float
        Time of the pass itself.
    counts : Mapping of str to int
        Rules that fired, and how often.
    """

    name: str
    nodes_before: int
    nodes_after: int
    edges_before: int
    edges_after: int
    seconds: float
    counts: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        fired = ", ".join(f"{name} x{n}" for name, n in Counter(self.counts).most_common())
        sizes = f"nodes {self.nodes_before} -> {self.nodes_after}, edges {self.edges_before} -> {self.edges_after}"
        return f"{self.name}: {sizes}, {self.seconds * 1e3:.2f} ms" + (f" ({fired})" if fired else "")


def size_of(program: Program) -> tuple[int, int]:
    """Number of nodes and of edges."""
    nodes = reachable(program.roots)
    return len(nodes), sum(len(n.inputs) for n in nodes)


def run_pass(item: Pass, program: Program, builder: Builder, size: tuple[int, int]) -> tuple[Program, PassReport]:
    """Apply one pass to a program of a known size."""
    start = time.perf_counter()
    applied = item.apply(program, builder)
    seconds = time.perf_counter() - start
    result, counts = applied if isinstance(applied, tuple) else (applied, {})
    after = size if result is program else size_of(result)
    return result, PassReport(item.name, size[0], after[0], size[1], after[1], seconds, dict(counts))
