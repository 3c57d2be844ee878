"""Which values are stored, and which are cheaper to compute again in every kernel that uses them."""

from __future__ import annotations

from dataclasses import dataclass

from graphc.ir.node import Node
from graphc.loops.lower import is_computed, is_scalar_constant
from graphc.ops.record import record_of
from graphc.schedule.regions import LEAVES, Regions

# Scalar operations that are cheaper than writing a value and reading it back.
CHEAP_FLOPS = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """What has been decided about values before.

    Attributes
    ----------
    saved : frozenset of Node
        Stored, because something else is computed again from them.
    again : frozenset of Node
        Computed again by all that read them.
    """

    saved: frozenset[Node] = frozenset()
    again: frozenset[Node] = frozenset()


def stored_values(regions: Regions, choice: Choice | None = None) -> tuple[set[Node], set[Node]]:
    """Values that need memory, results and what other kernels read; and those that these compute again instead."""
    choice = choice or Choice()
    stored = {base for base in regions.kept if base.op not in LEAVES or is_scalar_constant(base)}
    stored |= choice.saved
    again: set[Node] = set()
    readers: dict[Node, list[Node]] = {}
    for node, accesses in regions.accesses.items():
        for access in accesses:
            if access.source.op not in LEAVES:
                readers.setdefault(access.source, []).append(node)
    allowed = regions.disabled.isdisjoint(("fusion", "recompute"))
    for node in sorted(readers, key=lambda n: n.id):
        group = regions.graph.group_of(node)
        outside = [r for r in readers[node] if regions.graph.group_of(r) is not group]
        if not outside or node in stored:
            continue
        if node in choice.again or (allowed and _computed_again(node, outside, regions, stored, again)):
            again.add(node)
        else:
            stored.add(node)
    return stored, again


def _computed_again(node: Node, outside: list[Node], regions: Regions, stored: set[Node], again: set[Node]) -> bool:
    """Whether the readers can compute a value from at most one stored value of its size, in few operations."""
    if not is_computed(node) or not all(is_computed(r) or record_of(r.op).kind == "reduce" for r in outside):
        return False
    if any(a.index_map.flat for r in outside for a in regions.accesses[r] if a.source is node):
        return False
    space = regions.sizes.space(node.shape)
    flops, wide, stack, seen = 0, 0, [node], {node}
    while stack:
        current = stack.pop()
        flops += record_of(current.op).flops
        if flops > CHEAP_FLOPS or not is_computed(current) or len(regions.accesses[current]) > CHEAP_FLOPS:
            return False
        for access in regions.accesses[current]:
            source = access.source
            if access.index_map.flat or access.index_map.guard is not None:
                return False
            if source in seen:
                continue
            seen.add(source)
            if source.op in LEAVES or source in stored:
                wide += regions.sizes.space(source.shape) == space and space != ()
            elif source in again or regions.graph.group_of(source) is regions.graph.group_of(current):
                stack.append(source)
            else:
                return False
    return wide <= 1
