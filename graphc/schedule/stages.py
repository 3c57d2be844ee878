"""Stages of a step: what can run at once, what has to wait for a size that is data, what for two of them, and so on.

A node belongs to a stage after those of all sizes in its type, attributes and operands. Of the stages that it may
belong to it gets the last, so that what no size depends on is computed beside what uses it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphc.ir.body import Body
from graphc.ir.dims import DimExpr, symbols
from graphc.ir.node import Node
from graphc.ir.program import Program, reachable, users
from graphc.ir.types import TensorType, TupleType

Wave = tuple[tuple[str, Node], ...]


def names_in(nodes: Iterable[Node]) -> frozenset[str]:
    """Size symbols in the types and attributes of nodes, in the bodies that these hold as well."""
    found: set[str] = set()
    seen: set[Body] = set()
    for node in nodes:
        _collect((node.type, tuple(node.attrs.values())), found, seen)
    return frozenset(found)


def _collect(value: Any, found: set[str], seen: set[Body]) -> None:
    if isinstance(value, DimExpr):
        found |= symbols(value)
    elif isinstance(value, tuple | list):
        for item in value:
            _collect(item, found, seen)
    elif isinstance(value, TensorType):
        _collect(value.shape, found, seen)
    elif isinstance(value, Body) and value not in seen:
        seen.add(value)
        for node in (*value.parameters, *reachable(value.results)):
            _collect((node.type, tuple(node.attrs.values())), found, seen)
    elif isinstance(value, TupleType):
        _collect(value.items, found, seen)


class Stages:
    """The stages of a program's nodes.

    Parameters
    ----------
    program : Program

    Attributes
    ----------
    waves : tuple of tuple of (str, Node)
        Symbols with the nodes of their values: the first ones are computed in stage 0 and known from stage 1 on.
    level : dict of str to int
        The first stage in which a symbol is known; those that are not here are known before the step.
    """

    def __init__(self, program: Program) -> None:
        bounded = dict(program.size_bounds)
        values = [(name, node) for name, node in program.size_values if name in bounded]
        self.level: dict[str, int] = {}
        self._names = frozenset(name for name, _ in values)
        self._first: dict[Node, int] = {}
        self._last: dict[Node, int] = {}
        used = self._used(program, dict(values)) if values else frozenset()
        # A value comes after those that it depends on: symbols are made in that order.
        for name, node in values:
            if name in used:
                self.level[name] = self._earliest(node) + 1
        count = max(self.level.values(), default=0)
        self.waves: tuple[Wave, ...] = tuple(
            tuple((name, node) for name, node in values if self.level.get(name) == stage + 1) for stage in range(count)
        )
        if count:
            self._put_off(program, count)

    @property
    def values(self) -> tuple[Node, ...]:
        """The nodes that give sizes."""
        return tuple(node for wave in self.waves for _, node in wave)

    def inside(self) -> Stages:
        """The stages of a body: all of it belongs to one, and it makes no sizes known."""
        found = Stages(Program((), ()))
        found.level = self.level
        return found

    def of(self, node: Node) -> int:
        """The stage of a node."""
        return self._last.get(node, 0)

    def of_dim(self, dim: Any) -> int:
        """The stage in which a dimension is known."""
        return 0 if isinstance(dim, int) else max((self.level.get(name, 0) for name in symbols(dim)), default=0)

    def _used(self, program: Program, values: dict[str, Node]) -> frozenset[str]:
        """Symbols that results depend on, by way of other symbols too."""
        found: set[str] = set()
        for guard in program.guards:
            found |= (symbols(guard.left) | symbols(guard.right)) & self._names
        waiting = [*program.results, *(values[name] for name in found)]
        while waiting:
            new = (names_in(reachable(waiting)) & self._names) - found
            found |= new
            waiting = [values[name] for name in new]
        return frozenset(found)

    def _earliest(self, node: Node) -> int:
        for n in reachable([node]):
            if n not in self._first:
                own = max((self.level.get(name, 0) for name in names_in([n])), default=0)
                self._first[n] = max([own, *(self._first[i] for i in n.inputs)])
        return self._first[node]

    def _put_off(self, program: Program, count: int) -> None:
        nodes = reachable((*program.results, *self.values))
        latest = {node: self.level[name] - 1 for wave in reversed(self.waves) for name, node in wave}
        following = users(nodes)
        for node in reversed(nodes):
            uses = [self._last[user] for user in following[node]]
            self._last[node] = min([latest.get(node, count), *uses])
