"""Compilation of a specialised program: passes, schedule, kernels, object, and the report of all of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from graphc.codegen.cpu.assemble import Assembled, assemble
from graphc.ir.dims import Dim, symbol, symbols, to_text
from graphc.ir.program import Program
from graphc.loops.spec import Buffer, KernelCall
from graphc.passes.kind import PassReport
from graphc.passes.pipeline import PipelineOptions, run_pipeline
from graphc.runtime.plan import BufferSpec, ProgramCode
from graphc.schedule.plan import Schedule, ScheduleOptions, plan_program
from graphc.session.lower import Lowered


@dataclass
class Built:
    """A compiled program before it is loaded.

    Attributes
    ----------
    code : ProgramCode
    program : Program
        After all passes.
    schedule : Schedule
    hosts : tuple of KernelCall
    report : dict
        Plain data; see `Function.report`.
    """

    code: ProgramCode
    program: Program
    schedule: Schedule
    hosts: tuple[KernelCall, ...]
    report: dict[str, Any]


def build(lowered: Lowered, disabled: frozenset[str] = frozenset(), keep_denormals: bool = False) -> Built:
    """Compile a program.

    Parameters
    ----------
    lowered : Lowered
    disabled : frozenset of str
        Names of passes to leave out.
    keep_denormals : bool

    Returns
    -------
    Built
    """
    start = time.perf_counter()
    program, passes = run_pipeline(lowered.program, lowered.builder, PipelineOptions(disabled=disabled))
    rewritten = time.perf_counter()
    schedule = plan_program(program, ScheduleOptions())
    planned = time.perf_counter()
    formulas = Formulas(program)
    assembled = assemble(schedule, tuple(symbol(name) for name in formulas.names))
    code = _program_code(schedule, assembled, formulas, keep_denormals)
    seconds = {"passes": rewritten - start, "schedule": planned - rewritten, **assembled.seconds}
    report = _report(schedule, assembled, passes, seconds)
    return Built(code, program, schedule, assembled.hosts, report)


class Formulas:
    """Sizes as numbered formulas over the values of symbols.

    Attributes
    ----------
    names : list of str
        Symbols in the order of their values.
    places : list of (int, int)
        Where each is read off: (feed, axis); feed -1 for values that are computed from data, numbered by the axis.
    """

    def __init__(self, program: Program) -> None:
        self.names: list[str] = []
        self.places: list[tuple[int, int]] = []
        self.texts: list[str] = []
        self._known: dict[str, int] = {}
        self._defined: dict[str, int] = {}
        for i, node in enumerate(program.inputs):
            for axis, dim in enumerate(node.shape):
                if not isinstance(dim, int):
                    self._symbol(next(iter(symbols(dim))), (i, axis))
        for k, name in enumerate(self._further(program)):
            self._symbol(name, (-1, k))

    @staticmethod
    def _further(program: Program) -> list[str]:
        """Symbols of variables' sizes, then those that are data."""
        shapes = [d for type in program.variables for d in type.shape if not isinstance(d, int)]
        return [next(iter(symbols(d))) for d in shapes] + [name for name, _ in program.size_values]

    def _symbol(self, name: str, place: tuple[int, int]) -> None:
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
        return f"f{self._defined[name]}" if name in self._defined else f"d[{self.names.index(name)}]"


def _program_code(schedule: Schedule, assembled: Assembled, formulas: Formulas, keep_denormals: bool) -> ProgramCode:
    for name, value in schedule.arena.definitions:
        formulas.define(name, value)
    constants: list[bytes] = []
    specs = [_buffer_spec(b, schedule, formulas, constants) for b in assembled.buffers]
    specs += [BufferSpec("external", "", (), -1, name) for name in assembled.externals]
    dims = tuple(formulas.index(d) for d in assembled.dims)
    arena = formulas.index(schedule.arena.size) if schedule.arena.size != 0 else -1
    return ProgramCode(
        assembled.code.data, assembled.code.entry, tuple(specs), tuple(formulas.places), tuple(formulas.texts), dims,
        arena, tuple(constants), release_gil=_is_long(schedule), keep_denormals=keep_denormals,
    )  # fmt: skip


def _buffer_spec(buffer: Buffer, schedule: Schedule, formulas: Formulas, constants: list[bytes]) -> BufferSpec:
    shape = tuple(formulas.index(d) for d in buffer.shape)
    if buffer.kind == "feed":
        return BufferSpec("feed", buffer.dtype, shape, schedule.feeds.index(buffer), buffer.name)
    if buffer.kind == "variable":
        return BufferSpec("variable", buffer.dtype, shape, schedule.variables.index(buffer), buffer.name)
    if buffer.kind == "fetch":
        return BufferSpec("fetch", buffer.dtype, shape, schedule.fetches.index(buffer), buffer.name)
    if buffer.kind == "const":
        constants.append(bytes(getattr(buffer.payload, "array", buffer.payload).tobytes()))
        return BufferSpec("constant", buffer.dtype, shape, len(constants) - 1, buffer.name)
    return BufferSpec("arena", buffer.dtype, (), formulas.index(schedule.arena.offsets[buffer]), buffer.name)


def _is_long(schedule: Schedule) -> bool:
    """Whether a step takes so long (some 20 us) that other Python threads should run meanwhile."""
    flops = sum((c.flops for c in schedule.costs), 0)
    moved = sum((c.bytes for c in schedule.costs), 0)
    return not (isinstance(flops, int) and isinstance(moved, int) and flops < 200_000 and moved < 200_000)


def _report(
    schedule: Schedule, assembled: Assembled, passes: list[PassReport], seconds: dict[str, float]
) -> dict[str, Any]:
    return {
        "seconds": {**seconds, "total": sum(seconds.values())},
        "kernels": {"emitted": assembled.kernels, "called": len(schedule.calls), "host": len(assembled.hosts)},
        "calls": [
            {"label": c.label, "kind": type(c.spec).__name__, "bytes": str(cost.bytes), "flops": str(cost.flops)}
            for c, cost in zip(schedule.calls, schedule.costs, strict=True)
        ],
        "arena_bytes": str(schedule.arena.size),
        "object_bytes": len(assembled.code.data),
        "passes": [
            {
                "name": p.name,
                "seconds": p.seconds,
                "nodes": (p.nodes_before, p.nodes_after),
                "edges": (p.edges_before, p.edges_after),
                "rules": dict(p.counts),
            }
            for p in passes
        ],
        "unfused": [{"from": a.op, "to": b.op, "reason": reason} for a, b, reason in schedule.unfused],
    }
