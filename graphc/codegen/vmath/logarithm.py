"""log, log2, log10, log1p, softplus, asinh, acosh, atanh.

x = 2**n m with m in [sqrt(1/2), sqrt(2)), and log m = f + t with f = m - 1 exact. In float32 t is a Chebyshev fit; in
float64 it comes from the series of log((1 + s) / (1 - s)), s = f / (2 + f), with the coefficients of fdlibm's
``e_log.c`` (Sun Microsystems, 1993). Keeping f and t apart is what lets log2 and log10 stay accurate.
"""

from __future__ import annotations

from typing import Final

from graphc.codegen.dialect import INT_OF, Dialect, Value
from graphc.codegen.vmath.common import INF, MAGIC, MANTISSA_BITS, MIN_NORMAL, NAN, horner, through_float64, two_sum
from graphc.codegen.vmath.exponential import LN2, exp

# (log(1 + f) - f + f**2/2) / f**3 on the range of f, from the lowest power.
LOG32: Final = (
    0.33333331180030046, -0.24999996957950882, 0.200007157488921, -0.16667802319501254, 0.1424905764569748,
    -0.12425687331451106, 0.1168541992348674, -0.11479733846637635, 0.06971611471451178,
)  # fmt: skip
LOG64: Final = (
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
    1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860510658591e-01,
)  # fmt: skip
SQRT_HALF_BITS: Final = {"float32": 0x3F3504F3, "float64": 0x3FE6A09E667F3BCD}
BIAS: Final = {"float32": 127, "float64": 1023}
SHIFT_UP: Final = {"float32": 24.0, "float64": 54.0}
# 1/ln(2), 1/ln(10) and log10(2) in two parts.
LOG2E: Final = {
    "float32": (1.4426950216293335, 1.925963033500011e-08),
    "float64": (1.4426950408889634, 2.0355273740931033e-17),
}
LOG10E: Final = {
    "float32": (0.4342944920063019, -1.0103049952192578e-08),
    "float64": (0.4342944819032518, 1.098319650216765e-17),
}
LOG10_2: Final = {
    "float32": (0.3010300099849701, -1.432098883924482e-08),
    "float64": (0.3010299956639812, -2.8037281277851704e-18),
}


def split_exponent(b: Dialect, x: Value) -> tuple[Value, Value, Value]:
    """(n as a float, m, the bits 2**-n would need) of a positive normal x = 2**n m, m in [sqrt(1/2), sqrt(2))."""
    dtype = str(x.dtype)
    integer, shift, bias = INT_OF[dtype], MANTISSA_BITS[dtype], BIAS[dtype]
    bits = b.bitcast(x, integer)
    offset = (bias << shift) - SQRT_HALF_BITS[dtype]
    # Biased to stay positive: an unsigned shift of 64-bit lanes exists on every vector unit, a signed one does not.
    biased = b.bitcast(b.shr(b.bitcast(b.add(bits, offset), "u" + integer), shift), integer)
    shifted = b.shl(b.sub(biased, bias), shift)
    magic_bits = {"float32": 0x4B400000, "float64": 0x4338000000000000}[dtype]
    n = b.sub(b.bitcast(b.add(biased, magic_bits), dtype), MAGIC[dtype] + bias)
    return n, b.bitcast(b.sub(bits, shifted), dtype), shifted


def log1p_tail(b: Dialect, f: Value) -> Value:
    """log(1 + f) - f for sqrt(1/2) <= 1 + f <= sqrt(2)."""
    z = b.mul(f, f)
    if str(f.dtype) == "float32":
        return b.mul(z, b.fma(f, horner(b, f, LOG32), -0.5))
    s = b.div(f, b.add(f, 2.0))
    square = b.mul(s, s)
    half = b.mul(z, 0.5)
    return b.fma(s, b.fma(horner(b, square, LOG64), square, half), b.neg(half))


def natural(b: Dialect, f: Value, n: Value) -> Value:
    """log((1 + f) 2**n)."""
    high, low = LN2[str(f.dtype)]
    return b.fma(n, high, b.add(f, b.fma(n, low, log1p_tail(b, f))))


def _normalised(b: Dialect, x: Value) -> tuple[Value, Value]:
    """(n, f) with x = 2**n (1 + f) for positive finite x, denormals too."""
    dtype = str(x.dtype)
    tiny = b.lt(x, MIN_NORMAL[dtype])
    n, m, _ = split_exponent(b, b.select(tiny, b.mul(x, 2.0 ** SHIFT_UP[dtype]), x))
    return b.select(tiny, b.sub(n, SHIFT_UP[dtype]), n), b.sub(m, 1.0)


def _at_edges(b: Dialect, x: Value, y: Value) -> Value:
    """y for positive finite x, and what a logarithm is elsewhere."""
    edge = b.select(b.eq(x, 0.0), -INF, b.select(b.lt(x, 0.0), NAN, x))
    return b.select(b.and_(b.gt(x, 0.0), b.lt(x, INF)), y, edge)


