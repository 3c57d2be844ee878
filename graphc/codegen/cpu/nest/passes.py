"""Passes over the reduced axes: what each computes, stores and keeps for a later one.

A softmax has three: the maximum; the exponentials, kept, and their sum; the quotients. A pass reduces what needs the
results of the passes before it; a store of full shape happens in the first pass that can, one that overwrites an
operand in the last. A value that costs much and is needed in a later pass again is kept: in an output that is written
later anyway, or in a row buffer on the stack.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from graphc.codegen.cpu.irvalue import size_of
from graphc.codegen.cpu.nest.facts import EXPENSIVE, Facts
from graphc.loops.expr import Affine, Expr
from graphc.loops.spec import Check, Store

STACK_BYTES = 16384
"""Largest row buffer."""


@dataclass(frozen=True)
class Kept:
    """A value that one pass writes down and later ones read.

    Attributes
    ----------
    expr : Expr
    store : Store or None
        The store whose operand lends its elements; None for a row buffer on the stack.
    """

    expr: Expr
    store: Store | None


@dataclass
class Pass:
    """One sweep over the reduced axes.

    Attributes
    ----------
    number : int
    reductions : list of Expr
    stores : list of Store
    checks : list of Check
    keeps : list of Kept
        Values it writes down.
    restores : list of Kept
        Values it reads back.
    """

    number: int
    reductions: list[Expr] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    keeps: list[Kept] = field(default_factory=list)
    restores: list[Kept] = field(default_factory=list)

    def roots(self) -> list[Expr]:
        """Expressions that this pass needs for every element."""
        args = [r.args[0] for r in self.reductions]
        return [*(c.expr for c in self.checks), *(a for a in args if a is not None), *(s.expr for s in self.stores)]

    def order(self) -> list[Expr]:
        """What it computes, operands first; reductions of earlier passes and values read back are leaves."""
        return below(self.roots(), {k.expr for k in self.restores})


def below(roots: Iterable[Expr], leaves: set[Expr]) -> list[Expr]:
    """Every expression below the roots once, operands first, not entering reductions and `leaves`."""
    order: dict[Expr, None] = {}
    stack: list[tuple[Expr, bool]] = [(root, False) for root in reversed(list(roots))]
    while stack:
        expr, ready = stack.pop()
        if expr in order:
            continue
        if ready or expr.op == "reduce" or expr in leaves:
            order[expr] = None
        else:
            stack.append((expr, True))
            stack.extend((arg, False) for arg in expr.args if arg is not None and arg not in order)
    return list(order)


def plan_passes(facts: Facts, row_size: int | None, *, keep: bool) -> list[Pass]:
    """The passes of a nest with reduced axes, in order.

    Parameters
    ----------
    facts
        About the nest.
    row_size
        Elements of a row buffer, where one can be had.
    keep
        Whether values are kept for later passes (no need where they stay in registers).
    """
    nest = facts.nest
    reductions = [e for e in facts.order if e.op == "reduce"]
    full = [s for s in nest.stores if s.over_reduction]
    first = {s: facts[s.expr].level for s in full}
    checks = [c for c in nest.checks if facts.varies(c.expr)]
    levels = [facts[r].level for r in reductions] + [n + 1 for n in first.values()]
    passes = [Pass(k) for k in range(max([*levels, *(facts[c.expr].level + 1 for c in checks)], default=0))]
    for r in reductions:
        passes[facts[r].level - 1].reductions.append(r)
    for c in checks:
        passes[facts[c.expr].level].checks.append(c)
    for s in full:
        number = len(passes) - 1 if nest.operands[s.operand].access == "inout" else first[s]
        passes[number].stores.append(s)
    for p in passes[:-1] if keep else ():
        _plan_kept(facts, passes, p, row_size)
    return passes


def _plan_kept(facts: Facts, passes: list[Pass], mine: Pass, row_size: int | None) -> None:
    """Choose what pass `mine` writes down."""
    for expr in reversed(mine.order()):
        if facts[expr].cost < EXPENSIVE or not facts.varies(expr) or expr.op in ("load", "reduce"):
            continue
        users = [p for p in passes[mine.number + 1 :] if expr in p.order()]
        if not users:
            continue
        kept = _place(facts, passes, mine, expr, users[-1].number, row_size)
        if kept is not None:
            mine.keeps.append(kept)
            for p in users:
                p.restores.append(kept)


def _place(facts: Facts, passes: list[Pass], mine: Pass, expr: Expr, last: int, row_size: int | None) -> Kept | None:
    taken = {k.store for p in passes for k in p.keeps}
    for p in passes[last:]:
        for s in p.stores:
            operand = facts.nest.operands[s.operand]
            if operand.access == "out" and operand.dtype == expr.dtype and s not in taken and _spans(facts, s.offset):
                return Kept(expr, s)
    if row_size is not None and row_size * size_of(expr.dtype) <= STACK_BYTES:
        return Kept(expr, None)
    return None


def _spans(facts: Facts, offset: Affine) -> bool:
    """Whether every element of the reduction has a place of its own."""
    return all(offset.coefficients[k] != 0 for k in facts.reduced)
