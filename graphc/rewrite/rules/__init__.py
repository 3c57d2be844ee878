"""The rules, by subject, and the sets of them that passes apply."""

from graphc.rewrite.driver import RuleSet
from graphc.rewrite.rule import Rule
from graphc.rewrite.rules import logarithms, sigmoids

STABILISING: tuple[Rule, ...] = (*sigmoids.RULES, *logarithms.RULES)
ALL: tuple[Rule, ...] = STABILISING

STABILISE_BEFORE = RuleSet(r for r in STABILISING if r.before_gradients)
STABILISE_AFTER = RuleSet(r for r in STABILISING if r.after_gradients)
