"""Groups of nodes that become one kernel, and the graph between them, kept acyclic while they grow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from graphc.ir.node import Node
from graphc.ir.types import Shape

# How many groups a search for a path may visit before the answer is taken to be yes: it bounds the cost per node.
SEARCH_BUDGET = 400


@dataclass(eq=False, slots=True)
class Group:
    """Nodes computed by one kernel.

    Attributes
    ----------
    id : int
    kind : str
        ``"nest"``, ``"contract"`` (a contraction or convolution with its epilogue) or ``"opaque"`` (one node).
    space : Shape
        Sizes of the common index space, axes of size 1 left out.
    reduce : frozenset of int
        Axes of the space that its reductions go over.
    anchor : Node, optional
        The contraction.
    members : list of Node
        In topological order.
    inputs : set of int
        Groups whose results it reads.
    hard : set of int
        Those of them that it reads otherwise than element by element: they can never become one with it.
    last : int
        Largest topological position of a member.
    outputs : set of int
        Groups that read its results.
    level : int
        Larger than that of all groups it reads: only groups of higher levels can depend on it. (Positions of members
        do not tell: a group that reads an early member depends on everything that the late ones read.)
    """

    id: int
    kind: str
    space: Shape
    reduce: frozenset[int]
    anchor: Node | None
    members: list[Node]
    last: int
    inputs: set[int] = field(default_factory=set)
    outputs: set[int] = field(default_factory=set)
    level: int = 0
    hard: set[int] = field(default_factory=set)

    @property
    def row_space(self) -> Shape:
        """The space without the reduced axes."""
        return tuple(dim for axis, dim in enumerate(self.space) if axis not in self.reduce)

    @property
    def kept(self) -> tuple[int, ...]:
        """The axes that are not reduced."""
        return tuple(axis for axis in range(len(self.space)) if axis not in self.reduce)


class GroupGraph:
    """Groups under merging."""

    def __init__(self) -> None:
        self._groups: list[Group] = []
        self._parent: list[int] = []
        self.of: dict[Node, int] = {}

    def new(self, kind: str, node: Node, space: Shape, position: int) -> Group:
        """A group of one node."""
        group = Group(len(self._groups), kind, space, frozenset(), None, [], position)
        self._groups.append(group)
        self._parent.append(group.id)
        self.append(group, node, position)
        return group

    def append(self, group: Group, node: Node, position: int) -> None:
        """Make a node a member."""
        group.members.append(node)
        group.last = max(group.last, position)
        self.of[node] = group.id

    def find(self, number: int) -> Group:
        """The group that a group of this number has become part of."""
        root = number
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[number] != root:
            self._parent[number], number = root, self._parent[number]
        return self._groups[root]

    def group_of(self, node: Node) -> Group | None:
        """The group of a node, None for leaves and for nodes that cost nothing."""
        number = self.of.get(node)
        return None if number is None else self.find(number)

    def groups(self) -> list[Group]:
        """All groups."""
        return [group for group in self._groups if self._parent[group.id] == group.id]

    def resolved(self, numbers: Iterable[int]) -> set[int]:
        """Current numbers of groups."""
        return {self.find(number).id for number in numbers}

    def reaches(self, source: Group, target: Group) -> bool:
        """Whether `target` needs `source`: a search from both ends at once, over groups of the levels in between.

        The end with less to look at goes on; when it has nothing left there is no path.
        """
        if source is target:
            return True
        if source.level >= target.level:
            return False
        ahead, behind = {source.id}, {target.id}
        forward, back = [source], [target]
        while forward and back:
            if len(ahead) + len(behind) > SEARCH_BUDGET:
                return True
            if len(forward) < len(back):
                found = self._step(forward, ahead, forward.pop().outputs, behind, range(source.level, target.level))
            else:
                found = self._step(back, behind, back.pop().inputs, ahead, range(source.level + 1, target.level + 1))
            if found:
                return True
        return False

    def _step(self, stack: list[Group], seen: set[int], numbers: set[int], goal: set[int], levels: range) -> bool:
        """Go on to the neighbours of one group; whether the other end has been met."""
        for number in numbers:
            group = self.find(number)
            if group.id in goal:
                return True
            if group.id not in seen and group.level in levels:
                seen.add(group.id)
                stack.append(group)
        return False

    def may_read(self, group: Group, producers: Iterable[int]) -> bool:
        """Whether a member that reads these groups can be added without a cycle."""
        return not any(self.reaches(group, p) for p in map(self.find, set(producers)) if p is not group)

    def may_merge(self, left: Group, right: Group) -> bool:
        """Whether no path leads from one to the other through a third, and none reads the other otherwise than element
        by element."""
        if left.id in self.resolved(right.hard) or right.id in self.resolved(left.hard):
            return False
        others = self.resolved(left.inputs | right.inputs) - {left.id, right.id}
        return self.may_read(left, others & self.resolved(right.inputs)) and self.may_read(
            right, others & self.resolved(left.inputs)
        )

    def merge(self, left: Group, right: Group) -> Group:
        """Make two groups one."""
        into, gone = (left, right) if len(left.members) >= len(right.members) else (right, left)
        into.members = sorted(into.members + gone.members, key=lambda node: node.id)
        into.last, into.level = max(into.last, gone.last), max(into.level, gone.level)
        into.reduce, into.anchor = into.reduce | gone.reduce, into.anchor or gone.anchor
        into.kind = "contract" if into.anchor is not None else into.kind
        self._parent[gone.id] = into.id
        into.inputs = self.resolved(into.inputs | gone.inputs) - {into.id}
        into.outputs = self.resolved(into.outputs | gone.outputs) - {into.id}
        into.hard = self.resolved(into.hard | gone.hard) - {into.id}
        self._raise_levels(into)
        return into

    def connect(self, source: Group, target: Group) -> None:
        """Enter that one group reads another."""
        target.inputs.add(source.id)
        source.outputs.add(target.id)
        if target.level <= source.level:
            target.level = source.level + 1
            self._raise_levels(target)

    def _raise_levels(self, group: Group) -> None:
        stack = [group]
        while stack:
            before = stack.pop()
            for after in map(self.find, before.outputs):
                if after.level <= before.level:
                    after.level = before.level + 1
                    stack.append(after)

    def move(self, nodes: Sequence[Node], source: Group, target: Group) -> None:
        """Make members of one group members of another, which comes after it anyway."""
        gone = set(nodes)
        source.members = [node for node in source.members if node not in gone]
        target.members = sorted([*target.members, *nodes], key=lambda node: node.id)
        self.of.update(dict.fromkeys(nodes, target.id))
