"""exp, exp2.

Reduction x = n ln 2 + f, |f| <= ln(2)/2, by adding a magic constant; n ln 2 is subtracted in two parts (W. J. Cody and
W. Waite, 1980). exp(f) is 1 + f + f**2/2 + f**3 p(f) with p a Chebyshev fit. 2**n is added to the exponent bits: a
libm ``ldexp`` would not vectorise. Results below the smallest normal number are 0.
"""

from __future__ import annotations

from typing import Final

from graphc.codegen.dialect import INT_OF, Dialect, Value
from graphc.codegen.vmath.common import INF, MAGIC, MANTISSA_BITS, horner

LOG2E: Final = 1.4426950408889634
# ln 2 in two parts. With a fused multiply-add the first needs no trailing zeros.
LN2: Final = {
    "float32": (0.693147182464599609375, -1.904654323148236e-09),
    "float64": (0.6931471805599453, 2.319046813846299558e-17),
}
# exp(f) from the lowest power; Chebyshev fit of (exp(f) - 1 - f - f**2/2) / f**3 on |f| <= 0.35.
EXP: Final = {
    "float32": (1.0, 1.0, 0.5, 0.16666629368628028, 0.041666620059985324, 0.008357680586068655, 0.0013919313890315204),
    "float64": (
        1.0, 1.0, 0.5, 0.16666666666666666, 0.0416666666666501, 0.00833333333333206, 0.0013888888906916628,
        0.00019841269855134627, 2.4801534341237888e-05, 2.7557278492467266e-06, 2.7614931875440477e-07,
        2.509641984172136e-08,
    ),
}  # fmt: skip
# Where exp leaves the range of normal numbers.
RANGE: Final = {"float32": (-87.33654, 88.72283), "float64": (-708.3964185322641, 709.782712893384)}


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


def exp(b: Dialect, x: Value) -> Value:
    """e**x; 1.1 ulp."""
    dtype = str(x.dtype)
    n, n_bits = nearest_multiple(b, x, LOG2E)
    high, low = LN2[dtype]
    f = b.fma(n, -low, b.fma(n, -high, x))
    y = times_two_to(b, horner(b, f, EXP[dtype]), n_bits)
    return in_range(b, x, y, *RANGE[dtype])
