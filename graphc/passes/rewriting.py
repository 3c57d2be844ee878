"""Passes that apply sets of rules."""

from __future__ import annotations

from collections.abc import Mapping

from graphc.ir.program import Program
from graphc.ops.builder import Builder
from graphc.rewrite.driver import Fold, RuleSet, rewrite
from graphc.rewrite.folding import fold_constant
from graphc.rewrite.rules import CANONICAL, SIMPLIFY, STABILISE_AFTER, STABILISE_BEFORE

Counts = Mapping[str, int]
NO_RULES = RuleSet(())


def _apply(program: Program, builder: Builder, rules: RuleSet, fold: Fold | None = None) -> tuple[Program, Counts]:
    result, trace = rewrite(program, builder, rules, fold=fold)
    counts = dict(trace.fired)
    return result, counts | {"budget exhausted": 1} if trace.exhausted else counts


def fold_constants(program: Program, builder: Builder) -> tuple[Program, Counts]:
    """Compute operations on small constants."""
    return _apply(program, builder, NO_RULES, fold_constant)


def canonicalize(program: Program, builder: Builder) -> tuple[Program, Counts]:
    """Bring expressions to one spelling; safe while gradients are not expanded."""
    return _apply(program, builder, CANONICAL, fold_constant)


def stabilize(program: Program, builder: Builder) -> tuple[Program, Counts]:
    """Replace expressions that overflow or cancel, before differentiation, so that gradients are stable too."""
    return _apply(program, builder, STABILISE_BEFORE)


def stabilize_gradients(program: Program, builder: Builder) -> tuple[Program, Counts]:
    """Replace expressions that overflow or cancel, in gradients."""
    return _apply(program, builder, STABILISE_AFTER)


def simplify(program: Program, builder: Builder) -> tuple[Program, Counts]:
    """Cheaper forms of equal value; folds constants that come up on the way."""
    return _apply(program, builder, SIMPLIFY, fold_constant)
