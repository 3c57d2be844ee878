"""Sizes that are data: computed before a step runs, and checked before anything is laid out by them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from graphc.interp.evaluate import NodeError, evaluate_nodes
from graphc.ir.dims import symbols
from graphc.ir.program import Program, reachable
from graphc.ir.types import TensorType

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
            (node, node.type)
            for node in (reachable(source.roots) if names else ())
            if isinstance(node.type, TensorType)
            and any(not isinstance(d, int) and symbols(d) & names for d in node.shape)
        ]

    def bind(self, feeds: Sequence[Any], variables: Sequence[Any], bindings: dict[str, int]) -> None:
        """Add the sizes to the values of the other symbols.

        Raises
        ------
        NodeError
            If one cannot be computed, or a tensor would have a negative size or more than a tebibyte.
        """
        for name, node in self.values:
            bindings[name] = int(evaluate_nodes((node,), feeds, variables, bindings)[node])
        for node, type in self._checked:
            shape = type.concrete(bindings)
            if any(size < 0 for size in shape):
                raise NodeError(node, f"{node.op}: a tensor of shape {shape} has a negative size")
            if prod(shape) * type.dtype.itemsize > LARGEST:
                raise NodeError(node, f"{node.op}: a tensor of shape {shape} has more than {LARGEST} bytes")
