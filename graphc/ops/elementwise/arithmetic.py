"""Arithmetic: sums, products, quotients, extremes."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.ir.dims import Dim, dim_max, dim_min, floordiv
from graphc.ir.node import Node
from graphc.ops.elementwise.family import binary, pairs, unary, zero_of


def _half_at_ties(g: Node, mine: Node, other: Node, better: str) -> Node:
    """The share of an extreme's cotangent: all where mine is better, half at a tie."""
    emit = g.builder.emit
    return emit("select", emit(better, mine, other), g, emit("select", emit("eq", mine, other), g * 0.5, zero_of(g)))


def _sign(b: Any, x: Any) -> Any:
    """0 and NaN are their own sign."""
    return b.select(b.gt(x, 0), 1, b.select(b.lt(x, 0), b.const(-1, x.dtype), x))


def _floor_divide(x: Any, y: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.floor_divide(x, y)


def _mod(x: Any, y: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.mod(x, y)


def _symbolic_floordiv(x: tuple[Dim, ...], y: tuple[Dim, ...]) -> tuple[Dim, ...] | None:
    return None if 0 in y else tuple(floordiv(a, b) for a, b in pairs(x, y))


def _symbolic_mod(x: tuple[Dim, ...], y: tuple[Dim, ...]) -> tuple[Dim, ...] | None:
    return None if 0 in y else tuple(a - floordiv(a, b) * b for a, b in pairs(x, y))


binary(
    "add",
    np.add,
    lambda b, x, y: b.add(x, y),
    lambda g, out, x, y: (g, g),
    linear=True,
    doc="Sum.",
    formula="x + y",
    symbolic=lambda x, y: tuple(a + b for a, b in pairs(x, y)),
)
binary(
    "sub",
    np.subtract,
    lambda b, x, y: b.sub(x, y),
    lambda g, out, x, y: (g, -g),
    linear=True,
    doc="Difference.",
    formula="x - y",
    symbolic=lambda x, y: tuple(a - b for a, b in pairs(x, y)),
)
binary(
    "mul",
    np.multiply,
    lambda b, x, y: b.mul(x, y),
    lambda g, out, x, y: (g * y, g * x),
    doc="Product.",
    formula="x * y",
    symbolic=lambda x, y: tuple(a * b for a, b in pairs(x, y)),
)
binary(
    "div",
    np.divide,
    lambda b, x, y: b.div(x, y),
    lambda g, out, x, y: (g / y, (-g * x) * g.builder.emit("reciprocal", y * y)),
    kinds="f",
    doc="True division.",
    formula="x / y",
    sample=((-3.0, 3.0), (0.5, 3.0)),
)
binary(
    "floordiv",
    _floor_divide,
    lambda b, x, y: b.floor_div(x, y),
    lambda g, out, x, y: (zero_of(g), zero_of(g)),
    doc="Division rounded down; an integer divided by 0 gives 0, as in NumPy.",
    formula="x // y",
    sample=((-9.0, 9.0), (0.5, 3.0)),
    symbolic=_symbolic_floordiv,
)
binary(
    "mod",
    _mod,
    lambda b, x, y: b.mod(x, y),
    lambda g, out, x, y: (g, -g * g.builder.emit("floordiv", x, y)),
    doc="Remainder of floor division, with the divisor's sign.",
    formula="x % y",
    sample=((-9.0, 9.0), (0.5, 3.0)),
    symbolic=_symbolic_mod,
)
binary(
    "maximum",
    np.maximum,
    lambda b, x, y: b.maximum(x, y),
    lambda g, out, x, y: (_half_at_ties(g, x, y, "gt"), _half_at_ties(g, y, x, "gt")),
    doc="The larger; NaN if either is. At a tie each operand gets half of the gradient.",
    formula="maximum(x, y)",
    symbolic=lambda x, y: tuple(dim_max(a, b) for a, b in pairs(x, y)),
)
binary(
    "minimum",
    np.minimum,
    lambda b, x, y: b.minimum(x, y),
    lambda g, out, x, y: (_half_at_ties(g, x, y, "lt"), _half_at_ties(g, y, x, "lt")),
    doc="The smaller; NaN if either is. At a tie each operand gets half of the gradient.",
    formula="minimum(x, y)",
    symbolic=lambda x, y: tuple(dim_min(a, b) for a, b in pairs(x, y)),
)
unary(
    "neg",
    np.negative,
    lambda b, x: b.neg(x),
    lambda g, out, x: (-g,),
    kinds="iuf",
    linear=True,
    doc="Negation.",
    formula="-x",
    symbolic=lambda x: tuple(-a for a in x),
)
unary(
    "abs",
    np.abs,
    lambda b, x: b.abs(x),
    lambda g, out, x: (g * g.builder.emit("sign", x),),
    kinds="iuf",
    doc="Absolute value; gradient 0 at 0.",
    formula="abs(x)",
)
unary(
    "sign",
    np.sign,
    _sign,
    lambda g, out, x: (zero_of(g),),
    kinds="iuf",
    doc="-1, 0 or 1; NaN for NaN.",
    formula="sign(x)",
)
unary(
    "square",
    np.square,
    lambda b, x: b.mul(x, x),
    lambda g, out, x: (g * 2.0 * x,),
    kinds="iuf",
    doc="Square.",
    formula="x * x",
    symbolic=lambda x: tuple(a * a for a in x),
)
unary(
    "reciprocal",
    np.reciprocal,
    lambda b, x: b.div(b.const(1.0, x.dtype), x),
    lambda g, out, x: (-g * out * out,),
    doc="1 / x.",
    formula="1 / x",
    sample=((0.5, 3.0),),
)
unary(
    "sqrt",
    np.sqrt,
    lambda b, x: b.sqrt(x),
    lambda g, out, x: (g * 0.5 / out,),
    doc="Square root.",
    formula="sqrt(x)",
    sample=((0.1, 9.0),),
)
unary(
    "rsqrt",
    lambda x: 1 / np.sqrt(x),
    lambda b, x: b.rsqrt(x),
    lambda g, out, x: (g * -0.5 * out / x,),
    doc="1 / sqrt(x).",
    formula="1 / sqrt(x)",
    sample=((0.1, 9.0),),
)
unary(
    "cbrt",
    np.cbrt,
    lambda b, x: b.cbrt(x),
    lambda g, out, x: (g * (1 / 3) / (out * out),),
    doc="Real cube root.",
    formula="cbrt(x)",
    sample=((0.1, 9.0),),
    flops=12,
)
