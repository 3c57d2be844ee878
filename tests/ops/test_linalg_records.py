"""Records of linear algebra: types, kernels, batching, gradients of first and second order by finite differences."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import graphc as gc
from graphc.api.convert import as_node, builder
from graphc.api.define import operation
from graphc.autodiff.reverse import vjp
from graphc.autodiff.vectorize import vectorize
from graphc.interp.evaluate import evaluate_nodes
from graphc.ir.dims import symbol
from graphc.ir.dtypes import as_dtype
from graphc.ir.node import Node
from graphc.ir.program import reachable
from graphc.ir.types import TensorType
from graphc.ops.assume import collect_assumptions
from graphc.ops.builder import Builder
from graphc.ops.record import REGISTRY
from tests.ops.test_records import numeric


@dataclass(frozen=True)
class Call:
    """Results as nodes of operands. `fills`: s symmetric positive definite, g square, t tall, w wide, b right side."""

    name: str
    fills: str
    make: Callable[..., list[Node]]
    differentiable: bool = True

    def __str__(self) -> str:
        return self.name


def emit(op: str, *nodes: Node, **attrs: Any) -> Node:
    return nodes[0].builder.emit(op, *nodes, **attrs)


def items(node: Node) -> list[Node]:
    return [node.builder.emit("item", node, index=i) for i in range(len(node.type.items))]


def by_factor(op: str) -> Callable[..., list[Node]]:
    return lambda a, *rest: [emit(op, a, emit("cholesky", a), *rest)]


def by_lu(op: str, **attrs: Any) -> Callable[..., list[Node]]:
    def make(a: Node, *rest: Node) -> list[Node]:
        node = emit(op, a, *items(emit("lu", a)), *rest, **attrs)
        return [node] if isinstance(node.type, TensorType) else items(node)

    return make


def several(op: str, **attrs: Any) -> Callable[..., list[Node]]:
    return lambda a: items(emit(op, a, **attrs))


def single(op: str, **attrs: Any) -> Callable[..., list[Node]]:
    return lambda *nodes: [emit(op, *nodes, **attrs)]


CALLS = [
    Call("cholesky", "s", single("cholesky")),
    *(
        Call(
            f"triangular_solve-{'L' if lower else 'U'}{'T' * transpose}",
            "gb",
            single("triangular_solve", lower=lower, transpose=transpose),
        )
        for lower, transpose in itertools.product((True, False), repeat=2)
    ),
    Call("cholesky_solve", "sb", by_factor("cholesky_solve")),
    Call("cholesky_inverse", "s", by_factor("cholesky_inverse")),
    Call("cholesky_logdet", "s", by_factor("cholesky_logdet")),
    Call("cholesky_quadratic", "sb", by_factor("cholesky_quadratic")),
    Call("lu", "g", several("lu"), differentiable=False),
    Call("lu_solve", "gb", by_lu("lu_solve", transpose=False)),
    Call("lu_solve-T", "gb", by_lu("lu_solve", transpose=True)),
    Call("lu_det", "g", by_lu("lu_det")),
    Call("lu_slogdet", "g", by_lu("lu_slogdet")),
    Call("qr", "g", several("qr", full=True)),
    Call("qr-tall", "t", several("qr", full=False)),
    Call("qr-tall-full", "t", several("qr", full=True), differentiable=False),
    Call("eigh", "s", several("eigh", vectors=True)),
    Call("eigh-values", "s", single("eigh", vectors=False)),
    *(Call(f"svd-{shape}", shape, several("svd", full=False, vectors=True)) for shape in "gtw"),
    *(Call(f"svd-values-{shape}", shape, single("svd", full=False, vectors=False)) for shape in "gtw"),
    *(Call(f"svd-full-{shape}", shape, several("svd", full=True, vectors=True), shape == "g") for shape in "gtw"),
]
NAMES = {c.name.split("-")[0] for c in CALLS}


def test_every_record_is_called() -> None:
    assert {name for name, record in REGISTRY.items() if record.kind == "library"} == NAMES
    assert all(REGISTRY[name].library is not None for name in NAMES)


def draw(call: Call, n: int, lead: tuple[int, ...] = (), dtype: Any = np.float64, seed: int = 0) -> list[Any]:
    rng, found = np.random.default_rng(seed), []
    shapes = {"s": (n, n), "g": (n, n), "t": (n + 2, n), "w": (n, n + 2), "b": (n, 3)}
    for fill in call.fills:
        x = rng.standard_normal((*lead, *shapes[fill]))
        if fill == "s":
            x = np.matmul(x, np.swapaxes(x, -1, -2)) + n * np.eye(n)
        elif fill == "g":
            x = x + 2 * np.sqrt(n) * np.eye(n)
        found.append(x.astype(dtype))
    return found


def nodes_of(call: Call, arrays: list[Any], b: Builder) -> tuple[list[Node], list[Node]]:
    inputs = [b.input(k, TensorType(as_dtype(a.dtype), a.shape)) for k, a in enumerate(arrays)]
    return call.make(*inputs), inputs


def values(nodes: list[Node], arrays: list[Any], bindings: dict[str, int] | None = None) -> list[Any]:
    found = evaluate_nodes(nodes, arrays, (), bindings or {})
    return [found[n] for n in nodes]


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize("lead", [(), (2,), (0,), (2, 3)], ids=str)
def test_type_rules(call: Call, lead: tuple[int, ...]) -> None:
    for n in (0, 1, 4):
        arrays = draw(call, n, lead, np.float32)
        nodes, _ = nodes_of(call, arrays, Builder())
        for node, got in zip(nodes, values(nodes, arrays), strict=True):
            assert got.shape == node.shape
            assert got.dtype == node.dtype.np
    b, bindings, inputs = Builder(), {}, []
    for k, array in enumerate(arrays):
        bindings |= {f"n{m}": m for m in array.shape}
        inputs.append(b.input(k, TensorType(as_dtype(array.dtype), tuple(symbol(f"n{m}") for m in array.shape))))
    nodes = call.make(*inputs)
    assert [n.tensor.concrete(bindings) for n in nodes] == [v.shape for v in values(nodes, arrays, bindings)]
    collect_assumptions()


def loss(nodes: list[Node], weights: list[Any], arrays: list[Any]) -> float:
    return sum(float(np.sum(w * v)) for w, v in zip(weights, values(nodes, arrays), strict=True))


def differences(call: Call, nodes: list[Node], weights: list[Any], arrays: list[Any], at: int) -> Any:
    """Derivatives by an operand; where one triangle stands for both, for symmetric changes of it."""
    found = numeric(lambda a: loss(nodes, weights, a), arrays, at, 1e-4)
    return (found + np.swapaxes(found, -1, -2)) / 2 if at < len(call.fills) and call.fills[at] == "s" else found


SMOOTH = [c for c in CALLS if c.differentiable]


@pytest.mark.parametrize("call", SMOOTH, ids=str)
@pytest.mark.parametrize("lead", [(), (2,)], ids=str)
def test_gradients_of_both_orders_by_finite_differences(call: Call, lead: tuple[int, ...]) -> None:
    rng, b = np.random.default_rng(3), Builder()
    arrays = draw(call, 3, lead, seed=1)
    nodes, inputs = nodes_of(call, arrays, b)
    weights = [rng.standard_normal(n.shape) for n in nodes]
    firsts = vjp(nodes, inputs, [b.constant(w) for w in weights])
    for at, g in enumerate(firsts):
        assert g is not None
        expected = differences(call, nodes, weights, arrays, at)
        np.testing.assert_allclose(values([g], arrays)[0], expected, rtol=1e-7, atol=1e-8 * np.abs(expected).max())
    if lead:
        return
    seeds = [rng.standard_normal(g.shape) for g in firsts]
    seconds = vjp(firsts, inputs, [b.constant(w) for w in seeds])
    for at, g in enumerate(seconds):
        expected = differences(call, firsts, seeds, arrays, at)
        got = np.zeros_like(expected) if g is None else values([g], arrays)[0]
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-7 * max(np.abs(expected).max(), 1e-3))


@pytest.mark.parametrize("call", SMOOTH, ids=str)
def test_gradient_of_each_result_alone(call: Call) -> None:
    b, arrays = Builder(), draw(call, 3, seed=2)
    nodes, inputs = nodes_of(call, arrays, b)
    rng = np.random.default_rng(4)
    for node in nodes:
        weight = rng.standard_normal(node.shape)
        (g, *_) = vjp([node], inputs, [b.constant(weight)])
        expected = differences(call, [node], [weight], arrays, 0)
        got = np.zeros_like(expected) if g is None else values([g], arrays)[0]
        np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-8 * max(np.abs(expected).max(), 1.0))


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_vectorization_agrees_with_a_loop(call: Call) -> None:
    for flags in itertools.product((False, True), repeat=len(call.fills)):
        if not any(flags):
            continue
        b, arrays = Builder(), draw(call, 3, (2,))
        wide = draw(call, 3, (4, 2), seed=5)
        nodes, inputs = nodes_of(call, arrays, b)
        further = [b.input(9 + k, TensorType(as_dtype(w.dtype), w.shape)) for k, w in enumerate(wide)]
        replaced = {i: f for i, f, flag in zip(inputs, further, flags, strict=True) if flag}
        many = vectorize(nodes, replaced, 4)
        feeds = {**dict(enumerate(arrays)), **{9 + k: w for k, w in enumerate(wide)}}
        got = evaluate_nodes(many, feeds, (), {})  # type: ignore[arg-type]
        for k in range(4):
            one = [w[k] if flag else a for a, w, flag in zip(arrays, wide, flags, strict=True)]
            for node, expected in zip(many, values(nodes, one), strict=True):
                np.testing.assert_allclose(got[node][k], expected, rtol=1e-11, atol=1e-12)
        if call.fills == "gb" and flags == (False, True):
            solves = [n for n in reachable(many) if n.op == call.name.split("-")[0]]
            assert solves[0].shape == (2, 3, 12), "further right sides are further columns"


def invariant(call: Call, found: list[Any]) -> list[Any]:
    """What does not depend on the signs of vectors: products of them; other results as they are."""
    kind = call.name.split("-")[0]
    if kind == "eigh" and len(found) == 2:
        e, v = found
        return [e, np.matmul(v * e[..., None, :], np.swapaxes(v, -1, -2))]
    if kind == "svd" and len(found) == 3:
        u, s, v = found
        few = s.shape[-1]
        eyes = [np.matmul(np.swapaxes(u, -1, -2), u), np.matmul(v, np.swapaxes(v, -1, -2))]
        return [s, np.matmul(u[..., :few] * s[..., None, :], v[..., :few, :]), *eyes]
    return found


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_native_code_agrees_with_the_reference(call: Call, dtype: Any) -> None:
    """One compilation with open sizes serves all of them, in poisoned memory."""

    @operation(call.name.split("-")[0])
    def run(*operands: Any) -> Any:
        assert builder() is not None
        return call.make(*map(as_node, operands))

    with gc.Graph().as_default():
        xs = [gc.placeholder(as_dtype(dtype), [None, None, None]) for _ in call.fills]
        results = run(*xs)
        sessions = [gc.Session(config=gc.Config(mode=m, cache=False, poison=m == "compile")) for m in MODES]
        for n, batch in ((4, 2), (0, 2), (1, 1), (3, 0), (17, 3), (70, 1)):
            feeds = dict(zip(xs, draw(call, n, (batch,), dtype), strict=True))
            got, expected = (invariant(call, s.run(results, feeds)) for s in sessions)
            tolerance = 200 * max(n, 1) * np.finfo(dtype).eps
            for a, b in zip(got, expected, strict=True):
                assert a.dtype == b.dtype
                np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1.0, np.abs(b).max(initial=0)))
        assert sessions[0].report(results, xs)["kernels"]["host"] == 0


MODES = ("compile", "interpret")
