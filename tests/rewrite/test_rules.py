"""Every rule is tested by its own example: it fires, types agree, and values agree."""

import numpy as np
import pytest

from graphc.ir.program import Program
from graphc.ops.builder import Builder
from graphc.ops.record import record_of
from graphc.rewrite.driver import RuleSet, rewrite
from graphc.rewrite.rule import TAGS
from graphc.rewrite.rules import ALL
from tests.rewrite.evaluate import draw, evaluate, program_inputs

BY_NAME = {rule.name: rule for rule in ALL}
# These subtract the largest input: one rounding of the input's size, whatever the size of the result.
SHIFTED = {r.name for r in ALL if r.name.startswith(("softmax", "log of "))} - {"log of sigmoid", "log of exp"}
SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0], np.float64)


def applied(rule):
    builder = Builder()
    before = rule.example(builder)
    program, trace = rewrite(Program((), (before,)), builder, RuleSet([rule]))
    return before, program.outputs[0], trace


def test_names_are_unique_and_everything_is_documented():
    assert len(BY_NAME) == len(ALL)
    for rule in ALL:
        assert rule.doc
        assert rule.tags
        assert set(rule.tags) <= set(TAGS), rule.name
        assert ("stabilises" in rule.tags) == bool(rule.domain), rule.name
        assert all(record_of(name) for name in rule.pattern.names)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_example_is_rewritten_with_its_type(name):
    before, after, trace = applied(BY_NAME[name])
    assert trace.fired[name] >= 1
    assert not trace.exhausted
    assert after is not before
    assert after.type == before.type


@pytest.mark.parametrize("name", [r.name for r in ALL if "stabilises" not in r.tags])
def test_both_sides_agree(name):
    rule = BY_NAME[name]
    before, after, _ = applied(rule)
    rng = np.random.default_rng(7)
    for _ in range(5):
        feeds = {i.attrs["index"]: draw(i, rng) for i in program_inputs([before])}
        (want,), (got,) = evaluate([before], feeds), evaluate([after], feeds)
        assert got.dtype == want.dtype
        if "exact" in rule.tags:
            np.testing.assert_array_equal(got, want)
        else:
            np.testing.assert_allclose(got, want, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", [r.name for r in ALL if {"exact", "nan_safe"} & set(r.tags)])
def test_nan_and_infinities_stay(name):
    before, after, _ = applied(BY_NAME[name])
    rng = np.random.default_rng(11)
    for _ in range(20):
        feeds = {}
        for node in program_inputs([before]):
            value = draw(node, rng)
            if node.dtype.is_floating:
                value = rng.choice(SPECIAL, value.shape).astype(node.dtype.np)
            feeds[node.attrs["index"]] = value
        (want,), (got,) = evaluate([before], feeds), evaluate([after], feeds)
        np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
        finite = ~np.isnan(want)
        np.testing.assert_allclose(got[finite], want[finite], rtol=2e-6)


@pytest.mark.parametrize("name", [r.name for r in ALL if "stabilises" in r.tags])
def test_stabilising_rules_against_higher_precision(name):
    """In float32, the replacement is as near to the pattern's value in extended precision as float32 allows."""
    rule = BY_NAME[name]
    before, after, _ = applied(rule)
    rng = np.random.default_rng(3)
    eps = np.finfo(np.float32).eps
    for _ in range(20):
        nodes = program_inputs([before])
        feeds = {n.attrs["index"]: draw(n, rng, d) for n, d in zip(nodes, rule.domain, strict=True)}
        (truth,) = evaluate([before], feeds, np.longdouble)
        (got,), (naive,) = evaluate([after], feeds), evaluate([before], feeds)
        assert np.isfinite(truth).all()
        error = np.abs(got - truth)
        scale = np.abs(truth)
        if name in SHIFTED:
            scale = scale * 40 if name.startswith("softmax") else np.maximum(scale, np.abs(feeds[0]).max())
        assert (error <= 8 * eps * scale + np.finfo(np.float32).tiny).all(), (got, truth)
        with np.errstate(invalid="ignore"):
            worse = error > np.abs(naive - truth) + 8 * eps * scale
        assert not worse.any()
