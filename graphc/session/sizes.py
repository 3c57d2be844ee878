"""Sizes that are data and not computed within the step: their values before it, and checks before it is laid out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from graphc.interp.evaluate import NodeError, evaluate_nodes
from graphc.ir.dims import symbols
from graphc.ir.program import Program, reachable
from graphc.ir.types import TensorType
from graphc.schedule.stages import names_in

LARGEST = 2**40
"""Bytes of a tensor above which a size that is data is taken for a mistake."""


class DataSizes:
    """The sizes of a program that depend on values.

    Parameters
    ----------
    program : Program
        Without ``gradient`` nodes: its `size_values` are evaluated.
    source : Program
        Before the passes: no tensor of it may have a negative or huge size.
    """

    def __init__(self, program: Program, source: Program) -> None:
        self.values = program.size_values
        names = {name for name, _ in self.values}
        self._checked = [
            (node, node.type, symbols_of(node.type) & names)
            for node in (reachable(source.roots) if names else ())
            if isinstance(node.type, TensorType) and symbols_of(node.type) & names
        ]

    def bind(
        self,
        feeds: Sequence[Any],
        variables: Sequence[Any],
        bindings: dict[str, int],
        names: Iterable[str] | None = None,
    ) -> None:
        """Add the sizes to the values of the other symbols.

        Parameters
        ----------
        feeds, variables : sequence of array
        bindings : dict of str to int
        names : iterable of str, optional
            The sizes that are needed; others are added if these depend on them. All by default.

        Raises
        ------
        NodeError
            If one cannot be computed, or a tensor would have a negative size or more than a tebibyte.
        """
        needed = {name for name, _ in self.values} if names is None else self._closure(names)
        for name, node in self.values:
            if name in needed:
                bindings[name] = int(evaluate_nodes((node,), feeds, variables, bindings)[node])
        for node, type, used in self._checked:
            if not used <= needed:
                continue
            shape = type.concrete(bindings)
            if any(size < 0 for size in shape):
                raise NodeError(node, f"{node.op}: a tensor of shape {shape} has a negative size")
            if prod(shape) * type.dtype.itemsize > LARGEST:
                raise NodeError(node, f"{node.op}: a tensor of shape {shape} has more than {LARGEST} bytes")

    def _closure(self, names: Iterable[str]) -> set[str]:
        """Those and all that they depend on."""
        known = dict(self.values)
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += names_in(reachable([known[name]])) & known.keys()
        return found


def symbols_of(type: TensorType) -> frozenset[str]:
    """Symbols in a shape."""
    return frozenset().union(*map(symbols, type.shape))
