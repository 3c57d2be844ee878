"""Which nodes become one kernel.

Nodes are placed in topological order. A node joins the group of a value that it reads when both have one index space,
it reads that value at its own element (or at its row's, for a reduction's result), and the graph of groups stays
acyclic; then other groups that it reads are merged in under the same conditions. Every edge that stays between two
groups keeps its reason.
"""

from __future__ import annotations

from collections.abc import Iterable

from graphc.ir.node import Node
from graphc.ir.program import Program, reachable
from graphc.ir.types import Shape, TupleType
from graphc.loops.indexmap import IndexMap, identity_map
from graphc.loops.lower import is_computed, is_free, is_scalar_constant, is_trivial_reduction, reduction_axes
from graphc.loops.window import window_axes, window_map
from graphc.ops.record import record_of
from graphc.schedule.access import (
    Access,
    Sizes,
    behind_views,
    dense_base,
    factors_of,
    is_contraction,
    large,
    reads_of,
)
from graphc.schedule.checks import CONDITIONS
from graphc.schedule.groups import Group, GroupGraph
from graphc.schedule.stages import Stages

# A kernel of more nodes than this would run out of registers and of recursion depth while it is lowered.
MOST_MEMBERS = 96
# Full-shape consumers of a reduction over everything stay in its kernel only where a second loop would cost more.
SMALL_SPACE = 16384

SWITCHED_OFF = "switched off"
BETWEEN = "a size is computed in between"

LEAVES = frozenset({"input", "variable", "const", "parameter"})


