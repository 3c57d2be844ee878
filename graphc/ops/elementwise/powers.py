"""Powers, and exponentials and logarithms to other bases or of sums."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphc.ir.node import Node
from graphc.ops.elementwise.family import binary, unary, zero_of


def _power(x: Any, y: Any) -> Any:
    if x.dtype.kind == "f":
        return np.power(x, y)
    # NumPy refuses negative exponents of integers; 1 / x**-y rounds to 0 but for x = 1 and -1.
    unit = np.where(x == 1, 1, np.where((x == -1) & (x < 0), np.where(y % 2 == 0, 1, x), 0)).astype(x.dtype)
    return np.where(y < 0, unit, np.power(x, np.maximum(y, 0)))


def whole_exponent(y: Node) -> int | None:
    """The value of an exponent that is one whole constant, else None."""
    if y.op == "broadcast_to":
        return whole_exponent(y.inputs[0])
    if y.op != "const" or y.attrs["value"].array.size != 1:
        return None
    value = float(y.attrs["value"].array.reshape(()))
    return int(value) if value.is_integer() else None


def _vjp_pow(g: Node, out: Node, x: Node, y: Node) -> tuple[Node, Node]:
    """By a constant whole exponent the rule of polynomials, right at 0 in every order; else that of exp(y log x)."""
    emit, whole = g.builder.emit, whole_exponent(y)
    if whole in (0, 1):
        dx = zero_of(g) if whole == 0 else g
    else:
        dx = g * (y * emit("pow", x, y - 1.0 if whole is None else float(whole - 1)))
    safe = emit("select", emit("eq", x, 0.0), 1.0, x)
    return dx, g * (emit("log", safe) * out)


def _logaddexp(b: Any, x: Any, y: Any) -> Any:
    # Equal operands apart: the difference of two infinities would be NaN.
    smaller = b.neg(b.abs(b.sub(x, y)))
    distinct = b.add(b.maximum(x, y), b.log1p(b.exp(smaller)))
    return b.select(b.eq(x, y), b.add(x, math.log(2.0)), distinct)


def _vjp_logaddexp(g: Node, out: Node, x: Node, y: Node) -> tuple[Node, Node]:
    """exp(x - out), a positive infinity counted as 0."""
    emit = g.builder.emit

    def bounded(z: Node) -> Node:
        return emit("select", emit("eq", z, math.inf), 0.0, z)

    total = bounded(out)
    return g * emit("exp", bounded(x) - total), g * emit("exp", bounded(y) - total)


binary(
    "pow",
    _power,
    lambda b, x, y: b.pow(x, y),
    _vjp_pow,
    kinds="iuf",
    doc="Power; integers wrap, and to a negative exponent give 0 but for bases 1 and -1.",
    formula="power(x, y)",
    sample=((0.2, 3.0), (-3.0, 3.0)),
    ulp=(2, 4),
    flops=30,
)
binary(
    "logaddexp",
    np.logaddexp,
    _logaddexp,
    _vjp_logaddexp,
    kinds="f",
    doc="log(exp(x) + exp(y)) without overflow. Its bound is relative to max(1, |result|).",
    formula="logaddexp(x, y)",
    ulp=(4, 4),
    flops=28,
)
unary(
    "exp2",
    np.exp2,
    lambda b, x: b.exp2(x),
    lambda g, out, x: (g * (out * math.log(2.0)),),
    doc="2 to the power x.",
    formula="exp2(x)",
    flops=10,
)
unary(
    "log2",
    np.log2,
    lambda b, x: b.log2(x),
    lambda g, out, x: (g / (x * math.log(2.0)),),
    doc="Logarithm to base 2.",
    formula="log2(x)",
    sample=((0.1, 9.0),),
    flops=14,
)
unary(
    "log10",
    np.log10,
    lambda b, x: b.log10(x),
    lambda g, out, x: (g / (x * math.log(10.0)),),
    doc="Logarithm to base 10.",
    formula="log10(x)",
    sample=((0.1, 9.0),),
    flops=14,
)