def log(b: Dialect, x: Value) -> Value:
    """Natural logarithm."""
    n, f = _normalised(b, x)
    return _at_edges(b, x, natural(b, f, n))


def _other_base(b: Dialect, x: Value, factor: tuple[float, float], per_octave: tuple[float, float]) -> Value:
    n, f = _normalised(b, x)
    t = log1p_tail(b, f)
    high, low = factor
    y = b.fma(f, high, b.fma(t, high, b.mul(f, low)))
    y = b.fma(n, per_octave[0], b.fma(n, per_octave[1], y))
    return _at_edges(b, x, y)


def log2(b: Dialect, x: Value) -> Value:
    """Logarithm to base 2, exact for powers of two."""
    return _other_base(b, x, LOG2E[str(x.dtype)], (1.0, 0.0))


def log10(b: Dialect, x: Value) -> Value:
    """Logarithm to base 10."""
    return _other_base(b, x, LOG10E[str(x.dtype)], LOG10_2[str(x.dtype)])


def log_of_sum(b: Dialect, u: Value, rest: Value, octaves: Value | float = 0.0) -> Value:
    """log((u + rest) * 2**octaves) for positive normal u and a small rest."""
    dtype = str(u.dtype)
    n, m, shifted = split_exponent(b, u)
    # 2**-n, or 0 where the rest is far below the last bit of m anyway.
    bits = b.maximum(b.sub(b.const(BIAS[dtype] << MANTISSA_BITS[dtype], INT_OF[dtype]), shifted), 0)
    scale = b.bitcast(bits, dtype)
    f = b.add(b.sub(m, 1.0), b.mul(rest, scale))
    return natural(b, f, b.add(n, octaves))


def log1p(b: Dialect, x: Value) -> Value:
    """log(1 + x)."""
    u, rest = two_sum(b, b.const(1.0, x.dtype), x)
    y = log_of_sum(b, u, rest)
    y = b.select(b.eq(x, 0.0), x, y)
    return b.select(b.and_(b.gt(x, -1.0), b.lt(x, INF)), y, _at_edges(b, b.add(x, 1.0), y))


def softplus(b: Dialect, x: Value) -> Value:
    """log(1 + e**x) = max(x, 0) + log1p(e**-|x|). ``log_sigmoid(x)`` is ``-softplus(-x)``."""
    e = exp(b, b.neg(b.abs(x)))
    u, rest = two_sum(b, b.const(1.0, x.dtype), e)
    y = log_of_sum(b, u, rest)
    y = b.select(b.lt(e, 2.0 ** -(MANTISSA_BITS[str(x.dtype)] + 2)), e, y)
    return b.add(b.maximum(x, 0.0), y)


def asinh(b: Dialect, x: Value) -> Value:
    """Inverse hyperbolic sine (float32 through float64): log1p(|x| + x**2 / (1 + sqrt(x**2 + 1)))."""
    if str(x.dtype) == "float32":
        return through_float64(b, asinh, x)
    size = b.abs(x)
    large = b.gt(size, 2.0**28)
    safe = b.select(large, 1.0, size)
    z = b.mul(safe, safe)
    v = b.add(safe, b.div(z, b.add(b.sqrt(b.add(z, 1.0)), 1.0)))
    u, rest = two_sum(b, b.const(1.0, x.dtype), v)
    y = log_of_sum(b, b.select(large, size, u), b.select(large, 0.0, rest), b.select(large, b.const(1.0, x.dtype), 0.0))
    y = b.select(b.lt(size, 2.0**-28), size, y)
    return b.select(b.lt(size, INF), b.copysign(y, x), x)


def acosh(b: Dialect, x: Value) -> Value:
    """Inverse hyperbolic cosine (float32 through float64): log1p(t + sqrt(2t + t**2)), t = x - 1."""
    if str(x.dtype) == "float32":
        return through_float64(b, acosh, x)
    large = b.gt(x, 2.0**28)
    t = b.select(large, 1.0, b.sub(x, 1.0))
    v = b.add(t, b.sqrt(b.fma(t, t, b.add(t, t))))
    u, rest = two_sum(b, b.const(1.0, x.dtype), v)
    y = log_of_sum(b, b.select(large, x, u), b.select(large, 0.0, rest), b.select(large, b.const(1.0, x.dtype), 0.0))
    y = b.select(b.eq(x, 1.0), 0.0, y)
    return b.select(b.lt(x, 1.0), NAN, b.select(b.lt(x, INF), y, x))


def atanh(b: Dialect, x: Value) -> Value:
    """Inverse hyperbolic tangent (float32 through float64): log1p(2|x| / (1 - |x|)) / 2."""
    if str(x.dtype) == "float32":
        return through_float64(b, atanh, x)
    size = b.abs(x)
    double = b.add(size, size)
    v = b.div(double, b.sub(1.0, size))
    v = b.select(b.lt(size, 0.5), b.add(double, b.div(b.mul(double, size), b.sub(1.0, size))), v)
    y = b.copysign(b.mul(log1p(b, v), 0.5), x)
    return b.select(b.eq(x, 0.0), x, y)