class Regions:
    """Groups of a program's nodes.

    Parameters
    ----------
    program : Program
    disabled : frozenset of str
        Switches that are off.
    around : Stages, optional
        If it is the body of a branch or loop: stages of the whole program.

    Attributes
    ----------
    graph : GroupGraph
    accesses : dict
        For every placed node, what it reads.
    reasons : dict
        Why a producer and a consumer are in different kernels.
    copies : list of Node
        Leaves that are results as they are: each is copied by a kernel of its own.
    kept : tuple of Node
        What has to be in memory: results, and sizes that are data.
    disabled : frozenset of str
        Switches that are off.
    """

    def __init__(self, program: Program, disabled: frozenset[str] = frozenset(), around: Stages | None = None) -> None:
        self.disabled = disabled
        self.stages = Stages(program) if around is None else around.inside()
        self.sizes = Sizes(program.guards, self.stages.of_dim)
        self.graph = GroupGraph()
        self.accesses: dict[Node, list[Access]] = {}
        self.reasons: dict[tuple[Node, Node], str] = {}
        self.copies: list[Node] = []
        self._readers: dict[Node, int] = {}
        self.kept = tuple(map(dense_base, (*program.results, *self.stages.values)))
        nodes = reachable((*program.results, *self.stages.values))
        self._position = {node: place for place, node in enumerate(nodes)}
        for node in nodes:
            if node.op not in LEAVES and not is_free(node):
                self._place(node)
        for result in dict.fromkeys(self.kept):
            if result.op in LEAVES and not is_free(result):
                self.copies.append(result)
            elif is_free(result):
                self.store(result)

    def space_of(self, node: Node) -> Shape:
        """The index space in which a node is computed: a reduction's is its operand's; several results have none."""
        if isinstance(node.type, TupleType):
            return ()
        if record_of(node.op).kind == "reduce" and not is_trivial_reduction(node):
            return self.sizes.space(node.inputs[0].shape)
        return self.sizes.space(node.shape)

    def reduced(self, node: Node) -> frozenset[int]:
        """Axes of its space that a reduction goes over."""
        axes, shape = reduction_axes(node), node.inputs[0].shape
        counted = [a for a, dim in enumerate(shape) if dim != 1]
        return frozenset(place for place, a in enumerate(counted) if a in axes)

    def is_row(self, node: Node, group: Group) -> bool:
        """Whether a member has one value per row of its group."""
        return bool(group.reduce) and self.sizes.space(node.shape) == group.row_space

    def store(self, node: Node) -> None:
        """Give a view, a size or a constant a kernel of its own that writes it out."""
        if node in self.accesses:
            return
        producer = self._writer_of_transpose(node)
        if producer is not None:
            self.accesses[node] = []
            self.graph.append(producer, node, producer.last)
            return
        space = self.sizes.space(node.shape)
        self._collect(node, space)
        group = self.graph.new("nest", node, space, self._position[node])
        self._connect(group, node, None)

    def _writer_of_transpose(self, node: Node) -> Group | None:
        """The group that can write a transposed value straight to its place, with the last axis still contiguous."""
        if node.op != "transpose" or node.attrs["perm"][-1:] != (node.rank - 1,) or "fusion" in self.disabled:
            return None
        source = node.inputs[0]
        group = self.graph.group_of(source)
        if group is None or group.kind == "opaque" or self.sizes.space(source.shape) != group.space:
            return None
        if group.anchor is not None and "epilogues" in self.disabled:
            return None
        return group if self.stages.of(node) == self.stages.of(source) else None

    def _place(self, node: Node) -> None:
        if node.op == "item":
            group = self.graph.group_of(node.inputs[0])
            assert group is not None
            self.graph.append(group, node, self._position[node])
            self.accesses[node] = []
        elif is_contraction(node):
            self._place_contraction(node)
        elif record_of(node.op).kind == "window":
            self._place_window(node)
        elif is_computed(node) or (record_of(node.op).kind == "reduce"):
            self._place_in_nest(node)
        else:
            self._place_opaque(node)

    def _place_contraction(self, node: Node) -> None:
        self.accesses[node] = []
        for operand, factor in zip(node.inputs, factors_of(node), strict=True):
            access, blocked = behind_views(operand, factor.index_map, factor.sizes)
            if blocked:
                self.store(access.source)
            elif is_free(access.source):
                access = Access(operand, factor.index_map)
                self.store(operand)
            self.accesses[node].append(access)
        group = self.graph.new("contract", node, self.sizes.space(node.shape), self._position[node])
        group.anchor = node
        self._connect(group, node, "operands of a contraction are read from memory")

    def _place_window(self, node: Node) -> None:
        """A nest over the result and the window; what uses the result element by element joins as its rows."""
        parallel, window = window_axes(node)
        space = tuple(map(self.sizes.canonical, (*parallel, *window)))
        access, blocked = behind_views(node.inputs[0], window_map(node), space)
        self.accesses[node] = []
        if blocked:
            self.store(access.source)
        self._note(node, access)
        group = self.graph.new("nest", node, space, self._position[node])
        group.reduce = frozenset(range(len(parallel), len(space)))
        self._connect(group, node, "the windows read other elements than those being computed")

    def _place_opaque(self, node: Node) -> None:
        """One kernel for one node; operands have to be dense in memory."""
        self.accesses[node] = []
        for base in dict.fromkeys(map(dense_base, node.inputs)):
            if is_scalar_constant(base):
                continue
            if is_free(base):
                self.store(base)
            self._note(node, Access(base, IndexMap((), True)))
        group = self.graph.new("opaque", node, (), self._position[node])
        self._connect(group, node, f"operands of {node.op} are read from memory")

    def _place_in_nest(self, node: Node) -> None:
        space = self.space_of(node)
        self._collect(node, space)
        group = self._choose(node, space)
        if group is None:
            group = self.graph.new("nest", node, space, self._position[node])
        else:
            self.graph.append(group, node, self._position[node])
        if self._reduces(node):
            group.reduce = self.reduced(node)
        # Before merging: the search for cycles has to know everything that the new member reads.
        self._connect(group, node, None)
        self._merge_producers(node, group)

    def _reduces(self, node: Node) -> bool:
        return record_of(node.op).kind == "reduce" and not is_trivial_reduction(node)

    def _collect(self, node: Node, space: Shape) -> None:
        """Record what a node reads behind views; a view that cannot be folded is stored."""
        self.accesses[node] = []
        for operand, index_map in reads_of(node, space):
            access, blocked = behind_views(operand, index_map, space)
            if blocked:
                self.store(access.source)
            if blocked or not is_free(access.source):
                self._note(node, access)

    def _note(self, node: Node, access: Access) -> None:
        if is_free(access.source):
            self.store(access.source)
        if access not in self.accesses[node]:
            self.accesses[node].append(access)

    def _choose(self, node: Node, space: Shape) -> Group | None:
        """The group to join: the latest producer that allows it, else one that reads the same values."""
        producers = {g.id: g for a in self.accesses[node] if (g := self.graph.group_of(a.source)) is not None}
        for group in sorted(producers.values(), key=lambda g: -g.last):
            reason = self._obstacle(node, space, group) or self._cycle(group, producers)
            if reason is None:
                return group
            self._explain(node, group, reason)
        own = set(producers)
        for access in self.accesses[node]:
            number = self._readers.get(access.source)
            if number is None or not self.is_own_element(access, space):
                continue
            sibling = self.graph.find(number)
            fits = sibling.kind == "nest" and self._obstacle(node, space, sibling) is None
            if fits and self.graph.may_read(sibling, own):
                return sibling
        return None

    def _cycle(self, group: Group, producers: dict[int, Group]) -> str | None:
        if self.graph.may_read(group, producers):
            return None
        return "another operand needs the producer's kernel to have finished"

    def _explain(self, node: Node, group: Group, reason: str) -> None:
        for access in self.accesses[node]:
            if self.graph.group_of(access.source) is group:
                self.reasons[access.source, node] = reason

    def is_own_element(self, access: Access, space: Shape) -> bool:
        """Whether a value of the full space is read at the element being computed."""
        source = access.source
        return self.sizes.space(source.shape) == space and access.index_map == _own(source, range(len(space)), space)

    def _obstacle(self, node: Node, space: Shape, group: Group) -> str | None:
        """Why a node cannot be computed in a group's index space, apart from cycles; None if it can."""
        if group.kind == "opaque":
            return "the producer is a kernel by itself"
        if self.stages.of(node) != self.stages.of(group.members[0]):
            return BETWEEN
        if "fusion" in self.disabled or (group.anchor is not None and "epilogues" in self.disabled):
            return SWITCHED_OFF
        if len(group.members) >= MOST_MEMBERS:
            return f"the producer's kernel has {MOST_MEMBERS} operations already"
        if group.anchor is not None and node.op in CONDITIONS:
            return "a contraction checks no values"
        full = space == group.space
        if self._reduces(node):
            if group.anchor is not None:
                return "a reduction needs finished elements, and a contraction writes tiles"
            if full and group.reduce and group.reduce != self.reduced(node):
                return "the kernel reduces over other axes"
        elif not full and not (group.reduce and space == group.row_space):
            return f"index space {_shown(space)} against {_shown(group.space)}"
        if not full and self._reduces(node):
            return f"index space {_shown(space)} against {_shown(group.space)}"
        if full and group.reduce and not group.row_space and large(space, SMALL_SPACE) and not self._reduces(node):
            return "the reduction over everything has to be complete first"
        return self._map_obstacle(node, group, full)

    def _map_obstacle(self, node: Node, group: Group, full: bool) -> str | None:
        for access in self.accesses[node]:
            if self.graph.group_of(access.source) is group and not self._is_aligned(access, group, full):
                return "the value is read at other elements than those being computed"
        return None

    def _is_aligned(self, access: Access, group: Group, full: bool) -> bool:
        """Whether a member is read at the element, or at the row, that is being computed."""
        row = self.is_row(access.source, group)
        if full:
            axes = group.kept if row else tuple(range(len(group.space)))
            return access.index_map == _own(access.source, axes, group.space)
        return row and access.index_map == _own(access.source, range(len(group.row_space)), group.row_space)

    def _merge_producers(self, node: Node, group: Group) -> None:
        for access in self.accesses[node]:
            other = self.graph.group_of(access.source)
            if other is None or other is group:
                continue
            reason = self._merge_obstacle(access, other, group)
            if reason is None:
                group = self.graph.merge(group, other)
            else:
                self.reasons[access.source, node] = reason

    def _merge_obstacle(self, access: Access, other: Group, group: Group) -> str | None:
        if other.kind == "opaque":
            return "the producer is a kernel by itself"
        if self.stages.of(other.members[0]) != self.stages.of(group.members[0]):
            return BETWEEN
        if "fusion" in self.disabled or (other.anchor is not None and "epilogues" in self.disabled):
            return SWITCHED_OFF
        if other.space != group.space:
            return f"index space {_shown(group.space)} against {_shown(other.space)}"
        if other.reduce and group.reduce and other.reduce != group.reduce:
            return "the kernels reduce over different axes"
        if other.anchor is not None and group.anchor is not None:
            return "both kernels are contractions"
        if (other.anchor or group.anchor) is not None and any(
            m.op in CONDITIONS for m in (*other.members, *group.members)
        ):
            return "a contraction checks no values"
        if (other.anchor or group.anchor) is not None and (other.reduce or group.reduce):
            return "a reduction needs finished elements, and a contraction writes tiles"
        if len(other.members) + len(group.members) > MOST_MEMBERS:
            return f"the kernel would have more than {MOST_MEMBERS} operations"
        if not self._is_aligned(access, other, True):
            return "the value is read at other elements than those being computed"
        if not self.graph.may_merge(other, group):
            return "another operand needs the producer's kernel to have finished"
        return None

    def _connect(self, group: Group, node: Node, reason: str | None) -> None:
        """Enter the edges of a placed node into the graph of groups."""
        full = reason is None and self.space_of(node) == group.space
        for access in self.accesses[node]:
            other = self.graph.group_of(access.source)
            if other is not None and other is not group:
                self.graph.connect(other, group)
                aligned = full and other.space == group.space and other.kind != "opaque"
                if not aligned or not self._is_aligned(access, other, True):
                    group.hard.add(other.id)
                if reason is not None:
                    self.reasons[access.source, node] = reason
            if reason is None:
                self._readers[access.source] = group.id


def _own(node: Node, axes: Iterable[int], space: Shape) -> IndexMap:
    return identity_map(node.shape, list(axes), len(space))


def _shown(space: Shape) -> str:
    return f"[{', '.join(map(str, space))}]"
