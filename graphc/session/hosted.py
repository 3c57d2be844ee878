"""Plans with operations that Python does before or after a step: drawing from data, calling functions of Python.

Such an operation has no body. A *source* stands for tensors that are fed before every run, made from the values of its
inputs, which a step of their own computes and which changes nothing; a *sink* gets the values of its inputs after the
run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from graphc.graph.errors import GraphError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.store import Store
from graphc.session.lower import Lowered
from graphc.session.passage import needed_operations
from graphc.session.report import Report
from graphc.session.session import HOSTED, Plan

if TYPE_CHECKING:
    from graphc.session.session import Session


class Source(Protocol):
    """What draws values for the results of an operation, whose ``kwargs["source"]`` it is."""

    @property
    def in_step(self) -> bool:
        """Whether the step itself can call it."""
        ...

    def draw(self, store: Store, values: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        """One value per result of the operation, from those of its inputs."""
        ...


class Sink(Protocol):
    """What takes values of the inputs of an operation, whose ``kwargs["sink"]`` it is."""

    def accept(self, store: Store, values: Sequence[np.ndarray]) -> None:
        """One value per input of the operation."""
        ...


def add_hosted(op: Operation) -> Operation:
    """Make an operation known as one of this kind.

    Raises
    ------
    GraphError
        If it is inside of a loop or branch.
    """
    if op.context is not None:
        raise GraphError(
            f"{op.type} runs in Python before the step: it cannot be inside of a loop or branch", op.origin
        )
    op.graph.add_to_collection(HOSTED, op)
    return op


class _Watched:
    """A sink that only makes a session compute its inputs: what they stand for is part of the native step."""

    def accept(self, store: Store, values: Sequence[np.ndarray]) -> None:
        """Nothing is left to do: the step has succeeded."""


def watched(type: str, tensors: Sequence[Tensor], name: str | None = None) -> Operation:
    """An operation that makes whoever runs it compute tensors."""
    graph = tensors[0].graph if tensors else get_default_graph()
    return add_hosted(graph.add(type, name, tensors, None, (), {"sink": _Watched()}, []))


class HostedPlan(Plan):
    """A plan that draws the missing feeds and hands on what sinks ask for."""

    def __init__(self, session: Session, fetches: Sequence[Tensor | Operation], feeds: Sequence[Tensor]) -> None:
        super().__init__(session, fetches, feeds)
        fed = set(feeds)
        roots = [f.op if isinstance(f, Tensor) else f for f in fetches if f not in fed]
        needed = needed_operations(roots, fed)
        called = [op for op in needed if "source" in op.kwargs and op.context is None]
        missing = [op for op in called if not op.outputs or not fed.issuperset(op.outputs)]
        self.sources = _before_the_step(missing, fed)
        within = [op for op in missing if op not in self.sources]
        self.sinks = [op for op in needed if "sink" in op.kwargs]
        self.before: list[Plan | None] = []
        for op in self.sources:
            self.before.append(_Inputs(session, op.inputs, self.feeds) if op.inputs else None)
            self.feeds += tuple(t for t in op.outputs if t not in fed)
        self.targets += tuple(op.outputs[0] for op in within)
        # What the inputs of sources depend on is done in the step, too: writes, and counters of random numbers.
        self.targets += tuple(t for op in self.sinks for t in op.inputs)
        self.targets += tuple(o for op in self.sources for o in (*(t.op for t in op.inputs), *op.control_inputs))
        self._fed = fed
        self._count = sum(isinstance(f, Tensor) for f in fetches)

    def run(self, values: Sequence[Any]) -> list[Any]:
        """Run on values of the given feeds.

        Raises
        ------
        OutOfRangeError
            If there is nothing more to draw; nothing has run then.
        """
        found = super().run(self.fed(values))
        rest = iter(found[self._count :])
        for op in self.sinks:
            op.kwargs["sink"].accept(self.session.store, [next(rest) for _ in op.inputs])
        return found[: self._count]

    def fed(self, values: Sequence[Any]) -> list[Any]:
        """The given values, and those that sources draw."""
        fed = [*values]
        for op, inputs in zip(self.sources, self.before, strict=True):
            drawn = op.kwargs["source"].draw(self.session.store, [] if inputs is None else inputs.run(fed))
            fed += [value for tensor, value in zip(op.outputs, drawn, strict=True) if tensor not in self._fed]
        return fed

    def report(self) -> Report:
        """What the compiler did; functions of Python count as kernels on the host."""
        found = super().report()
        calls = sum(inputs is not None for inputs in self.before)
        found["kernels"] = {**found["kernels"], "host": found["kernels"]["host"] + calls}
        return found


def _before_the_step(called: Sequence[Operation], fed: set[Tensor]) -> list[Operation]:
    """The sources that are drawn before the step: those that it cannot call, and what these depend on."""
    early = {op for op in called if not op.kwargs["source"].in_step}
    behind = needed_operations([o for op in early for o in (op, *op.control_inputs)], fed)
    return [op for op in called if op in early or op in behind]


class _Inputs(Plan):
    """Values of tensors before the step: variables and counters stay as they are."""

    def lowered(self, ranks: tuple[int, ...], pattern: tuple[tuple[int, int], ...] = ()) -> Lowered:
        """The program without its updates."""
        found = super().lowered(ranks, pattern)
        return replace(found, program=replace(found.program, updates=()))
