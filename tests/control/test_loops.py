"""`while_loop`, `scan`, `foldl`, `foldr`, `map_fn` against loops in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as gc

from .modes import every_mode, run, session
from .test_branches import refused

X = np.array([1.0, -2.0, 3.0, 0.5], np.float32)


@every_mode
def test_while_loop_with_tuple_and_nested_state(mode: str) -> None:
    n = gc.placeholder(gc.int32, [])
    (i, pair) = gc.while_loop(
        lambda i, p: i < n, lambda i, p: (i + 1, {"a": p["b"], "b": p["a"] + p["b"]}), (0, {"a": 0, "b": 1})
    )
    for count, expected in ((0, 0), (1, 1), (10, 55)):
        last, fib = run(mode, [i, pair], {n: count})
        assert (last, fib["a"]) == (count, expected)


@every_mode
def test_while_loop_whose_end_depends_on_values(mode: str) -> None:
    a = gc.placeholder(gc.float64, [])
    root = gc.while_loop(lambda x: gc.abs(x * x - a) > 1e-12, lambda x: 0.5 * (x + a / x), [a])
    np.testing.assert_allclose(run(mode, root, {a: 2.0}), np.sqrt(2.0), rtol=1e-12)


@every_mode
def test_maximum_iterations(mode: str) -> None:
    n = gc.placeholder(gc.int32, [])
    (i,) = gc.while_loop(lambda i: i < 100, lambda i: [i + 1], [0], maximum_iterations=n, return_same_structure=True)
    assert run(mode, i, {n: 7}) == 7
    assert run(mode, i, {n: 700}) == 100


@every_mode
def test_loops_in_loops_and_captures_of_outer_ones(mode: str) -> None:
    def outer(i: Any, total: Any) -> Any:
        inner = gc.while_loop(lambda j, s: j < i, lambda j, s: (j + 1, s + i * j), (0, 0))
        return i + 1, total + inner[1]

    total = gc.while_loop(lambda i, t: i < 6, outer, (0, 0))[1]
    assert run(mode, total) == sum(i * j for i in range(6) for j in range(i))


@every_mode
def test_variables_written_inside(mode: str) -> None:
    v = gc.Variable(1.0)

    def step(i: Any, seen: Any) -> Any:
        before = v + 0.0
        with gc.control_dependencies([gc.assign(v, v * 2.0)]):
            return i + 1, seen + before

    _, seen = gc.while_loop(lambda i, s: i < 3, step, (0, 0.0))
    with session(mode) as s:
        assert s.run(seen) == 1 + 2 + 4
        assert s.run(v) == 8.0
        assert s.run(seen) == 8 + 16 + 32
        assert s.run(v) == 64.0


@every_mode
def test_the_condition_reads_what_the_body_writes(mode: str) -> None:
    v = gc.Variable(1.0)

    def step(i: Any) -> Any:
        with gc.control_dependencies([gc.assign(v, v * 2.0)]):
            return i + 1

    steps = gc.while_loop(lambda i: v < 100.0, step, [0])
    with session(mode) as s:
        assert s.run(steps) == 7
        assert s.run(v) == 128.0


def scanned(x: Any, start: float, reverse: bool) -> Any:
    order = range(len(x))[:: -1 if reverse else 1]
    out, a = np.zeros_like(x), np.float32(start)
    for t in order:
        a = np.float32(np.float32(0.5) * a + x[t])
        out[t] = a
    return out


@every_mode
@pytest.mark.parametrize("reverse", [False, True])
def test_scan_with_and_without_initializer(mode: str, reverse: bool) -> None:
    x = gc.placeholder(gc.float32, [None])
    y = gc.scan(lambda a, r: 0.5 * a + r, x, initializer=0.25, reverse=reverse)
    total = gc.scan(lambda a, r: a + r, x, reverse=reverse)
    for size in (1, 4):
        found, sums = run(mode, [y, total], {x: X[:size]})
        np.testing.assert_allclose(found, scanned(X[:size], 0.25, reverse), rtol=1e-6)
        flip = slice(None, None, -1 if reverse else 1)
        np.testing.assert_allclose(sums, np.cumsum(X[:size][flip])[flip], rtol=1e-6)
    assert run(mode, y, {x: X[:0]}).shape == (0,)


@every_mode
def test_scan_over_structures(mode: str) -> None:
    x = gc.placeholder(gc.float32, [None, 2])
    n = gc.placeholder(gc.int32, [None])
    y = gc.scan(lambda a, e: (a[0] + e["x"], a[1] * e["n"]), {"x": x, "n": n}, initializer=(gc.zeros([2]), 1))
    rows, counts = np.arange(6.0).reshape(3, 2), np.array([2, 3, 4])
    sums, products = run(mode, y, {x: rows, n: counts})
    np.testing.assert_array_equal(sums, np.cumsum(rows, 0))
    np.testing.assert_array_equal(products, np.cumprod(counts))


@every_mode
def test_folds_and_maps(mode: str) -> None:
    x = gc.placeholder(gc.float32, [None])
    left = gc.foldl(lambda a, r: a * 2.0 + r, x, initializer=1.0)
    right = gc.foldr(lambda a, r: a * 2.0 + r, x)
    rows = gc.map_fn(lambda r: (r * r, gc.stack([r, -r])), x, dtype=(gc.float32, gc.float32))
    several = gc.map_fn(lambda pair: pair[0] - pair[1], (x, x * 3.0), dtype=gc.float32)
    found = run(mode, [left, right, rows, several], {x: X})
    assert found[0] == (((1.0 * 2 + 1) * 2 - 2) * 2 + 3) * 2 + 0.5
    assert found[1] == ((0.5 * 2 + 3) * 2 - 2) * 2 + 1
    np.testing.assert_array_equal(found[2][0], X * X)
    np.testing.assert_array_equal(found[2][1], np.stack([X, -X], 1))
    np.testing.assert_array_equal(found[3], X - X * 3)


@every_mode
def test_unknown_ranks(mode: str) -> None:
    x = gc.placeholder(gc.float32, None)
    y = gc.map_fn(lambda r: gc.reduce_sum(r) + r * 0.0, x)
    for shape in ((3,), (2, 3)):
        value = np.ones(shape, np.float32)
        expected = np.broadcast_to(value.reshape(shape[0], -1).sum(1).reshape(-1, *[1] * (len(shape) - 1)), shape)
        np.testing.assert_array_equal(run(mode, y, {x: value}), expected)


@every_mode
def test_random_numbers_are_new_in_every_step_and_run(mode: str) -> None:
    drawn = gc.map_fn(lambda i: gc.random_uniform([3], seed=4) + 0.0 * gc.cast(i, gc.float32), np.arange(5))
    with session(mode) as s:
        both = np.concatenate([s.run(drawn), s.run(drawn)])
        assert len(np.unique(both)) == 30
    np.testing.assert_array_equal(run(mode, drawn), both[:5])


@every_mode
def test_theano_form_with_taps_and_sequences(mode: str) -> None:
    x = gc.placeholder(gc.float32, [None])
    k = gc.constant(2.0)
    fib, updates = gc.scan(
        lambda a, b: a + b, outputs_info=[{"initial": np.array([0, 1]), "taps": [-2, -1]}], n_steps=8
    )
    assert updates == {}
    outs, _ = gc.scan(
        lambda before, now, acc, k: [acc * k + now, before - now],
        sequences=[{"input": x, "taps": [-1, 0]}], outputs_info=[0.0, None], non_sequences=[k],
    )  # fmt: skip
    back, _ = gc.scan(lambda r, a: a + r, sequences=x, outputs_info=[0.0], go_backwards=True)
    first, _ = gc.scan(lambda r: r * 2.0, sequences=[x], n_steps=2)
    found = run(mode, [fib, outs, back, first], {x: X})
    np.testing.assert_array_equal(found[0], [1, 2, 3, 5, 8, 13, 21, 34])
    acc, expected = np.float32(0), []
    for t in range(1, 4):
        acc = acc * 2 + X[t]
        expected.append(acc)
    np.testing.assert_array_equal(found[1][0], expected)
    np.testing.assert_array_equal(found[1][1], X[:-1] - X[1:])
    np.testing.assert_array_equal(found[2], np.cumsum(X[::-1]))
    np.testing.assert_array_equal(found[3], X[:2] * 2)


@every_mode
def test_theano_until_gives_a_length_that_depends_on_values(mode: str) -> None:
    limit = gc.placeholder(gc.float32, [])
    powers, _ = gc.scan(lambda p: (p * 2.0, gc.until(p * 2.0 > limit)), outputs_info=[1.0], n_steps=20)
    x = gc.placeholder(gc.float32, [None])
    running, _ = gc.scan(lambda r, a: (a + r, gc.until(a + r >= limit)), sequences=[x], outputs_info=[0.0])
    squares = gc.reduce_sum(running * running)
    found = run(mode, [powers, running, squares], {limit: 5.0, x: [1, 2, 3, 4]})
    np.testing.assert_array_equal(found[0], [2, 4, 8])
    np.testing.assert_array_equal(found[1], [1, 3, 6])
    assert found[2] == 46


@every_mode
def test_theano_updates_are_handed_out(mode: str) -> None:
    count = gc.Variable(0, name="count")
    outputs, updates = gc.scan(lambda: (count * 10, {count: count + 1}), n_steps=4)
    assert list(updates) == [count]
    assigns = [gc.assign(v, new) for v, new in updates.items()]
    with session(mode) as s:
        np.testing.assert_array_equal(s.run(outputs), [0, 10, 20, 30])
        np.testing.assert_array_equal(s.run([outputs, assigns])[0], [0, 10, 20, 30])
        np.testing.assert_array_equal(s.run(outputs), [40, 50, 60, 70])
        assert s.run(count) == 4


def test_errors_name_the_line_and_both_types() -> None:
    x = gc.placeholder(gc.float32, [None, 2])
    start = gc.zeros([2])
    refused(lambda: gc.scan(lambda a, r: gc.concat([a, r], 0), x, start), "carried value 0", "float32[2]", "float32[4]")
    refused(lambda: gc.scan(lambda a, r: gc.cast(a + r, gc.float64), x, start), "element types must stay")
    refused(lambda: gc.scan(lambda a, r: (a, r), x, start), "structure must stay")
    refused(lambda: gc.while_loop(lambda a: a, lambda a: a, [start]), "condition must be one boolean")
    refused(lambda: gc.while_loop(lambda a: a[0] > 0, lambda a: a[:1], [start]), "loop variable 0", "float32[1]")
    refused(lambda: gc.while_loop(lambda a, b: b > 0, lambda a, b: a, (start, 0)), "structure must stay")
    refused(
        lambda: gc.while_loop(lambda a: True, lambda a: a, [start], shape_invariants=[gc.TensorShape([None])]),
        "shape_invariants", "gc.scan",
    )  # fmt: skip
    refused(lambda: gc.map_fn(lambda r: r, gc.constant(1.0)), "no axis")
    refused(lambda: gc.map_fn(lambda p: p[0], (gc.zeros([3]), gc.zeros([4]))), "sequences must have one length")
    refused(lambda: gc.scan(lambda a: a, outputs_info=[1.0]), "n_steps is needed")
    refused(lambda: gc.scan(lambda a: (a, a), outputs_info=[1.0], n_steps=2), "2 outputs", "1 entries")


def test_sizes_may_not_depend_on_values_inside() -> None:
    def step(i: Any, total: Any) -> Any:
        return i + 1, total + gc.reduce_sum(gc.zeros(gc.reshape(i, [1])))

    refused(lambda: gc.while_loop(lambda i, t: i < 3, step, (1, 0.0)), "sizes must be known before")
