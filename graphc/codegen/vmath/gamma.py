"""lgamma and digamma, float32 through float64.

In the middle both are Chebyshev fits with their zeros factored out, in t = (x - c) / (x + c), which keeps the pole at 0
and the growth at infinity equally far. Larger arguments are shifted down into that interval with all terms of one sign;
the largest use Stirling's series, negative ones the reflection formulas.
"""

from __future__ import annotations

from typing import Final

from graphc.codegen.dialect import Dialect, Value
from graphc.codegen.vmath.common import INF, NAN, horner, through_float64
from graphc.codegen.vmath.inverse import PI
from graphc.codegen.vmath.logarithm import log
from graphc.codegen.vmath.trigonometric import moderate_cos, moderate_sin

# lgamma(x) / ((x - 1) (x - 2)) on [0.7, 3], in powers of t.
LGAMMA_CENTRE: Final = 1.449137674618944
LGAMMA: Final = (
    0.4907197958315346, -0.44231068957154607, 0.12857316426641469, -0.15226607158216512, 0.08553414721136739,
    -0.09392938366139567, 0.06395715943971853, -0.0681138807379804, 0.05099605208326031, -0.053468840556855995,
    0.04238119397142415, -0.044019772538135396, 0.03625764978547438, -0.03742300195324454, 0.031544708010190985,
    -0.032413652663668156, 0.029257964018590904, -0.02995263814259616, 0.0186016443667201, -0.01902961141913279,
    0.04357439160538622, -0.044362209480165816,
)  # fmt: skip
# x (lgamma(x) - (x - 1/2) log x + x - log(2 pi) / 2) in powers of x**-2, x >= 9.
STIRLING: Final = (
    0.08333333333333333, -0.002777777777776798, 0.0007936507923767944, -0.0005952374715172976, 0.000841604610913065,
    -0.0018997392907117152, 0.005309112723116968,
)  # fmt: skip
HALF_LOG_2PI_MINUS_HALF: Final = 0.41893853320467274
# digamma(x) / (x - its zero) on [1, 2.5], in powers of t.
DIGAMMA_CENTRE: Final = 1.5811388300841898
DIGAMMA_ZERO: Final = (1.4616321449683622, 9.549995429965697e-17)
DIGAMMA: Final = (
    0.9181914921116767, -1.2248559852099277, 0.8537870255299674, -0.90197918285924, 0.8516116636564524,
    -0.8765590121847546, 0.8579202770939649, -0.8711301343357345, 0.8609899959191013, -0.8689492642440407,
    0.862518662751613, -0.8678212115671424, 0.8633076232262662, -0.8670919699597756, 0.8656558157873797,
    -0.8684951597445504, 0.8354318562388778, -0.8375904663211894, 1.11945589638639, -1.1216336691938589,
)  # fmt: skip
# x**2 (log x - 1 / (2x) - digamma(x)) in powers of x**-2, x >= 10.
DIGAMMA_TAIL: Final = (
    0.08333333333333333, -0.008333333333333246, 0.003968253968071808, -0.0041666665200247215, 0.007575699357598426,
    -0.021080156991782954, 0.0817924750293092, -0.3421318584841549,
)  # fmt: skip
LOG_PI: Final = 1.1447298858494002


def _lgamma_positive(b: Dialect, x: Value) -> Value:
    below, above = b.lt(x, 0.7), b.gt(x, 9.0)
    base = b.select(below, b.add(x, 1.0), b.minimum(x, 9.0))
    product = b.const(1.0, x.dtype)
    for _ in range(6):  # gamma(x) = (x - 1) ... (x - k) gamma(x - k)
        step = b.gt(base, 3.0)
        base = b.select(step, b.sub(base, 1.0), base)
        product = b.select(step, b.mul(product, base), product)
    t = b.div(b.sub(base, LGAMMA_CENTRE), b.add(base, LGAMMA_CENTRE))
    core = b.mul(b.mul(b.sub(base, 1.0), b.sub(base, 2.0)), horner(b, t, LGAMMA))
    logarithm = log(b, b.select(above, x, b.select(below, x, product)))
    middle = b.select(below, b.sub(core, logarithm), b.add(core, logarithm))
    inverse = b.div(1.0, x)
    series = b.fma(inverse, horner(b, b.mul(inverse, inverse), STIRLING), HALF_LOG_2PI_MINUS_HALF)
    stirling = b.fma(b.sub(x, 0.5), b.sub(logarithm, 1.0), series)
    return b.select(above, b.select(b.eq(x, INF), x, stirling), middle)


