"""NumPy references of the gamma function's logarithm and its derivative, in the widest float of the platform.

Recurrence up to where the asymptotic series is exact to the last digit, reflection below 0 (Abramowitz & Stegun 6.1.17,
6.1.33, 6.1.40, 6.3.5, 6.3.7, 6.3.18).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

LONG = np.longdouble
#: Bernoulli numbers B2, B4, ... as fractions.
_BERNOULLI = ((1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66), (-691, 2730), (7, 6), (-3617, 510), (43867, 798))
#: Arguments are lifted by so many steps of the recurrence before the asymptotic series is used.
_STEPS = 12
_TERMS = 40
_PI = 4 * np.arctan(LONG(1))
_EULER = LONG("0.57721566490153286060651209008240243")


@lru_cache(maxsize=1)
def _zeta_less_one() -> tuple[Any, ...]:
    """The zeta function less 1 at 2, 3, ..., by Euler-Maclaurin summation from 20 on (DLMF 25.2.9)."""
    found, cut = [], LONG(20)
    for s in range(2, _TERMS):
        total = sum((LONG(n) ** -s for n in range(19, 1, -1)), cut ** (1 - s) / (s - 1) + cut**-s / 2)
        rising, factorial = LONG(1), LONG(1)
        for k, (p, q) in enumerate(_BERNOULLI, 1):
            rising *= LONG(s + 2 * k - 2) * (LONG(s + 2 * k - 3) if k > 1 else 1)
            factorial *= 2 * k * (2 * k - 1)
            total += LONG(p) / q / factorial * rising * cut ** (1 - s - 2 * k)
        found.append(total)
    return tuple(found)


def _near_two(e: Any) -> Any:
    """log(gamma(2 + e)) for abs(e) up to 1/2: no digits are lost next to its zero."""
    total = np.zeros_like(e)
    for k, zeta in reversed(list(enumerate(_zeta_less_one(), 2))):
        total = total * -e + zeta / k
    return e * (1 - _EULER) + total * e * e


def _positive_log_gamma(z: Any) -> Any:
    small = z < _STEPS
    lifted = np.where(small, z + _STEPS, z)
    inverse = 1 / lifted
    series = sum(LONG(p) / q / (2 * k * (2 * k - 1)) * inverse ** (2 * k - 1) for k, (p, q) in enumerate(_BERNOULLI, 1))
    value = (lifted - LONG(0.5)) * (np.log(lifted) - 1) - LONG(0.5) + np.log(2 * _PI) / 2 + series
    steps = np.ones_like(z)
    for k in range(_STEPS):
        steps = steps * np.where(small, z + k, 1)
    value = value - np.log(steps)
    value = np.where(abs(z - 2) <= 0.5, _near_two(z - 2), value)
    return np.where(abs(z - 1) < 0.5, _near_two(z - 1) - np.log1p(z - 1), value)


@np.errstate(all="ignore")
def log_gamma(x: Any) -> Any:
    """The logarithm of the absolute value of the gamma function; inf at 0, -1, ..."""
    z = np.asarray(x, LONG)
    sine = abs(np.sin(_PI * (z - np.rint(z))))
    value = _positive_log_gamma(np.where(z > 0, z, 1 - z))
    value = np.where(z > 0, value, np.log(_PI) - np.log(sine) - value)
    value = np.where(np.isinf(z) | ((z <= 0) & (z == np.rint(z))), np.inf, value)
    return value.astype(x.dtype)


@np.errstate(all="ignore")
def digamma(x: Any) -> Any:
    """The derivative of `log_gamma`; infinite at 0, NaN at -1, -2, ..."""
    z = np.asarray(x, LONG)
    positive = np.where(z > 0, z, 1 - z)
    small = positive < _STEPS
    lifted = np.where(small, positive + _STEPS, positive)
    square = 1 / (lifted * lifted)
    series = sum(LONG(p) / q / (2 * k) * square**k for k, (p, q) in enumerate(_BERNOULLI, 1))
    steps = sum(1 / (positive + k) for k in range(_STEPS))
    value = np.log(lifted) - LONG(0.5) / lifted - series - np.where(small, steps, 0)
    reflected = value - _PI / np.tan(_PI * (z - np.rint(z)))
    reflected = np.where(z == 0, np.copysign(LONG(np.inf), -z), np.where(z == np.floor(z), np.nan, reflected))
    return np.where(z > 0, value, reflected).astype(x.dtype)
