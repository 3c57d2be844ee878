"""erf and erfc.

erf(x) = x + x p(x**2) near 0. Elsewhere erfc(x) = exp(-x**2) erfcx(x), and (1 + 2x) erfcx(x) is a Chebyshev fit in
t = (x - k) / (x + k), the transformation of M. M. Shepherd and J. G. Laframboise (Math. Comp. 36, 1981). The rounding
error of x**2 is carried into the exponential.
"""

from __future__ import annotations

from typing import Final

from graphc.codegen.dialect import Dialect, Value
from graphc.codegen.vmath.common import horner, two_product
from graphc.codegen.vmath.exponential import exp

# erf(x) / x - 1 in powers of x**2, |x| <= 0.93 and 1.
ERF: Final = {
    "float32": (
        0.12837914912142374, -0.3761248904464929, 0.11281754130998366, -0.02676399513752354, 0.004988906025370949,
        -0.0005967310878324188,
    ),
    "float64": (
        0.12837916709551256, -0.37612638903183543, 0.11283791670945006, -0.02686617064323777, 0.0052239776071164225,
        -0.0008548325975389692, 0.00012055294904839707, -1.492473690741966e-05, 1.6447424703317362e-06,
        -1.6208483801871705e-07, 1.3720064546777686e-08, -7.795898827002142e-10,
    ),
}  # fmt: skip
# log(erfc(x)) / x in powers of x on [0.92, 4], for erf in float32 where 1 - erfc loses nothing.
LOG_ERFC32: Final = (
    -1.1287342411370733, -0.6348386282013635, -0.10666902192147967, 0.024020303040535013, -0.003668697230723121,
    0.0002762448311595206, 1.2793682133278364e-05, -4.499955173814758e-06, 2.7748531289153523e-07,
)  # fmt: skip
# (1 + 2x) erfcx(x) in powers of t; k is 3 in float32 and 4 in float64.
ERFCX: Final = {
    "float32": (
        1.2530080967898882, -0.13562106375566474, -0.04756587480547959, 0.1296427902840904, -0.11922129685143551,
        0.06835494092764412, -0.02401838233164643, 0.002225933221275572, 0.002236027400895821,
        -0.00016407155039597322,
    ),
    "float64": (
        1.2329951186255526, -0.13962111684056266, 0.015379652102606604, 0.06809705425471449, -0.1010390660356004,
        0.09373283499761037, -0.06633036582703292, 0.037167515547607895, -0.016197733896764707,
        0.005031969913248749, -0.0007577743151013204, -0.00019925652396391021, 0.00015062576331303587,
        -2.4399062228211182e-05, -1.123245041907427e-05, 5.707503149095396e-06, 3.1069099723587845e-07,
        -8.192379625773451e-07, 5.8048265766627736e-08, 1.0182310939611469e-07, -9.122432641818368e-09,
        -8.791338540915347e-09,
    ),
}  # fmt: skip
CENTRE: Final = {"float32": 3.0, "float64": 4.0}
SMALL: Final = {"float32": 0.93, "float64": 1.0}
# Above this, erfc(x) is below the smallest normal number.
VANISHED: Final = {"float32": 9.2, "float64": 26.55}


def _erfc_positive(b: Dialect, x: Value) -> Value:
    """erfc(x) for x >= 0."""
    dtype = str(x.dtype)
    x = b.minimum(x, VANISHED[dtype] + 1.0)
    t = b.div(b.sub(x, CENTRE[dtype]), b.add(x, CENTRE[dtype]))
    square, lost = two_product(b, x, x)
    e = exp(b, b.neg(square))
    y = b.div(b.mul(e, horner(b, t, ERFCX[dtype])), b.fma(x, 2.0, 1.0))
    return b.fma(y, b.neg(lost), y)


def erf(b: Dialect, x: Value) -> Value:
    """Error function."""
    dtype = str(x.dtype)
    size = b.abs(x)
    small = b.fma(horner(b, b.mul(x, x), ERF[dtype]), x, x)
    if dtype == "float32":
        t = b.minimum(size, 4.0)
        large = b.sub(1.0, exp(b, b.mul(horner(b, t, LOG_ERFC32), t)))
    else:
        large = b.sub(1.0, _erfc_positive(b, size))
    return b.select(b.lt(size, SMALL[dtype]), small, b.copysign(large, x))


def erfc(b: Dialect, x: Value) -> Value:
    """Complementary error function, 0 where it is below the smallest normal number."""
    dtype = str(x.dtype)
    tail = _erfc_positive(b, b.abs(x))
    tail = b.select(b.lt(x, 0.0), b.sub(2.0, tail), tail)
    near = b.sub(1.0, b.fma(horner(b, b.mul(x, x), ERF[dtype]), x, x))
    return b.select(b.lt(b.abs(x), 0.25), near, tail)
