"""Random nests with several passes: reductions of reductions, values kept between passes, early and late stores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st_

from graphc.codegen.cpu.target import HostTarget
from graphc.ir.dims import Dim, symbol
from graphc.loops.expr import Expr
from graphc.loops.spec import Nest
from graphc.testing.kernels import avx2_target
from graphc.testing.nests import const, ld, nest, op, red, st
from tests.codegen.nest_runner import Runner, reference, scalar_target

n, m = symbol("n"), symbol("m")
BOUNDED = ("tanh", "sigmoid", "neg", "abs", "sin")


def _value(draw: st_.DrawFn, values: list[Expr]) -> Expr:
    """One more value of magnitude about 1, so that errors stay small."""
    a, b = (draw(st_.sampled_from(values)) for _ in range(2))
    shape = draw(st_.sampled_from(["unary", "mean", "max", "min", "mix", "product", "select"]))
    if shape == "unary":
        return op(draw(st_.sampled_from(BOUNDED)), a)
    if shape in ("max", "min"):
        return red(shape, a)
    if shape == "mean":
        return op("tanh", op("mul", red("sum", a), const(0.01, a.dtype)))
    if shape == "mix":
        return op("mul", op("add", a, b), const(0.5, a.dtype))
    if shape == "product":
        return op("tanh", op("mul", a, b))
    return op("select", op("lt", a, b), a, b)


@st_.composite
def nests(draw: st_.DrawFn) -> tuple[Nest, dict[str, int]]:
    """A random nest over rows or columns, of known or unknown depth."""
    dtype = draw(st_.sampled_from(["float32", "float64"]))
    depth = draw(st_.sampled_from([1, 7, 16, 33, 200, 5000]))
    size: Dim = depth if draw(st_.booleans()) else m
    full, outer = ((size, 1), (1, 0)) if draw(st_.booleans()) else ((1, n), (1, 0))
    inplace = draw(st_.booleans())
    values = [ld(0, *full, dtype=dtype), ld(1, *outer, dtype=dtype), ld(2, 0, 1, dtype=dtype)]
    if inplace:
        values.append(ld(3, *full, dtype=dtype))
    for _ in range(draw(st_.integers(2, 12))):
        values.append(_value(draw, values))
    first, second = draw(st_.sampled_from(values)), values[-1]
    flat = red("max", draw(st_.sampled_from(values)))
    stores = [st(3, first, *full, full=True), st(4, second, *full, full=True), st(5, flat, *outer)]
    kinds = f"{dtype} {dtype} {dtype} {'+' if inplace else '>'}{dtype} >{dtype} >{dtype}"
    return nest("pr", (n, size), kinds, *stores), {"n": draw(st_.sampled_from([1, 3, 20])), "m": depth}


@pytest.mark.parametrize("target", [None, avx2_target(), scalar_target()], ids=["host", "avx2", "scalar"])
def test_random_passes(target: HostTarget | None) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(nests())
    def holds(case: tuple[Nest, dict[str, int]]) -> None:
        made, sizes = case
        rows, depth, dtype = sizes["n"], sizes["m"], made.operands[0].dtype
        rng = np.random.default_rng(0)
        counts = [rows * depth, rows, depth, rows * depth, rows * depth, rows]
        arrays = [rng.uniform(-1, 1, count).astype(dtype) for count in counts]
        expected = [a.copy() for a in arrays]
        assert Runner(made, target).run(arrays, sizes, 2) == reference(made, expected, sizes) == 0
        tolerance = 2e-4 if dtype == "float32" else 1e-10
        for got, want in zip(arrays, expected, strict=True):
            # A comparison may step differently for values that are equal but for rounding.
            close = np.isclose(got, want, rtol=tolerance, atol=tolerance)
            assert close.mean() > 0.98, (got[~close][:5], want[~close][:5])

    holds()
