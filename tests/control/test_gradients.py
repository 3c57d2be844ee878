"""Derivatives of branches and loops: finite differences, closed forms, any order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as gc
from graphc.ir.program import Program, with_inner
from graphc.session.interpreted import prepared
from graphc.session.lower import Feed, lower

from .modes import every_mode, run

RNG = np.random.default_rng(7)


def numeric(mode: str, y: Any, feeds: dict[Any, Any], x: Any, step: float = 1e-5) -> Any:
    """Central differences of a scalar by the elements of a feed."""
    base = np.array(feeds[x], np.float64)
    out = np.zeros_like(base)
    for index in np.ndindex(*base.shape):
        values = []
        for sign in (1, -1):
            moved = base.copy()
            moved[index] += sign * step
            values.append(run(mode, y, {**feeds, x: moved}))
        out[index] = (values[0] - values[1]) / (2 * step)
    return out


def check(mode: str, y: Any, feeds: dict[Any, Any], *xs: Any, twice: bool = True) -> None:
    """First derivatives, and those of a function of the first derivatives, against differences."""
    first = gc.gradients(y, list(xs))
    for x, g in zip(xs, first, strict=True):
        np.testing.assert_allclose(run(mode, g, feeds), numeric(mode, y, feeds, x), rtol=1e-6, atol=1e-8)
    if not twice:
        return
    z = gc.add_n([gc.reduce_sum(g * g * 0.5 + gc.sin(g)) for g in first])
    for x, g in zip(xs, gc.gradients(z, list(xs)), strict=True):
        np.testing.assert_allclose(run(mode, g, feeds), numeric(mode, z, feeds, x), rtol=1e-6, atol=1e-7)


def double(*shape: Any) -> Any:
    return gc.placeholder(gc.float64, list(shape))


@every_mode
@pytest.mark.parametrize("reverse", [False, True])
def test_scan_of_a_cell(mode: str, reverse: bool) -> None:
    x, h, w = double(None, 3), double(2), double(5, 2)
    y = gc.scan(
        lambda h, r: gc.tanh(gc.reshape(gc.matmul(gc.reshape(gc.concat([r, h], 0), [1, 5]), w), [2])),
        x, h, reverse=reverse,
    )  # fmt: skip
    loss = gc.reduce_sum(y * y * gc.reshape(gc.cast(gc.range(gc.shape(y)[0]), gc.float64) + 1.0, [-1, 1]))
    feeds = {x: RNG.standard_normal((4, 3)), h: RNG.standard_normal(2), w: 0.5 * RNG.standard_normal((5, 2))}
    check(mode, loss, feeds, x, h, w)


@every_mode
def test_scan_with_integers_and_several_carried_values(mode: str) -> None:
    x, a = double(None), double()

    def step(state: Any, r: Any) -> Any:
        n, p, q = state
        return n + 1, p * a + gc.cast(n, gc.float64) * q, gc.sin(q + r)

    y = gc.scan(step, x, (0, a, 0.1 * a))
    loss = gc.reduce_sum(y[1]) + y[2][-1]
    check(mode, loss, {x: RNG.standard_normal(4), a: 0.7}, x, a)


@every_mode
def test_folds_and_maps(mode: str) -> None:
    x, a = double(None), double()
    left = gc.foldl(lambda s, r: s * a + r * r, x)
    right = gc.foldr(lambda s, r: gc.sin(s + r * a), x, initializer=a)
    rows = gc.map_fn(lambda r: gc.exp(r * a) / (1.0 + r * r), x)
    check(mode, left + right + gc.reduce_sum(rows * rows), {x: RNG.standard_normal(3), a: 0.6}, x, a)


@every_mode
def test_cond_differentiates_the_branch_taken(mode: str) -> None:
    x, a = double(2), double()
    y = gc.cond(a > 0.0, lambda: gc.reduce_sum(x * x * x) * a, lambda: gc.reduce_sum(gc.exp(x)))
    for value in (0.5, -0.5):
        check(mode, y, {x: [0.3, -0.7], a: value}, x, a)


@every_mode
def test_while_loop_with_an_end_that_depends_on_values(mode: str) -> None:
    x, n = double(), gc.placeholder(gc.int32, [])
    _, power = gc.while_loop(lambda i, p: i < n, lambda i, p: (i + 1, p * x), (0, x * 0.0 + 1.0))
    slope, curve = gc.gradients(power, x)[0], gc.gradients(gc.gradients(power, x)[0], x)[0]
    for count in (0, 1, 5):
        expected = [2.0**count, count * 2.0 ** (count - 1), count * (count - 1) * 2.0 ** (count - 2)]
        np.testing.assert_allclose(run(mode, [power, slope, curve], {x: 2.0, n: count}), expected)
    y = gc.while_loop(lambda v: v < 10.0, lambda v: v * x + 0.1, [x])
    check(mode, y, {x: 1.3}, x)


@every_mode
def test_loops_in_loops(mode: str) -> None:
    x, a = double(None, 3), double()

    def row(total: Any, r: Any) -> Any:
        inner = gc.scan(lambda s, e: gc.sin(s * a + e), r, initializer=total)
        return total * a + gc.reduce_sum(inner * inner)

    y = gc.scan(row, x, initializer=0.2 * a)
    check(mode, gc.reduce_sum(y), {x: 0.5 * RNG.standard_normal((2, 3)), a: 0.4}, x, a)


@every_mode
def test_branch_and_bounded_while_in_a_scan(mode: str) -> None:
    x, a = double(None), double()

    def step(s: Any, r: Any) -> Any:
        grown = gc.while_loop(lambda v: v < 2.0, lambda v: v * (1.5 + a), [gc.exp(s)], maximum_iterations=6)
        return gc.cond(r > 0.0, lambda: gc.sin(grown * a), lambda: s * r)

    y = gc.scan(step, x, initializer=a)
    check(mode, gc.reduce_sum(y), {x: [0.5, -0.5, 1.0], a: 0.3}, x, a)


@every_mode
def test_gradients_inside_of_a_body(mode: str) -> None:
    """Newton's method whose derivative is taken inside, differentiated as a whole."""
    a = double()

    def step(x: Any) -> Any:
        f = x * x * x - a
        return x - f / gc.gradients(f, x)[0]

    root, _ = gc.scan(step, outputs_info=[a * 0.5 + 1.0], n_steps=12)
    value, slope = run(mode, [root[-1], gc.gradients(root[-1], a)[0]], {a: 3.0})
    np.testing.assert_allclose([value, slope], [3 ** (1 / 3), 3 ** (-2 / 3) / 3], rtol=1e-9)


