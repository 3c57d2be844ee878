"""From a program to kernel calls in order, over buffers with places in one block of memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from graphc.ir.dims import Dim, substitute, symbol, symbols
from graphc.ir.node import Node
from graphc.ir.program import Guard, Program
from graphc.loops.cost import Cost, cost_of
from graphc.loops.spec import Buffer, ControlKernel, KernelCall, MultiNest
from graphc.memory.arena import Arena, plan_arena
from graphc.memory.lifetimes import base_of
from graphc.schedule.access import dense_base
from graphc.schedule.assemble import Assembly, Placement, tasks_of
from graphc.schedule.calls import Task
from graphc.schedule.horizontal import join_equal
from graphc.schedule.order import execution_order
from graphc.schedule.regions import Regions
from graphc.schedule.saving import choose_saved
from graphc.schedule.sinking import sink_epilogues
from graphc.schedule.stages import Stages
from graphc.schedule.storage import Choice

# Size taken for a symbol when alternatives are compared and nothing better is known.
TYPICAL_SIZE = 32


@dataclass(frozen=True, slots=True)
class ScheduleOptions:
    """Choices of the scheduler.

    Attributes
    ----------
    representative : Mapping of str to int
        Values of size symbols at which memory is compared; others are taken to be `TYPICAL_SIZE`. The plan is valid
        at all sizes.
    disabled : frozenset of str
        Switches that are off: names of `graphc.schedule.switches.SWITCHES`.
    """

    representative: Mapping[str, int] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Schedule:
    """Kernel calls of a program and the memory they work in.

    Attributes
    ----------
    calls : list of KernelCall
        In execution order.
    costs : list of Cost
        Bytes and flops of every call.
    feeds, variables : list of Buffer
        One per input and per variable slot.
    constants : list of Buffer
        Arrays; their payload is the value.
    fetches : list of Buffer
        One per output; fresh memory at every call.
    arena : Arena
        Offsets of all temporaries.
    commit : int
        Calls before this position change no variable; calls from it on cannot fail.
    unfused : list of (Node, Node, str)
        Producer, consumer, and why they are different kernels.
    effects : dict of str to dict
        What the optimisation of each switch did, as counts.
    following : list of Buffer
        Of the body of a loop: where each carried value's next one goes, the buffer itself if it is updated in place.
    late : frozenset of str
        Size symbols that become known between calls.
    """

    calls: list[KernelCall]
    costs: list[Cost]
    feeds: list[Buffer]
    variables: list[Buffer]
    constants: list[Buffer]
    fetches: list[Buffer]
    arena: Arena
    commit: int
    unfused: list[tuple[Node, Node, str]]
    effects: dict[str, dict[str, int | str]] = field(default_factory=dict)
    following: list[Buffer] = field(default_factory=list)
    late: frozenset[str] = frozenset()

    @property
    def buffers(self) -> list[Buffer]:
        """All buffers, those of which others are aliases and those inside branches and loops included."""
        found = dict.fromkeys([*self.feeds, *self.variables, *self.constants, *self.fetches])
        for call in self.calls:
            for buffer in call.buffers:
                found.setdefault(buffer)
                found.setdefault(base_of(buffer))
            for part in parts_of(call):
                found |= dict.fromkeys(part.buffers)
        return list(found)


def parts_of(call: KernelCall) -> tuple[Schedule, ...]:
    """The schedules inside a branch or loop, nothing for other calls."""
    return call.spec.parts if isinstance(call.spec, ControlKernel) else ()


def plan_program(program: Program, options: ScheduleOptions | None = None) -> Schedule:
    """Fuse, lower, order, and place in memory.

    Parameters
    ----------
    program : Program
        Pure nodes, already rewritten.
    options : ScheduleOptions, optional

    Returns
    -------
    Schedule

    Examples
    --------
    >>> from graphc.ir.dims import symbol
    >>> from graphc.ir.dtypes import float32
    >>> from graphc.ir.types import TensorType
    >>> from graphc.ops.builder import Builder
    >>> b = Builder()
    >>> x = b.input(0, TensorType(float32, (symbol("n"), 8)))
    >>> y = b.emit("sum", b.emit("exp", x * 2.0), axes=(1,), keepdims=False)
    >>> [call.label for call in plan_program(Program((x,), (y,))).calls]
    ['mul+exp+sum']
    """
    return _Planner(program.guards, options or ScheduleOptions()).plan(program)


class _Planner:
    """Plans a program and the bodies of its branches and loops."""

    def __init__(self, guards: tuple[Guard, ...], options: ScheduleOptions) -> None:
        self.guards = guards
        self.options = options
        self.bodies = 0
        self.stages = Stages(Program((), ()))

    def plan(self, program: Program, state: tuple[Node, ...] | None = None) -> Schedule:
        """The schedule of a program, or of a body that replaces the values of `state`."""
        off = self.options.disabled
        program = replace(program, updates=tuple(u for u in program.updates if not _keeps_its_value(*u, state)))
        regions = Regions(program, off, None if state is None else self.stages)
        if state is None:
            self.stages = regions.stages
        late = frozenset(self.stages.level)
        sunk = sink_epilogues(regions)
        choice = choose_saved(regions)
        assembly = Assembly(program, regions, choice, state)
        placement = Placement(assembly)
        tasks = tasks_of(assembly, placement, self.plan_body)
        definitions = [d for task in tasks for part in parts_of(task.call) for d in part.arena.definitions]
        sizes = self._representative(tasks, definitions)
        order = execution_order(tasks, sizes, "memory_order" not in off)
        if off.isdisjoint(("fusion", "horizontal")):
            order = join_equal(order)
        calls = [task.call for task in order]
        arena = plan_arena(calls, sizes, "arena_reuse" not in off, late)
        commit = next((place for place, task in enumerate(order) if task.writes_state), len(order))
        return Schedule(
            calls,
            [cost_of(call) for call in calls],
            assembly.feeds,
            assembly.variables,
            assembly.constants,
            placement.fetches,
            replace(arena, definitions=(*definitions, *arena.definitions)),
            commit,
            _unfused(regions, assembly),
            _effects(assembly, placement, sunk, choice) | {"horizontal": _joined(calls)},
            [placement.following.get(slot, buffer) for slot, buffer in enumerate(assembly.variables)],
            late,
        )

    def plan_body(
        self, parameters: Sequence[Node], outputs: Sequence[Node], state: Sequence[tuple[Node, Node]]
    ) -> Schedule:
        """The schedule of a body; the names of its offsets are its own."""
        updates = tuple((slot, after) for slot, (_, after) in enumerate(state))
        program = Program(tuple(parameters), tuple(outputs), updates, guards=self.guards)
        plan = self.plan(program, tuple(before for before, _ in state))
        self.bodies += 1
        return replace(plan, arena=_renamed(plan.arena, f"@{self.bodies}"))

    def _representative(self, tasks: Sequence[Task], definitions: Sequence[tuple[str, Dim]]) -> dict[str, int]:
        """A value for every symbol, and for every name of an offset in a body."""
        dims = [d for task in tasks for b in task.call.buffers for d in b.shape] + [value for _, value in definitions]
        named = dict(definitions)
        free = [symbol(name) for dim in dims for name in symbols(dim) if name not in named]
        known: dict[str, Dim] = dict(representative_sizes(free, self.options))
        for name, value in definitions:
            known[name] = substitute(value, known)
        return known  # type: ignore[return-value]


def _renamed(arena: Arena, prefix: str) -> Arena:
    """An arena with other names for its own offsets; those of bodies inside have theirs already."""
    own = {name: symbol(prefix + name) for name, _ in arena.definitions if name.count("@") == 1}

    def rename(dim: Dim) -> Dim:
        return substitute(dim, own) if own else dim

    definitions = tuple((str(own.get(name, name)), rename(value)) for name, value in arena.definitions)
    return Arena(definitions, {b: rename(offset) for b, offset in arena.offsets.items()}, rename(arena.size))


def _effects(assembly: Assembly, placement: Placement, sunk: int, choice: Choice) -> dict[str, dict[str, int | str]]:
    groups = assembly.regions.graph.groups()
    lowered = [unit.lowered.group for unit in assembly.units if unit.lowered is not None]
    return {
        "fusion": {"operations": sum(len(g.members) for g in groups), "kernels": len(assembly.units)},
        "epilogues": {"operations": sum(len(g.members) - 1 for g in lowered if g.anchor is not None)},
        "sinking": {"operations moved": sunk},
        "min_cut": {"values not stored": len(choice.again), "values stored for them": len(choice.saved)},
        "recompute": {"values not stored": len(assembly.again)},
        "in_place": {"variables": len(assembly.program.updates) - len(placement.shadowed)},
    }


def _joined(calls: list[KernelCall]) -> dict[str, int | str]:
    tables = [call.spec for call in calls if isinstance(call.spec, MultiNest)]
    return {"calls": len(tables), "kernels joined": sum(len(spec.lengths) for spec in tables)}


def _keeps_its_value(slot: int, node: Node, state: tuple[Node, ...] | None) -> bool:
    base = dense_base(node)
    if state is not None:
        return base is state[slot]
    return base.op == "variable" and bool(base.attrs["slot"] == slot)


def representative_sizes(dims: Sequence[Dim], options: ScheduleOptions) -> dict[str, int]:
    """A value for every symbol."""
    names = {name for dim in dict.fromkeys(dims) for name in symbols(dim)}
    return {name: options.representative.get(name, TYPICAL_SIZE) for name in sorted(names)}


def _unfused(regions: Regions, assembly: Assembly) -> list[tuple[Node, Node, str]]:
    found = []
    for node, accesses in regions.accesses.items():
        for access in accesses:
            producer = regions.graph.group_of(access.source)
            if producer is None or producer is regions.graph.group_of(node) or access.source not in assembly.stored:
                continue
            reason = regions.reasons.get((access.source, node), "the value is read at other elements")
            found.append((access.source, node, reason))
    return found
