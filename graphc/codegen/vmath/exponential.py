"""exp, exp2, expm1, sinh, cosh, tanh, sigmoid.

Reduction x = n ln 2 + f, |f| <= ln(2)/2, by adding a magic constant; n ln 2 is subtracted in two parts (W. J. Cody and
W. Waite, 1980). exp(f) - 1 is f + f**2 p(f) with p a Chebyshev fit. 2**n is put into exponent bits: a libm ``ldexp``
would not vectorise. Results below the smallest normal number are 0.
"""

from __future__ import annotations

from typing import Final

from graphc.codegen.dialect import INT_OF, Dialect, Value
from graphc.codegen.vmath.common import INF, MAGIC, MANTISSA_BITS, horner

LOG2E: Final = 1.4426950408889634
# ln 2 in two parts. With a fused multiply-add the first needs no trailing zeros.
LN2: Final = {
    "float32": (0.693147182464599609375, -1.9046542121259336e-09),
    "float64": (0.6931471805599453, 2.3190468138462996e-17),
}
# (exp(f) - 1 - f) / f**2 from the lowest power; Chebyshev fit on |f| <= 0.35 with the first coefficient kept at 1/2.
EXP: Final = {
    "float32": (0.5, 0.16666629368628028, 0.041666620059985324, 0.008357680586068655, 0.0013919313890315204),
    "float64": (
        0.5, 0.16666666666666666, 0.0416666666666501, 0.00833333333333206, 0.0013888888906916628,
        0.00019841269855134627, 2.4801534341237888e-05, 2.7557278492467266e-06, 2.7614931875440477e-07,
        2.509641984172136e-08,
    ),
}  # fmt: skip
# Where exp leaves the range of normal numbers, and where exp2 does.
RANGE: Final = {"float32": (-87.33654, 88.72283), "float64": (-708.3964185322641, 709.782712893384)}
RANGE2: Final = {"float32": (-126.0, 127.99999), "float64": (-1022.0, 1023.9999999999999)}
# Beyond this |x|, sinh and cosh overflow; below minus the second, expm1 is -1; above it tanh is 1.
OVERFLOW2: Final = {"float32": 89.41599, "float64": 710.4758600739439}
SATURATED: Final = {"float32": 18.0, "float64": 40.0}
# (tanh(x) / x - 1) / x**2 in powers of x**2, |x| <= 0.6.
TANH32: Final = (
    -0.3333333033273155, 0.13332915366987452, -0.053873948848643334, 0.02111095904951479, -0.00626911971964973
)  # fmt: skip


def nearest_multiple(b: Dialect, x: Value, scale: float) -> tuple[Value, Value]:
    """n = rint(x * scale) as a float, and an integer whose low bits hold n; |n| must be below 2**21."""
    dtype = str(x.dtype)
    shifted = b.fma(x, scale, MAGIC[dtype])
    return b.sub(shifted, MAGIC[dtype]), b.bitcast(shifted, INT_OF[dtype])


def times_two_to(b: Dialect, x: Value, n_bits: Value) -> Value:
    """x * 2**n for a normal result, n in the low bits of an integer."""
    bits = b.add(b.bitcast(x, INT_OF[str(x.dtype)]), b.shl(n_bits, MANTISSA_BITS[str(x.dtype)]))
    return b.bitcast(bits, x.dtype)


def in_range(b: Dialect, x: Value, y: Value, low: float, high: float) -> Value:
    """y where low <= x <= high, 0 below, infinity above, NaN for NaN."""
    return b.select(b.le(x, high), b.select(b.ge(x, low), y, 0.0), b.mul(x, INF))


def reduce(b: Dialect, x: Value) -> tuple[Value, Value]:
    """(f, bits of n) with x = n ln 2 + f."""
    n, n_bits = nearest_multiple(b, x, LOG2E)
    high, low = LN2[str(x.dtype)]
    return b.fma(n, -low, b.fma(n, -high, x)), n_bits


def exp(b: Dialect, x: Value) -> Value:
    """e**x."""
    f, n_bits = reduce(b, x)
    p = horner(b, f, (1.0, 1.0, *EXP[str(x.dtype)]))
    return in_range(b, x, times_two_to(b, p, n_bits), *RANGE[str(x.dtype)])


def exp2(b: Dialect, x: Value) -> Value:
    """2**x, exact for integers."""
    n, n_bits = nearest_multiple(b, x, 1.0)
    f = b.mul(b.sub(x, n), LN2["float64"][0])
    p = horner(b, f, (1.0, 1.0, *EXP[str(x.dtype)]))
    return in_range(b, x, times_two_to(b, p, n_bits), *RANGE2[str(x.dtype)])


def scaled(b: Dialect, x: Value, halvings: int) -> tuple[Value, Value]:
    """exp(x) - 1 and exp(x), both times 2**-halvings, for -40 <= x below overflow of the scaled result."""
    dtype = str(x.dtype)
    n, n_bits = nearest_multiple(b, x, LOG2E)
    high, low = LN2[dtype]
    near = b.fma(n, -high, x)  # exact
    f = b.fma(n, -low, near)
    lost = b.fma(n, -low, b.sub(near, f))
    tail = b.fma(b.mul(f, f), horner(b, f, EXP[dtype]), lost)
    scale = times_two_to(b, b.const(2.0**-halvings, dtype), n_bits)
    # f times the scale is exact, so that the large terms are added with one rounding.
    less_one = b.fma(f, scale, b.sub(scale, 2.0**-halvings))
    return b.fma(tail, scale, less_one), b.fma(tail, scale, b.fma(f, scale, scale))


def expm1(b: Dialect, x: Value) -> Value:
    """e**x - 1."""
    dtype = str(x.dtype)
    half, _ = scaled(b, b.maximum(x, -SATURATED[dtype]), 1)
    y = b.select(b.gt(x, RANGE[dtype][1]), INF, b.add(half, half))
    return b.select(b.eq(x, 0.0), x, y)


def sinh(b: Dialect, x: Value) -> Value:
    """Hyperbolic sine: (t + t / (t + 1)) / 2 with t = expm1(|x|), as in fdlibm, on a quarter of t."""
    size = b.abs(x)
    t, _ = scaled(b, size, 2)
    y = b.add(t, b.div(t, b.fma(t, 4.0, 1.0)))
    y = b.select(b.gt(size, OVERFLOW2[str(x.dtype)]), INF, b.add(y, y))
    return b.copysign(y, x)


def cosh(b: Dialect, x: Value) -> Value:
    """Hyperbolic cosine."""
    size = b.abs(x)
    _, e = scaled(b, size, 2)
    y = b.add(e, b.div(0.0625, e))
    return b.select(b.gt(size, OVERFLOW2[str(x.dtype)]), INF, b.add(y, y))


def tanh(b: Dialect, x: Value) -> Value:
    """Hyperbolic tangent."""
    size = b.minimum(b.abs(x), SATURATED[str(x.dtype)])
    if str(x.dtype) == "float64":
        half, _ = scaled(b, b.add(size, size), 1)
        return b.copysign(b.div(half, b.add(half, 1.0)), x)
    z = b.mul(x, x)
    small = b.fma(b.mul(horner(b, z, TANH32), z), x, x)
    large = b.sub(1.0, b.div(2.0, b.add(exp(b, b.add(size, size)), 1.0)))
    return b.select(b.lt(size, 0.6), b.select(b.eq(x, 0.0), x, small), b.copysign(large, x))


def sigmoid(b: Dialect, x: Value) -> Value:
    """1 / (1 + e**-x)."""
    return b.div(1.0, b.add(exp(b, b.neg(x)), 1.0))
