"""Every operation of the dialects: NumPy against NumPy's own semantics, LLVM against the NumPy dialect."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graphc.codegen.cpu.irtext import Module
from graphc.codegen.cpu.irvalue import size_of
from graphc.codegen.cpu.llvm_dialect import LLVMDialect
from graphc.codegen.dialect import BITS, DTYPES, FLOATS, INT_OF, SIGNED, UNSIGNED, int_range
from graphc.codegen.numpy_dialect import NumpyDialect
from graphc.testing.native import Native

Array = np.ndarray[Any, Any]
INTEGERS = (*SIGNED, *UNSIGNED)


def samples(dtype: str) -> tuple[Array, Array]:
    """Pairs of operands: every special value against every other, then random ones; a multiple of 16 in all."""
    rng = np.random.default_rng(3)
    if dtype == "bool":
        special = np.array([False, True])
    elif dtype in FLOATS:
        values = [0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 7, -7, np.inf, -np.inf, np.nan, 1e9, -3e20]
        special = np.array(values, dtype)
    else:
        low, high = int_range(dtype)
        special = np.array([low, low + (low < 0), high, 0, 1, 2, 3, 7, *((-1, -2, -7) if low else ())], dtype)
    x, y = (a.ravel() for a in np.meshgrid(special, special))
    extra = 16 * 8 + (-len(x)) % 16
    pick = rng.integers(0, 100, (2, extra))
    if dtype in FLOATS:
        pick = pick / 7 - 5
    return np.concatenate([x, pick[0].astype(dtype)]), np.concatenate([y, pick[1].astype(dtype)])


def run(formula: Callable[..., Any], operands: list[Array], result: str, lanes: int) -> Array:
    """Apply a formula natively to arrays."""
    module = Module()
    names = {f"x{k}": "ptr" for k in range(len(operands))}
    with module.function("k", {"out": "ptr", **names, "n": "int64"}) as f:
        out, *pointers, n = f.args
        with f.loop(0, n, lanes) as i:
            values = [f.load(p, str(a.dtype), lanes, index=i) for p, a in zip(pointers, operands, strict=True)]
            f.store(formula(LLVMDialect(f, lanes, contract=False), *values), out, index=i)
    kernel = Native(module.text()).function("k", *[ctypes.c_void_p] * len(f.args[:-1]), ctypes.c_int64)
    target = np.empty(len(operands[0]), result)
    assert target.itemsize == size_of(result)
    kernel(target.ctypes.data, *[a.ctypes.data for a in operands], len(target))
    return target


COMMON = ["add", "sub", "mul", "minimum", "maximum", "trunc_mod", "floor_div", "mod", "trunc_div"]
FLOAT_BINARY = [*COMMON, "div", "copysign"]
INT_BINARY = [*COMMON, "and_", "or_", "xor"]
UNARY = ["neg", "abs", "sqrt", "floor", "ceil", "rint", "trunc"]
COMPARE = ["eq", "ne", "lt", "le", "gt", "ge"]


@pytest.mark.parametrize("lanes", [1, 8])
@pytest.mark.parametrize("dtype", [*FLOATS, "int8", "int32", "int64", "uint8", "uint64"])
def test_native_agrees_with_numpy_dialect(dtype: str, lanes: int) -> None:
    x, y = samples(dtype)
    names = FLOAT_BINARY + UNARY if dtype in FLOATS else [*INT_BINARY, "neg", "abs", "not_"]
    for name in [*names, *COMPARE]:
        operands = [x] if name in UNARY or name == "not_" else [x, y]
        want = getattr(NumpyDialect(), name)(*operands)
        got = run(lambda b, *a, name=name: getattr(b, name)(*a), operands, str(want.dtype), lanes)
        np.testing.assert_array_equal(got, want, err_msg=f"{name} {dtype}")


@pytest.mark.parametrize("source", DTYPES)
def test_casts(source: str) -> None:
    x, _ = samples(source)
    for target in DTYPES:
        want = NumpyDialect().cast(x, target)
        assert str(want.dtype) == target
        for lanes in (1, 16):
            got = run(lambda b, v, target=target: b.cast(v, target), [x], target, lanes)
            np.testing.assert_array_equal(got, want, err_msg=f"{source} to {target}")
        if source in FLOATS and target in INTEGERS:
            low, high = int_range(target)
            exact = [0 if v != v else min(max(v, low), high) for v in x.tolist()]
            assert want.tolist() == [int(v) for v in exact]
        else:
            with np.errstate(over="ignore"):
                np.testing.assert_array_equal(want, x.astype(target))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int32", "int64", "uint16"])
def test_numpy_division_semantics(dtype: str) -> None:
    x, y = samples(dtype)
    b = NumpyDialect()
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(b.floor_div(x, y), np.floor_divide(x, y))
        np.testing.assert_array_equal(b.mod(x, y), np.mod(x, y))
        np.testing.assert_array_equal(b.trunc_mod(x, y), np.fmod(x, y))


def test_shifts_logic_select_and_bitcast() -> None:
    x = np.array([-8, 7, 1 << 20, -1], "i4").repeat(4)
    for lanes in (1, 16):
        assert run(lambda b, v: b.shr(v, 1), [x], "int32", lanes).tolist() == (x >> 1).tolist()
        assert run(lambda b, v: b.shl(v, 3), [x], "int32", lanes).tolist() == (x << 3).tolist()
        u = x.view("u4")
        assert run(lambda b, v: b.shr(v, 1), [u], "uint32", lanes).tolist() == (u >> 1).tolist()
        bits = run(lambda b, v: b.bitcast(v, "float32"), [x], "float32", lanes)
        assert bits.view("i4").tolist() == x.tolist()
        chosen = run(lambda b, v: b.select(b.and_(b.gt(v, 0), b.not_(b.eq(v, 7))), v, -1), [x], "int32", lanes)
        assert chosen.tolist() == np.where((x > 0) & (x != 7), x, -1).tolist()


@pytest.mark.parametrize("dtype", FLOATS)
def test_fma_has_one_rounding(dtype: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 4096)).astype(dtype)
    z = -(x * y)  # the result is the rounding error of the product
    z[::2] = rng.normal(size=2048) * 10.0 ** rng.integers(-20, 20, 2048)
    want = NumpyDialect().fma(x, y, z)
    got = run(lambda b, *a: b.fma(*a), [x, y, z], dtype, 16)
    assert (got.view(INT_OF[dtype]) == want.view(INT_OF[dtype])).mean() > 0.999
    np.testing.assert_array_max_ulp(got, want, 1)
    assert BITS[dtype] in (32, 64)


def test_mistakes_are_reported() -> None:
    b = NumpyDialect()
    with pytest.raises(TypeError, match="one dtype"):
        b.add(np.float32([1]), np.float64([1]))
    with pytest.raises(TypeError, match="cast first"):
        b.div(np.int32([1]), np.int32([2]))
    with pytest.raises(TypeError, match="keeps the width"):
        b.bitcast(np.int32([1]), "float64")
