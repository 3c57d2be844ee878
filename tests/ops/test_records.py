"""Tests generated from the records: types, gradients, vectorization, kernels' source, documentation."""

from __future__ import annotations

import itertools
from ctypes import c_int32, c_int64, c_void_p
from typing import Any

import numpy as np
import pytest

from graphc.autodiff.reverse import vjp
from graphc.codegen.cpu.numba_ir import source_kernel_ir
from graphc.interp.evaluate import evaluate_nodes
from graphc.ir.dims import symbol
from graphc.ir.dtypes import as_dtype
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.assume import collect_assumptions
from graphc.ops.builder import Builder
from graphc.ops.record import REGISTRY, OpRecord
from graphc.ops.source import Source
from graphc.testing.native import Native

from .record_cases import Case, all_cases

CASES = all_cases()
SMOOTH = [c for c in CASES if c.record.differentiable and c.record.vjp is not None and "f" in c.record.dtypes]


def emit(case: Case, arrays: list[Any], b: Builder, constant: str = "") -> tuple[Node, list[Node]]:
    """The node of a case and its inputs; operands filled as in `constant` become constants."""
    inputs = []
    for k, array in enumerate(arrays):
        if case.kinds[k] in constant:
            inputs.append(b.constant(array))
        else:
            inputs.append(b.input(k, TensorType(as_dtype(array.dtype), array.shape)))
    return b.emit(case.op, *inputs, **case.attrs), inputs


def value(node: Node, arrays: list[Any], bindings: dict[str, int] | None = None) -> Any:
    return evaluate_nodes([node], arrays, (), bindings or {})[node]


def ids(cases: list[Case]) -> list[str]:
    return list(map(str, cases))


@pytest.mark.parametrize("record", REGISTRY.values(), ids=lambda r: r.name)
def test_every_record_is_described_and_called(record: OpRecord) -> None:
    assert record.doc.endswith("."), "the reference page needs a sentence"
    if record.kind not in ("leaf", "meta"):
        assert record.formula
    if record.kind not in ("leaf", "meta", "control"):
        assert record.batch is not None, "no rule of vectorization"
    if record.kind == "elementwise":
        assert record.scalar is not None
    if record.kind == "irregular":
        assert record.source is not None
    assert record.kind in ("leaf", "meta", "user", "control", "library") or any(c.op == record.name for c in CASES)


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_type_rule_agrees_with_the_reference(case: Case) -> None:
    rng = np.random.default_rng(1)
    for dtype in case.dtypes:
        arrays = case.draw(dtype, rng)
        node, _ = emit(case, arrays, Builder())
        with np.errstate(all="ignore"):
            got = np.asarray(case.record.evaluate(*arrays, **case.attrs))
        assert got.shape == node.shape
        assert got.dtype == node.dtype.np


@pytest.mark.parametrize("case", [c for c in CASES if c.symbolic], ids=ids([c for c in CASES if c.symbolic]))
def test_type_rule_with_unknown_sizes(case: Case) -> None:
    arrays = case.draw(case.dtypes[0], np.random.default_rng(1))
    b, bindings, inputs = Builder(), {}, []
    for k, array in enumerate(arrays):
        shape = tuple(n if n == 1 else symbol(f"n{n}") for n in array.shape)
        bindings |= {f"n{n}": n for n in array.shape}
        inputs.append(b.input(k, TensorType(as_dtype(array.dtype), shape)))
    node = b.emit(case.op, *inputs, **case.attrs)
    assert node.tensor.concrete(bindings) == np.asarray(value(node, arrays, bindings)).shape
    collect_assumptions()


def gradients(case: Case, arrays: list[Any], cotangent: Any) -> tuple[Builder, list[Node | None], list[Node]]:
    b = Builder()
    node, inputs = emit(case, arrays, b, constant="1")
    seed = b.input(len(arrays), TensorType(node.dtype, node.shape))
    wanted = [i for i in inputs if i.op == "input" and i.dtype.is_floating]
    return b, vjp([node], wanted, [seed]), wanted


def numeric(function: Any, arrays: list[Any], at: int, step: float) -> Any:
    """Central differences of a scalar function, of fourth order."""
    result = np.zeros_like(arrays[at])
    for index in np.ndindex(*arrays[at].shape):

        def moved(by: float, index: Any = index) -> float:
            changed = [np.array(a) for a in arrays]
            changed[at][index] += by
            return float(function(changed))

        near, far = moved(step) - moved(-step), moved(2 * step) - moved(-2 * step)
        result[index] = (8 * near - far) / (12 * step)
    return result


@pytest.mark.parametrize("case", SMOOTH, ids=ids(SMOOTH))
def test_gradient_by_finite_differences(case: Case) -> None:
    rng = np.random.default_rng(2)
    arrays = case.draw(np.float64, rng)
    if not np.issubdtype(np.asarray(case.record.evaluate(*arrays, **case.attrs)).dtype, np.float64):
        return
    cotangent = rng.standard_normal(np.shape(case.record.evaluate(*arrays, **case.attrs)))
    _, found, wanted = gradients(case, arrays, cotangent)
    for x, g in zip(wanted, found, strict=True):
        at = x.attrs["index"]

        def loss(a: list[Any]) -> float:
            y = case.record.evaluate(*a, **case.attrs)
            return float(np.sum(cotangent * y, where=np.isfinite(y)))

        expected = numeric(loss, arrays, at, 1e-4)
        if g is None:
            assert not expected.any(), "no gradient, but the value depends on it"
            continue
        assert g.type == x.type
        got = value(g, [*arrays, cotangent])
        np.testing.assert_allclose(got, expected, rtol=2e-8, atol=2e-8 * max(1.0, np.abs(expected).max(initial=0)))


