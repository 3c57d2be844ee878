"""Plans with operations that Python does before or after a step: drawing from data, starting an iterator.

Such an operation has no body. A *source* stands for tensors that are fed before every run; a *sink* gets the values of
its inputs after the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from graphc.graph.operation import Operation, Tensor
from graphc.graph.store import Store
from graphc.session.passage import needed_operations
from graphc.session.session import HOSTED, Plan

if TYPE_CHECKING:
    from graphc.session.session import Session


class Source(Protocol):
    """What draws values for the results of an operation, whose ``kwargs["source"]`` it is."""

    def draw(self, store: Store) -> Sequence[np.ndarray]:
        """One value per result of the operation."""
        ...


class Sink(Protocol):
    """What takes values of the inputs of an operation, whose ``kwargs["sink"]`` it is."""

    def accept(self, store: Store, values: Sequence[np.ndarray]) -> None:
        """One value per input of the operation."""
        ...


def add_hosted(op: Operation) -> Operation:
    """Make an operation known as one of this kind."""
    op.graph.add_to_collection(HOSTED, op)
    return op


class HostedPlan(Plan):
    """A plan that draws the missing feeds and hands on what sinks ask for."""

    def __init__(self, session: Session, fetches: Sequence[Tensor | Operation], feeds: Sequence[Tensor]) -> None:
        super().__init__(session, fetches, feeds)
        fed = set(feeds)
        roots = [f.op if isinstance(f, Tensor) else f for f in fetches if f not in fed]
        needed = needed_operations(roots, fed)
        self.sources = [op for op in needed if "source" in op.kwargs and not fed.issuperset(op.outputs)]
        self.sinks = [op for op in needed if "sink" in op.kwargs]
        self.feeds += tuple(t for op in self.sources for t in op.outputs if t not in fed)
        self.targets += tuple(t for op in self.sinks for t in op.inputs)
        self._fed = fed
        self._count = sum(isinstance(f, Tensor) for f in fetches)

    def run(self, values: Sequence[Any]) -> list[Any]:
        """Run on values of the given feeds.

        Raises
        ------
        OutOfRangeError
            If there is nothing more to draw; nothing has run then.
        """
        store = self.session.store
        drawn = [
            value
            for op in self.sources
            for tensor, value in zip(op.outputs, op.kwargs["source"].draw(store), strict=True)
            if tensor not in self._fed
        ]
        found = super().run([*values, *drawn])
        rest = iter(found[self._count :])
        for op in self.sinks:
            op.kwargs["sink"].accept(store, [next(rest) for _ in op.inputs])
        return found[: self._count]
