"""Branches and loops as hand-built programs: types, reference values, text, passes inside of bodies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc.ops  # noqa: F401 - registers the records
from graphc.interp.evaluate import NodeError, evaluate_nodes
from graphc.ir.body import Body
from graphc.ir.dims import symbol
from graphc.ir.dtypes import bool_, float32, float64, int64
from graphc.ir.node import Node
from graphc.ir.program import Program, with_inner
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.ops.control import STEP, items
from graphc.passes.pipeline import run_pipeline

SCALAR = TensorType(float64, ())
ROW = TensorType(float64, (3,))


def body(b: Builder, types: list[TensorType], function: Any) -> Body:
    parameters = tuple(b.parameter(i, t) for i, t in enumerate(types))
    return Body(parameters, tuple(function(*parameters)))


def values(results: list[Node], feeds: list[Any], **sizes: int) -> list[Any]:
    found = evaluate_nodes(results, feeds, (), sizes)
    return [found[r] for r in results]


def a_cond(b: Builder) -> tuple[Node, list[Node]]:
    p, x = b.input(0, TensorType(bool_, ())), b.input(1, ROW)
    then = body(b, [ROW], lambda x: [x * 2.0, x + 1.0])
    orelse = body(b, [ROW], lambda x: [b.emit("exp", x), x])
    return b.emit("cond", p, x, then=then, orelse=orelse), [p, x]


def test_cond_gives_the_results_of_the_branch_taken() -> None:
    b = Builder()
    node, _ = a_cond(b)
    x = np.array([0.5, 1.0, -2.0])
    np.testing.assert_array_equal(values(items(node), [True, x]), [x * 2, x + 1])
    np.testing.assert_array_equal(values(items(node), [False, x]), [np.exp(x), x])


def test_only_the_branch_taken_runs() -> None:
    b = Builder()
    p, x, i = b.input(0, TensorType(bool_, ())), b.input(1, ROW), b.input(2, STEP)
    types = [ROW, STEP]
    then = body(b, types, lambda x, i: [b.emit("gather", x, i, axis=0, batch_dims=0)])
    orelse = body(b, types, lambda x, i: [b.emit("sum", x, axes=(0,), keepdims=False)])
    (out,) = items(b.emit("cond", p, x, i, then=then, orelse=orelse))
    assert values([out], [False, np.ones(3), 7]) == [3.0]
    with pytest.raises(NodeError) as caught:
        values([out], [True, np.ones(3), np.int64(7)])
    assert caught.value.node.op == "gather"


def a_while(b: Builder) -> Node:
    """Halve until below a limit, counting."""
    x, n, limit = b.input(0, SCALAR), b.input(1, STEP), b.input(2, SCALAR)
    types = [SCALAR, STEP, SCALAR]
    test = body(b, types, lambda x, n, limit: [b.emit("gt", x, limit)])
    step = body(b, types, lambda x, n, limit: [x * 0.5, n + 1])
    return b.emit("while_loop", x, n, limit, carried=2, test=test, body=step)


def test_while_loop_runs_as_long_as_the_test_holds() -> None:
    node = a_while(Builder())
    assert values(items(node), [10.0, 0, 1.0]) == [0.625, 4]
    assert values(items(node), [0.5, 3, 1.0]) == [0.5, 3]


def a_scan(b: Builder, length: Any, reverse: bool = False) -> Node:
    """s = k * s + x[t]; out[t] = s * t."""
    s, x, k = b.input(0, SCALAR), b.input(1, TensorType(float64, (length,))), b.input(2, SCALAR)

    def step(t: Node, s: Node, x: Node, k: Node) -> list[Node]:
        new = k * s + x
        return [new, new * b.emit("cast", t, dtype=float64)]

    inner = body(b, [STEP, SCALAR, SCALAR, SCALAR], step)
    return b.emit("scan", s, x, k, carried=1, sequences=1, length=length, reverse=reverse, body=inner)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("length", [0, 1, 5])
def test_scan_agrees_with_a_loop(length: int, reverse: bool) -> None:
    node = a_scan(Builder(), symbol("n"), reverse)
    x = np.arange(length) + 1.0
    s, out = 0.5, np.zeros(length)
    for t in range(length)[:: -1 if reverse else 1]:
        s = 0.9 * s + x[t]
        out[t] = s * t
    last, stacked = values(items(node), [np.float64(0.5), x, 0.9], n=length)
    assert last == s
    np.testing.assert_array_equal(stacked, out)


def test_equal_bodies_make_equal_nodes() -> None:
    b = Builder()
    assert a_scan(b, 4) is a_scan(b, 4)
    assert a_scan(b, 4) is not a_scan(b, 4, reverse=True)


def test_text_prints_bodies_by_themselves_and_does_not_depend_on_the_builder() -> None:
    texts = []
    for noise in (0, 5):
        b = Builder()
        for k in range(noise):
            b.constant(float(k))
        node = a_while(b)
        texts.append(Program((), tuple(items(node))).to_text())
    assert texts[0] == texts[1]
    assert "body={\n    %0 = parameter(index=0, type=float64[]) : float64[]" in texts[0]
    assert "return %" in texts[0]
    b = Builder()
    x = b.input(0, SCALAR)
    other = [body(b, [SCALAR], lambda x, k=k: [x * k]) for k in (2.0, 3.0)]
    p = b.input(1, TensorType(bool_, ()))
    conds = [b.emit("cond", p, x, then=k, orelse=other[0]) for k in other]
    a, c = (Program((x, p), tuple(items(n))).to_text() for n in conds)
    assert a != c


def test_nodes_of_a_program_do_not_descend_but_with_inner_does() -> None:
    b = Builder()
    node = a_while(b)
    outer = Program(node.inputs, tuple(items(node)))
    assert all(n.op != "gt" for n in outer.nodes())
    assert any(n.op == "gt" for n in with_inner(outer.roots))


def test_passes_work_inside_of_bodies_and_keep_values() -> None:
    b = Builder()
    s, x = b.input(0, SCALAR), b.input(1, TensorType(float64, (4,)))

    def step(t: Node, s: Node, x: Node) -> list[Node]:
        return [b.emit("log", b.emit("exp", s)) * 1.0 + x]

    inner = body(b, [STEP, SCALAR, SCALAR], step)
    (last,) = items(b.emit("scan", s, x, carried=1, sequences=1, length=4, reverse=False, body=inner))
    program = Program((s, x), (last,))
    after, reports = run_pipeline(program, b)
    assert {"log", "exp", "mul"}.isdisjoint(n.op for n in with_inner(after.roots))
    assert sum(sum(r.counts.values()) for r in reports) > 0
    feeds = [np.float64(1.5), np.arange(4.0)]
    np.testing.assert_allclose(values(list(after.outputs), feeds), values([last], feeds), rtol=1e-15)


def test_bodies_inside_of_bodies_are_reached_by_passes() -> None:
    b = Builder()
    p = TensorType(bool_, ())
    then = body(b, [ROW], lambda x: [x * 1.0])
    orelse = body(b, [ROW], lambda x: [b.emit("neg", b.emit("neg", x))])
    step = body(b, [STEP, ROW, p], lambda t, x, p: items(b.emit("cond", p, x, then=then, orelse=orelse)))
    x, q = b.input(0, ROW), b.input(1, p)
    (out,) = items(b.emit("scan", x, q, carried=1, sequences=0, length=2, reverse=False, body=step))
    after, _ = run_pipeline(Program((x, q), (out,)), b)
    assert {"mul", "neg"}.isdisjoint(n.op for n in with_inner(after.roots))


def test_gradients_taken_inside_of_a_body() -> None:
    """One step of gradient descent on x**4 per turn, the derivative deferred inside of the body."""
    b = Builder()

    def step(t: Node, x: Node) -> list[Node]:
        whole = b.emit("gradient", x * x * x * x, x, ys=1, xs=1, given=(False,))
        return [x - b.emit("item", whole, index=0) * 0.01]

    x = b.input(0, SCALAR)
    inner = body(b, [STEP, SCALAR], step)
    (out,) = items(b.emit("scan", x, carried=1, sequences=0, length=3, reverse=False, body=inner))
    after, _ = run_pipeline(Program((x,), (out,)), b)
    expected = 1.0
    for _ in range(3):
        expected -= 0.01 * 4 * expected**3
    np.testing.assert_allclose(values(list(after.outputs), [1.0]), [expected], rtol=1e-14)


def test_refusals_name_the_types() -> None:
    b = Builder()
    p, x = b.input(0, TensorType(bool_, ())), b.input(1, ROW)
    same = body(b, [ROW], lambda x: [x])
    wide = body(b, [ROW], lambda x: [b.emit("cast", x, dtype=float32)])
    with pytest.raises(TypeError, match="both must give the same types"):
        b.emit("cond", p, x, then=same, orelse=wide)
    with pytest.raises(TypeError, match="one boolean"):
        b.emit("cond", x, x, then=same, orelse=same)
    with pytest.raises(ValueError, match="operands"):
        b.emit("cond", p, then=same, orelse=same)
    leaky = body(b, [ROW], lambda y: [y + x])
    with pytest.raises(ValueError, match="outside of it"):
        b.emit("cond", p, x, then=leaky, orelse=same)
    always = body(b, [ROW], lambda x: [b.constant(np.True_)])
    with pytest.raises(TypeError, match=r"carried value 0 is float64.3. before a step and float32"):
        b.emit("while_loop", x, carried=1, test=always, body=wide)
    with pytest.raises(TypeError, match="condition must be one boolean"):
        b.emit("while_loop", x, carried=1, test=same, body=same)
    with pytest.raises(ValueError, match="a sequence of type"):
        b.emit("scan", x, carried=0, sequences=1, length=4, reverse=False, body=same)
    with pytest.raises(ValueError, match="parameter 0"):
        Body((b.parameter(1, ROW),), ())


def test_sizes_inside_of_a_body_are_those_of_the_program() -> None:
    b, n = Builder(), symbol("n")
    x = b.input(0, TensorType(float64, (n, n)))

    def step(t: Node, s: Node, row: Node) -> list[Node]:
        size = b.emit("dim", value=n, dtype=int64)
        return [s + row * b.emit("cast", size, dtype=float64)]

    inner = body(b, [STEP, TensorType(float64, (n,)), TensorType(float64, (n,))], step)
    start = b.full(0.0, float64, (n,))
    (out,) = items(b.emit("scan", start, x, carried=1, sequences=1, length=n, reverse=False, body=inner))
    rows = np.arange(9.0).reshape(3, 3)
    np.testing.assert_array_equal(values([out], [rows], n=3)[0], 3 * rows.sum(0))
