"""Exponentials, logarithms and what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.ops.elementwise.family import unary, zero_of


def _sigmoid(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e)).astype(x.dtype)


def _softplus(x: Any) -> Any:
    return np.maximum(x, np.asarray(0, x.dtype)) + np.log1p(np.exp(-np.abs(x)))


unary(
    "exp", np.exp, lambda b, x: b.exp(x), lambda g, out, x: (g * out,), doc="Exponential.", formula="exp(x)", flops=10
)
unary(
    "expm1",
    np.expm1,
    lambda b, x: b.expm1(x),
    lambda g, out, x: (g * (out + 1.0),),
    doc="exp(x) - 1, accurate near 0.",
    formula="expm1(x)",
    flops=12,
)
unary(
    "log",
    np.log,
    lambda b, x: b.log(x),
    lambda g, out, x: (g / x,),
    doc="Natural logarithm.",
    formula="log(x)",
    sample=((0.1, 9.0),),
    flops=12,
)
unary(
    "log1p",
    np.log1p,
    lambda b, x: b.log1p(x),
    lambda g, out, x: (g / (x + 1.0),),
    doc="log(1 + x), accurate near 0.",
    formula="log1p(x)",
    sample=((-0.9, 9.0),),
    flops=14,
)
unary(
    "tanh",
    np.tanh,
    lambda b, x: b.tanh(x),
    lambda g, out, x: (g * (1.0 - out * out),),
    doc="Hyperbolic tangent.",
    formula="tanh(x)",
    flops=16,
)
unary(
    "sigmoid",
    _sigmoid,
    lambda b, x: b.sigmoid(x),
    lambda g, out, x: (g * (out * (1.0 - out)),),
    doc="Logistic function.",
    formula="1 / (1 + exp(-x))",
    flops=14,
)
unary(
    "softplus",
    _softplus,
    lambda b, x: b.softplus(x),
    lambda g, out, x: (g * g.builder.emit("sigmoid", x),),
    doc="log(1 + exp(x)), without overflow and accurate where exp(x) is small.",
    formula="log(1 + exp(x))",
    flops=26,
)
unary(
    "relu",
    lambda x: np.maximum(x, np.asarray(0, x.dtype)),
    lambda b, x: b.maximum(x, b.const(0, x.dtype)),
    lambda g, out, x: (g.builder.emit("select", g.builder.emit("gt", out, 0), g, zero_of(g)),),
    kinds="iuf",
    doc="maximum(x, 0); NaN stays NaN, gradient 0 at 0.",
    formula="maximum(x, 0)",
)
