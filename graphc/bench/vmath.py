"""Error and speed of every function of `graphc.codegen.vmath`: ``python -m graphc.bench.vmath``.

Errors are measured against NumPy's long double functions on random arguments; the tests hold the bounds. Times are
nanoseconds per element of the native loop, arrays in cache, beside NumPy's own function.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from graphc.codegen import vmath
from graphc.codegen.cpu.irtext import Module
from graphc.codegen.cpu.llvm_dialect import LLVMDialect
from graphc.codegen.numpy_dialect import NumpyDialect
from graphc.testing.native import Native

Array = np.ndarray[Any, Any]
LANES: Final = {"float32": 16, "float64": 8}
LENGTH: Final = 4096

# Name: NumPy's function (None where it has none) and the interval of the arguments.
CASES: Final[dict[str, tuple[Callable[..., Array] | None, tuple[float, float]]]] = {
    "exp": (np.exp, (-20, 20)), "exp2": (np.exp2, (-20, 20)), "expm1": (np.expm1, (-3, 3)),
    "sinh": (np.sinh, (-5, 5)), "cosh": (np.cosh, (-5, 5)), "tanh": (np.tanh, (-5, 5)),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), (-10, 10)),
    "softplus": (lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), (-10, 10)),
    "log": (np.log, (0.01, 100)), "log2": (np.log2, (0.01, 100)), "log10": (np.log10, (0.01, 100)),
    "log1p": (np.log1p, (-0.9, 10)), "asinh": (np.arcsinh, (-10, 10)), "acosh": (np.arccosh, (1, 10)),
    "atanh": (np.arctanh, (-1, 1)), "sin": (np.sin, (-30, 30)), "cos": (np.cos, (-30, 30)),
    "tan": (np.tan, (-30, 30)), "asin": (np.arcsin, (-1, 1)), "acos": (np.arccos, (-1, 1)),
    "atan": (np.arctan, (-5, 5)), "atan2": (np.arctan2, (-5, 5)), "pow": (np.power, (0.01, 10)),
    "rsqrt": (lambda x: 1 / np.sqrt(x), (0.01, 100)), "cbrt": (np.cbrt, (-100, 100)),
    "erf": (None, (-4, 4)), "erfc": (None, (-4, 8)), "lgamma": (None, (0.01, 30)), "digamma": (None, (0.01, 30)),
}  # fmt: skip


def kernel(name: str, dtype: str, operands: int) -> Any:
    """A native loop: (address of the result, addresses of the operands, length)."""
    module = Module()
    pointers = {f"x{k}": "ptr" for k in range(operands)}
    with module.function("k", {"out": "ptr", **pointers, "n": "int64"}) as f:
        out, *inputs, n = f.args
        with f.loop(0, n, LANES[dtype]) as i:
            b = LLVMDialect(f, LANES[dtype])
            f.store(b.call(name, *(f.load(p, dtype, b.lanes, index=i) for p in inputs)), out, index=i)
    return Native(module.text()).function("k", *[ctypes.c_void_p] * (operands + 1), ctypes.c_int64)


def seconds(function: Callable[..., object], *arguments: Any) -> float:
    """Best time of one call."""
    best = float("inf")
    for _ in range(25):
        start = time.perf_counter()
        for _ in range(8):
            function(*arguments)
        best = min(best, (time.perf_counter() - start) / 8)
    return best


def measure(name: str, dtype: str) -> tuple[float, float, float]:
    """(largest error in ulp, own nanoseconds per element, NumPy's)."""
    reference, (low, high) = CASES[name]
    rng = np.random.default_rng(1)
    operands = 2 if name in ("pow", "atan2") else 1
    x = [rng.uniform(low, high, LENGTH).astype(dtype) for _ in range(operands)]
    out = np.empty_like(x[0])
    addresses = [a.ctypes.data for a in (out, *x)]
    own = seconds(kernel(name, dtype, operands), *addresses, LENGTH) / LENGTH * 1e9
    if reference is None:
        return np.nan, own, np.nan
    many = [rng.uniform(low, high, 200_000).astype(dtype) for _ in range(operands)]
    want = reference(*(a.astype(np.longdouble) for a in many))
    got = getattr(NumpyDialect(), name)(*many)
    error = np.abs(got - want) / np.spacing(np.abs(want).astype(dtype)).astype(np.longdouble)
    return float(error.max()), own, seconds(reference, *x) / LENGTH * 1e9


def main() -> None:
    """Print the table in Markdown."""
    print("| function | ulp f32 (bound) | ulp f64 (bound) | ns f32 | NumPy f32 | ns f64 | NumPy f64 |")
    print("|---|---|---|---|---|---|---|")
    for name in CASES:
        rows = [measure(name, dtype) for dtype in LANES]
        errors = [
            f"{row[0]:.2f} ({bound:g})" if row[0] == row[0] else f"({bound:g})"
            for row, bound in zip(rows, vmath.ULP[name], strict=True)
        ]
        times = [f"{t:.2f}" if t == t else "-" for r in rows for t in r[1:]]
        print(f"| {' | '.join([name, *errors, *times])} |")


if __name__ == "__main__":
    main()
