"""The driver: fixpoints, origins, boundaries, budget, and the patterns themselves."""

import numpy as np
import pytest

from graphc.ir.dims import symbol
from graphc.ir.dtypes import float32, float64
from graphc.ir.program import Program, reachable
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.rewrite.driver import RuleSet, rewrite
from graphc.rewrite.folding import fold_constant
from graphc.rewrite.pattern import Attr, Context, matches, op, scalar, through, uniform_value, wild
from graphc.rewrite.rule import RewriteError, Rule
from graphc.rewrite.rules import STABILISE_BEFORE

VECTOR = TensorType(float32, (4,))


def rule(name, pattern, replacement, **options):
    return Rule(name, pattern, replacement, "", ("exact",), lambda b: b.input(0, VECTOR), **options)


@pytest.fixture
def b():
    return Builder()


@pytest.fixture
def x(b):
    return b.input(0, VECTOR)


def only(pattern, node, uses=None):
    found = list(matches(pattern, node, Context(uses or {})))
    return found[0] if found else None


def test_commutative_operands_match_in_both_orders(b, x):
    pattern = op("add", 1.0, op("exp", "x"))
    e = b.emit("exp", x)
    assert only(pattern, e + 1.0).x is x
    assert only(pattern, 1.0 + e).x is x
    assert only(op("sub", 1.0, "x"), e - 1.0) is None


def test_a_name_used_twice_is_one_node(b, x):
    y = b.input(1, VECTOR)
    pattern = op("mul", "x", "x")
    assert only(pattern, x * x) is not None
    assert only(pattern, x * y) is None


def test_kinds_ranks_and_conditions_restrict_a_wildcard(b, x):
    assert only(op("neg", wild("x", "i")), -x) is None
    assert only(op("neg", wild("x", rank=2)), -x) is None
    assert only(op("neg", wild("x", where=lambda n: n.op == "exp")), -x) is None
    assert only(op("neg", wild("x", "f", rank=1)), -x) is not None


def test_attributes_are_compared_and_captured(b, x):
    total = b.emit("sum", x, axes=(0,), keepdims=True)
    assert only(op("sum", "x", keepdims=False), total) is None
    assert only(op("sum", "x", keepdims=True, axes=Attr("axes")), total).axes == (0,)


def test_constants_match_by_value_also_when_broadcast(b, x):
    assert uniform_value(b.full(2.0, float32, (3, 4))) == 2.0
    assert uniform_value(b.constant(np.full((3,), 7))) == 7
    assert uniform_value(b.constant([1.0, 2.0])) is None
    assert uniform_value(b.constant([0.0, -0.0])) is None
    assert uniform_value(b.constant(np.nan)) is not None
    assert only(op("add", "x", 0.0), x + b.full(0.0, float32, (4,))) is not None
    assert only(op("mul", "x", scalar("c")), x * 3.0).c == 3.0


def test_views_are_seen_through(b, x):
    shaped = b.emit("broadcast_to", b.emit("reshape", b.emit("exp", x), shape=(1, 4)), shape=(3, 4))
    pattern = op("neg", through("reshape|broadcast_to", op("exp", "x")))
    assert only(pattern, -shaped).x is x
    assert len(only(pattern, -shaped).nodes) == 4


def test_single_user_guard_counts_outputs_too(b, x):
    inner = b.emit("exp", x)
    rules = RuleSet([rule("r", op("log", op("exp", "x", single_user=True)), wild("x"))])
    alone, _ = rewrite(Program((x,), (b.emit("log", inner),)), b, rules)
    assert alone.outputs == (x,)
    shared = Program((x,), (b.emit("log", inner), inner))
    assert rewrite(shared, b, rules)[0] == shared


def test_chains_reach_the_fixpoint_in_one_sweep_and_a_check(b, x):
    node = x
    for _ in range(200):
        node = -node
    program, trace = rewrite(Program((x,), (node,)), b, RuleSet([rule("--x", op("neg", op("neg", "x")), wild("x"))]))
    assert program.outputs == (x,)
    # Once -(-x) is x, every longer chain is built of nodes that are known already.
    assert trace.fired["--x"] == 1
    assert trace.sweeps == 2


def test_replacements_are_rewritten_in_turn(b, x):
    spelled = b.emit("log", b.emit("div", b.constant(1.0, float32), b.emit("exp", -x) + 1.0))
    program, trace = rewrite(Program((x,), (spelled,)), b, STABILISE_BEFORE)
    assert program.outputs == (-b.emit("softplus", -x),)
    assert trace.fired == {"1 / (1 + exp(-x))": 1, "log of sigmoid": 1}