def _turn(b: Dialect, x: Value) -> Value:
    """pi (x - rint(x)), the angle whose sine is that of pi x up to the sign."""
    return b.mul(b.sub(x, b.rint(x)), PI["float64"][0])


def lgamma_reflected(b: Dialect, x: Value, mirrored: Value) -> Value:
    """log |gamma(x)| for x < 0 from that of -x."""
    sine = b.abs(moderate_sin(b, _turn(b, x)))
    return b.sub(b.sub(LOG_PI, log(b, b.mul(b.abs(x), sine))), mirrored)


def lgamma(b: Dialect, x: Value) -> Value:
    """log |gamma(x)|; for x < 0 the bound is in ulp of the larger of 1, log |sin(pi x)| and the result."""
    if str(x.dtype) == "float32":
        return through_float64(b, lgamma, x)
    size = b.abs(x)
    y = _lgamma_positive(b, size)
    y = b.rarely(b.lt(x, 0.0), lgamma_reflected, (x, y), y)
    pole = b.and_(b.le(x, 0.0), b.eq(b.rint(x), x))  # minus infinity too
    return b.select(pole, INF, y)


def _digamma_positive(b: Dialect, x: Value) -> Value:
    below, above = b.lt(x, 1.0), b.gt(x, 10.0)
    base = b.select(below, b.add(x, 1.0), b.minimum(x, 10.0))
    # The sum of 1 / (x - 1), ..., 1 / (x - k) as one fraction.
    top, bottom = b.select(below, b.const(-1.0, x.dtype), 0.0), b.select(below, x, 1.0)
    for _ in range(8):
        step = b.gt(base, 2.5)
        base = b.select(step, b.sub(base, 1.0), base)
        top = b.select(step, b.fma(top, base, bottom), top)
        bottom = b.select(step, b.mul(bottom, base), bottom)
    t = b.div(b.sub(base, DIGAMMA_CENTRE), b.add(base, DIGAMMA_CENTRE))
    distance = b.sub(b.sub(base, DIGAMMA_ZERO[0]), DIGAMMA_ZERO[1])
    middle = b.fma(distance, horner(b, t, DIGAMMA), b.div(top, bottom))
    inverse = b.div(1.0, x)
    square = b.mul(inverse, inverse)
    large = b.sub(log(b, x), b.fma(square, horner(b, square, DIGAMMA_TAIL), b.mul(inverse, 0.5)))
    return b.select(above, large, middle)


def digamma_reflected(b: Dialect, x: Value, mirrored: Value) -> Value:
    """digamma(x) for x < 0 from that of 1 - x."""
    angle = _turn(b, x)
    return b.sub(mirrored, b.div(b.mul(moderate_cos(b, angle), PI["float64"][0]), moderate_sin(b, angle)))


def digamma(b: Dialect, x: Value) -> Value:
    """Derivative of log gamma; for x < 0 the bound is in ulp of the larger of 1, |pi cot(pi x)| and the result.

    NaN at negative integers, -inf at 0, inf at -0.
    """
    if str(x.dtype) == "float32":
        return through_float64(b, digamma, x)
    negative = b.lt(x, 0.0)
    y = _digamma_positive(b, b.select(negative, b.sub(1.0, x), x))
    y = b.rarely(negative, digamma_reflected, (x, y), y)
    y = b.select(b.and_(negative, b.eq(b.rint(x), x)), NAN, y)
    return b.select(b.eq(x, 0.0), b.copysign(INF, b.neg(x)), y)
