"""Rounding; integers are returned unchanged. The gradient is zero everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphc.ops.elementwise.family import binary, unary, zero_of


def _of_floats(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: function(x) if x.dtype.kind == "f" else x


unary(
    "floor",
    _of_floats(np.floor),
    lambda b, x: b.floor(x),
    lambda g, out, x: (zero_of(g),),
    kinds="iuf",
    doc="The nearest whole number below.",
    formula="floor(x)",
    ulp=(0, 0),
)
unary(
    "ceil",
    _of_floats(np.ceil),
    lambda b, x: b.ceil(x),
    lambda g, out, x: (zero_of(g),),
    kinds="iuf",
    doc="The nearest whole number above.",
    formula="ceil(x)",
    ulp=(0, 0),
)
unary(
    "rint",
    _of_floats(np.rint),
    lambda b, x: b.rint(x),
    lambda g, out, x: (zero_of(g),),
    kinds="iuf",
    doc="The nearest whole number, the even one of two.",
    formula="rint(x)",
    ulp=(0, 0),
)
unary(
    "trunc",
    _of_floats(np.trunc),
    lambda b, x: b.trunc(x),
    lambda g, out, x: (zero_of(g),),
    kinds="iuf",
    doc="The nearest whole number towards zero.",
    formula="trunc(x)",
    ulp=(0, 0),
)


def _truncdiv(x: Any, y: Any) -> Any:
    if x.dtype.kind == "f":
        return np.trunc(x / y)
    return (x - np.fmod(x, y)) // y  # exact, so the direction of rounding does not matter


binary(
    "truncdiv",
    _truncdiv,
    lambda b, x, y: b.trunc_div(x, y),
    lambda g, out, x, y: (zero_of(g), zero_of(g)),
    doc="Division rounded towards zero; an integer divided by 0 gives 0.",
    formula="trunc(x / y)",
    sample=((-9.0, 9.0), (0.5, 3.0)),
)
binary(
    "truncmod",
    np.fmod,
    lambda b, x, y: b.trunc_mod(x, y),
    lambda g, out, x, y: (g, -g * g.builder.emit("truncdiv", x, y)),
    doc="Remainder of the division rounded towards zero, with the dividend's sign.",
    formula="fmod(x, y)",
    sample=((-9.0, 9.0), (0.5, 3.0)),
)
