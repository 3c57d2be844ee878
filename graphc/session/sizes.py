"""Sizes that are data and not computed within the step: their values before it, and checks before it is laid out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from graphc.interp.evaluate import NodeError, evaluate_nodes
from graphc.ir.dims import product, symbols
from graphc.ir.node import Node
from graphc.ir.program import Program, reachable
from graphc.ir.types import TensorType, TupleType
from graphc.ops.record import record_of
from graphc.schedule.stages import names_in

LARGEST = 2**40
"""Bytes of a tensor above which a size that is data is taken for a mistake."""

# So many sets of sizes are remembered as checked.
MOST_REMEMBERED = 4096

# Elements up to which the interpreter computes a size.
LIGHT = 64


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
        self._depends = {name: frozenset(names_in(reachable([node])) & names) for name, node in self.values}
        self._passed: set[tuple[tuple[str, int], ...]] = set()
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
            Sizes that are in it already are not computed again.
        names : iterable of str, optional
            The sizes that are needed; others are added if these depend on them. All by default.

        Raises
        ------
        NodeError
            If one cannot be computed, or a tensor would have a negative size or more than a tebibyte.
        """
        needed = self._closure((name for name, _ in self.values) if names is None else names, bindings)
        for name, node in self.values:
            if name in needed:
                bindings[name] = int(evaluate_nodes((node,), feeds, variables, bindings)[node])
        sizes = tuple(bindings.items())
        if sizes in self._passed:
            return
        self._check(bindings)
        if len(self._passed) < MOST_REMEMBERED:
            self._passed.add(sizes)

    def _check(self, bindings: dict[str, int]) -> None:
        for node, type, used in self._checked:
            if not used <= bindings.keys():
                continue
            shape = type.concrete(bindings)
            if any(size < 0 for size in shape):
                raise NodeError(node, f"{node.op}: a tensor of shape {shape} has a negative size")
            if prod(shape) * type.dtype.itemsize > LARGEST:
                raise NodeError(node, f"{node.op}: a tensor of shape {shape} has more than {LARGEST} bytes")

    def _closure(self, names: Iterable[str], bindings: Mapping[str, int]) -> set[str]:
        """Those and all that they depend on, without what is known."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found and name not in bindings:
                found.add(name)
                waiting += self._depends[name]
        return found


def size_programs(program: Program, late: Collection[str]) -> list[tuple[tuple[str, ...], Program]]:
    """Programs that compute sizes before a step, of those that are worth compiling: names and program.

    Parameters
    ----------
    program : Program
    late : collection of str
        Sizes that the step computes itself.
    """
    known = dict(program.size_values)
    found: dict[frozenset[str], list[str]] = {}
    for name, node in program.size_values:
        if name not in late and not all(map(_is_light, reachable([node]))):
            found.setdefault(_needed(node, known), []).append(name)
    given = names_in((*program.inputs,)).union(*map(symbols_of, program.variables))
    made = []
    for needed, names in found.items():
        values = tuple(item for item in program.size_values if item[0] in needed)
        guards = tuple(g for g in program.guards if symbols(g.left) | symbols(g.right) <= given | needed)
        bounds = tuple(item for item in program.size_bounds if item[0] in needed)
        outputs = tuple(known[name] for name in names)
        made.append((tuple(names), replace(
            program, outputs=outputs, updates=(), guards=guards, size_values=values, size_bounds=bounds
        )))  # fmt: skip
    return made


def _needed(node: Node, known: Mapping[str, Node]) -> frozenset[str]:
    """Sizes that a node depends on, by way of others too."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        new = (names_in(reachable(waiting)) & known.keys()) - found
        found |= new
        waiting = [known[name] for name in new]
    return frozenset(found)


def _is_light(node: Node) -> bool:
    """Whether the interpreter has a node's value sooner than a native step is entered."""
    if not node.inputs:
        return True
    types = [n.type for n in (node, *node.inputs)]
    items = [t for type in types for t in (type.items if isinstance(type, TupleType) else (type,))]
    sizes = [product(t.shape) for t in items if isinstance(t, TensorType)]
    return record_of(node.op).kind != "control" and all(isinstance(s, int) and s <= LIGHT for s in sizes)


def further_names(program: Program, late: Collection[str]) -> list[str]:
    """Symbols that are no sizes of feeds, in the order in which their values are given to a run.

    Parameters
    ----------
    program : Program
    late : collection of str
        Sizes that the step computes itself.
    """
    shapes = [d for type in program.variables for d in type.shape if not isinstance(d, int)]
    return [next(iter(symbols(d))) for d in shapes] + [name for name, _ in program.size_values if name not in late]


def symbols_of(type: TensorType) -> frozenset[str]:
    """Symbols in a shape."""
    return frozenset().union(*map(symbols, type.shape))
