"""The rules, by subject, and the sets of them that passes apply.

A rule belongs to `CANONICAL` only if both of its sides have the same derivatives everywhere.
"""

from graphc.rewrite.driver import RuleSet
from graphc.rewrite.rule import Rule
from graphc.rewrite.rules import (
    arithmetic,
    choices,
    cholesky,
    logarithms,
    powers,
    products,
    reductions,
    sigmoids,
    views,
)

SPELLING: tuple[Rule, ...] = (*views.RULES, *arithmetic.NEUTRAL, *choices.RULES, *powers.SQUARES, *products.RULES)
STABILISING: tuple[Rule, ...] = (*sigmoids.RULES, *logarithms.RULES, *cholesky.RULES)
ALGEBRA: tuple[Rule, ...] = (
    *arithmetic.SIGNS,
    *arithmetic.CHAINS,
    *powers.ROOTS,
    *powers.POWERS,
    *powers.ROW_INVERSES,
    *choices.RELU,
    *cholesky.SCALES,
    *reductions.RULES,
    *reductions.GRADIENT_SUMS,
)
ALL: tuple[Rule, ...] = (*SPELLING, *STABILISING, *ALGEBRA, views.UNTAGGED)

CANONICAL = RuleSet((*SPELLING, views.UNTAGGED))
STABILISE_BEFORE = RuleSet(r for r in STABILISING if r.before_gradients)
STABILISE_AFTER = RuleSet(r for r in STABILISING if r.after_gradients)
SIMPLIFY = RuleSet((*SPELLING, *ALGEBRA))
