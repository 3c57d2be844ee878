"""The lowering in progress: which builder emits, and how sizes that depend on data get their symbols."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from graphc.ir.constants import Constant
from graphc.ir.dims import Dim, symbol
from graphc.ir.node import Node
from graphc.ir.program import Guard
from graphc.ops.bounds import largest
from graphc.ops.builder import Builder
from graphc.ops.record import record_of

# Magnitudes of scalars that rewriting rules know.
TELLING = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, np.inf)


class Lowering:
    """Where functions over nodes emit.

    Parameters
    ----------
    builder : Builder
    fresh_symbol : callable ``(hint) -> str``
        Gives a new name for a size.
    operand : callable ``(Constant) -> Node``, optional
        Gives a leaf for a constant whose value shall not be part of the program.

    Attributes
    ----------
    guards : list of Guard
        Sizes taken to be equal so far.
    differentiates : bool
        Whether derivatives are taken, so that loops must have a number of steps that is known before they run.
    inside : bool
        Whether it is that of the body of a branch or loop.
    effects : list of Node
        Booleans that are there when checks and calls of Python have been done which no result depends on.
    """

    def __init__(
        self,
        builder: Builder,
        fresh_symbol: Callable[[str], str],
        operand: Callable[[Constant], Node] | None = None,
    ) -> None:
        self.builder = builder
        self.fresh_symbol = fresh_symbol
        self.operand = operand
        self.guards: list[Guard] = []
        self.differentiates = False
        self.inside = False
        self.effects: list[Node] = []
        self.size_values: list[tuple[str, Node]] = []
        self.size_bounds: dict[str, Dim] = {}
        self._dims: dict[Node, tuple[Dim, ...]] = {}

    def done(self) -> Node:
        """A boolean that is there when all effects are done."""
        found = self.builder.constant(np.True_)
        for node in self.effects:
            found = self.builder.emit("and", found, node)
        return found

    def constant(self, value: Constant) -> Node:
        """A constant of the user: part of the program where rules may look at it, an operand otherwise.

        Programs that differ only in operands, such as a learning rate, share their code.
        """
        if self.operand is None or _is_telling(value.array):
            return self.builder.emit("const", value=value)
        return self.operand(value)

    def dims_of(self, node: Node, most: Dim | None = None) -> tuple[Dim, ...]:
        """The value of an integer tensor of rank 0 or 1, as dimensions.

        What cannot be derived from sizes becomes a new symbol. It is computed within the step if it is known to lie
        between 0 and a size, which `most` may give; before the step otherwise.

        Raises
        ------
        ValueError
            If its rank is above 1 or its length is not known.
        """
        found = self._dims.get(node)
        if found is None:
            found = self._derive(node, most)
            self._dims[node] = found
        return found

    def _derive(self, node: Node, most: Dim | None) -> tuple[Dim, ...]:
        rule = record_of(node.op).symbolic
        if rule is not None and all(n.dtype.is_integer and n.rank <= 1 for n in node.inputs):
            try:
                value = rule(*(self.dims_of(n) for n in node.inputs), **node.attrs)
            except ValueError:
                value = None
            if value is not None:
                return tuple(value)
        return self._measured(node, most)

    def _measured(self, node: Node, most: Dim | None) -> tuple[Dim, ...]:
        """Symbols for the elements of a node whose value is data."""
        if node.rank > 1 or (node.rank == 1 and not isinstance(node.shape[0], int)):
            raise ValueError(
                f"sizes come from a tensor of type {node.type!r}: rank 0, or rank 1 of known length, is needed"
            )
        count = 1 if node.rank == 0 else int(node.shape[0])  # type: ignore[arg-type]
        names = [self.fresh_symbol("value") for _ in range(count)]
        for i, name in enumerate(names):
            element = node
            if node.rank == 1:
                element = self.builder.emit("slice", node, start=(i,), stop=(i + 1,), step=(1,))
                element = self.builder.emit("reshape", element, shape=())
            self.size_values.append((name, element))
            bound = largest(element) if most is None else most
            if bound is not None:
                self.size_bounds[name] = bound
        return tuple(symbol(name) for name in names)


def _is_telling(array: np.ndarray) -> bool:
    """Whether rules or shapes may depend on a constant: short integer vectors, and scalars such as 0, 1 or 0.5."""
    if array.dtype.kind != "f":
        return array.size <= 64
    return array.size == 0 or (array.size == 1 and bool(np.all(np.isnan(array) | np.isin(np.abs(array), TELLING))))


class _Current(threading.local):
    def __init__(self) -> None:
        self.stack: list[Lowering] = []


_current = _Current()


def current_lowering() -> Lowering | None:
    """The lowering in progress on this thread, or None outside of one."""
    return _current.stack[-1] if _current.stack else None


@contextmanager
def lowering_into(lowering: Lowering) -> Iterator[Lowering]:
    """Make functions over nodes emit into this lowering."""
    _current.stack.append(lowering)
    try:
        yield lowering
    finally:
        _current.stack.pop()