def test_rules_that_undo_each_other_end(b, x):
    swap = [
        rule("to exp", op("log", "x"), op("exp", "x")),
        rule("to log", op("exp", "x"), op("log", "x")),
    ]
    program, trace = rewrite(Program((x,), (b.emit("exp", x),)), b, RuleSet(swap))
    assert trace.exhausted
    assert program.outputs[0].op in ("exp", "log")


def test_the_budget_bounds_growing_rules(b, x):
    grow = RuleSet([rule("grow", op("exp", "x"), op("exp", op("neg", "x")))])
    _, trace = rewrite(Program((x,), (b.emit("exp", x),)), b, grow, budget=25)
    assert trace.exhausted
    assert trace.fired["grow"] == 25


def test_a_rule_that_changes_the_type_is_an_error(b, x):
    bad = RuleSet([rule("bad", op("exp", "x"), lambda m, b: b.emit("cast", m.x, dtype=float64))])
    with pytest.raises(RewriteError, match=r"rule bad.*float64.*cannot stand for.*float32"):
        rewrite(Program((x,), (b.emit("exp", x),)), b, bad)


def test_a_smaller_shape_is_broadcast(b, x):
    rules = RuleSet([rule("one", op("exp", "x"), lambda m, b: b.constant(1.0, m.x.dtype))])
    program, _ = rewrite(Program((x,), (b.emit("exp", x),)), b, rules)
    assert program.outputs[0] is b.full(1.0, float32, (4,))


def test_identities_with_a_tag_are_boundaries(b, x):
    fed = b.emit("identity", b.emit("sigmoid", x), tag=3)
    program = Program((x,), (b.emit("log", fed),))
    assert rewrite(program, b, STABILISE_BEFORE)[0] == program


def test_targets_of_gradients_are_not_matched_across(b, x):
    s = b.emit("sigmoid", x)
    y = b.emit("log", s)
    gradient = b.emit("gradient", y, s, ys=1, xs=1, given=(False,))
    program = Program((x,), (b.emit("item", gradient, index=0),))
    assert rewrite(program, b, STABILISE_BEFORE)[0] == program


def test_updates_and_values_of_sizes_are_rewritten(b, x):
    node = b.emit("log", b.emit("exp", x))
    program = Program((x,), (), ((0, node),), (VECTOR,), (), (("n", node),))
    result, _ = rewrite(program, b, STABILISE_BEFORE)
    assert result.updates == ((0, x),)
    assert result.size_values == (("n", x),)


def test_origins_are_united(b, x):
    b.current_origin = frozenset({1})
    s = b.emit("sigmoid", x)
    b.current_origin = frozenset({2})
    y = b.emit("log", s)
    b.current_origin = frozenset({3})
    out = y * 2.0
    b.current_origin = frozenset()
    result, _ = rewrite(Program((x,), (out,)), b, STABILISE_BEFORE)
    (product,) = result.outputs
    assert b.origins[product] == {3}
    negated = product.inputs[0]
    assert negated.op == "neg"
    assert b.origins[negated] == {1, 2}
    assert b.origins[negated.inputs[0]] == {1, 2}


def test_constants_are_folded_while_rewriting(b, x):
    c = b.emit("exp", b.emit("add", b.constant(1.0, float32), b.constant(2.0, float32)))
    program, trace = rewrite(Program((x,), (x * c,)), b, RuleSet([]), fold=fold_constant)
    assert program.outputs[0].inputs[1].op == "const"
    assert trace.fired["fold constants"] == 2


def test_folding_leaves_large_filled_and_symbolic_results(b):
    one = b.constant(1.0, float32)
    assert fold_constant(b.emit("broadcast_to", one, shape=(3,)), b) is None
    n = symbol("n")
    picked = b.emit("slice", b.constant(np.arange(5.0)), start=(0,), stop=(n,), step=(1,))
    assert fold_constant(picked, b) is None
    row, column = b.constant(np.zeros((1, 50))), b.constant(np.zeros((50, 1)))
    assert fold_constant(row + column, b) is None


def test_rules_are_named_once():
    r = rule("same", op("exp", "x"), wild("x"))
    with pytest.raises(ValueError, match="same"):
        RuleSet([r, r])


def test_the_index_never_hides_a_rule(b, x):
    """Whatever matches is among the candidates."""
    for r in STABILISE_BEFORE.rules:
        example = Builder()
        root = r.example(example)
        context = Context(dict.fromkeys(reachable([root]), 1))
        found = [n for n in [root, *root.inputs] if r.apply(n, context, example)]
        assert all(r in STABILISE_BEFORE.candidates(n) for n in found)
        assert found
