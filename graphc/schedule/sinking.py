"""Moves the end of a contraction's epilogue into the nest that uses it, where fewer values cross between the two."""

from __future__ import annotations

from graphc.ir.node import Node
from graphc.schedule.groups import Group
from graphc.schedule.regions import MOST_MEMBERS, Regions


def sink_epilogues(regions: Regions) -> int:
    """Move members of contractions that only one nest needs into that nest, if the contraction then stores less.

    An epilogue that multiplies the sum by two factors for two uses in a softmax gradient, say, would store two arrays
    where the sum alone is enough. The nest already runs after the contraction and after all that it reads, so the
    move cannot make a cycle. Returns how many members moved.
    """
    if "sinking" in regions.disabled:
        return 0
    kept = set(regions.kept)
    readers: dict[Node, list[Node]] = {}
    for node, accesses in regions.accesses.items():
        for access in accesses:
            readers.setdefault(access.source, []).append(node)
    moved = 0
    for group in regions.graph.groups():
        if group.anchor is not None and len(group.members) > 1:
            for other in _users(group, regions, readers):
                moved += _sink(group, other, regions, readers, kept)
    return moved


def _users(group: Group, regions: Regions, readers: dict[Node, list[Node]]) -> list[Group]:
    found = {}
    for member in group.members:
        for reader in readers.get(member, ()):
            other = regions.graph.group_of(reader)
            if other is not None and other is not group and other.kind == "nest" and other.space == group.space:
                found[other.id] = other
    return list(found.values())


def _sink(group: Group, other: Group, regions: Regions, readers: dict[Node, list[Node]], kept: set[Node]) -> int:
    inside = set(group.members)
    moved: set[Node] = set()
    for member in reversed(group.members):
        users = readers.get(member, [])
        fits = member is not group.anchor and member not in kept and regions.sizes.space(member.shape) == group.space
        if fits and users and all(u in moved or _reads_own_element(u, member, other, regions) for u in users):
            moved.add(member)
    before = sum(any(regions.graph.group_of(u) is other for u in readers.get(m, ())) for m in inside)
    after = sum(
        any(u in moved or regions.graph.group_of(u) is other for u in readers.get(m, ())) for m in inside - moved
    )
    if moved and after < before and len(moved) + len(other.members) <= MOST_MEMBERS:
        regions.graph.move(sorted(moved, key=lambda node: node.id), group, other)
        return len(moved)
    return 0


def _reads_own_element(reader: Node, member: Node, other: Group, regions: Regions) -> bool:
    """Whether a reader belongs to the nest and uses the member's value at the element being computed."""
    if regions.graph.group_of(reader) is not other:
        return False
    return all(
        regions.is_own_element(access, other.space) for access in regions.accesses[reader] if access.source is member
    )
