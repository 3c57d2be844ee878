"""Passes about branches and loops: what they change, and that values stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as gc
from graphc.interp.evaluate import interpret
from graphc.ir.body import bodies_of
from graphc.ir.node import Node
from graphc.ir.program import Program, with_inner
from graphc.passes.pipeline import PipelineOptions, run_pipeline
from graphc.session.lower import Feed, bind_sizes, lower


@pytest.fixture(autouse=True)
def graph() -> Any:
    with gc.Graph().as_default() as g:
        yield g


def optimized(fetches: list[Any], feeds: dict[Any, Any], *disabled: str) -> tuple[Program, list[Any], dict[str, Any]]:
    """The program after all passes but some, the values that the interpreter finds with it, and counts by pass."""
    arrays = [np.asarray(v, t.dtype.np) for t, v in feeds.items()]
    lowered = lower(fetches, [Feed(t, a.ndim) for t, a in zip(feeds, arrays, strict=True)])
    options = PipelineOptions(disabled=frozenset(disabled))
    program, reports = run_pipeline(lowered.program, lowered.builder, options)
    variables = [np.asarray(getattr(v, "array", None)) for v in lowered.variables]
    bindings = bind_sizes(program, [a.shape for a in (*arrays, *variables)])
    values, _ = interpret(program, arrays, variables, bindings)
    return program, values, {r.name: r.counts for r in reports}


def inside(program: Program) -> list[str]:
    """Operations in bodies."""
    outer = set(program.nodes())
    return [n.op for n in with_inner(program.roots) if n not in outer]


def scans(program: Program) -> list[Node]:
    return [n for n in with_inner(program.roots) if n.op == "scan"]


RNG = np.random.default_rng(0)


def test_invariants_and_row_products_are_computed_before_the_loop() -> None:
    x, w, a = (gc.placeholder(gc.float64, s) for s in ([None, 64], [64, 65], []))

    def step(h: Any, r: Any) -> Any:
        row = gc.matmul(gc.reshape(gc.sin(r), [1, 64]), w)
        return gc.tanh(h * gc.exp(a) + gc.reshape(row, [65]))

    y = gc.scan(step, x, gc.zeros([65], gc.float64))
    feeds = {x: RNG.standard_normal((5, 64)), w: RNG.standard_normal((64, 65)), a: 0.3}
    program, (found,), counts = optimized([y], feeds)
    assert counts["hoist"] == {"invariants hoisted": 1, "row products hoisted": 1}
    assert {"exp", "matmul", "sin"}.isdisjoint(inside(program))
    plain, (expected,), _ = optimized([y], feeds, "hoist")
    assert {"exp", "matmul", "sin"} <= set(inside(plain))
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_what_can_fail_stays_in_a_loop_that_may_not_run() -> None:
    x, i = gc.placeholder(gc.float64, [3]), gc.placeholder(gc.int32, [])
    y = gc.while_loop(lambda k, s: k < 0, lambda k, s: (k + 1, s + gc.exp(gc.gather(x, i))), (0, x[0]))[1]
    program, (found,), _ = optimized([y], {x: [1.0, 2.0, 3.0], i: 9})
    assert found == 1.0
    assert "gather" in inside(program)


def test_invariants_leave_several_loops_and_the_condition() -> None:
    a, n = gc.placeholder(gc.float64, []), gc.placeholder(gc.int32, [])

    def outer(i: Any, s: Any) -> Any:
        inner = gc.while_loop(lambda v: v < gc.exp(a), lambda v: v + gc.sin(a) + 1.0, [s])
        return i + 1, inner * 0.5

    y = gc.while_loop(lambda i, s: i < n, outer, (0, a))[1]
    program, (found,), _ = optimized([y], {a: 1.2, n: 4})
    assert {"exp", "sin"}.isdisjoint(inside(program))
    s = 1.2
    for _ in range(4):
        while s < np.exp(1.2):
            s += np.sin(1.2) + 1.0
        s *= 0.5
    np.testing.assert_allclose(found, s, rtol=1e-13)


def test_unused_results_carried_values_and_operands_go() -> None:
    x, a = gc.placeholder(gc.float64, [None]), gc.placeholder(gc.float64, [])
    y, _, z = gc.scan(lambda s, r: (s[0] + r, s[1] * a, s[2] + s[1]), x, (a, a, a * 0.0))
    program, (found,), counts = optimized([y], {x: [1.0, 2.0], a: 0.5})
    np.testing.assert_array_equal(found, [1.5, 3.5])
    assert counts["drop_unused"] == {"results dropped": 4, "operands dropped": 3}
    (scan,) = scans(program)
    assert (scan.attrs["carried"], len(scan.inputs)) == (1, 2)
    _, (used,), _ = optimized([z], {x: [1.0, 2.0], a: 0.5})
    np.testing.assert_array_equal(used, [0.5, 0.75])


def test_the_condition_keeps_what_it_needs() -> None:
    a = gc.placeholder(gc.float64, [])
    i, _, t = gc.while_loop(lambda i, s, t: s < 10.0, lambda i, s, t: (i + 1, s * a, t + s), (0, a, 0.0 * a))
    program, (found,), _ = optimized([i], {a: 2.0})
    assert found == 3
    (loop,) = [n for n in program.nodes() if bodies_of(n)]
    assert loop.attrs["carried"] == 2
    _, (total,), _ = optimized([t], {a: 2.0})
    assert total == 2.0 + 4.0 + 8.0


def test_scans_of_the_same_steps_are_shared() -> None:
    x, a = gc.placeholder(gc.float64, [None]), gc.placeholder(gc.float64, [])
    y = gc.scan(lambda s, r: gc.tanh(s * a + r), x, initializer=a)
    loss = gc.reduce_sum(y * y)
    first = gc.gradients(loss, a)[0]
    fetches = [loss, first, gc.gradients(first, a)[0]]
    feeds = {x: [0.3, -0.2], a: 0.5}
    program, found, counts = optimized(fetches, feeds)
    assert counts["share_loops"]["scans shared"] >= 2
    plain, expected, _ = optimized(fetches, feeds, "share_loops")
    assert len(scans(program)) < len(scans(plain))
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_what_one_branch_alone_reads_moves_into_it() -> None:
    x, p = gc.placeholder(gc.float64, [3]), gc.placeholder(gc.bool, [])
    one, both, fetched = gc.exp(gc.sin(x)), gc.cos(x), gc.tanh(x)
    first = gc.gather(x, gc.cast(gc.reduce_sum(x), gc.int32))
    y = gc.cond(p, lambda: one * both + fetched, lambda: both + first)
    for value in (True, False):
        feeds = {x: [0.5, 0.5, 1.0], p: value}
        program, found, counts = optimized([y, fetched], feeds)
        assert counts["sink"] == {"operations sunk": 2}
        assert {"exp", "sin"} <= set(inside(program))
        assert {"cos", "tanh", "gather"} <= {n.op for n in program.nodes()}
        _, expected, _ = optimized([y, fetched], feeds, "sink")
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a, b)


def test_sinking_inside_of_a_loop() -> None:
    x, a = gc.placeholder(gc.float64, [None]), gc.placeholder(gc.float64, [])

    def step(s: Any, r: Any) -> Any:
        costly = gc.exp(s * a)
        return gc.cond(r > 0.0, lambda: costly + s, lambda: s - 1.0)

    y = gc.scan(step, x, initializer=a)
    program, (found,), counts = optimized([y], {x: [1.0, -1.0, 1.0], a: 0.25})
    assert counts["sink"] == {"operations sunk": 2}
    expected, s = [], 0.25
    for r in (1.0, -1.0, 1.0):
        s = np.exp(s * 0.25) + s if r > 0 else s - 1.0
        expected.append(s)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    (scan,) = scans(program)
    assert "exp" not in [n.op for n in Program((), scan.attrs["body"].results).nodes()]