TWICE = [c for c in SMOOTH if c.twice and max((int(np.prod(s)) for s in c.shapes), default=0) <= 30]


@pytest.mark.parametrize("case", TWICE, ids=ids(TWICE))
def test_second_gradient_by_finite_differences(case: Case) -> None:
    rng = np.random.default_rng(3)
    arrays = case.draw(np.float64, rng)
    result = np.asarray(case.record.evaluate(*arrays, **case.attrs))
    if result.dtype != np.float64:
        return
    arrays.append(rng.standard_normal(result.shape))
    b, found, wanted = gradients(case, arrays[:-1], arrays[-1])
    firsts = [g for g in found if g is not None]
    weights = [rng.standard_normal(np.shape(value(g, arrays))) for g in firsts]
    if not firsts:
        return
    seeds = [b.constant(w) for w in weights]
    second = vjp(firsts, wanted, seeds)
    for x, g in zip(wanted, second, strict=True):
        at = x.attrs["index"]
        expected = numeric(
            lambda a: sum(np.sum(w * value(f, a)) for w, f in zip(weights, firsts, strict=True)), arrays, at, 1e-4
        )
        got = np.zeros_like(expected) if g is None else value(g, arrays)
        np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-7 * max(1.0, np.abs(expected).max(initial=0)))


BATCHED = [c for c in CASES if c.record.batch is not None]


@pytest.mark.parametrize("case", BATCHED, ids=ids(BATCHED))
def test_batch_rule_agrees_with_a_loop(case: Case) -> None:
    rng, size = np.random.default_rng(4), 3
    dtype = np.float64 if "f" in case.record.dtypes else case.dtypes[0]
    for flags in itertools.product((False, True), repeat=len(case.shapes)):
        if not any(flags):
            continue
        arrays = case.draw(dtype, rng, tuple((size,) if f else () for f in flags))
        b = Builder()
        inputs = [b.input(k, TensorType(as_dtype(a.dtype), a.shape)) for k, a in enumerate(arrays)]
        assert case.record.batch is not None
        node = case.record.batch(size, inputs, flags, **case.attrs)
        got = value(node, arrays)
        assert node.shape[0] == size
        for n in range(size):
            one = [a[n] if f else a for a, f in zip(arrays, flags, strict=True)]
            with np.errstate(all="ignore"):
                expected = case.record.evaluate(*one, **case.attrs)
            np.testing.assert_allclose(got[n], expected, rtol=1e-13, atol=1e-13)


SOURCES = [c for c in CASES if c.record.source is not None]


def run_source(case: Case, arrays: list[Any], run: Any) -> tuple[int, Any]:
    """Run a source kernel over flat arrays; `run` calls it with them and the sizes."""
    node, _ = emit(case, arrays, Builder())
    assert case.record.source is not None
    source = case.record.source(node)
    out = np.empty(node.shape, node.dtype.np)
    flat = [np.ascontiguousarray(a).reshape(-1) for a in (*arrays, out)]
    flat = [a.view(np.uint8) if a.dtype == bool else a for a in flat]
    flat += [np.empty(size, dtype) for dtype, size in source.scratch]
    status = run(source, flat)
    return status, flat[len(arrays)].view(out.dtype).reshape(out.shape)


def as_python(source: Source, flat: list[Any]) -> int:
    space: dict[str, Any] = {"np": np}
    exec(source.function(), space)
    with np.errstate(all="ignore"):
        return int(space["kernel"](*flat, *source.sizes))


def as_native(source: Source, flat: list[Any]) -> int:
    text = source_kernel_ir("kernel", source.kernel("kernel"))
    missing = [line for line in text.splitlines() if line.startswith("declare") and "@llvm." not in line]
    assert missing == [], "functions that the object would lack"
    words = np.array([*(a.ctypes.data for a in flat), *source.sizes], np.int64)
    call = Native(text).function("kernel", c_void_p, c_int64, c_int64, result=c_int32)
    return int(call(words.ctypes.data, 0, 1))


@pytest.mark.parametrize("case", SOURCES, ids=ids(SOURCES))
def test_source_kernel_agrees_with_the_reference(case: Case) -> None:
    rng = np.random.default_rng(5)
    for dtype in case.dtypes:
        arrays = case.draw(dtype, rng)
        status, got = run_source(case, arrays, as_python)
        with np.errstate(all="ignore"):
            expected = case.record.evaluate(*arrays, **case.attrs)
        assert status == 0
        np.testing.assert_allclose(got, expected, rtol=1e-5 if dtype == np.float32 else 1e-13)


ONCE = list({(c.op, c.attrs.get("mode")): c for c in SOURCES if min(map(np.prod, c.shapes)) > 0}.values())


@pytest.mark.parametrize("case", ONCE, ids=ids(ONCE))
def test_source_kernel_runs_natively(case: Case) -> None:
    rng = np.random.default_rng(6)
    for dtype in (np.float32, np.uint64):
        if np.dtype(dtype).kind not in case.record.dtypes:
            continue
        arrays = case.draw(dtype, rng)
        status, got = run_source(case, arrays, as_native)
        assert status == 0
        np.testing.assert_allclose(got, case.record.evaluate(*arrays, **case.attrs), rtol=1e-5)
