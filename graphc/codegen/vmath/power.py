"""pow, rsqrt, cbrt.

pow(x, y) = 2**(y log2 |x|) with the logarithm in double-double arithmetic: an exponent of 1024 magnifies its relative
error a thousandfold. float32 runs in float64, where the plain logarithm is accurate enough.
"""

from __future__ import annotations

from typing import Final

from graphc.codegen.dialect import BITS, SIGNED, Dialect, Value, is_float
from graphc.codegen.vmath.common import INF, NAN, fast_two_sum, horner, two_product, two_sum
from graphc.codegen.vmath.exponential import EXP, LN2, in_range, nearest_multiple, times_two_to
from graphc.codegen.vmath.logarithm import LOG2E, SHIFT_UP, log1p_tail, split_exponent

# (atanh(s) / s - 1 - s**2 / 3) / s**4 in powers of s**2, |s| <= (sqrt(2) - 1) / (sqrt(2) + 1).
ATANH: Final = (
    0.2, 0.14285714285714682, 0.11111111110827972, 0.09090909167689756, 0.076922974819691, 0.06667402308315055,
    0.058531192036303886, 0.058615785005950945,
)  # fmt: skip
THIRD: Final = (0.3333333333333333, 1.850371707708594e-17)
TWO_LOG2E: Final = (2.8853900817779268, 4.0710547481862066e-17)

Pair = tuple[Value, Value]
"""An unevaluated sum of two floats, the second one small."""


def _times(b: Dialect, x: Pair, y: Pair) -> Pair:
    high, low = two_product(b, x[0], y[0])
    return fast_two_sum(b, high, b.add(low, b.fma(x[0], y[1], b.mul(x[1], y[0]))))


def _log2_pair(b: Dialect, x: Value) -> Pair:
    """log2(x) of positive normal x to about 2**-66 of its size, through log m = 2 atanh(s), s = (m - 1) / (m + 1)."""
    n, m, _ = split_exponent(b, x)
    f = b.sub(m, 1.0)
    d, d_low = two_sum(b, m, b.const(1.0, x.dtype))
    s = b.div(f, d)
    s_low = b.div(b.sub(b.fma(b.neg(s), d, f), b.mul(s, d_low)), d)
    z, z_low = two_product(b, s, s)
    z_low = b.fma(b.add(s, s), s_low, z_low)
    tail = horner(b, z, ATANH)
    inner, inner_low = two_sum(b, b.const(THIRD[0], x.dtype), b.mul(z, tail))
    inner_low = b.add(inner_low, b.fma(z_low, tail, THIRD[1]))
    cubic = _times(b, (z, z_low), (inner, inner_low))
    scaled = _times(b, (s, s_low), (b.const(TWO_LOG2E[0], x.dtype), b.const(TWO_LOG2E[1], x.dtype)))
    extra = _times(b, scaled, cubic)
    high, low = fast_two_sum(b, scaled[0], extra[0])
    low = b.add(low, b.add(scaled[1], extra[1]))
    total, rest = two_sum(b, n, high)
    return fast_two_sum(b, total, b.add(rest, low))


def _log2_plain(b: Dialect, x: Value) -> Pair:
    """log2(x) of positive normal x in float64, for results in float32."""
    n, m, _ = split_exponent(b, x)
    f = b.sub(m, 1.0)
    high, low = LOG2E["float64"]
    return b.add(n, b.fma(f, high, b.fma(log1p_tail(b, f), high, b.mul(f, low)))), b.const(0.0, x.dtype)


def _exp2_pair(b: Dialect, high: Value, low: Value) -> Value:
    """2**(high + low) in float64."""
    bounded = b.minimum(b.maximum(high, -1100.0), 1100.0)
    n, n_bits = nearest_multiple(b, bounded, 1.0)
    part = b.sub(bounded, n)
    f, f_low = two_product(b, part, b.const(LN2["float64"][0], "float64"))
    f_low = b.add(f_low, b.fma(part, LN2["float64"][1], b.mul(low, LN2["float64"][0])))
    f, f_low = two_sum(b, f, f_low)
    p = horner(b, f, (1.0, *EXP["float64"]))
    # 1 + f p, with the second part of f to first order.
    y = b.add(1.0, b.fma(f, p, b.fma(f_low, f, f_low)))
    return in_range(b, high, times_two_to(b, y, n_bits), -1022.0, 1023.9999999999999)


