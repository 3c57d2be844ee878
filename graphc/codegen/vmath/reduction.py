"""Reduction of large angles by the method of M. Payne and R. Hanek (ACM SIGNUM Newsletter 18, 1983), in float64.

x = m 2**e with an integer m below 2**53. Of the 24-bit digits of 2/pi, those whose products with x are multiples of 8
are skipped; the next ten hold all that a float64 result needs. Every product of half of m with a digit is exact, and
so is its remainder modulo 4; the remainders are summed in double-double arithmetic.
"""

from __future__ import annotations

from typing import Final

from graphc.codegen.dialect import Dialect, Value
from graphc.codegen.vmath.common import fast_two_sum, two_product, two_sum

HALF_PI64: Final = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591691e-33)
DIGITS: Final = 10
# 2/pi in base 2**24.
TWO_OVER_PI: Final = (
    0xA2F983, 0x6E4E44, 0x1529FC, 0x2757D1, 0xF534DD, 0xC0DB62, 0x95993C, 0x439041, 0xFE5163, 0xABDEBB, 0xC561B7,
    0x246E3A, 0x424DD2, 0xE00649, 0x2EEA09, 0xD1921C, 0xFE1DEB, 0x1CB129, 0xA73EE8, 0x8235F5, 0x2EBB44, 0x84E99C,
    0x7026B4, 0x5F7E41, 0x3991D6, 0x398353, 0x39F49C, 0x845F8B, 0xBDF928, 0x3B1FF8, 0x97FFDE, 0x05980F, 0xEF2F11,
    0x8B5A0A, 0x6D1F6D, 0x367ECF, 0x27CB09, 0xB74F46, 0x3F669E, 0x5FEA2D, 0x7527BA, 0xC7EBE5, 0xF17B3D, 0x0739F7,
    0x8A5292, 0xEA6BFB, 0x5FB11F, 0x8D5D08, 0x560330, 0x46FC7B, 0x6BABF0, 0xCFBC20,
)  # fmt: skip
TABLE: Final = tuple(float(digit) for digit in TWO_OVER_PI)


def payne_hanek(b: Dialect, x: Value) -> tuple[Value, Value, Value]:
    """(r, its error, quarter turns) with x = r + quarter turns * pi/2 modulo 2 pi, |r| <= pi/4, for |x| >= 2**20."""
    bits = b.bitcast(b.abs(x), "int64")
    exponent = b.sub(b.shr(bits, 52), 1075)
    m = b.bitcast(b.or_(b.and_(bits, (1 << 52) - 1), 1075 << 52), "float64")
    m_high = b.sub(b.add(m, 2.0**79), 2.0**79)  # a multiple of 2**27
    m_low = b.sub(m, m_high)
    # First digit: the smallest k with exponent - 24 (k + 1) <= 2. The quotient by 24 goes through a multiplication.
    above = b.maximum(b.sub(exponent, 3), 0)
    first = b.minimum(b.shr(b.mul(above, 43691), 20), len(TABLE) - DIGITS)
    power = b.sub(exponent, b.mul(b.add(first, 1), 24))
    scale = b.bitcast(b.shl(b.add(power, 1023), 52), "float64")
    total = error = b.const(0.0, "float64")
    for k in range(DIGITS):
        digit = b.mul(b.lookup(TABLE, b.add(first, k), "float64"), b.mul(scale, 2.0 ** (-24 * k)))
        for half in (m_high, m_low):
            term = b.mul(half, digit)
            term = b.sub(term, b.mul(b.rint(b.mul(term, 0.25)), 4.0))
            total, lost = two_sum(b, total, term)
            error = b.add(error, lost)
    turns = b.rint(total)
    fraction, fraction_low = fast_two_sum(b, b.sub(total, turns), error)
    high, low = two_product(b, fraction, b.const(HALF_PI64[0], "float64"))
    low = b.add(low, b.fma(fraction, HALF_PI64[1], b.mul(fraction_low, HALF_PI64[0])))
    r, rest = fast_two_sum(b, high, low)
    negative = b.lt(x, 0.0)
    n = b.cast_small(turns, "int64")
    return b.select(negative, b.neg(r), r), b.select(negative, b.neg(rest), rest), b.select(negative, b.neg(n), n)
