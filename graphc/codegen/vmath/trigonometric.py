"""sin, cos, tan, asin, acos, atan, atan2.

Arguments are reduced by multiples of pi/2: up to a limit with pi/2 in three parts and fused multiply-adds (W. J. Cody
and W. Waite), beyond it with the bits of 2/pi that matter (M. Payne and R. Hanek, 1983), so that every finite argument
has an accurate result. The polynomials are Chebyshev fits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from graphc.codegen.dialect import INT_OF, Dialect, Value
from graphc.codegen.vmath.common import INF, NAN, horner, two_product, two_sum
from graphc.codegen.vmath.exponential import nearest_multiple
from graphc.codegen.vmath.reduction import HALF_PI64, payne_hanek

TWO_OVER_PI: Final = 0.6366197723675814
HALF_PI: Final = {
    "float32": (1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15),
    "float64": HALF_PI64,
}
# The largest |x| for the reduction in three parts.
MODERATE: Final = {"float32": 1.0e5, "float64": 1.0e9}
# (sin(x) / x - 1) / x**2 and (cos(x) - 1 + x**2/2) / x**4 in powers of x**2, |x| <= pi/4.
SIN: Final = {
    "float32": (-0.16666664656312208, 0.00833274710466453, -0.0001958763909873762),
    "float64": (
        -0.16666666666666666, 0.008333333333330936, -0.00019841269836740532, 2.7557316093198404e-06,
        -2.5051129896450185e-08, 1.5917988979397435e-10,
    ),
}  # fmt: skip
COS: Final = {
    "float32": (0.04166666465348879, -0.001388830186756237, 2.454768977246003e-05),
    "float64": (
        0.041666666666666664, -0.0013888888888887389, 2.48015872987544e-05, -2.755731726587808e-07,
        2.087614504941318e-09, -1.138254464534925e-11,
    ),
}  # fmt: skip

Parts = tuple[Value, Value, Value]
"""A reduced argument r, its rounding error, and the number of quarter turns in the low bits of an integer."""


def _cody_waite(b: Dialect, x: Value) -> Parts:
    first, second, third = HALF_PI[str(x.dtype)]
    n, n_bits = nearest_multiple(b, x, TWO_OVER_PI)
    r = b.fma(n, -first, x)  # exact
    high, low = two_product(b, n, b.const(second, x.dtype))
    r, rest = two_sum(b, r, b.neg(high))
    rest = b.sub(rest, b.fma(n, third, low))
    total = b.add(r, rest)
    return total, b.add(b.sub(r, total), rest), n_bits


def _sin_cos(b: Dialect, parts: Parts) -> tuple[tuple[Value, Value], tuple[Value, Value]]:
    """sin and cos of the reduced argument, each as a sum of two parts, the second one small."""
    r, rest, _ = parts
    z = b.mul(r, r)
    dtype = str(r.dtype)
    sine_low = b.fma(b.mul(r, z), horner(b, z, SIN[dtype]), b.mul(rest, b.fma(z, -0.5, 1.0)))
    half = b.mul(z, 0.5)
    high = b.sub(1.0, half)
    lost = b.sub(b.sub(1.0, high), half)
    cosine_low = b.add(b.fma(b.mul(z, z), horner(b, z, COS[dtype]), b.neg(b.mul(r, rest))), lost)
    return (r, sine_low), (high, cosine_low)


def _bit(b: Dialect, n_bits: Value, bit: int) -> Value:
    return b.ne(b.and_(n_bits, bit), 0)


def _sine(b: Dialect, parts: Parts, turns: int) -> Value:
    """sin of the angle plus `turns` quarter turns."""
    sine, cosine = (b.add(high, low) for high, low in _sin_cos(b, parts))
    quarter = b.add(parts[2], turns)
    y = b.select(_bit(b, quarter, 1), cosine, sine)
    return b.select(_bit(b, quarter, 2), b.neg(y), y)


def _tangent(b: Dialect, parts: Parts) -> Value:
    sine, cosine = _sin_cos(b, parts)
    odd = _bit(b, parts[2], 1)
    (p, p_low), (q, q_low) = (
        (b.select(odd, c, s), b.select(odd, d, t)) for (s, t), (c, d) in ((sine, cosine), (cosine, sine))
    )
    # The quotient of two sums, corrected once by its remainder.
    top, bottom = b.add(p, p_low), b.add(q, q_low)
    top_low, bottom_low = b.add(b.sub(p, top), p_low), b.add(b.sub(q, bottom), q_low)
    y = b.div(top, bottom)
    remainder = b.add(b.fma(b.neg(y), bottom, top), b.fma(b.neg(y), bottom_low, top_low))
    y = b.add(y, b.div(remainder, bottom))
    return b.select(odd, b.neg(y), y)


def moderate_sin(b: Dialect, x: Value) -> Value:
    """Sine for |x| up to `MODERATE`."""
    return _sine(b, _cody_waite(b, x), 0)


def moderate_cos(b: Dialect, x: Value) -> Value:
    """Cosine for |x| up to `MODERATE`."""
    return _sine(b, _cody_waite(b, x), 1)


def _far_parts(b: Dialect, x: Value) -> Parts:
    if str(x.dtype) == "float64":
        return payne_hanek(b, x)
    r, _, n = payne_hanek(b, b.cast(x, "float64"))
    return b.cast(r, "float32"), b.const(0.0, "float32"), b.cast(n, INT_OF["float32"])


def far_sin(b: Dialect, x: Value) -> Value:
    """Sine of a large finite x."""
    return _sine(b, _far_parts(b, x), 0)


def far_cos(b: Dialect, x: Value) -> Value:
    """Cosine of a large finite x."""
    return _sine(b, _far_parts(b, x), 1)


def far_tan(b: Dialect, x: Value) -> Value:
    """Tangent of a large finite x."""
    return _tangent(b, _far_parts(b, x))


def _choose(b: Dialect, x: Value, usual: Value, far: Callable[[Dialect, Value], Value]) -> Value:
    y = b.rarely(b.gt(b.abs(x), MODERATE[str(x.dtype)]), far, (x,), usual)
    return b.select(b.lt(b.abs(x), INF), y, NAN)


def sin(b: Dialect, x: Value) -> Value:
    """Sine of x radians, accurate for every finite x."""
    y = _choose(b, x, moderate_sin(b, x), far_sin)
    return b.select(b.eq(x, 0.0), x, y)


def cos(b: Dialect, x: Value) -> Value:
    """Cosine of x radians, accurate for every finite x."""
    return _choose(b, x, moderate_cos(b, x), far_cos)


def tan(b: Dialect, x: Value) -> Value:
    """Tangent of x radians, accurate for every finite x."""
    y = _choose(b, x, _tangent(b, _cody_waite(b, x)), far_tan)
    return b.select(b.eq(x, 0.0), x, y)
