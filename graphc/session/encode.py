"""A scheduled and assembled program as the plain data that runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphc.codegen.cpu.assemble import Assembled
from graphc.codegen.cpu.sizes import PLANNED, Condition
from graphc.ir.dims import Dim, symbols, to_text
from graphc.ir.intervals import at_most, not_negative
from graphc.ir.program import Program, reachable
from graphc.ir.types import TensorType
from graphc.loops.spec import Buffer
from graphc.runtime.plan import NEGATIVE, BufferSpec, ProgramCode
from graphc.schedule.flat import arena_places, flat_calls
from graphc.schedule.plan import Schedule
from graphc.session.sizes import further_names


class Formulas:
    """Sizes as numbered formulas over the values of symbols.

    Attributes
    ----------
    names : list of str
        Symbols in the order of their values.
    places : list of (int, int)
        Where each is read off: (feed, axis); feed -1 for further values, numbered by the axis: sizes of variables, then
        values that are computed from data before the step; feed -2 for those that are computed within, by their bounds.
    texts : list of str
        The formulas.
    bounds : list of (str, str)
        Sizes that are computed within the step, and what is planned for.
    """

    def __init__(self, program: Program) -> None:
        self.names: list[str] = []
        self.places: list[tuple[int, int]] = []
        self.texts: list[str] = []
        self.bounds: list[tuple[str, str]] = []
        self._known: dict[str, int] = {}
        self._defined: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        for i, node in enumerate(program.inputs):
            for axis, dim in enumerate(node.shape):
                if not isinstance(dim, int):
                    self._symbol(next(iter(symbols(dim))), (i, axis))
        bounds = dict(program.size_bounds)
        for k, name in enumerate(further_names(program, bounds)):
            self._symbol(name, (-1, k))
        for name, _ in program.size_values:
            if name in bounds:
                self.bounds.append((name, to_text(bounds[name], self._written)))
                self._symbol(name, (-2, len(self.bounds) - 1))

    def _symbol(self, name: str, place: tuple[int, int]) -> None:
        # A size that several operands share is read off the first.
        self._numbers.setdefault(name, len(self.names))
        self.names.append(name)
        self.places.append(place)

    def define(self, name: str, value: Dim) -> None:
        """Give a name to a formula, for use in later ones."""
        self._defined[name] = self.index(value)

    def index(self, value: Dim) -> int:
        """The number of a formula."""
        text = to_text(value, self._written)
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = len(self.texts)
            self.texts.append(text)
        return found

    def _written(self, name: str) -> str:
        return f"f{self._defined[name]}" if name in self._defined else f"d[{self._numbers[name.removesuffix(PLANNED)]}]"


def encode_program(
    program: Program,
    source: Program,
    schedule: Schedule,
    assembled: Assembled,
    formulas: Formulas,
    keep_denormals: bool,
    conditions: Sequence[Condition] = (),
) -> ProgramCode:
    """The data of a program.

    Parameters
    ----------
    program, source : Program
        After and before the passes: guards are numbered by those of `source`.
    schedule : Schedule
    assembled : Assembled
    formulas : Formulas
    keep_denormals : bool
    conditions : sequence of Condition
        What the step checks of sizes that it computes itself.
    """
    for name, value in schedule.arena.definitions:
        formulas.define(name, value)
    constants: list[bytes] = []
    places = {b: i for kind in (schedule.feeds, schedule.variables, schedule.fetches) for i, b in enumerate(kind)}
    offsets = arena_places(schedule)
    specs = [_buffer_spec(b, places, offsets, formulas, constants, schedule.late) for b in assembled.buffers]
    specs += [BufferSpec("external", "", (), -1, name) for name in assembled.externals]
    dims = tuple(formulas.index(d) for d in assembled.dims)
    arena = formulas.index(schedule.arena.size) if schedule.arena.size != 0 else -1
    known = {guard: i for i, guard in enumerate(source.guards)}
    early = [g for g in program.guards if (symbols(g.left) | symbols(g.right)).isdisjoint(schedule.late)]
    guards = tuple((formulas.index(g.left), formulas.index(g.right), known.get(g, -1)) for g in early)
    return ProgramCode(
        assembled.code.data, assembled.code.entry, tuple(specs), tuple(formulas.places), tuple(formulas.texts), dims,
        arena, tuple(constants), guards, release_gil=_is_long(schedule), keep_denormals=keep_denormals,
        bounds=tuple(formulas.bounds), conditions=tuple(c.number for c in conditions),
        cut=_cut_fetches(schedule, assembled),
    )  # fmt: skip


def _buffer_spec(
    buffer: Buffer,
    places: Mapping[Buffer, int],
    offsets: Mapping[Buffer, Dim],
    formulas: Formulas,
    constants: list[bytes],
    late: frozenset[str],
) -> BufferSpec:
    shape = tuple(formulas.index(at_most(d, late)) for d in buffer.shape)
    if buffer.kind in ("feed", "variable", "fetch"):
        return BufferSpec(buffer.kind, buffer.dtype, shape, places[buffer], buffer.name)
    if buffer.kind == "const":
        constants.append(bytes(getattr(buffer.payload, "array", buffer.payload).tobytes()))
        return BufferSpec("constant", buffer.dtype, shape, len(constants) - 1, buffer.name)
    return BufferSpec("arena", buffer.dtype, (), formulas.index(offsets[buffer]), buffer.name)


def _cut_fetches(schedule: Schedule, assembled: Assembled) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Fetches whose sizes are known after the run."""
    found = []
    for place, buffer in enumerate(schedule.fetches):
        if any(symbols(d) & schedule.late for d in buffer.shape):
            sizes = (-1 - d if isinstance(d, int) else assembled.dims.index(d) for d in buffer.shape)
            found.append((place, tuple(sizes)))
    return tuple(found)


def late_conditions(program: Program, source: Program, late: frozenset[str]) -> tuple[Condition, ...]:
    """What must hold for sizes that become known within a step.

    Parameters
    ----------
    program, source : Program
        After and before the passes: guards are numbered by those of `source`, whose tensors have no negative sizes.
    late : frozenset of str
        Those sizes.
    """
    known = {guard: i for i, guard in enumerate(source.guards)}
    types = [n.type for n in reachable(source.roots) if isinstance(n.type, TensorType)] if late else []
    dims = dict.fromkeys(d for type in types for d in type.shape if symbols(d) & late and not not_negative(d))
    pairs: list[tuple[Dim, Dim | None, int]] = [(d, None, NEGATIVE) for d in dims]
    for guard in program.guards:
        if (symbols(guard.left) | symbols(guard.right)) & late:
            pairs.append((guard.left, guard.right, known.get(guard, -1)))
    return tuple(Condition(left, right, place, number) for place, (left, right, number) in enumerate(pairs))


def _is_long(schedule: Schedule) -> bool:
    """Whether a step may take so long (some 20 us) that other Python threads should run meanwhile."""
    if any(entry.times is None for entry in flat_calls(schedule)):
        return True
    flops = sum((c.flops for c in schedule.costs), 0)
    moved = sum((c.bytes for c in schedule.costs), 0)
    return not (isinstance(flops, int) and isinstance(moved, int) and flops < 200_000 and moved < 200_000)
