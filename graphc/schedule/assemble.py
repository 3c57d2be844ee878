"""Kernels of a program with their buffers: lowers every group and decides where results go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from graphc.ir.node import Node
from graphc.ir.program import Program
from graphc.ir.types import TensorType, TupleType
from graphc.loops.lower import is_scalar_constant
from graphc.loops.spec import Buffer
from graphc.ops.record import record_of
from graphc.schedule.access import dense_base
from graphc.schedule.calls import Task, copy_all, sizes_call
from graphc.schedule.control import PlanBody
from graphc.schedule.groups import Group
from graphc.schedule.lowering import LoweredGroup
from graphc.schedule.opaque import opaque_call
from graphc.schedule.regions import LEAVES, Regions
from graphc.schedule.storage import Choice, stored_values


@dataclass(eq=False, slots=True)
class Unit:
    """A kernel before its results have buffers.

    Attributes
    ----------
    place : int
        Topological position of its last node.
    lowered : LoweredGroup, optional
        None for a node that is a kernel by itself.
    node : Node, optional
        That node; None as well for what makes sizes known.
    reads : list of Buffer
    makes : list of Node
        Stored values that it computes.
    names : tuple of str
        Sizes that it makes known.
    before, after : set of Unit
        Units that must come earlier and later.
    """

    place: int
    lowered: LoweredGroup | None
    node: Node | None
    reads: list[Buffer]
    makes: list[Node]
    names: tuple[str, ...] = ()
    before: set[Unit] = field(default_factory=set)
    after: set[Unit] = field(default_factory=set)

    def follows(self, other: Unit) -> None:
        """Order this unit after another."""
        if other is not self:
            self.before.add(other)
            other.after.add(self)


class Assembly:
    """Units and buffers of a program.

    Parameters
    ----------
    program : Program
    regions : Regions
    choice : Choice, optional
        What has been decided about values.
    state : sequence of Node, optional
        The inputs that the updates of the body of a loop replace; None for a whole program, which updates variables.
    """

    def __init__(
        self, program: Program, regions: Regions, choice: Choice | None = None, state: Sequence[Node] | None = None
    ) -> None:
        self.program = program
        self.regions = regions
        self.inner = state is not None
        kind = "local" if self.inner else "feed"
        self.feeds = [_buffer(f"{kind}{i}", node.tensor, kind, i) for i, node in enumerate(program.inputs)]
        self._inputs = dict(zip(program.inputs, self.feeds, strict=True))
        self.variables = (
            [_buffer(f"variable{i}", t, "variable", i) for i, t in enumerate(program.variables)]
            if state is None
            else [self._inputs[node] for node in state]
        )
        self.constants: list[Buffer] = []
        self.values: dict[Node, Buffer] = {}
        self.stored, self.again = stored_values(regions, choice)
        self._made_by: dict[Buffer, Unit] = {}
        self._readers: dict[Buffer, list[Unit]] = {}
        self.units: list[Unit] = []
        groups = sorted(regions.graph.groups(), key=lambda group: group.last)
        for group in groups:
            self._name_values(group)
        for group in groups:
            self._add(group)
        for leaf in regions.copies:
            self._add_copy(leaf)
        self._link()
        self._add_waves()

    def buffer_of(self, node: Node) -> Buffer | None:
        """The buffer of a leaf or of a stored value."""
        if node in self._inputs:
            return self._inputs[node]
        if node.op == "variable":
            slot: int = node.attrs["slot"]
            return self.variables[slot]
        if node.op == "const" and node not in self.values:
            value = node.attrs["value"]
            self.values[node] = _buffer(f"const{len(self.constants)}", node.tensor, "const", value.array)
            self.constants.append(self.values[node])
        return self.values.get(node)

    def dense(self, node: Node) -> Buffer:
        """The buffer of an operand that has to be dense in memory."""
        base = dense_base(node)
        buffer = self.buffer_of(base)
        assert buffer is not None, f"{base!r} has no buffer"
        return buffer

    def _name_values(self, group: Group) -> None:
        for node in group.members:
            if isinstance(node.type, TupleType):
                continue
            if node in self.stored or group.kind == "opaque":
                self.values[node] = _buffer(f"v{node.id}", node.tensor, "arena", None)

    def _add(self, group: Group) -> None:
        if group.kind == "opaque":
            node = group.members[0]
            makes = [n for n in group.members if not isinstance(n.type, TupleType)]
            reads = [self.dense(operand) for operand in node.inputs]
            self.units.append(Unit(group.last, None, node, reads, makes))
            return
        makes = [node for node in group.members if node in self.stored]
        if makes:
            members = set(group.members)
            operands = [] if group.anchor is None else self.regions.accesses[group.anchor]
            lowered = LoweredGroup(
                group,
                makes,
                lambda node: None if node in members else self.buffer_of(node),
                lambda node: self.regions.is_row(node, group),
                operands,
            )
            self.units.append(Unit(group.last, lowered, None, lowered.reads, makes))

    def _add_copy(self, leaf: Node) -> None:
        group = Group(-1, "nest", self.regions.sizes.space(leaf.shape), frozenset(), None, [leaf], leaf.id)
        lowered = LoweredGroup(group, [leaf], self.buffer_of, lambda node: False, [])
        self.units.append(Unit(len(self.regions.accesses), lowered, None, lowered.reads, [leaf]))

    def _link(self) -> None:
        for unit in self.units:
            for node in unit.makes:
                if node.op not in LEAVES or is_scalar_constant(node):
                    self._made_by[self.values[node]] = unit
        for unit in self.units:
            for buffer in dict.fromkeys(unit.reads):
                self._readers.setdefault(buffer, []).append(unit)
                if buffer in self._made_by:
                    unit.follows(self._made_by[buffer])

    def _add_waves(self) -> None:
        """Units that make sizes known: after what computes these, before all that depends on them."""
        stages = self.regions.stages
        levels = {unit: max(map(stages.of, self._members(unit)), default=0) for unit in self.units}
        waves: list[Unit] = []
        for wave in stages.waves:
            reads = [self.dense(node) for _, node in wave]
            unit = Unit(len(self.regions.accesses), None, None, reads, [], tuple(name for name, _ in wave))
            for buffer in dict.fromkeys(reads):
                self._readers.setdefault(buffer, []).append(unit)
                if buffer in self._made_by:
                    unit.follows(self._made_by[buffer])
            if waves:
                unit.follows(waves[-1])
            waves.append(unit)
        for unit, level in levels.items():
            if level:
                unit.follows(waves[level - 1])
        self.units += waves

    @staticmethod
    def _members(unit: Unit) -> Sequence[Node]:
        """The nodes that a unit computes, without the items of one with several results."""
        if unit.lowered is not None:
            return unit.lowered.group.members
        return [] if unit.node is None else [unit.node]

    def readers(self, buffer: Buffer) -> list[Unit]:
        """Units that read a buffer."""
        return self._readers.get(buffer, [])


def _buffer(name: str, type: TensorType, kind: str, payload: object) -> Buffer:
    return Buffer(name, type.dtype.name, type.shape, kind, payload)


class Placement:
    """Where every stored value goes: into a variable in place, into fetches, or into the arena.

    Attributes
    ----------
    fetches : list of Buffer
        One per output of the program.
    shadowed : list of (Buffer, Node)
        Variables that cannot be written in place, with their new values: copied at the end.
    following : dict of int to Buffer
        By slot where the body of a loop leaves the next value, for those that it cannot write in place.
    """

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        program = assembly.program
        self.targets: dict[Node, list[Buffer]] = {}
        self.fetches: list[Buffer] = []
        self.shadowed: list[tuple[Buffer, Node]] = []
        self.following: dict[int, Buffer] = {}
        self.in_place: set[Unit] = set()
        self._makers = {node: unit for unit in assembly.units for node in unit.makes}
        for slot, node in program.updates:
            self._place_update(slot, dense_base(node))
        for position, node in enumerate(program.outputs):
            kind = "local" if assembly.inner else "fetch"
            fetch = _buffer(
                f"{kind}_out{position}" if assembly.inner else f"fetch{position}", node.tensor, kind, position
            )
            self.fetches.append(fetch)
            self.targets.setdefault(dense_base(node), []).append(fetch)
        for unit in assembly.units:
            for node in unit.makes:
                if not self.targets.get(node):
                    self.targets[node] = [assembly.values[node]]
        self._main = {assembly.values[n]: t[0] for n, t in self.targets.items() if n in assembly.values}

    def physical(self, buffer: Buffer) -> Buffer:
        """The buffer that holds the value for which a buffer was named."""
        return self._main.get(buffer, buffer) if buffer.kind == "arena" else buffer

    def _place_update(self, slot: int, node: Node) -> None:
        unit, variable = self._makers[node], self.assembly.variables[slot]
        allowed = "in_place" not in self.assembly.regions.disabled
        readers = [u for u in self.assembly.readers(variable) if u is not unit]
        if allowed and self._may_write(unit, variable, node, readers):
            self.targets.setdefault(node, []).insert(0, variable)
            self.in_place.add(unit)
            for reader in readers:
                unit.follows(reader)
            return
        if self.assembly.inner:
            following = Buffer(f"{variable.name}_next", variable.dtype, variable.shape, "local", slot)
            self.following[slot] = following
            self.targets.setdefault(node, []).append(following)
            return
        self.shadowed.append((variable, node))
        if node not in self.assembly.values:
            # A leaf has no temporary of its own: its present value is kept in one until it is copied.
            shadow = Buffer(f"shadow{variable.payload}", variable.dtype, variable.shape, "arena")
            self.targets.setdefault(node, []).append(shadow)

    def _may_write(self, unit: Unit, variable: Buffer, node: Node, readers: list[Unit]) -> bool:
        later = _descendants(unit)
        if not later.isdisjoint(readers):
            return False
        if unit.lowered is None:
            return self.assembly.inner and self._changes_elements(unit, variable)
        offset = next(result.offset for result in unit.lowered.results if result.node is node)
        if not unit.lowered.reads_only_own_elements(variable, offset):
            return False
        return self.assembly.inner or not any(u.lowered is None for u in later)

    def _changes_elements(self, unit: Unit, variable: Buffer) -> bool:
        """Whether a kernel by itself is a scatter into a carried value that it reads only there.

        It may fail half-way, so variables of the program are never its result.
        """
        if unit.node is None or record_of(unit.node.op).source_in_place is None:
            return False
        first, *others = (self.assembly.dense(operand) for operand in unit.node.inputs)
        return first is variable and variable not in others


def _descendants(unit: Unit) -> set[Unit]:
    found: set[Unit] = set()
    stack: list[Unit] = list(unit.after)
    while stack:
        current = stack.pop()
        if current not in found:
            found.add(current)
            stack.extend(current.after)
    return found


def tasks_of(assembly: Assembly, placement: Placement, plan_body: PlanBody) -> list[Task]:
    """Kernel calls of all units, and the copies that finish them; `plan_body` plans bodies of control flow."""
    tasks: dict[Unit, Task] = {}
    extra: list[Task] = []
    for unit in assembly.units:
        targets = {node: placement.targets[node] for node in unit.makes}
        if unit.lowered is not None:
            call = unit.lowered.call(targets, placement.physical)
        elif unit.node is None:
            call = sizes_call(unit.names, [placement.physical(buffer) for buffer in unit.reads])
        else:
            lapack = "lapack" not in assembly.regions.disabled
            call = opaque_call(
                unit.node, lambda node: placement.physical(assembly.dense(node)), targets, plan_body, lapack
            )
        tasks[unit] = Task(call, unit.place, writes_state=unit in placement.in_place)
        if unit.lowered is None:
            for buffers in targets.values():
                extra += [_copy(buffers[0], b, [tasks[unit]], unit.place) for b in buffers[1:]]
    for unit, task in tasks.items():
        task.before |= {tasks[u] for u in unit.before}
    for variable, node in placement.shadowed:
        value = assembly.values.get(node)
        source = placement.targets[node][0] if value is None else placement.physical(value)
        readers = [tasks[u] for u in assembly.readers(variable)]
        copy = _copy(source, variable, [tasks[placement._makers[node]], *readers], len(assembly.regions.accesses))
        copy.last = copy.writes_state = True
        extra.append(copy)
    return [*tasks.values(), *extra]


def _copy(source: Buffer, target: Buffer, before: Iterable[Task], place: int) -> Task:
    return Task(copy_all(source, target), place, set(before))
