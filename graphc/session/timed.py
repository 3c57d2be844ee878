"""Steps that log their kernel calls, and profiles made of such runs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.codegen.cpu.timing import HEAD, LOG
from graphc.graph.errors import GraphError
from graphc.graph.origin import user_origin
from graphc.graph.store import Store
from graphc.ir.constants import Constant
from graphc.ir.dims import Dim, product, substitute
from graphc.loops.spec import Contraction, Convolution
from graphc.session.build import Built, compile_scheduled, thread_count
from graphc.session.compiled import CompiledStep
from graphc.session.feeds import feed_array
from graphc.session.lower import Lowered, SizeMismatch
from graphc.session.profile import KernelProfile, Profile, quartiles

if TYPE_CHECKING:
    from graphc.loops.spec import KernelCall
    from graphc.schedule.flat import FlatCall
    from graphc.schedule.plan import Schedule
    from graphc.session.config import Config
    from graphc.session.machine import Machine
    from graphc.session.session import Plan

MOST_EVENTS = 1 << 15
"""Kernel calls of a run that are kept one by one, for a trace; sums are kept of all."""

MOST_RUNS = 200
LEAST_RUNS = 3


class CallLog:
    """What a timed step writes down.

    Parameters
    ----------
    calls : int
        Calls of the program, by number.
    """

    def __init__(self, calls: int) -> None:
        self.calls = calls
        self.first = HEAD + 2 * (calls + 1)
        self.words = np.zeros(self.first + 3 * MOST_EVENTS, np.int64)
        self.words[1:3] = MOST_EVENTS, self.first
        self.address = int(self.words.ctypes.data)

    def reset(self) -> None:
        """Forget all runs."""
        self.words[0] = 0
        self.words[HEAD : self.first] = 0

    def sums(self) -> tuple[np.ndarray, np.ndarray]:
        """Nanoseconds by call without those for reading the clock, and how often each ran."""
        table = self.words[HEAD : self.first].reshape(-1, 2)
        spent, runs = table[:-1].T
        return np.maximum(spent - runs * table[-1, 0], 0), runs.copy()

    @property
    def clock(self) -> int:
        """Nanoseconds between two readings of the clock."""
        return int(self.words[self.first - 2])

    def events(self) -> np.ndarray:
        """Call, begin and end of the kernels that ran, in order: int64[count, 3]."""
        found = self.words[self.first : self.first + 3 * int(self.words[0])].reshape(-1, 3)
        return found[found[:, 0] < self.calls].copy()


class TimedStep(CompiledStep):
    """A step that logs its calls."""

    def __init__(
        self, lowered: Lowered, built: Built, store: Store, threads: int, resized: tuple[int, ...],
        before: Sequence[tuple[tuple[str, ...], CompiledStep]], overwritten: frozenset[int],
    ) -> None:  # fmt: skip
        self.log = CallLog(len(built.calls))
        super().__init__(lowered, built, store, False, threads, resized, before, overwritten)

    def _externals(self, threads: int) -> dict[str, int]:
        return super()._externals(threads) | {LOG: self.log.address}


def profile_plan(plan: Plan, values: Sequence[Any], seconds: float) -> Profile:
    """Profile a plan on values of its feeds.

    Raises
    ------
    GraphError
        If the interpreter runs it.
    """
    arrays = [feed_array(t, v) for t, v in zip(plan.feeds, plan.fed(values), strict=True)]
    while True:
        try:
            return profile_step(plan.step(arrays), arrays, plan.session.config, seconds)
        except SizeMismatch as mismatch:
            plan.narrow(mismatch, arrays)


def profile_step(step: Any, feeds: Sequence[np.ndarray], config: Config, seconds: float = 1.0) -> Profile:
    """Compile a step once more with clocks, and run both forms in turn; variables are as before afterwards.

    Parameters
    ----------
    step : Step
        One that was compiled, or something around it that has it as ``step``.
    feeds : sequence of ndarray
        Checked.
    config : Config
    seconds : float
        How long to measure, about; at least 3 runs of each form, at most 200.

    Raises
    ------
    GraphError
        If the interpreter runs it.
    """
    step = compiled_within(step)
    if step is None:
        raise GraphError(
            "NumPy runs this step, so there are no kernels to time: profile in mode 'compile'", user_origin()
        )
    from graphc.schedule.flat import flat_calls
    from graphc.session.machine import measured_machine

    timed, schedule = timed_step(step, config)
    threads = thread_count(config)
    machine = measured_machine(threads)
    with _unchanged(step):
        whole, logs, events = _measured(step, timed, feeds, seconds)
        sizes = step._bindings(feeds)
    kernels = [_kernel(number, entry, timed, logs, sizes, machine) for number, entry in enumerate(flat_calls(schedule))]
    timed.executable.close()
    return Profile(
        tuple(_with_insides(kernels)), quartiles(whole), len(whole), threads, dict(sizes), machine, tuple(events),
        step.executable.arena_bytes,
    )  # fmt: skip


def compiled_within(step: Any) -> CompiledStep | None:
    """The compiled step itself, of one that may be around it; None where NumPy runs it."""
    while not isinstance(step, CompiledStep):
        if not hasattr(step, "step"):
            return None
        step = step.step
    return step


def timed_step(step: CompiledStep, config: Config) -> tuple[TimedStep, Schedule]:
    """A step compiled once more, with a log of its calls."""
    built, schedule = compile_scheduled(step.lowered, config, timed=True)
    threads = thread_count(config)
    timed = TimedStep(step.lowered, built, step.store, threads, step.resized, step.before, step.overwritten)
    return timed, schedule


@contextmanager
def _unchanged(step: CompiledStep) -> Iterator[None]:
    """Keep other runs out if a step writes, and put back what it wrote."""
    slots = {slot for slot, _ in step.lowered.program.updates} | set(step.resized)
    written = [v for v in (step.lowered.variables[s] for s in sorted(slots)) if not isinstance(v, Constant)]
    if not written:
        yield
        return
    with step.store.exclusive():
        before = {v: step.store.load(v) for v in written if v in step.store or not step.store.strict}
        try:
            yield
        finally:
            for variable, value in before.items():
                step.store.save(variable, value)


def _measured(
    step: CompiledStep, timed: TimedStep, feeds: Sequence[np.ndarray], seconds: float
) -> tuple[list[float], list[tuple[np.ndarray, np.ndarray]], list[tuple[int, int, int]]]:
    """Seconds of whole runs, sums of the logs of timed ones, and the events of the last."""
    step(feeds)
    timed(feeds)
    whole: list[float] = []
    logs: list[tuple[np.ndarray, np.ndarray]] = []
    stop = time.perf_counter() + seconds
    while len(whole) < LEAST_RUNS or (len(whole) < MOST_RUNS and time.perf_counter() < stop):
        start = time.perf_counter()
        if step.attempt(feeds) is None:
            step(feeds)
        whole.append(time.perf_counter() - start)
        timed.log.reset()
        timed(feeds)
        logs.append(timed.log.sums())
    return whole, logs, [(int(call), int(begin), int(end)) for call, begin, end in timed.log.events()]


def _kernel(
    number: int, entry: FlatCall, step: TimedStep, logs: Sequence[tuple[np.ndarray, np.ndarray]],
    sizes: dict[str, int], machine: Machine,
) -> KernelProfile:  # fmt: skip
    """What is known of one call."""
    info = step.built.calls[number]
    operations = operations_of(step.lowered, entry.call)
    runs = round(median(int(r[number]) for _, r in logs))
    seconds = quartiles([float(s[number]) * 1e-9 for s, _ in logs])
    moved, flops = (_known(amount, sizes) for amount in (entry.cost.bytes, entry.cost.flops))
    kind = type(entry.call.spec).__name__
    bound, limit = machine.bound(moved, flops, _element(entry.call)) if kind in COUNTED else (0.0, "unknown")
    if kind == "ControlKernel":
        limit = ""
    return KernelProfile(
        number, info.label, kind, entry.within, info.nodes, tuple(op.name for op in operations),
        tuple(dict.fromkeys(f"{op.origin.file}:{op.origin.line}" for op in operations if op.origin)),
        runs, seconds, moved * runs, flops * runs if kind in COUNTED else 0, bound * runs, limit,
    )  # fmt: skip


COUNTED = ("Nest", "MultiNest", "Contraction", "Convolution")
"""Kinds of kernels whose operations are counted; the work of the others depends on their data, or nobody knows it."""


def operations_of(lowered: Lowered, call: KernelCall) -> list[Any]:
    """The user's operations behind a call, in the order in which they were made."""
    found = {number for node in call.nodes for number in lowered.builder.origins.get(node, ())}
    return [lowered.operations[number] for number in sorted(found)]


