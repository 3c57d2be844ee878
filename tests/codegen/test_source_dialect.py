"""Exported source, run by Numba and as plain Python, against the NumPy dialect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from graphc.codegen import vmath
from graphc.codegen.dialect import DTYPES, FLOATS, INT_OF
from graphc.codegen.numpy_dialect import NumpyDialect
from graphc.codegen.source_dialect import SourceDialect, SourceValue

Array = np.ndarray[Any, Any]
NJIT = '@numba.njit(error_model="numpy")'


def build(formulas: list[Callable[..., Any]], operands: list[Array], decorator: str) -> Callable[..., None]:
    """A function ``f(out0, ..., x0, ...)`` that applies the printed formulas to every element."""
    lines: list[str] = []

    def assign(text: str, dtype: str) -> str:
        lines.append(f"t{len(lines)} = {text}")
        return lines[-1].split()[0]

    values = [SourceValue(f"x{k}[i]", str(a.dtype)) for k, a in enumerate(operands)]
    results = [formula(SourceDialect(assign), *values) for formula in formulas]
    lines.extend(f"out{k}[i] = {result.text}" for k, result in enumerate(results))
    body = "\n".join(f"        {line}" for line in lines)
    arguments = ", ".join([f"out{k}" for k in range(len(formulas))] + [f"x{k}" for k in range(len(operands))])
    source = f"{decorator}\ndef f({arguments}):\n    for i in range(len(out0)):\n{body}\n"
    scope: dict[str, Any] = {}
    exec(f"import math\nimport numba\nimport numpy as np\n\n{source}", scope)
    return scope["f"]


def run(formulas: list[Callable[..., Any]], *operands: Array) -> Iterator[tuple[int, Array, Array]]:
    """(which formula, result of the source, result of the NumPy dialect) under Numba and in plain Python."""
    want = [formula(NumpyDialect(), *operands) for formula in formulas]
    for decorator in (NJIT, ""):
        out = [np.empty(len(operands[0]), w.dtype) for w in want]
        with np.errstate(all="ignore"):
            build(formulas, list(operands), decorator)(*out, *operands)
        yield from zip(range(len(want)), out, want, strict=True)


def methods(names: list[str]) -> list[Callable[..., Any]]:
    return [lambda b, *a, name=name: getattr(b, name)(*a) for name in names]


def floats(dtype: str) -> Array:
    rng = np.random.default_rng(0)
    edges = np.array([0.0, -0.0, 1, -1, 0.5, -2.5, 7, np.inf, -np.inf, np.nan, 1e30, -1e30])
    return np.concatenate([edges, rng.uniform(-6, 6, 100), rng.uniform(0, 1, 50)]).astype(dtype)


@pytest.mark.parametrize("dtype", FLOATS)
def test_functions_agree_within_their_bounds(dtype: str) -> None:
    x, integer, epsilon = floats(dtype), INT_OF[dtype], np.finfo(dtype).eps
    names = sorted(vmath.FUNCTIONS)
    for operands in ((x,), (x, np.roll(x, 5))):
        chosen = [name for name in names if (name in ("pow", "atan2")) == (len(operands) == 2)]
        for k, got, want in run(methods(chosen), *operands):
            ok = (got == want) | (np.isnan(got) & np.isnan(want)) | (np.abs(want) < np.finfo(dtype).tiny)
            # The C library and NumPy are allowed 4 ulp, beside our own error.
            ok |= np.abs(got.view(integer) - want.view(integer)) <= 4 + vmath.ULP[chosen[k]][FLOATS.index(dtype)]
            if chosen[k] in ("lgamma", "digamma"):  # these sum terms up to 2.3, and larger ones for x < 0
                with np.errstate(invalid="ignore"):
                    bound = np.where(x < 0, 64 * (1 + np.abs(want)), 8 * (np.abs(want) < 3))
                    ok |= np.abs(got - want) < epsilon * bound
            assert ok.all(), (chosen[k], x[~ok], got[~ok], want[~ok])


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8", "uint64"])
def test_integer_operations_are_exact(dtype: str) -> None:
    info = np.iinfo(dtype)
    values = np.array([info.min, info.max, 0, 1, 2, 3, 7, *((-1, -2, -7) if info.min else (9,))], dtype)
    x, y = (a.ravel() for a in np.meshgrid(values, values))
    two = ["add", "sub", "mul", "floor_div", "mod", "trunc_div", "trunc_mod", "minimum", "maximum"]
    two += ["and_", "or_", "xor", "pow", "eq", "lt", "ge"]
    for k, got, want in run(methods(two), x, y):
        np.testing.assert_array_equal(got, want, err_msg=two[k])
    one = [*methods(["neg", "abs", "not_"]), lambda b, a: b.shr(b.shl(a, 2), 1)]
    for _, got, want in run(one, x):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", FLOATS)
def test_float_operations(dtype: str) -> None:
    x, y = (a.ravel() for a in np.meshgrid(floats(dtype)[:16], floats(dtype)[:16]))
    two = ["add", "mul", "div", "minimum", "maximum", "copysign", "floor_div", "mod", "trunc_mod", "ne", "le"]
    for k, got, want in run(methods(two), x, y):
        np.testing.assert_array_equal(got, want, err_msg=two[k])
    one = ["neg", "abs", "sqrt", "floor", "ceil", "rint", "trunc", "isnan", "isfinite"]
    for k, got, want in run(methods(one), x):
        np.testing.assert_array_equal(got, want, err_msg=one[k])


@pytest.mark.parametrize("source", ["bool", *FLOATS, "int8", "int64", "uint8"])
def test_casts(source: str) -> None:
    x = floats(source) if source in FLOATS else np.array([0, 1, 100, 127], source)
    for k, got, want in run([lambda b, a, target=target: b.cast(a, target) for target in DTYPES], x):
        np.testing.assert_array_equal(got, want, err_msg=f"{source} to {DTYPES[k]}")


def test_constants_select_fma_and_bits() -> None:
    def formula(b: Any, x: Any) -> Any:
        y = b.select(b.or_(b.gt(x, 0.1), b.isnan(x)), b.const(-np.inf, x.dtype), b.fma(x, 0.3, np.pi))
        return b.select(b.not_(b.xor(b.lt(x, 0.0), True)), y, 1e-7)

    def bits(b: Any, x: Any) -> Any:
        return b.bitcast(b.xor(b.bitcast(x, "int32"), 1), "float32")

    for k, got, want in run([formula, bits], floats("float32")):
        if k == 0:
            np.testing.assert_array_max_ulp(got, want, 1)
        else:
            assert got.tobytes() == want.tobytes()
