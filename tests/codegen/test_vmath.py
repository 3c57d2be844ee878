"""Accuracy of every vmath function, and agreement of native code with the NumPy dialect."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphc.codegen import vmath
from graphc.codegen.cpu.irtext import Module
from graphc.codegen.cpu.llvm_dialect import LLVMDialect
from graphc.codegen.dialect import FLOATS, INT_OF
from graphc.codegen.numpy_dialect import NumpyDialect
from graphc.testing.native import Native

Array = np.ndarray[Any, Any]
LONG = np.longdouble
REFERENCE = json.loads((Path(__file__).parent / "vmath_reference.json").read_text())
EDGES = [np.inf, -np.inf, np.nan]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, 10.0, 100.0, 1e30, -1e30, 1e-30, -1e-30, *EDGES]
PAIRS = ("pow", "atan2")

has_long = pytest.mark.skipif(np.finfo(LONG).nmant < 60, reason="the reference needs an 80-bit or wider long double")


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


# Name: the reference over long doubles, and intervals to sample beside the whole range of exponents.
CASES: dict[str, tuple[Callable[..., Array], list[tuple[float, float]]]] = {
    "exp": (np.exp, [(-1, 1), (-90, 90), (-750, 720)]),
    "exp2": (np.exp2, [(-1, 1), (-130, 130), (-1080, 1030)]),
    "expm1": (np.expm1, [(-1, 1), (-90, 90), (-40, 720)]),
    "sinh": (np.sinh, [(-1, 1), (-90, 90), (-720, 720)]),
    "cosh": (np.cosh, [(-1, 1), (-90, 90), (-720, 720)]),
    "tanh": (np.tanh, [(-1, 1), (-20, 20)]),
    "sigmoid": (sigmoid, [(-5, 5), (-90, 90), (-740, 740)]),
    "softplus": (softplus, [(-5, 5), (-90, 90)]),
    "log": (np.log, [(0.7, 1.5), (0, 4)]),
    "log2": (np.log2, [(0.7, 1.5), (0, 4)]),
    "log10": (np.log10, [(0.7, 1.5), (0, 4)]),
    "log1p": (np.log1p, [(-0.1, 0.1), (-1, 2)]),
    "asinh": (np.arcsinh, [(-1, 1), (-10, 10)]),
    "acosh": (np.arccosh, [(1, 1.1), (1, 100)]),
    "atanh": (np.arctanh, [(-1, 1), (-0.1, 0.1)]),
    "sin": (np.sin, [(-4, 4), (-2e5, 2e5), (-2e9, 2e9)]),
    "cos": (np.cos, [(-4, 4), (-2e5, 2e5), (-2e9, 2e9)]),
    "tan": (np.tan, [(-4, 4), (-2e5, 2e5), (-2e9, 2e9)]),
    "asin": (np.arcsin, [(-1, 1), (0.99, 1)]),
    "acos": (np.arccos, [(-1, 1), (0.99, 1)]),
    "atan": (np.arctan, [(-3, 3)]),
    "rsqrt": (lambda x: 1 / np.sqrt(x), [(0.5, 8)]),
    "cbrt": (np.cbrt, [(-10, 10)]),
}


def arguments(name: str, dtype: str, count: int = 40_000) -> Array:
    """Special values, all exponents, and the intervals of `CASES`."""
    rng = np.random.default_rng(5)
    limit = {"float32": 37, "float64": 307}[dtype]
    wide = 10.0 ** rng.uniform(-limit, limit, count)
    intervals = CASES[name][1] if name in CASES else [(-6, 6), (0, 25)]
    parts = [np.array(SPECIAL), wide, -wide, *(rng.uniform(low, high, count) for low, high in intervals)]
    with np.errstate(over="ignore"):
        return np.concatenate(parts).astype(dtype)


def ulp_error(got: Array, want: Array) -> Array:
    """|got - want| in units in the last place of the dtype of `got`; results below the normal range may be 0."""
    info = np.finfo(got.dtype)
    with np.errstate(all="ignore"):
        rounded = want.astype(got.dtype)
        exponent = np.floor(np.log2(np.maximum(np.abs(want), LONG(info.tiny)))).astype(int)
        error = np.abs(got.astype(LONG) - want) / np.ldexp(LONG(1), exponent - info.nmant)
    exact = (got == rounded) | (np.isnan(got) & np.isnan(want))
    flushed = (np.abs(want) < info.tiny) & (np.abs(got) <= info.tiny)
    error = np.where(np.isnan(error), np.inf, error)
    return np.where(exact & ~np.isfinite(error) | flushed, 0, error)


@has_long
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", CASES)
def test_error_in_ulp(name: str, dtype: str) -> None:
    x = arguments(name, dtype)
    with np.errstate(all="ignore"):
        want = CASES[name][0](x.astype(LONG))
    error = ulp_error(getattr(NumpyDialect(), name)(x), want)
    worst = int(error.argmax())
    assert error[worst] <= vmath.ULP[name][FLOATS.index(dtype)], f"{name}({x[worst]!r}): {error[worst]:.2f} ulp"


ODD = ["sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh", "expm1", "log1p", "cbrt", "erf"]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ODD)
def test_odd_functions_keep_the_sign_of_zero(name: str, dtype: str) -> None:
    assert np.signbit(getattr(NumpyDialect(), name)(np.array([0.0, -0.0], dtype))).tolist() == [False, True]


@has_long
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["erf", "erfc", "lgamma", "digamma", "lgamma_negative", "digamma_negative"])
def test_error_against_recorded_values(name: str, dtype: str) -> None:
    x = np.array([row[0] for row in REFERENCE[name]], dtype)
    want = np.array([LONG(row[1]) for row in REFERENCE[name]])
    function, _, negative = name.partition("_")
    got = getattr(NumpyDialect(), function)(x)
    bound = vmath.ULP[function][FLOATS.index(dtype)]
    if negative:  # the docstrings' bound: relative to the largest term of the reflection formula
        angle = np.pi * (x.astype(LONG) - np.rint(x))
        term = np.abs(np.log(np.abs(np.sin(angle)))) if function == "lgamma" else np.abs(np.pi / np.tan(angle))
        error = np.abs(got - want) / np.finfo(dtype).eps / np.maximum.reduce([np.ones_like(term), np.abs(want), term])
    else:
        error = ulp_error(got, want)
    worst = int(error.argmax())
    assert error[worst] <= bound, f"{name}({x[worst]!r}): {error[worst]:.2f} ulp"


@has_long
@pytest.mark.parametrize("dtype", FLOATS)
def test_pow_error(dtype: str) -> None:
    rng = np.random.default_rng(2)
    n, top = 60_000, {"float32": 86, "float64": 700}[dtype]
    x = np.concatenate([10 ** rng.uniform(-5, 5, n), rng.uniform(0.9, 1.1, n), rng.uniform(0.5, 2, n)]).astype(dtype)
    y = rng.uniform(-top, top, 3 * n) / np.log(x.astype("f8"))
    y[::3] = rng.uniform(-5, 5, n)
    y = y.astype(dtype)
    error = ulp_error(NumpyDialect().pow(x, y), np.power(x.astype(LONG), y.astype(LONG)))
    assert error.max() <= vmath.ULP["pow"][FLOATS.index(dtype)]


@has_long
@pytest.mark.parametrize("dtype", FLOATS)
def test_atan2_error(dtype: str) -> None:
    rng = np.random.default_rng(2)
    y, x = rng.normal(size=(2, 100_000)) * 10.0 ** rng.uniform(-10, 10, (2, 100_000))
    y, x = y.astype(dtype), x.astype(dtype)
    error = ulp_error(NumpyDialect().atan2(y, x), np.arctan2(y.astype(LONG), x.astype(LONG)))
    assert error.max() <= vmath.ULP["atan2"][FLOATS.index(dtype)]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("name", "reference"), [("pow", np.power), ("atan2", np.arctan2)])
def test_special_cases_of_two_arguments(name: str, reference: Callable[..., Array], dtype: str) -> None:
    values = np.array([*SPECIAL, -3.0, 2.5, -7.0, 1e20], dtype)
    x, y = (a.ravel() for a in np.meshgrid(values, values))
    got = getattr(NumpyDialect(), name)(x, y)
    with np.errstate(all="ignore"):
        want = reference(x, y)
    normal = (np.abs(want) >= np.finfo(dtype).tiny) | (want == 0) | np.isnan(want)
    np.testing.assert_array_almost_equal_nulp(*(np.nan_to_num(a[normal & np.isfinite(want)]) for a in (got, want)), 4)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    np.testing.assert_array_equal(np.isinf(got), np.isinf(want))
    same_sign = np.signbit(got) == np.signbit(want)
    assert same_sign[~np.isnan(want)].all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_special_values_of_gamma_and_error_functions(dtype: str) -> None:
    b, x = NumpyDialect(), np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -1.0, -2.0, 1.0, 2.0], dtype)
    inf, nan = np.inf, np.nan
    np.testing.assert_array_equal(b.lgamma(x), np.array([inf, inf, inf, inf, nan, inf, inf, 0, 0], dtype))
    np.testing.assert_array_equal(b.digamma(x)[:7], np.array([-inf, inf, inf, nan, nan, nan, nan], dtype))
    np.testing.assert_array_equal(b.erf(x)[:5], np.array([0, 0, 1, -1, nan], dtype))
    np.testing.assert_array_equal(b.erfc(x)[:5], np.array([1, 1, 0, 2, nan], dtype))


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8", "uint64"])
def test_integer_powers_wrap(dtype: str) -> None:
    base = np.arange(-9 if dtype.startswith("int") else 0, 10).astype(dtype)
    exponent = np.arange(0, 70).astype(dtype)
    x, y = (a.ravel() for a in np.meshgrid(base, exponent))
    np.testing.assert_array_equal(NumpyDialect().pow(x, y), np.power(x, y))


def test_negative_integer_exponents() -> None:
    x, y = np.array([1, -1, -1, 2, 0, -5], "i4"), np.array([-3, -3, -2, -1, -1, -2], "i4")
    assert NumpyDialect().pow(x, y).tolist() == [1, -1, 1, 0, 0, 0]


def native(dtype: str, lanes: int) -> Native:
    """One module with a kernel per function."""
    module = Module()
    for name in vmath.FUNCTIONS:
        names = ["x", "y"] if name in PAIRS else ["x"]
        with module.function(f"k_{name}", {"out": "ptr", **dict.fromkeys(names, "ptr"), "n": "int64"}) as f:
            out, *pointers, n = f.args
            with f.loop(0, n, lanes) as i:
                operands = [f.load(p, dtype, lanes, index=i) for p in pointers]
                f.store(getattr(LLVMDialect(f, lanes), name)(*operands), out, index=i)
    return Native(module.text())


@pytest.mark.parametrize("lanes", [1, 8, 16])
@pytest.mark.parametrize("dtype", FLOATS)
def test_native_code_agrees_with_the_numpy_dialect(dtype: str, lanes: int) -> None:
    code = native(dtype, lanes)
    for name in vmath.FUNCTIONS:
        x = arguments(name, dtype, 500)
        x = np.concatenate([x, np.full(-len(x) % 16, 0.25, dtype)])
        operands = [x, np.roll(x, 7)] if name in PAIRS else [x]
        out = np.empty_like(x)
        kernel = code.function(f"k_{name}", *[ctypes.c_void_p] * (len(operands) + 1), ctypes.c_int64)
        kernel(out.ctypes.data, *[a.ctypes.data for a in operands], len(x))
        want = getattr(NumpyDialect(), name)(*operands)
        bad = ~((out == want) | (np.isnan(out) & np.isnan(want)))
        integer = INT_OF[dtype]
        distance = np.abs(out.view(integer)[bad] - want.view(integer)[bad])
        assert (distance <= 1).all(), f"{name}: {x[bad][distance > 1][:3]}"
