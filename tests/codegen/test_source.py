"""Printed kernels, as plain Python and under Numba, against the reference."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from graphc.codegen.source import print_contraction, print_convolution, print_nest
from graphc.codegen.source.printer import size_symbols
from graphc.ir.dims import symbol
from graphc.ir.dtypes import as_dtype
from graphc.loops.expr import Affine, Expr
from graphc.loops.reference import KernelFailed, run_call
from graphc.loops.spec import Check, Contraction, Convolution, KernelCall, Nest, Operand, Store
from graphc.testing.nests import const, index, ld, nest, op, red, size, st
from tests.codegen.test_nest import LAYOUTS, draw, random_nests, reduction

n, m, k = symbol("n"), symbol("m"), symbol("k")
BINDINGS = {"n": 5, "m": 7, "k": 3}


def printed(spec: Any) -> str:
    kinds = {Nest: print_nest, Contraction: print_contraction, Convolution: print_convolution}
    return kinds[type(spec)](spec, "kernel")


def compiled(text: str, *, native: bool) -> Callable[..., int]:
    scope: dict[str, Any] = {"np": np, "math": math}
    exec(compile(text, "kernel.py", "exec"), scope)
    if not native:
        return scope["kernel"]
    import numba

    return numba.njit(scope["kernel"], error_model="numpy")


def agree(spec: Any, sizes: list[int], *, native: bool = True, rtol: float = 1e-5, bindings: Any = None) -> str:
    """Run plainly (and natively) and by the reference on the same operands; the text."""
    bindings = bindings or BINDINGS
    rng = np.random.default_rng(sum(sizes))
    arrays = [draw(rng, count, o.dtype) for count, o in zip(sizes, spec.operands, strict=True)]
    expected = [a.copy() for a in arrays]
    run_call(KernelCall(spec, (), ""), expected, bindings)
    text = printed(spec)
    for run_native in (False, True) if native else (False,):
        mine = [a.copy() for a in arrays]
        with np.errstate(all="ignore"):
            status = compiled(text, native=run_native)(*mine, *(bindings[s] for s in size_symbols(spec)))
        assert status == 0
        for got, want in zip(mine, expected, strict=True):
            np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol, err_msg=text)
    return text


def test_softmax_reads_well() -> None:
    x = ld(0, m, 1)
    e = op("exp", op("sub", x, red("max", x)))
    made = nest("pr", (n, m), "float32 >float32", st(1, op("div", e, red("sum", e)), m, 1, full=True))
    assert agree(made, [35, 35]) == (
        "def kernel(a0, a1, m, n):\n"
        "    for i0 in range(n):\n"
        "        max1 = np.float32(-np.inf)\n"
        "        for i1 in range(m):\n"
        "            max1 = np.maximum(max1, a0[i0 * m + i1])\n"
        "        sum4 = np.float64(0.0)\n"
        "        for i1 in range(m):\n"
        "            sum4 = sum4 + np.float64(np.exp(a0[i0 * m + i1] - max1))\n"
        "        for i1 in range(m):\n"
        "            a1[i0 * m + i1] = np.exp(a0[i0 * m + i1] - max1) / np.float32(sum4)\n"
        "    return 0\n"
    )


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "int32", "int64", "uint8", "uint32", "uint64"])
def test_arithmetic_of_every_width(dtype: str) -> None:
    x, y = ld(0, 1, dtype=dtype), ld(1, 1, dtype=dtype)
    value = op("add", op("mul", op("mul", x, y), x), op("maximum", op("floordiv", x, y), op("mod", y, x)))
    made = nest("p", (n,), f"{dtype} {dtype} >{dtype} >bool", st(2, value, 1), st(3, op("le", x, y), 1))
    agree(made, [40] * 4, bindings={"n": 40})


def test_casts_saturate() -> None:
    x = op("mul", ld(0, 1, dtype="float64"), const(1e3, "float64"))
    stores = [st(1 + j, op("cast", x, dtype=as_dtype(d)), 1) for j, d in enumerate(["int8", "uint8", "int32", "bool"])]
    agree(nest("p", (n,), "float64 >int8 >uint8 >int32 >bool", *stores), [40] * 5, bindings={"n": 40})


@pytest.mark.parametrize("kind", ["sum", "prod", "max", "min", "argmax", "argmin"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_reductions(layout: str, kind: str) -> None:
    agree(reduction(layout, kind, "float32"), [5 * 7 * 4, 24], native=layout == "ends")


@pytest.mark.parametrize("kind", ["any", "all", "argmax"])
def test_reductions_of_bool(kind: str) -> None:
    agree(reduction("rows", kind, "bool"), [35, 5])


def test_reductions_of_nan() -> None:
    for kind in ("max", "min", "argmax", "argmin"):
        made = reduction("rows", kind, "float64")
        x = np.array([[1.0, np.nan, 3.0, np.nan], [np.inf, -np.inf, 2.0, np.inf], [-np.inf] * 4])
        for native in (False, True):
            out = np.zeros(3, made.operands[1].dtype)
            assert compiled(printed(made), native=native)(x.ravel(), out, 4, 3) == 0
            np.testing.assert_array_equal(out, getattr(x, kind)(1))


def test_layer_norm_and_a_check() -> None:
    x = ld(0, m, 1)
    count = op("cast", size(m), dtype=as_dtype("float32"))
    mean = op("div", red("sum", x), count)
    centred = op("sub", x, mean)
    variance = op("div", red("sum", op("square", centred)), count)
    y = op("div", centred, op("sqrt", op("add", variance, const(1e-5))))
    check = Check(op("lt", x, const(50.0)), 7)
    made = nest(
        "pr", (n, m), "float32 >float32 >float32", st(1, y, m, 1, full=True), st(2, mean, 1, 0), checks=(check,)
    )
    agree(made, [35, 35, 5])
    x_ = np.zeros(35, "f4")
    x_[17] = 60
    for native in (False, True):
        assert compiled(printed(made), native=native)(x_, x_.copy(), x_[:5].copy(), 7, 5) == 7
    with pytest.raises(KernelFailed):
        run_call(KernelCall(made, (), ""), [x_, x_.copy(), x_[:5].copy()], BINDINGS)


def test_gather_padding_and_index() -> None:
    where = ld(1, 1, dtype="int64")
    inside = op("and", op("ge", where, const(0, "int64")), op("lt", where, size(m)))
    value = op("add", ld(0, 0, dynamic=where, guard=inside), op("cast", index(0), dtype=as_dtype("float32")))
    agree(nest("p", (n,), "float32 int64 >float32", st(2, value, 1)), [7, 30, 30], bindings={"n": 30, "m": 7})


def test_several_stores_read_before_they_write() -> None:
    x, y = ld(0, 1), ld(1, 1)
    made = nest("p", (n,), "+float32 +float32", st(0, op("add", x, y), 1), st(1, op("sub", x, y), 1))
    agree(made, [5, 5])


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(random_nests())
def test_random_elementwise_graphs(case: tuple[Nest, int]) -> None:
    made, cols = case
    count = 2 * 5 * cols + 8
    with np.errstate(all="ignore"):
        agree(made, [count] * 3 + [5 * cols] * 2, native=False, rtol=1e-4, bindings={"n": 5, "m": cols})


def test_functions_of_numpy_agree_with_the_records() -> None:
    names = ["exp", "expm1", "tanh", "sigmoid", "softplus"]
    positive = ["log", "log1p", "rsqrt"]
    x = ld(0, 1, dtype="float64")
    above = op("add", op("square", x), const(0.1, "float64"))
    stores = [st(1 + j, op(name, x), 1) for j, name in enumerate(names)]
    stores += [st(1 + len(names) + j, op(name, above), 1) for j, name in enumerate(positive)]
    agree(nest("p", (n,), "float64 " + ">float64 " * len(stores), *stores), [5] * (1 + len(stores)), rtol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_contraction_with_epilogue(dtype: str) -> None:
    total = Expr("accumulator", (), dtype)
    bias = ld(2, 0, 0, 1, dtype=dtype)
    spec = Contraction(
        (n,), m, k, 4, Affine(0, (m * 4, 4, 0, 1)), Affine(0, (4 * k, 0, 1, k)),
        tuple(Operand(dtype, a) for a in ("in", "in", "in", "out")),
        (Store(3, Affine(0, (m * k, k, 1)), op("maximum", op("add", total, bias), const(0, dtype)), False),), dtype,
    )  # fmt: skip
    agree(spec, [5 * 7 * 4, 5 * 4 * 3, 3, 5 * 7 * 3])


@pytest.mark.parametrize(("groups", "batch_groups", "dilation"), [(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2)])
def test_convolution(groups: int, batch_groups: int, dilation: int) -> None:
    channels, features, image, window, stride, low = 4, 6, (7, 6), (3, 2), (2, 1), (1, 0)
    stretched = tuple((s - 1) * dilation + 1 for s in image)
    output = tuple((s + 2 * p - w) // t + 1 for s, w, t, p in zip(stretched, window, stride, low, strict=True))
    spec = Convolution(
        n, channels, features, image, window, output, stride, (1, 1), (dilation, dilation), low, groups, batch_groups,
        Affine(0, (image[0] * image[1] * channels, image[1] * channels, channels, 1)),
        Affine(0, (window[1] * (channels // groups) * features, (channels // groups) * features, features, 1)),
        tuple(Operand("float32", a) for a in ("in", "in", "out")),
        (Store(2, Affine(0, (output[0] * output[1] * features, output[1] * features, features, 1)),
               op("relu", Expr("accumulator", (), "float32")), False),), "float32",
    )  # fmt: skip
    counts = [
        4 * 42 * channels,
        6 * (channels // groups) * features,
        4 // batch_groups * output[0] * output[1] * features,
    ]
    agree(spec, counts, bindings={"n": 4})
