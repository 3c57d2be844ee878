"""Steps as native code: compiled programs bound to a store."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.graph.errors import ExecutionError
from graphc.graph.store import Store
from graphc.interp.evaluate import evaluate_nodes
from graphc.session.build import Built, build
from graphc.session.host import HostCalls
from graphc.session.lower import Lowered, bind_sizes, check_guards

if TYPE_CHECKING:
    from graphc.session.session import Config


def compile_step(lowered: Lowered, store: Store, config: Config) -> CompiledStep:
    """Compile a specialised program and bind it to a store."""
    built = build(lowered, frozenset(config.disable), config.strict_denormals)
    return CompiledStep(lowered, built, store, config.poison)


class CompiledStep:
    """One signature as native code.

    Parameters
    ----------
    lowered : Lowered
    built : Built
    store : Store
    poison : bool
        Fill working memory with NaN before every run.
    """

    def __init__(self, lowered: Lowered, built: Built, store: Store, poison: bool = False) -> None:
        from graphc.runtime.executable import Executable

        self.lowered = lowered
        self.built = built
        self.store = store
        self.hosts = HostCalls(built)
        self.writes = bool(lowered.program.updates)
        self._version = -1
        self._bound = threading.Lock()
        arrays = self._arrays()
        self.executable = Executable(built.code, arrays, self.hosts.externals(), poison=poison)
        self._version = store.version
        self._checked: set[tuple[tuple[int, ...], ...]] = set()

    def _arrays(self) -> list[np.ndarray]:
        return [self.store.array(v) for v in self.lowered.variables]

    def __call__(self, feeds: Sequence[np.ndarray]) -> list[Any]:
        """Run once on checked feeds; fetched arrays, in order.

        Raises
        ------
        ExecutionError
            If a kernel reports a failure; no variable has changed.
        SizeMismatch
            If sizes taken to be equal are not.
        """
        shapes = tuple(f.shape for f in feeds)
        if shapes not in self._checked:
            self._check(feeds, shapes)
        if self.writes:
            with self.store.lock:
                return self._run(feeds)
        return self._run(feeds)

    def _run(self, feeds: Sequence[np.ndarray]) -> list[Any]:
        from graphc.runtime.executable import StepError

        if self.store.version != self._version:
            self._rebind()
        try:
            return self.executable(*feeds)
        except StepError as error:
            raise self._failure(error, feeds) from None

    def _rebind(self) -> None:
        """Variables have moved: use their new places."""
        with self.store.lock:
            self.executable.bind_variables(self._arrays())
            self._version = self.store.version

    def _check(self, feeds: Sequence[np.ndarray], shapes: tuple[tuple[int, ...], ...]) -> None:
        program = self.lowered.program
        variables = [v.shape for v in self._arrays()]
        bindings = bind_sizes(program, [*shapes, *variables])
        for name, node in program.size_values:
            bindings[name] = int(evaluate_nodes((node,), feeds, self._arrays(), bindings)[node])
        check_guards(self.built.program, bindings)
        if not program.size_values and len(self._checked) < 10_000:
            self._checked.add(shapes)

    def _failure(self, error: Any, feeds: Sequence[np.ndarray]) -> Exception:
        """The failure of a kernel in the user's terms: the operation, its line, and the offending value."""
        raised = self.hosts.take_error()
        call = self.built.schedule.calls[error.call]
        node = call.nodes[-1] if call.nodes else None
        where = self._origin(node)
        reason = str(raised) if raised is not None else self._reason(call, feeds)
        return ExecutionError(f"{call.label}: {reason}; no variable was changed", where)

    def _origin(self, node: Any) -> Any:
        origins = sorted(self.lowered.builder.origins.get(node, ()))
        return self.lowered.operations[origins[0]].origin if origins else None

    def _reason(self, call: Any, feeds: Sequence[np.ndarray]) -> str:
        """What the reference says on the same operands: it raises in the cases in which the kernel fails."""
        variables = self._arrays()
        program = self.built.program
        bindings = bind_sizes(program, [*(f.shape for f in feeds), *(v.shape for v in variables)])
        try:
            evaluate_nodes(call.nodes, feeds, variables, bindings)
        except (IndexError, ValueError) as error:
            return str(error)
        return "a kernel reported a failure"

    def report(self) -> dict[str, Any]:
        """What the compiler did; see `Function.report`."""
        return self.built.report
