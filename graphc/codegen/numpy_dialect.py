"""The dialect of NumPy arrays: formulas run eagerly, so that they can be tested over millions of points.

It rounds as the native kernels do: float32 stays float32, `fma` has one rounding (but for double roundings in about
one of 2**29 cases).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.codegen.dialect import Dialect

Array = np.ndarray[Any, Any]

_UNARY = {
    "neg": np.negative, "abs": np.absolute, "sqrt": np.sqrt, "floor": np.floor, "ceil": np.ceil, "rint": np.rint,
    "trunc": np.trunc, "not": np.invert,
}  # fmt: skip
_BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "minimum": np.minimum,
    "maximum": np.maximum, "copysign": np.copysign, "and": np.bitwise_and, "or": np.bitwise_or,
    "xor": np.bitwise_xor, "shl": np.left_shift, "shr": np.right_shift, "remainder": np.fmod,
}  # fmt: skip
_COMPARE = {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
}  # fmt: skip


def _two_product_error(x: Array, y: Array, product: Array) -> Array:
    """The rounding error of ``product = x * y`` in float64 (T. J. Dekker, 1971), the factors split by their bits."""

    def split(a: Array) -> tuple[Array, Array]:
        high = ((a.view(np.int64) + (1 << 26)) & -(1 << 27)).view(np.float64)
        return high, a - high

    (xh, xl), (yh, yl) = split(x), split(y)
    return ((xh * yh - product) + xh * yl + xl * yh) + xl * yl


def fma(x: Array, y: Array, z: Array) -> Array:
    """x * y + z with one rounding, for float32 or float64 arrays of one shape."""
    if x.dtype == np.float32:
        return (x.astype(np.float64) * y.astype(np.float64) + z.astype(np.float64)).astype(np.float32)
    x, y, z = (np.ascontiguousarray(a) for a in np.broadcast_arrays(x, y, z))
    product = x * y
    error = _two_product_error(x, y, product)
    total = product + z
    other = total - product
    rest = (product - (total - other)) + (z - other)  # two-sum (D. E. Knuth)
    correction = rest + error
    return np.where(np.isfinite(correction) & (correction != 0), total + correction, total)  # the sign of zero stays


class NumpyDialect(Dialect):
    """Values are NumPy arrays; no floating-point warnings are issued.

    Examples
    --------
    >>> b = NumpyDialect()
    >>> b.floor_div(np.int32([7, -7, 5]), np.int32([2, 2, 0]))
    array([ 3, -4,  0], dtype=int32)
    """

    def _const(self, value: float, dtype: str) -> Array:
        if isinstance(value, int) and dtype.startswith(("int", "uint")):
            return np.array(value & (2**64 - 1), np.uint64).astype(dtype)
        return np.array(value, dtype)

    def _unary(self, op: str, x: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(_UNARY[op](x))

    def _binary(self, op: str, x: Array, y: Array) -> Array:
        with np.errstate(all="ignore"):
            if op == "quotient":
                return np.asarray((x - np.fmod(x, y)) // y)  # exact, so rounding down equals truncation
            return np.asarray(_BINARY[op](x, y))

    def _compare(self, op: str, x: Array, y: Array) -> Array:
        return np.asarray(_COMPARE[op](x, y))

    def _fma(self, x: Array, y: Array, z: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(fma(x, y, z))

    def _select(self, condition: Array, x: Array, y: Array) -> Array:
        return np.where(condition, x, y)

    def _lookup(self, table: tuple[float, ...], index: Array, dtype: str) -> Array:
        return np.asarray(np.array(table, dtype)[index])

    def _convert(self, x: Array, dtype: str) -> Array:
        with np.errstate(all="ignore"):
            return x.astype(dtype)

    def _bitcast(self, x: Array, dtype: str) -> Array:
        return np.ascontiguousarray(x).view(dtype).reshape(x.shape)
