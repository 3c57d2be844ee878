"""Kernels written with the IR text builder, compiled and run."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from graphc.codegen.cpu.irtext import Module
from graphc.codegen.cpu.irvalue import literal
from graphc.codegen.cpu.llvm_dialect import LLVMDialect
from graphc.testing.native import Native

P, N = ctypes.c_void_p, ctypes.c_int64


def exp_times(lanes: int) -> str:
    module = Module()
    with module.function("kernel", {"out": "ptr", "x": "ptr", "y": "ptr", "n": "int64"}) as f:
        out, x, y, n = f.args
        b = LLVMDialect(f, lanes)
        whole = f.binary("and", n, f.const(-lanes, "int64"))
        with f.loop(0, whole, lanes) as i:
            u, v = (f.load(p, "float32", lanes, index=i) for p in (x, y))
            f.store(b.mul(b.exp(u), v), out, index=i)
        with f.if_(f.compare("lt", whole, n)):
            mask = f.tail_mask(f.binary("sub", n, whole), lanes)
            u, v = (f.load(p, "float32", lanes, index=whole, mask=mask) for p in (x, y))
            f.store(b.mul(b.exp(u), v), out, index=whole, mask=mask)
    return module.text()


@pytest.mark.parametrize("lanes", [8, 16])
def test_elementwise_kernel_with_masked_tail(lanes: int) -> None:
    kernel = Native(exp_times(lanes)).function("kernel", P, P, P, N)
    rng = np.random.default_rng(0)
    for n in (0, 1, 7, 16, 17, 100):
        x, y = rng.normal(size=(2, n)).astype("f4") * 3
        out = np.full(n + 4, -7, "f4")
        kernel(out.ctypes.data, x.ctypes.data, y.ctypes.data, n)
        np.testing.assert_allclose(out[:n], np.exp(x.astype("f8")) * y, rtol=3e-7)
        assert (out[n:] == -7).all()  # nothing written beyond the end


def test_loop_carries_accumulators() -> None:
    module = Module()
    with module.function("total", {"x": "ptr", "out": "ptr", "n": "int64"}) as f:
        x, out, n = f.args
        b, one = LLVMDialect(f, 8), LLVMDialect(f, 1)
        zero = f.const(0.0, "float64", 8)
        with f.loop_carried(0, n, 8, [zero, f.const(-np.inf, "float64", 8)]) as loop:
            v = f.load(x, "float64", 8, index=loop.index)
            loop.update(b.add(loop.values[0], v), b.maximum(loop.values[1], v))
        f.store(f.reduce(lambda p, q: LLVMDialect(f, p.lanes).add(p, q), loop.values[0]), out)
        top = f.reduce(lambda p, q: LLVMDialect(f, p.lanes).maximum(p, q), loop.values[1])
        f.store(one.mul(top, 2.0), out, index=1)
    kernel = Native(module.text()).function("total", P, P, N)
    x, out = np.arange(32.0), np.zeros(2)
    kernel(x.ctypes.data, out.ctypes.data, 32)
    assert out.tolist() == [x.sum(), 62.0]
    kernel(x.ctypes.data, out.ctypes.data, 0)
    assert out.tolist() == [0.0, -np.inf]
    x[5] = np.nan
    kernel(x.ctypes.data, out.ctypes.data, 32)
    assert np.isnan(out).all()


def test_branches_gather_and_bool_buffers() -> None:
    module = Module()
    with module.function("k", {"x": "ptr", "i": "ptr", "flags": "ptr", "out": "ptr", "n": "int64"}) as f:
        x, i, flags, out, n = f.args
        positive = f.compare("gt", n, f.const(0, "int64"))
        (scale,) = f.branch(positive, lambda: [f.const(2.0, "float32")], lambda: [f.const(-1.0, "float32")])
        v = f.gather(x, "float32", f.load(i, "int32", 8))
        b = LLVMDialect(f, 8)
        chosen = b.select(f.load(flags, "bool", 8), b.mul(v, scale), 0.0)
        f.store(chosen, out)
        f.store(b.not_(b.eq(chosen, 0.0)), flags)
    kernel = Native(module.text()).function("k", P, P, P, P, N)
    x, i = np.arange(1, 9, dtype="f4"), np.array([7, 0, 1, 2, 3, 4, 5, 6], "i4")
    for n, scale in ((1, 2), (0, -1)):
        flags, out = np.arange(8) % 3 == 0, np.zeros(8, "f4")
        want = np.where(flags, x[i] * scale, 0)
        kernel(x.ctypes.data, i.ctypes.data, flags.ctypes.data, out.ctypes.data, n)
        assert out.tolist() == want.tolist()
        assert flags.tolist() == (want != 0).tolist()


def test_internal_functions_tables_and_nested_loops() -> None:
    module = Module()
    with module.function("row", {"t": "ptr", "k": "int64"}, "int64", internal=True, noinline=True) as f:
        f.ret(f.load(f.args[0], "int64", index=f.args[1]))
    with module.function("k", {"n": "int64"}, "int64") as f:
        table = module.global_table("primes", [2, 3, 5, 7], "int64")
        with f.loop_carried(0, f.args[0], 1, [f.const(0, "int64")]) as outer:
            with f.loop_carried(0, 4, 1, outer.values) as inner:
                value = f.call("row", [table, inner.index], "int64")
                assert value is not None
                inner.update(f.binary("add", inner.values[0], value))
            outer.update(*inner.values)
        f.ret(outer.values[0])
    assert Native(module.text()).function("k", N, result=N)(3) == 3 * 17


def test_literals_are_exact() -> None:
    assert literal(0.1, "float32") == "0x3FB99999A0000000"
    assert literal(1e39, "float32") == "0x7FF0000000000000"
    assert literal(255, "uint8") == "-1"
    assert literal(-1, "uint64") == "-1"
