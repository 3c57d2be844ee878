"""Pieces shared by the families of functions: polynomials, dtype constants, error-free sums and products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from graphc.codegen.dialect import Dialect, Value

INF: Final = float("inf")
NAN: Final = float("nan")

MAGIC: Final = {"float32": 12582912.0, "float64": 6755399441055744.0}
"""1.5 * 2**23 and 1.5 * 2**52: adding one rounds to an integer and leaves it in the low bits."""

MANTISSA_BITS: Final = {"float32": 23, "float64": 52}
MIN_NORMAL: Final = {"float32": 2.0**-126, "float64": 2.0**-1022}


def horner(b: Dialect, x: Value, coefficients: Sequence[float]) -> Value:
    """The polynomial with these coefficients, lowest power first, by fused multiply-adds."""
    total = b.const(coefficients[-1], x.dtype)
    for c in reversed(coefficients[:-1]):
        total = b.fma(total, x, c)
    return total


def two_sum(b: Dialect, x: Value, y: Value) -> tuple[Value, Value]:
    """x + y exactly, as a rounded sum and its error (D. E. Knuth)."""
    total = b.add(x, y)
    other = b.sub(total, x)
    return total, b.add(b.sub(x, b.sub(total, other)), b.sub(y, other))


def fast_two_sum(b: Dialect, x: Value, y: Value) -> tuple[Value, Value]:
    """x + y exactly where |x| >= |y| (T. J. Dekker)."""
    total = b.add(x, y)
    return total, b.sub(y, b.sub(total, x))


def two_product(b: Dialect, x: Value, y: Value) -> tuple[Value, Value]:
    """x * y exactly, as a rounded product and its error."""
    product = b.mul(x, y)
    return product, b.fma(x, y, b.neg(product))


def through_float64(b: Dialect, formula: Callable[[Dialect, Value], Value], x: Value) -> Value:
    """A float32 result from a float64 formula."""
    return b.cast(formula(b, b.cast(x, "float64")), "float32")
