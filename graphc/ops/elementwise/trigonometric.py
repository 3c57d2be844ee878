"""Trigonometric and hyperbolic functions and their inverses."""

from __future__ import annotations

import numpy as np

from graphc.ir.node import Node
from graphc.ops.elementwise.family import binary, unary


def _rsqrt(x: Node) -> Node:
    return x.builder.emit("rsqrt", x)


def _vjp_atan2(g: Node, out: Node, y: Node, x: Node) -> tuple[Node, Node]:
    square = x * x + y * y
    return g * (x / square), g * (-y / square)


unary(
    "sin",
    np.sin,
    lambda b, x: b.sin(x),
    lambda g, out, x: (g * g.builder.emit("cos", x),),
    doc="Sine of radians.",
    formula="sin(x)",
    flops=16,
)
unary(
    "cos",
    np.cos,
    lambda b, x: b.cos(x),
    lambda g, out, x: (-g * g.builder.emit("sin", x),),
    doc="Cosine of radians.",
    formula="cos(x)",
    flops=16,
)
unary(
    "tan",
    np.tan,
    lambda b, x: b.tan(x),
    lambda g, out, x: (g * (out * out + 1.0),),
    doc="Tangent of radians.",
    formula="tan(x)",
    sample=((-1.3, 1.3),),
    ulp=(4, 4),
    flops=24,
)
unary(
    "asin",
    np.arcsin,
    lambda b, x: b.asin(x),
    lambda g, out, x: (g * _rsqrt(1.0 - x * x),),
    doc="Arc sine in radians; NaN outside [-1, 1].",
    formula="arcsin(x)",
    sample=((-0.9, 0.9),),
    flops=20,
)
unary(
    "acos",
    np.arccos,
    lambda b, x: b.acos(x),
    lambda g, out, x: (-g * _rsqrt(1.0 - x * x),),
    doc="Arc cosine in radians; NaN outside [-1, 1].",
    formula="arccos(x)",
    sample=((-0.9, 0.9),),
    flops=20,
)
unary(
    "atan",
    np.arctan,
    lambda b, x: b.atan(x),
    lambda g, out, x: (g / (x * x + 1.0),),
    doc="Arc tangent in radians.",
    formula="arctan(x)",
    flops=20,
)
binary(
    "atan2",
    np.arctan2,
    lambda b, y, x: b.atan2(y, x),
    _vjp_atan2,
    kinds="f",
    doc="Angle of the point (x, y) in radians, from -pi to pi.",
    formula="arctan2(y, x)",
    sample=((0.3, 3.0), (-3.0, 3.0)),
    flops=30,
)
unary(
    "sinh",
    np.sinh,
    lambda b, x: b.sinh(x),
    lambda g, out, x: (g * g.builder.emit("cosh", x),),
    doc="Hyperbolic sine.",
    formula="sinh(x)",
    flops=20,
)
unary(
    "cosh",
    np.cosh,
    lambda b, x: b.cosh(x),
    lambda g, out, x: (g * g.builder.emit("sinh", x),),
    doc="Hyperbolic cosine.",
    formula="cosh(x)",
    flops=20,
)
unary(
    "asinh",
    np.arcsinh,
    lambda b, x: b.asinh(x),
    lambda g, out, x: (g * _rsqrt(x * x + 1.0),),
    doc="Inverse hyperbolic sine.",
    formula="arcsinh(x)",
    flops=24,
)
unary(
    "acosh",
    np.arccosh,
    lambda b, x: b.acosh(x),
    lambda g, out, x: (g * _rsqrt((x - 1.0) * (x + 1.0)),),
    doc="Inverse hyperbolic cosine; NaN below 1.",
    formula="arccosh(x)",
    sample=((1.2, 9.0),),
    flops=24,
)
unary(
    "atanh",
    np.arctanh,
    lambda b, x: b.atanh(x),
    lambda g, out, x: (g / (1.0 - x * x),),
    doc="Inverse hyperbolic tangent; NaN outside [-1, 1].",
    formula="arctanh(x)",
    sample=((-0.9, 0.9),),
    flops=24,
)
