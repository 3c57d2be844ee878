"""Steps as native code: compiled programs bound to a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.codegen.cpu.library.writer import PREFIX
from graphc.codegen.cpu.segment import POOL_RUN
from graphc.graph.errors import ExecutionError
from graphc.graph.store import Store, aligned_copy
from graphc.interp.evaluate import NodeError, evaluate_nodes
from graphc.ir.constants import Constant
from graphc.ir.node import Node
from graphc.ir.program import Guard, Program, with_inner
from graphc.ops.python_call import PythonCallError
from graphc.ops.record import record_of
from graphc.runtime.executable import CapacityError, Executable, GuardError, StepError
from graphc.runtime.plan import NEGATIVE, ProgramCode
from graphc.session.build import Built, build, thread_count
from graphc.session.failures import capacity_failure, failure_texts, nodes_of, origin_of
from graphc.session.lower import Lowered, SizeMismatch, bind_sizes
from graphc.session.sizes import DataSizes, further_names, size_programs

if TYPE_CHECKING:
    from graphc.runtime.cache import Cache
    from graphc.session.config import Config
    from graphc.session.cuda import CudaStep


def compile_step(lowered: Lowered, store: Store, config: Config) -> CompiledStep | CudaStep:
    """Compile a specialised program for the device, or load it from disk, and bind it to a store."""
    if config.device != "cpu":
        from graphc.session.cuda import CudaStep

        return CudaStep(lowered, store, config)
    cache = None
    if config.cache:
        from graphc.runtime.cache import default_cache

        cache = default_cache()
    lowered, resized = with_resized_fetched(lowered)
    return _made(lowered, config, cache, store, resized)


def _made(
    lowered: Lowered, config: Config, cache: Cache | None, store: Store, resized: tuple[int, ...] = (),
    overwritten: frozenset[int] | None = None,
) -> CompiledStep:  # fmt: skip
    """The step of a program, with those that compute sizes before it."""
    built = build(lowered, config, cache)
    late = [name for name, _ in built.code.bounds]
    overwritten = lowered.overwritten if overwritten is None else overwritten
    before = [
        (names, _made(replace(lowered, program=program), config, cache, store, (), overwritten))
        for names, program in size_programs(lowered.program, late)
    ]
    return CompiledStep(lowered, built, store, config.poison, thread_count(config), resized, before, overwritten)


def with_resized_fetched(lowered: Lowered) -> tuple[Lowered, tuple[int, ...]]:
    """The program with new values that need not have the held value's shape as further outputs, not as updates.

    Native code writes variables where they lie: a value of another shape needs another place.

    Returns
    -------
    (Lowered, tuple of int)
        And the slots of these variables, in the order of the further outputs.
    """
    program = lowered.program
    moved = [(slot, node) for slot, node in program.updates if node.shape != program.variables[slot].shape]
    if not moved:
        return lowered, ()
    kept = tuple(update for update in program.updates if update not in moved)
    changed = replace(program, outputs=(*program.outputs, *(node for _, node in moved)), updates=kept)
    return replace(lowered, program=changed), tuple(slot for slot, _ in moved)


def external_words(code: ProgramCode, threads: int) -> dict[str, int]:
    """Addresses of the functions outside of a program that it calls: of LAPACK, and of the worker pool."""
    names = [spec.name for _, spec in code.of_kind("external")]
    found: dict[str, int] = {}
    if any(name.startswith(PREFIX) for name in names):
        from graphc.runtime.blas import library_words

        found |= library_words(names)
    if POOL_RUN in names:
        from graphc.runtime.pool import pool_symbols

        found |= pool_symbols(threads)
    return found


class CompiledStep:
    """One signature as native code.

    Parameters
    ----------
    lowered : Lowered
    built : Built
    store : Store
    poison : bool
        Fill working memory with NaN before every run.
    threads : int
        Threads that the program was built for.
    resized : tuple of int
        Slots of the variables whose new values are the last outputs.
    before : sequence of (tuple of str, CompiledStep)
        Steps that compute sizes before every run.
    overwritten : frozenset of int, optional
        Slots of variables that may have no value yet; those that the program writes without looking by default.
    """

    def __init__(
        self, lowered: Lowered, built: Built, store: Store, poison: bool = False, threads: int = 1,
        resized: tuple[int, ...] = (), before: Sequence[tuple[tuple[str, ...], CompiledStep]] = (),
        overwritten: frozenset[int] | None = None,
    ) -> None:  # fmt: skip
        self.lowered = lowered
        self.built = built
        self.store = store
        self.before = before
        self.constants = {
            slot: aligned_copy(value.array, value.array.dtype)
            for slot, value in enumerate(lowered.variables)
            if isinstance(value, Constant)
        }
        self.hosts = None
        if built.hosts:
            from graphc.session.host import HostCalls

            self.hosts = HostCalls(built)
        externals = self._externals(threads)
        self.sizes = DataSizes(
            self._without_gradients() if lowered.program.size_values else lowered.program, lowered.program
        )
        further = self._further if any(feed == -1 for feed, _ in built.code.symbols) else None
        self.late = tuple(name for name, _ in built.code.bounds)
        measure = self._measure if self.late else None
        self.resized = resized
        self.overwritten = lowered.overwritten if overwritten is None else overwritten
        self.locked = bool(lowered.program.updates or resized)
        self.reads = any(not isinstance(v, Constant) for v in lowered.variables)
        self.executable = Executable(
            built.code, self._arrays(), externals, poison=poison, further=further, measure=measure
        )
        self.version = store.version

    def _externals(self, threads: int) -> dict[str, int]:
        """Addresses that the program asks for by name."""
        return (self.hosts.externals() if self.hosts is not None else {}) | external_words(self.built.code, threads)

    def _arrays(self) -> list[np.ndarray]:
        values = self.store.values(self.lowered.variables, self.overwritten)
        return [self.constants.get(slot, value) for slot, value in enumerate(values)]

    def __call__(self, feeds: Sequence[np.ndarray]) -> list[Any]:
        """Run once on checked feeds; fetched arrays, in order.

        Raises
        ------
        ExecutionError
            If a kernel reports a failure; no variable has changed.
        SizeMismatch
            If sizes taken to be equal are not.
        """
        while self.store.version != self.version:
            self._rebind()
        found: list[Any] = self._guarded(lambda: self._run(feeds))
        if self.overwritten:
            self.store.settle(self.lowered.variables[slot] for slot in self.overwritten)  # type: ignore[misc]
        return found

    def attempt(self, values: Sequence[Any]) -> list[Any] | None:
        """Run once on unchecked values if they are exactly such arrays as the last run had, else return None."""
        if self.store.version != self.version or self.resized:
            return None
        try:
            if not self.reads:
                return self.executable.attempt(*values)
            found: list[Any] | None = self._guarded(lambda: self.executable.attempt(*values))
            return found
        except StepError as error:
            if self._is_of_sizes(error):
                return None
            failure = self._failure(error, values)
            raise failure from failure.__cause__

    def _guarded(self, run: Callable[[], Any]) -> Any:
        """Run beside other readers of the store, or alone if this program writes."""
        if not self.reads:
            return run()
        if self.locked:
            with self.store.exclusive():
                return run()
        self.store.begin_read()
        try:
            return run()
        finally:
            self.store.end_read()

    def _rebind(self) -> None:
        """Variables have moved: use their new places."""
        with self.store.exclusive():
            self._bind_anew()

    def _bind_anew(self) -> None:
        self.executable.bind_variables(self._arrays())
        self.version = self.store.version
        for _, step in self.before:
            step._bind_anew()

    def _run(self, feeds: Sequence[np.ndarray]) -> list[Any]:
        try:
            return self._resize(self.executable(*feeds))
        except StepError as error:
            failure = (self._size_failure if self._is_of_sizes(error) else self._failure)(error, feeds)
            raise failure from failure.__cause__
        except GuardError as error:
            raise SizeMismatch(self.guard(error.number), error.left, error.right) from None
        except NodeError as error:
            raise ExecutionError(f"{error}; no variable was changed", origin_of(self.lowered, [error.node])) from None
        except CapacityError:
            raise capacity_failure(self.lowered, self._bindings(feeds)) from None

    def _resize(self, outputs: list[Any]) -> list[Any]:
        """Hand the last outputs to the store."""
        if not self.resized:
            return outputs
        for slot, value in zip(self.resized, outputs[-len(self.resized) :], strict=True):
            variable = self.lowered.variables[slot]
            assert not isinstance(variable, Constant)
            self.store.save(variable, value)
        return outputs[: -len(self.resized)]

    def guard(self, number: int) -> Guard:
        """The equality that the program checks under a number."""
        guards = self.lowered.program.guards
        return guards[number] if number >= 0 else Guard(0, 0, "an operation whose sizes must be equal")

    def _bindings(self, feeds: Sequence[np.ndarray], names: Sequence[str] | None = None) -> dict[str, int]:
        arrays = self._arrays()
        program = self.lowered.program
        bindings = bind_sizes(program, [*(f.shape for f in feeds), *(a.shape for a in arrays)])
        if names is not None:
            for given, step in self.before:
                bindings.update(zip(given, map(int, step._run(feeds)), strict=True))
        self.sizes.bind(feeds, arrays, bindings, names)
        return bindings

    def _further(self, feeds: Sequence[np.ndarray]) -> tuple[int, ...]:
        """Sizes that are not those of feeds: of variables, and those that are data."""
        program = self.lowered.program
        bindings = self._bindings(feeds, [name for name, _ in program.size_values if name not in self.late])
        return tuple(bindings[name] for name in further_names(program, self.late))

    def _measure(self, feeds: Sequence[np.ndarray]) -> tuple[int, ...]:
        """Sizes that the step computes itself."""
        bindings = self._bindings(feeds)
        return tuple(bindings[name] for name in self.late)

    def _failure(self, error: StepError, feeds: Sequence[np.ndarray]) -> ExecutionError:
        """The failure of a kernel in the user's terms: the operation, its line, and the offending value."""
        raised = self.hosts.take_error() if self.hosts is not None else None
        call = self.built.calls[error.call]
        nodes = nodes_of(self.lowered, call)
        if isinstance(raised, PythonCallError):
            failure = ExecutionError(f"{raised}; no variable was changed", origin_of(self.lowered, nodes))
            failure.__cause__ = raised.__cause__
            return failure
        reason = str(raised) if raised is not None else self._reason(nodes, feeds)
        named = reason if reason.startswith(f"{call.label}:") else f"{call.label}: {reason}"
        return ExecutionError(f"{named}; no variable was changed", origin_of(self.lowered, nodes))

    def _is_of_sizes(self, error: StepError) -> bool:
        """Whether sizes that the step computes do not fit; nothing that depends on them has run."""
        return bool(self.late) and self.built.calls[error.call].label == "sizes"

    def _size_failure(self, error: StepError, feeds: Sequence[np.ndarray]) -> Exception:
        """What is wrong with sizes that the step computes."""
        place, left, right = error.payload[:3]
        number = self.built.code.conditions[place] if place >= 0 else NEGATIVE
        if number != NEGATIVE:
            return SizeMismatch(self.guard(number), left, right)
        try:
            self._bindings(feeds)
        except NodeError as found:
            return ExecutionError(f"{found}; no variable was changed", origin_of(self.lowered, [found.node]))
        return ExecutionError(f"a size is {left}, which is out of its range; no variable was changed")

    def failures(self) -> dict[int, str]:
        """What to say when a call fails whose operations can, by its number."""
        return failure_texts(self.lowered, self.built.calls)

    def _reason(self, nodes: Sequence[Node], feeds: Sequence[np.ndarray]) -> str:
        """What the reference says on the same operands: it raises in the cases in which the kernel fails."""
        if any(node.op == "python" for node in with_inner(self.lowered.program.roots)):
            # The reference would call the user's functions a second time.
            said = [str(node.attrs.get("message", record_of(node.op).can_fail or "")) for node in nodes]
            return ", ".join(dict.fromkeys(filter(None, said))) or "a kernel reported a failure"
        try:
            evaluate_nodes(self._without_gradients().results, feeds, self._arrays(), self._bindings(feeds))
        except NodeError as error:
            return str(error)
        return "a kernel reported a failure"

    def _without_gradients(self) -> Program:
        from graphc.autodiff.expand import expand_gradients

        return expand_gradients(self.lowered.program, self.lowered.builder)

    def report(self) -> dict[str, Any]:
        """What the compiler did; see `Function.report`."""
        return {**self.built.report, "held_bytes": self.executable.arena_bytes}