def _known(amount: Dim, sizes: dict[str, int]) -> int:
    """A number of bytes or operations; 0 where it depends on a size that is nobody's."""
    value = substitute(amount, sizes)
    return value if isinstance(value, int) else 0


def _element(call: KernelCall) -> str:
    """The element type that a kernel computes in: that of its products, else float64 if any whole array is."""
    if isinstance(call.spec, Contraction | Convolution):
        return call.spec.dtype
    names = {buffer.dtype for buffer in call.buffers if product(buffer.shape) != 1}
    return "float64" if "float64" in names else "float32"


def _with_insides(kernels: list[KernelProfile]) -> Iterator[KernelProfile]:
    """Give a branch or loop what its calls took together."""
    from dataclasses import replace

    for place, kernel in enumerate(kernels):
        if kernel.kind != "ControlKernel":
            yield kernel
            continue
        inside = []
        for other in kernels[place + 1 :]:
            if len(other.within) <= len(kernel.within):
                break
            if other.kind != "ControlKernel":
                inside.append(other)
        first, middle, last = (sum(k.seconds[i] for k in inside) for i in range(3))
        yield replace(
            kernel,
            seconds=(first, middle, last),
            bytes=sum(k.bytes for k in inside),
            flops=sum(k.flops for k in inside),
        )
