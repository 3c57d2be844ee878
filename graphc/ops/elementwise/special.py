"""Error functions, and the gamma function's logarithm with its derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.batching import aligned
from graphc.ops.elementwise.family import unary
from graphc.ops.elementwise.gamma_reference import digamma, log_gamma
from graphc.ops.record import OpRecord, register

#: Bernoulli numbers B2, B4, ...
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
#: Arguments are lifted by so many steps of the recurrence before the asymptotic series is used.
_STEPS = 10


def _each(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """A function of the standard library, element by element, through float64."""

    def evaluate(x: Any) -> Any:
        values = [function(v) for v in x.reshape(-1).tolist()]
        return np.asarray(values, np.float64).reshape(x.shape).astype(x.dtype)

    return evaluate


def _zeta_tail(order: int) -> tuple[float, ...]:
    """Coefficients of z**-(order + 2k) in the Euler-Maclaurin form of the Hurwitz zeta function at order + 1."""
    s, rising, found = order + 1, 1.0, []
    for k, bernoulli in enumerate(_BERNOULLI, 1):
        rising = math.prod(range(s, s + 2 * k - 1))
        found.append(bernoulli / math.factorial(2 * k) * rising)
    return tuple(found)


def _evaluate_polygamma(x: Any, order: int) -> Any:
    """(-1)**(n+1) n! zeta(n+1, x) with Euler-Maclaurin summation (DLMF 25.11.28, 5.15.1)."""
    z = np.asarray(x, np.float64)
    base = np.where(z > 0, z, 1 - z) if order == 1 else z
    lifted = base + _STEPS
    total = sum((base + k) ** -(order + 1) for k in range(_STEPS))
    total = total + lifted**-order / order + 0.5 * lifted ** -(order + 1)
    total = total + sum(c * lifted ** -(order + 2 * k) for k, c in enumerate(_zeta_tail(order), 1))
    value = total if order == 1 else (-1) ** (order + 1) * math.factorial(order) * total
    if order == 1:
        sine = np.sin(np.pi * (z - np.rint(z)))
        value = np.where(z > 0, value, (np.pi / sine) ** 2 - value)
    else:
        value = np.where(z == 0, (-1) ** (order + 1) * np.inf, np.where(z < 0, np.nan, value))
    return np.where(z == np.inf, 0.0, value).astype(x.dtype)


def _power_of(b: Any, x: Any, exponent: int) -> Any:
    """A positive whole power by repeated squaring."""
    result, factor = None, x
    while exponent:
        if exponent & 1:
            result = factor if result is None else b.mul(result, factor)
        factor, exponent = b.mul(factor, factor), exponent >> 1
    return result


def _scalar_polygamma(b: Any, x: Any, order: int) -> Any:
    """The formula of the reference, one element at a time."""
    positive = b.gt(x, 0.0)
    base = b.select(positive, x, b.sub(1.0, x)) if order == 1 else x
    total = b.const(0.0, x.dtype)
    for k in range(_STEPS):
        total = b.add(total, _power_of(b, b.div(1.0, b.add(base, float(k))), order + 1))
    inverse = b.div(1.0, b.add(base, float(_STEPS)))
    square = b.mul(inverse, inverse)
    series = b.const(0.0, x.dtype)
    for coefficient in reversed(_zeta_tail(order)):
        series = b.mul(b.add(series, coefficient), square)
    tail = b.add(b.add(series, 1.0 / order), b.mul(inverse, 0.5))
    total = b.add(total, b.mul(_power_of(b, inverse, order), tail))
    value = b.mul(total, float((-1) ** (order + 1) * math.factorial(order)))
    if order == 1:
        sine = b.sin(b.mul(b.sub(x, b.rint(x)), math.pi))
        ratio = b.div(math.pi, sine)
        value = b.select(positive, value, b.sub(b.mul(ratio, ratio), value))
    else:
        value = b.select(b.lt(x, 0.0), math.nan, value)
    return b.select(b.eq(x, math.inf), 0.0, value)


def _infer_polygamma(x: TensorType, order: int) -> TensorType:
    if not x.dtype.is_floating:
        raise TypeError(f"polygamma: not defined for {x.dtype.name}")
    if order < 1:
        raise ValueError(f"polygamma: the order is {order}, not at least 1 (order 0 is digamma)")
    return x


def _gaussian(x: Node) -> Node:
    """exp(-x*x) * 2 / sqrt(pi), the derivative of erf."""
    return x.builder.emit("exp", -(x * x)) * (2.0 / math.sqrt(math.pi))


unary(
    "erf",
    _each(math.erf),
    lambda b, x: b.erf(x),
    lambda g, out, x: (g * _gaussian(x),),
    doc="Error function.",
    formula="erf(x)",
    flops=24,
)
unary(
    "erfc",
    _each(math.erfc),
    lambda b, x: b.erfc(x),
    lambda g, out, x: (-g * _gaussian(x),),
    doc="1 - erf(x), accurate where it is small.",
    formula="erfc(x)",
    ulp=(4, 4),
    flops=30,
)
unary(
    "lgamma",
    log_gamma,
    lambda b, x: b.lgamma(x),
    lambda g, out, x: (g * g.builder.emit("digamma", x),),
    doc="log |gamma(x)|; infinite at 0, -1, -2, ... Its bound is relative to max(1, |result|).",
    formula="lgamma(x)",
    sample=((0.1, 9.0),),
    ulp=(8, 8),
    flops=50,
)
unary(
    "digamma",
    digamma,
    lambda b, x: b.digamma(x),
    lambda g, out, x: (g * g.builder.emit("polygamma", x, order=1),),
    doc="Derivative of lgamma; -inf at 0, NaN at -1, -2, ... Its bound is relative to max(1, |result|).",
    formula="digamma(x)",
    sample=((0.2, 9.0),),
    ulp=(8, 16),
    flops=50,
)
register(
    OpRecord(
        "polygamma",
        "elementwise",
        _infer_polygamma,
        _evaluate_polygamma,
        lambda g, out, x: (g * g.builder.emit("polygamma", x, order=out.attrs["order"] + 1),),
        _scalar_polygamma,
        batch=aligned("polygamma"),
        doc="Derivative number `order` of digamma (1 is trigamma); orders above 1 for positive arguments only.",
        formula="polygamma(order, x)",
        sample=((0.3, 9.0),),
        ulp=(32, 32),
        flops=60,
    )
)
