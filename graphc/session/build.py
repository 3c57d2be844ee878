"""Compilation of a specialised program: passes, schedule, kernels, object. What comes out is plain data.

A built program is kept on disk under the text of the program before the passes; a warm process needs neither passes nor
Numba.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from graphc.ir.intervals import UnboundedError, at_most
from graphc.ir.node import Node
from graphc.ir.program import Program, numbered_with_inner, with_inner
from graphc.ops.record import record_of
from graphc.runtime.cache import Cache, key_of
from graphc.runtime.elf import undefined_symbols
from graphc.runtime.plan import ProgramCode
from graphc.session.lower import Lowered

if TYPE_CHECKING:
    from graphc.loops.spec import KernelCall
    from graphc.ops.custom import UserFunction
    from graphc.schedule.plan import Schedule, ScheduleOptions
    from graphc.session.config import Config

# Changes when the meaning of a cached entry does.
FORMAT = "1"


@dataclass(frozen=True)
class CallInfo:
    """One kernel call, for reports and errors.

    Attributes
    ----------
    label : str
    nodes : tuple of int
        The nodes it came from, by number in the text of the program before the passes.
    """

    label: str
    nodes: tuple[int, ...]


@dataclass
class Built:
    """A compiled program before it is loaded.

    Attributes
    ----------
    code : ProgramCode
    calls : list of CallInfo
    report : dict
        Plain data; see `Function.report`.
    program : Program or None
        After all passes; None if the entry came from disk.
    hosts : tuple of KernelCall
        Calls that run on the host.
    """

    code: ProgramCode
    calls: list[CallInfo]
    report: dict[str, Any]
    program: Program | None = None
    hosts: tuple[KernelCall, ...] = field(default=())


def build(lowered: Lowered, config: Config, cache: Cache | None) -> Built:
    """Compile a program, or find it on disk.

    Parameters
    ----------
    lowered : Lowered
    config : Config
    cache : Cache or None
        None: neither look nor store.

    Returns
    -------
    Built
    """
    functions = user_functions(lowered.program)
    if cache is None or config.extra_passes or not all(f.stable for f in functions):
        return compile_program(lowered, config)
    started = time.perf_counter()
    key = program_key(lowered.program, config)
    found = cache.load(key)
    if found is not None:
        header, blobs = found
        calls = [CallInfo(label, tuple(nodes)) for label, nodes in header["calls"]]
        report = {**header["report"], "cache": "hit", "load_seconds": time.perf_counter() - started}
        return Built(ProgramCode.from_bytes(blobs["code"]), calls, report)
    built = compile_program(lowered, config)
    from graphc.codegen.cpu.user import needs_numba

    if not built.hosts and not (functions and needs_numba(undefined_symbols(built.code.object_code))):
        header = {"calls": [[c.label, list(c.nodes)] for c in built.calls], "report": built.report}
        cache.store(key, header, {"code": built.code.to_bytes()})
    built.report = {**built.report, "cache": "miss"}
    return built


def user_functions(program: Program) -> list[UserFunction]:
    """Functions of the user that a program calls."""
    nodes = with_inner(program.roots)
    return list(dict.fromkeys(node.attrs["function"] for node in nodes if node.op in ("custom", "override")))


def program_key(program: Program, config: Config) -> str:
    """The name of a program on disk: its text, the options, versions and the processor."""
    import llvmlite
    import numpy as np

    import graphc
    from graphc.codegen.cpu.target import host_target

    target = host_target()
    options = f"{sorted(config.disable)} {config.strict_denormals} {thread_count(config)}"
    versions = f"{FORMAT} {graphc.__version__} {source_digest()} {np.__version__} {llvmlite.__version__}"
    return key_of(program.to_text(), options, versions, f"{target.triple} {target.cpu} {target.features}")


def thread_count(config: Config) -> int:
    """Threads that long kernels are divided over."""
    from graphc.runtime.pool import available_threads

    return config.threads or available_threads()


@lru_cache(maxsize=1)
def source_digest() -> str:
    """A digest of graphc's own files by size and time: an edited compiler finds nothing of the old one's.

    Taken once per process: what was edited later is not what runs.
    """
    import os

    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    facts = []
    for folder, _, files in sorted(os.walk(root)):
        for name in sorted(files):
            if name.endswith(".py"):
                status = os.stat(os.path.join(folder, name))
                facts.append(f"{name} {status.st_size} {status.st_mtime_ns}")
    return key_of(*facts)


def compile_program(lowered: Lowered, config: Config) -> Built:
    """Run the whole compiler on a program."""
    return compile_scheduled(lowered, config)[0]


def compile_scheduled(lowered: Lowered, config: Config, timed: bool = False) -> tuple[Built, Schedule]:
    """Run the whole compiler on a program, and keep the schedule; a timed program logs its kernel calls."""
    from graphc.codegen.cpu.assemble import assemble
    from graphc.ir.dims import symbol
    from graphc.passes.pipeline import PipelineOptions, run_pipeline
    from graphc.schedule.plan import ScheduleOptions
    from graphc.schedule.switches import switched_off
    from graphc.session.encode import Formulas, encode_program, late_conditions
    from graphc.session.report import compile_report

    start = time.perf_counter()
    off = switched_off(config.disable)
    options = PipelineOptions(disabled=frozenset(config.disable) - off, extra=config.extra_passes)
    program, passes = run_pipeline(lowered.program, lowered.builder, options)
    off |= missing_libraries(program)
    rewritten = time.perf_counter()
    program, schedule = planned_within_bounds(program, ScheduleOptions(disabled=off))
    planned = time.perf_counter()
    formulas = Formulas(program)
    names = tuple(symbol(name) for name in formulas.names)
    conditions = late_conditions(program, lowered.program, schedule.late)
    sharing = "kernel_sharing" not in off
    assembled = assemble(schedule, names, None, thread_count(config), sharing, conditions, timed)
    code = encode_program(program, lowered.program, schedule, assembled, formulas, config.strict_denormals, conditions)
    seconds = {"passes": rewritten - start, "schedule": planned - rewritten, **assembled.seconds}
    report = compile_report(schedule, assembled, passes, seconds, off)
    return Built(code, call_infos(schedule, lowered), report, program, assembled.hosts), schedule


def planned_within_bounds(program: Program, options: ScheduleOptions) -> tuple[Program, Schedule]:
    """The schedule of a program, which computes sizes that are data itself, as far as all that they give has bounds."""
    from graphc.schedule.plan import plan_program

    while True:
        try:
            schedule = plan_program(program, options)
            for buffer in schedule.fetches:
                for dim in buffer.shape:
                    at_most(dim, schedule.late)
            return program, schedule
        except UnboundedError as error:
            program = replace(program, size_bounds=tuple(b for b in program.size_bounds if b[0] not in error.names))


def missing_libraries(program: Program) -> frozenset[str]:
    """The switch that turns LAPACK off, where a program needs it and there is none."""
    if any(record_of(node.op).library is not None for node in with_inner(program.nodes())):
        from graphc.runtime.blas import blas_is_there

        return frozenset() if blas_is_there() else frozenset({"lapack"})
    return frozenset()


def call_infos(schedule: Schedule, lowered: Lowered) -> list[CallInfo]:
    """Every call of a schedule with the nodes that it came from."""
    from graphc.schedule.flat import flat_calls

    sources = _sources(lowered)
    calls = [entry.call for entry in flat_calls(schedule)]
    return [CallInfo(c.label, _numbers(c.nodes, lowered, sources)) for c in calls]


def _sources(lowered: Lowered) -> dict[int, list[int]]:
    """For every operation of the user the numbers of its nodes before the passes."""
    found: dict[int, list[int]] = {}
    for node, number in numbered_with_inner(lowered.program).items():
        for operation in lowered.builder.origins.get(node, ()):
            found.setdefault(operation, []).append(number)
    return found


def _numbers(nodes: tuple[Node, ...], lowered: Lowered, sources: dict[int, list[int]]) -> tuple[int, ...]:
    operations = {op for node in nodes for op in lowered.builder.origins.get(node, ())}
    return tuple(sorted({n for op in operations for n in sources.get(op, ())[:1]}))
