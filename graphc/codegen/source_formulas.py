"""Formulas for exported source, shorter than those of `graphc.codegen.vmath` because library functions help."""

from __future__ import annotations

import math

from graphc.codegen.dialect import Dialect, Value

BERNOULLI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
"""Coefficients of the asymptotic series of digamma in powers of x**-2."""


def digamma(b: Dialect, x: Value) -> Value:
    """Derivative of log gamma: recurrence up to 10, asymptotic series, reflection below 0.

    The error is below 2e-15 where the result is below 3 and x > 0; float32 goes through float64.
    """
    y = b.cast(x, "float64")
    negative = b.lt(y, 0.0)
    turn = b.mul(b.sub(y, b.rint(y)), math.pi)
    total = b.select(negative, b.div(-math.pi, b.tan(turn)), 0.0)
    z = b.select(negative, b.sub(1.0, y), y)
    for _ in range(10):
        small = b.lt(z, 10.0)
        total = b.select(small, b.sub(total, b.div(1.0, z)), total)
        z = b.select(small, b.add(z, 1.0), z)
    square = b.div(1.0, b.mul(z, z))
    series = b.const(BERNOULLI[-1], "float64")
    for coefficient in reversed(BERNOULLI[:-1]):
        series = b.add(b.mul(series, square), coefficient)
    total = b.sub(b.add(total, b.log(z)), b.add(b.div(0.5, z), b.mul(series, square)))
    total = b.select(b.and_(negative, b.eq(b.floor(y), y)), math.nan, total)
    return b.cast(b.select(b.eq(y, 0.0), b.copysign(math.inf, b.neg(y)), total), x.dtype)
