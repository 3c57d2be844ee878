"""asin, acos, atan, atan2: argument halving and Chebyshev fits in both precisions."""

from __future__ import annotations

from typing import Final

from graphc.codegen.dialect import Dialect, Value
from graphc.codegen.vmath.common import INF, horner

PI: Final = {
    "float32": (3.1415927410125732, -8.742277657347586e-08),
    "float64": (3.141592653589793, 1.2246467991473532e-16),
}
# (atan(z) / z - 1) / z**2 in powers of z**2, |z| <= tan(pi/8).
ATAN: Final = {
    "float32": (
        -0.3333333175572402, 0.19999539232716604, -0.1426391227285186, 0.10743263384329244, -0.06450377352341542,
    ),
    "float64": (
        -0.3333333333333333, 0.19999999999999804, -0.14285714285659457, 0.11111111105119366, -0.09090908751706075,
        0.07692296323157785, -0.06666423954373413, 0.058789182929757273, -0.05230375457576669, 0.04551233844829568,
        -0.03456132296826231, 0.01627552168389342,
    ),
}  # fmt: skip
# (asin(z) / z - 1) / z**2 in powers of z**2, |z| <= 1/2.
ASIN: Final = {
    "float32": (
        0.16666672414795305, 0.07498855072600821, 0.04500138006991017, 0.026554542206161328, 0.038085023561092654,
    ),
    "float64": (
        0.16666666666666669, 0.07499999999998433, 0.04464285714635543, 0.030381944138531247, 0.02237217294214989,
        0.017352392720869973, 0.013971212973552933, 0.011479177415184906, 0.01032281435018578, 0.005457506718640358,
        0.01740087944269402, -0.014851887071247204, 0.028757851367421566,
    ),
}  # fmt: skip
TAN_PI_8: Final = 0.41421356237309503
TAN_3PI_8: Final = 2.414213562373095


def _angle(b: Dialect, y: Value, x: Value) -> Value:
    """Angle in [0, pi/2] of the point (x, y), both not negative and not both zero.

    Beyond 3 pi/8 it is pi/2 + atan(-x / y), beyond pi/8 pi/4 + atan((y - x) / (y + x)).
    """
    dtype = str(x.dtype)
    steep, middle = b.gt(y, b.mul(x, TAN_3PI_8)), b.gt(y, b.mul(x, TAN_PI_8))
    top = b.select(steep, b.neg(x), b.select(middle, b.sub(y, x), y))
    bottom = b.select(steep, y, b.select(middle, b.add(y, x), x))
    z = b.div(top, bottom)
    square = b.mul(z, z)
    tail = b.mul(b.mul(square, z), horner(b, square, ATAN[dtype]))
    high, low = PI[dtype]
    base_low = b.select(steep, low / 2, b.select(middle, b.const(low / 4, dtype), 0.0))
    base = b.select(steep, high / 2, b.select(middle, b.const(high / 4, dtype), 0.0))
    return b.add(base, b.add(z, b.add(tail, base_low)))


def atan(b: Dialect, x: Value) -> Value:
    """Arc tangent."""
    y = b.copysign(_angle(b, b.abs(x), b.const(1.0, x.dtype)), x)
    return b.select(b.eq(x, 0.0), x, y)


def atan2(b: Dialect, y: Value, x: Value) -> Value:
    """Angle of the point (x, y) in [-pi, pi], with C's results at zeros and infinities."""
    dtype = str(x.dtype)
    up, across = b.abs(y), b.abs(x)
    larger = b.maximum(up, across)
    # Two infinities make a diagonal, two zeros a point on the axis; huge values must not overflow in a sum.
    diagonal = b.and_(b.eq(up, INF), b.eq(across, INF))
    origin = b.eq(larger, 0.0)
    scale = b.select(b.gt(larger, 2.0**100), b.const(2.0**-4, dtype), 1.0)
    up = b.select(diagonal, 1.0, b.mul(up, scale))
    across = b.select(b.or_(diagonal, origin), 1.0, b.mul(across, scale))
    angle = _angle(b, up, across)
    high, low = PI[dtype]
    backward = b.add(b.sub(high, angle), low)
    leftward = b.lt(b.copysign(1.0, x), 0.0)
    angle = b.copysign(b.select(leftward, backward, angle), y)
    return b.select(b.isnan(b.add(x, y)), b.select(diagonal, angle, b.add(x, y)), angle)


def _asin_tail(b: Dialect, s: Value, z: Value) -> Value:
    """asin(s) - s for s = sqrt(z)."""
    return b.mul(b.mul(s, z), horner(b, z, ASIN[str(z.dtype)]))


def _parts(b: Dialect, x: Value) -> tuple[Value, Value, Value, Value]:
    """(whether |x| > 1/2, s, a correction to s, asin(s) - s), s being |x|, or sqrt((1 - |x|) / 2) if |x| > 1/2."""
    size = b.abs(x)
    large = b.gt(size, 0.5)
    z = b.select(large, b.fma(size, -0.5, 0.5), b.mul(x, x))
    root = b.sqrt(z)
    s = b.select(large, root, size)
    missing = b.fma(b.neg(root), root, z)
    correction = b.select(b.and_(large, b.gt(z, 0.0)), b.div(missing, b.add(root, root)), 0.0)
    return large, s, correction, _asin_tail(b, s, z)


def asin(b: Dialect, x: Value) -> Value:
    """Arc sine: asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2)) above 1/2."""
    large, s, correction, tail = _parts(b, x)
    high, low = PI[str(x.dtype)]
    rest = b.add(tail, correction)
    folded = b.add(b.sub(high / 2, b.add(s, s)), b.sub(low / 2, b.add(rest, rest)))
    y = b.copysign(b.select(large, folded, b.add(s, tail)), x)
    return b.select(b.eq(x, 0.0), x, y)


def acos(b: Dialect, x: Value) -> Value:
    """Arc cosine."""
    large, s, correction, tail = _parts(b, x)
    high, low = PI[str(x.dtype)]
    rest = b.add(tail, correction)
    right = b.mul(b.add(s, rest), 2.0)
    left = b.add(b.sub(high, b.add(s, s)), b.sub(low, b.add(rest, rest)))
    signed, signed_tail = b.copysign(s, x), b.copysign(tail, x)
    middle = b.sub(high / 2, b.sub(signed, b.sub(low / 2, signed_tail)))
    return b.select(large, b.select(b.lt(x, 0.0), left, right), middle)
