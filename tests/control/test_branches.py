"""`cond` and `case`."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

import graphc as gc

from .modes import every_mode, run, session


@every_mode
def test_cond_returns_structures_and_python_numbers(mode: str) -> None:
    x = gc.placeholder(gc.float32, [None])
    y = gc.cond(gc.reduce_sum(x) > 3.0, lambda: {"a": x * 2.0, "b": (1, 0.5)}, lambda: {"a": x, "b": (0, 2.5)})
    big, small = ([1.0, 3.0], [1.0])
    found = run(mode, y, {x: big})
    np.testing.assert_array_equal(found["a"], [2.0, 6.0])
    assert found["b"] == (1, 0.5)
    found = run(mode, y, {x: small})
    np.testing.assert_array_equal(found["a"], [1.0])
    assert found["b"] == (0, 2.5)


@every_mode
def test_only_one_branch_has_effects(mode: str) -> None:
    v, w = gc.Variable(1.0), gc.Variable(1.0)
    p = gc.placeholder(gc.bool, [])
    y = gc.cond(p, lambda: gc.assign_add(v, 10.0), lambda: gc.assign(w, 5.0))
    with session(mode) as s:
        assert s.run(y, {p: True}) == 11.0
        assert s.run([v, w]) == [11.0, 1.0]
        assert s.run(y, {p: False}) == 5.0
        assert s.run([v, w]) == [11.0, 5.0]


@every_mode
def test_branches_may_be_operations(mode: str) -> None:
    v = gc.Variable(0)
    p = gc.placeholder(gc.bool, [])
    op = gc.cond(p, lambda: gc.group(gc.assign_add(v, 3)), lambda: gc.no_op())
    with session(mode) as s:
        for value in (True, False, True):
            assert s.run(op, {p: value}) is None
        assert s.run(v) == 6


@every_mode
def test_an_index_out_of_range_in_the_other_branch_does_no_harm(mode: str) -> None:
    x = gc.placeholder(gc.float32, [3])
    i = gc.placeholder(gc.int32, [])
    y = gc.cond(i < 3, lambda: gc.gather(x, i), lambda: -1.0)
    assert run(mode, y, {x: [1, 2, 3], i: 1}) == 2.0
    assert run(mode, y, {x: [1, 2, 3], i: 9}) == -1.0


@every_mode
def test_cond_in_cond_and_case(mode: str) -> None:
    x = gc.placeholder(gc.float32, [])
    nested = gc.cond(x > 0, lambda: gc.cond(x > 10, lambda: x * 2, lambda: x * 3), lambda: -x)
    listed = gc.case([(x > 10, lambda: x * 2), (x > 0, lambda: x * 3)], default=lambda: -x)
    for value, expected in ((20.0, 40.0), (2.0, 6.0), (-3.0, 3.0)):
        assert run(mode, [nested, listed], {x: value}) == [expected, expected]


def test_a_python_bool_decides_at_once() -> None:
    assert gc.cond(True, lambda: 1, lambda: 1 / 0) == 1


def refused(make: Any, *words: str) -> None:
    with pytest.raises((gc.GraphError, TypeError)) as caught:
        make()
    for word in (*words, os.path.dirname(__file__)):
        assert word in str(caught.value)


def test_errors_name_the_line_and_both_types() -> None:
    x = gc.placeholder(gc.float32, [2])
    p = gc.placeholder(gc.bool, [])
    refused(lambda: gc.cond(p, lambda: x, lambda: gc.cast(x, gc.int32)), "float32[2]", "int32[2]", "must be the same")
    refused(lambda: gc.cond(p, lambda: x, lambda: x[:1]), "float32[2]", "float32[1]")
    refused(lambda: gc.cond(x, lambda: 1, lambda: 2), "one boolean", "float32")
    refused(lambda: gc.cond(p, lambda: [x], lambda: {"a": x}), "different structures")


def test_what_is_made_inside_stays_inside() -> None:
    x = gc.placeholder(gc.float32, [])
    kept = []

    def branch() -> Any:
        kept.append(x * 2.0)
        return kept[0] + 1.0

    y = gc.cond(x > 0.0, branch, lambda: x)
    refused(lambda: kept[0] + 1.0, "inside of the cond", "return it from the function")
    with gc.Session(mode="interpret") as s:
        refused(lambda: s.run(kept[0], {x: 1.0}), "cannot be fetched", "inside of the cond")
        refused(lambda: s.run(y, {x: 1.0, kept[0]: 2.0}), "cannot be fed", "inside of the cond")
