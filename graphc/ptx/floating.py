"""Floating-point arithmetic with one rounding, in the direction an instruction asks for.

`fused` follows Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to
odd" (2008); results that may leave the normal range go through the C library's `fma`.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np

from graphc.ptx.values import Array

__all__ = ["flushed", "fused", "larger", "rounded", "smaller", "two_sum"]

_SPLIT = 134217729.0
F32, F64 = np.dtype("f4"), np.dtype("f8")


def flushed(x: Any) -> Any:
    """Denormal float32 numbers become zeros of their sign; other types are left alone."""
    if x.dtype != F32:
        return x
    return np.where(np.abs(x) < np.finfo("f4").tiny, np.copysign(np.float32(0), x), x)


def two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """A sum and its rounding error (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def _two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """A product and its rounding error (Dekker, Veltkamp)."""
    p = a * b
    high_a, high_b = _SPLIT * a, _SPLIT * b
    high_a, high_b = high_a - (high_a - a), high_b - (high_b - b)
    low_a, low_b = a - high_a, b - high_b
    return p, ((high_a * high_b - p) + high_a * low_b + low_a * high_b) + low_a * low_b


def _odd(high: Any, low: Any) -> Any:
    """`high + low` as float64, rounded to odd: no later rounding can be misled by it."""
    bits = np.ascontiguousarray(high).view(np.int64)
    away = (low > 0) == (high > 0)
    moved = np.where((low != 0) & (bits & 1 == 0) & np.isfinite(high), bits + np.where(away, 1, -1), bits)
    return np.where((high == 0) & (low != 0), low, moved.view(np.float64))


def rounded(high: Any, low: Any, dtype: np.dtype[Any], mode: str) -> Any:
    """`high + low`, float64, as `dtype` with one rounding: ``rn``, ``rz``, ``rm`` (down) or ``rp`` (up)."""
    exact = _odd(np.atleast_1d(high), np.atleast_1d(low)) if dtype != F64 else np.atleast_1d(high)
    near = exact.astype(dtype)
    if mode == "rn":
        return near
    error = np.atleast_1d(low) if dtype == F64 else exact - near.astype(np.float64)
    toward_zero = np.where(near > 0, error < 0, error > 0) if mode == "rz" else False
    down = (error < 0) if mode == "rm" else toward_zero & (near > 0)
    up = (error > 0) if mode == "rp" else toward_zero & (near < 0)
    infinity = dtype.type(np.inf)
    return np.where(down, np.nextafter(near, -infinity), np.where(up, np.nextafter(near, infinity), near)).astype(dtype)


@functools.cache
def _library_fma() -> Any:
    function = ctypes.CDLL(None).fma
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double] * 3
    return np.frompyfunc(function, 3, 1)


def fused(a: Any, b: Any, c: Any, dtype: np.dtype[Any], mode: str) -> Any:
    """``a * b + c`` with one rounding."""
    if dtype != F64:
        # The product of two float32 numbers is exact in float64.
        x, y, z = (np.asarray(v, np.float64) for v in (a, b, c))
        high, low = two_sum(x * y, z)
        return rounded(high, np.where(np.isfinite(low), low, 0), dtype, mode)
    x, y, z = np.broadcast_arrays(np.atleast_1d(a), b, c)
    p, e = _two_product(x, y)
    high, low = two_sum(z, e)
    top, rest = two_sum(p, high)
    error = _odd(*two_sum(low, rest))
    result = top + error
    size = np.abs(np.where(p == 0, 1.0, p))
    risky = ~np.isfinite(result) | (size < 1e-250) | (size > 1e250) | (np.abs(z) > 1e250) | (p == 0)
    risky |= (np.maximum(np.abs(x), np.abs(y)) > 1e290) | ((result != 0) & (np.abs(result) < 1e-250))
    if risky.any():
        result[risky] = _library_fma()(x[risky], y[risky], z[risky]).astype(np.float64)
    if mode != "rn":
        return rounded(result, (top - result) + error, dtype, mode)
    return result


def _ordered(pick: Any, a: Any, b: Any, keep_nan: bool, negative_first: bool) -> Any:
    found = pick(a, b)
    zeros = (a == 0) & (b == 0)
    either = np.signbit(a) | np.signbit(b) if negative_first else np.signbit(a) & np.signbit(b)
    found = np.where(zeros, np.copysign(found.dtype.type(0), np.where(either, -1.0, 1.0)).astype(found.dtype), found)
    return np.where(np.isnan(a) | np.isnan(b), found.dtype.type(np.nan), found) if keep_nan else found


def smaller(a: Any, b: Any, keep_nan: bool = False) -> Any:
    """The smaller operand; of a number and NaN the number, unless NaN is to be kept; -0 is below +0."""
    return _ordered(np.fmin, a, b, keep_nan, True)


def larger(a: Any, b: Any, keep_nan: bool = False) -> Any:
    """The larger operand, likewise."""
    return _ordered(np.fmax, a, b, keep_nan, False)
