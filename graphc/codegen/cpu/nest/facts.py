"""What the templates ask about a nest: the axes a value depends on, the pass it can be computed in, its cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from graphc.ir.dims import Dim
from graphc.loops.expr import Affine, Expr
from graphc.loops.spec import Axis, Nest
from graphc.ops.record import record_of

EXPENSIVE = 8
"""Floating-point operations from which on a value is better kept than computed again."""


def axes_of(offset: Affine) -> frozenset[int]:
    """The axes along which an index map moves."""
    return frozenset(k for k, c in enumerate(offset.coefficients) if c != 0)


@dataclass(frozen=True)
class Fact:
    """About one expression.

    Attributes
    ----------
    axes : frozenset of int
        Axes along which its value may change.
    level : int
        Reductions nested inside it: it can be computed in the pass of number `level`, counted from 0.
    reductions : frozenset of Expr
        Outermost reductions inside it.
    cost : int
        Operations of this one expression, without its operands.
    """

    axes: frozenset[int]
    level: int
    reductions: frozenset[Expr]
    cost: int


class Facts:
    """Facts about all expressions of a nest in normal form."""

    def __init__(self, nest: Nest, order: list[Expr]) -> None:
        self.nest, self.order = nest, order
        self.reduced = frozenset(k for k, a in enumerate(nest.axes) if a.reduce)
        self._of: dict[Expr, Fact] = {}
        for expr in order:
            self._of[expr] = self._fact(expr)

    def __getitem__(self, expr: Expr) -> Fact:
        return self._of[expr]

    def _fact(self, expr: Expr) -> Fact:
        below = [self._of[a] for a in expr.args if a is not None]
        axes = frozenset[int]().union(*(b.axes for b in below))
        level = max((b.level for b in below), default=0)
        reductions = frozenset[Expr]().union(*(b.reductions for b in below))
        if expr.op == "reduce":
            return Fact(axes - self.reduced, level + 1, frozenset({expr}), 1)
        if expr.op == "load":
            return Fact(axes | axes_of(expr.payload[1]), level, reductions, 1)
        if expr.op == "index":
            return Fact(frozenset({expr.payload}), 0, reductions, 0)
        if expr.op in ("const", "size", "accumulator"):
            return Fact(axes, level, reductions, 0)
        return Fact(axes, level, reductions, record_of(expr.op).flops)

    def varies(self, expr: Expr) -> bool:
        """Whether the value changes along the reduction."""
        return bool(self[expr].axes & self.reduced)

    @cached_property
    def cost(self) -> int:
        """Operations per element."""
        return sum(self[e].cost for e in self.order) + len(self.nest.stores)

    def axis(self, number: int) -> Axis:
        """The axis of this number."""
        return self.nest.axes[number]

    def parallel(self) -> list[int]:
        """Numbers of the parallel axes, outermost first."""
        return [k for k in range(len(self.nest.axes)) if k not in self.reduced]

    def work(self) -> Dim:
        """Operations of the whole nest."""
        total: Dim = self.cost
        for axis in self.nest.axes:
            total = total * axis.size
        return total