def _real(b: Dialect, x: Value, y: Value, exact: bool) -> Value:
    """pow of float64 with every special case of C's Annex F."""
    size = b.abs(x)
    tiny = b.lt(size, 2.0**-1022)
    usable = b.select(tiny, b.mul(size, 2.0 ** SHIFT_UP["float64"]), size)
    log_high, log_low = (_log2_pair if exact else _log2_plain)(b, usable)
    log_high = b.select(tiny, b.sub(log_high, SHIFT_UP["float64"]), log_high)
    finite = b.and_(b.gt(size, 0.0), b.lt(size, INF))
    log_high = b.select(finite, log_high, b.select(b.eq(size, 0.0), -INF, size))
    log_low = b.select(finite, log_low, 0.0)
    high, low = two_product(b, y, log_high)
    low = b.fma(y, log_low, low)
    result = _exp2_pair(b, high, b.select(b.isfinite(low), low, 0.0))
    result = b.select(b.eq(size, 1.0), b.select(b.isnan(y), y, 1.0), result)
    whole = b.eq(b.trunc(y), y)
    half = b.mul(y, 0.5)
    odd = b.and_(whole, b.ne(b.trunc(half), half))
    result = b.select(b.and_(odd, b.lt(b.copysign(1.0, x), 0.0)), b.neg(result), result)
    forbidden = b.and_(b.and_(b.lt(x, 0.0), b.lt(size, INF)), b.not_(whole))
    result = b.select(forbidden, NAN, result)
    return b.select(b.or_(b.eq(y, 0.0), b.eq(x, 1.0)), 1.0, result)


def _integer(b: Dialect, x: Value, y: Value) -> Value:
    dtype = str(x.dtype)
    result, factor = b.const(1, dtype), x
    # Only so many bits of the exponent change a product modulo 2**bits: x**(2**(bits - 2)) is 0 or 1 there.
    for bit in range(BITS[dtype]):
        result = b.select(b.ne(b.and_(y, 1 << bit), 0), b.mul(result, factor), result)
        factor = b.mul(factor, factor)
    if dtype not in SIGNED:
        return result
    unit = b.select(b.or_(b.eq(x, 1), b.and_(b.eq(x, -1), b.eq(b.and_(y, 1), 0))), b.const(1, dtype), 0)
    unit = b.select(b.and_(b.eq(x, -1), b.ne(b.and_(y, 1), 0)), -1, unit)
    return b.select(b.lt(y, 0), unit, result)


def pow(b: Dialect, x: Value, y: Value) -> Value:
    """x to the power y (float32 through float64), C's special cases.

    Integers: by squaring, wrapping; negative exponents give 1 / x**-y rounded toward zero, and 0 for x = 0.
    """
    if not is_float(x.dtype):
        return _integer(b, x, y)
    if str(x.dtype) == "float32":
        return b.cast(_real(b, b.cast(x, "float64"), b.cast(y, "float64"), exact=False), "float32")
    return _real(b, x, y, exact=True)


def rsqrt(b: Dialect, x: Value) -> Value:
    """1 / sqrt(x)."""
    return b.div(1.0, b.sqrt(x))


def cbrt(b: Dialect, x: Value) -> Value:
    """Real cube root (float32 through float64): one step of Newton's method on 2**(log2 |x| / 3)."""
    if str(x.dtype) == "float32":
        return b.cast(cbrt(b, b.cast(x, "float64")), "float32")
    size = b.abs(x)
    tiny = b.lt(size, 2.0**-1022)
    usable = b.select(tiny, b.mul(size, 2.0**54), size)
    high, _ = _log2_plain(b, usable)
    y = _exp2_pair(b, b.mul(high, THIRD[0]), b.const(0.0, x.dtype))
    square, square_low = two_product(b, y, y)
    cube, cube_low = two_product(b, square, y)
    excess = b.add(b.sub(cube, usable), b.fma(square_low, y, cube_low))
    y = b.sub(y, b.div(excess, b.mul(square, 3.0)))
    y = b.select(tiny, b.mul(y, 2.0**-18), y)
    return b.select(b.and_(b.gt(size, 0.0), b.lt(size, INF)), b.copysign(y, x), x)