@every_mode
def test_jacobian_hessian_and_products(mode: str) -> None:
    x, a = double(3), double(2)
    y = gc.scan(lambda s, r: gc.sin(s * r) + a, x, initializer=a)
    feeds = {x: RNG.standard_normal(3), a: RNG.standard_normal(2)}
    jac = run(mode, gc.jacobian(y, a), feeds)
    for i in range(3):
        for j in range(2):
            np.testing.assert_allclose(jac[i, j], numeric(mode, y[i, j], feeds, a), rtol=1e-6, atol=1e-9)
    loss = gc.reduce_sum(y * y)
    hess = run(mode, gc.hessian(loss, a), feeds)
    slope = gc.gradients(loss, a)[0]
    for j in range(2):
        np.testing.assert_allclose(hess[j], numeric(mode, slope[j], feeds, a), rtol=1e-6, atol=1e-8)
    v = RNG.standard_normal(2)
    np.testing.assert_allclose(run(mode, gc.hvp(loss, a, [gc.constant(v)])[0], feeds), hess @ v, rtol=1e-9)


@every_mode
def test_jacobian_of_a_branch(mode: str) -> None:
    x = double(3)
    y = gc.cond(x[0] > 0.0, lambda: gc.sin(x), lambda: x * x)
    for first in (1.0, -1.0):
        value = np.array([first, 0.5, 2.0])
        expected = np.diag(np.cos(value) if first > 0 else 2 * value)
        np.testing.assert_allclose(run(mode, gc.jacobian(y, x), {x: value}), expected, rtol=1e-12, atol=1e-15)


@every_mode
def test_gradients_of_variables_captured_inside_add_up(mode: str) -> None:
    v = gc.Variable(np.float64(2.0))
    y = gc.foldl(lambda s, r: s * v + r, np.array([1.0, 1.0, 1.0]), initializer=np.float64(0.0)) + v
    value, slope = run(mode, [y, gc.gradients(y, v)[0]])
    assert (value, slope) == (2.0**2 + 2 + 1 + 2, 2 * 2 + 1 + 1)


def test_none_where_nothing_is_connected() -> None:
    x, a, b = double(None), double(), double()
    one, two = gc.scan(lambda s, r: (s[0] * r, s[1] + gc.stop_gradient(b) * r), x, (a, a * 0.0 + 1.0))
    del one
    assert gc.gradients(two, [b])[0] is None
    p, q = gc.scan(lambda s, r: (s[0] * r, s[1] + b), x, (a, 0.0 * x[0]))
    assert gc.gradients(p, [b])[0] is None
    assert gc.gradients(q, [a])[0] is None
    assert gc.gradients(q, [b])[0] is not None
    y = gc.cond(a > 0.0, lambda: gc.stop_gradient(x), lambda: x * 0.0 + b)
    assert [g is None for g in gc.gradients(y, [a, b, x])] == [True, False, False]
    i = gc.while_loop(lambda i, u: i < 3, lambda i, u: (i + 1, u * a), (0, b), back_prop=False)[1]
    assert gc.gradients(i, [a, b]) == [None, None]


@every_mode
def test_stop_gradient_inside(mode: str) -> None:
    x, a = double(None), double()
    y = gc.foldl(lambda s, r: gc.stop_gradient(s) * a + r, x, initializer=a)
    found = run(mode, gc.gradients(y, [a, x]), {x: [1.0, 2.0], a: 3.0})
    # s2 = stop(s1) * a + x2 with s1 = 3 * 3 + 1.
    assert found[0] == 10.0
    np.testing.assert_array_equal(found[1], [0.0, 1.0])


def test_an_unbounded_loop_inside_of_another_asks_for_a_bound() -> None:
    x = double(None)
    y = gc.map_fn(lambda r: gc.while_loop(lambda v: v < 2.0, lambda v: v * 1.5, [r]), x)
    g = gc.gradients(gc.reduce_sum(y), x)[0]
    with pytest.raises(gc.GraphError, match="maximum_iterations"):
        run("interpret", g, {x: [1.0]})


def of(op: str, program: Program) -> list[Any]:
    return [n for n in with_inner(program.roots) if n.op == op]


def test_forward_steps_run_once_and_only_what_is_needed_is_kept() -> None:
    x, a = double(None), double()
    y = gc.scan(lambda s, r: gc.tanh(s * a + r), x, initializer=0.0 * a)
    loss = gc.reduce_sum(y * y)
    lowered = lower([loss, gc.gradients(loss, a)[0]], [Feed(x, 1), Feed(a, 0)])
    program = prepared(lowered)
    scans = of("scan", program)
    assert sorted(n.attrs["reverse"] for n in scans) == [False, True]
    forward = next(n for n in scans if not n.attrs["reverse"])
    # The new state is a result in any case; the state before a step is kept besides.
    assert len(forward.attrs["body"].results) == 1 + 1 + 1
