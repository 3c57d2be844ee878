"""Vector mathematics: every transcendental function as one branch-free formula over a dialect.

`FUNCTIONS` maps a name to its formula ``f(b, x, ...)``; formulas take float32 and float64 (`pow` integers too). Use
them as methods of a dialect: ``b.exp(x)``. `ULP` bounds their errors.
Arguments and results below the smallest normal number may count as 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphc.codegen.vmath import errorfunction, exponential, gamma, inverse, logarithm, power, trigonometric

FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    name: getattr(family, name)
    for family, names in (
        (exponential, "exp exp2 expm1 sinh cosh tanh sigmoid"),
        (logarithm, "log log2 log10 log1p softplus asinh acosh atanh"),
        (trigonometric, "sin cos tan"),
        (inverse, "asin acos atan atan2"),
        (power, "pow rsqrt cbrt"),
        (errorfunction, "erf erfc"),
        (gamma, "lgamma digamma"),
    )
    for name in names.split()
}

ULP: Final[dict[str, tuple[float, float]]] = {
    "exp": (1.1, 1.1), "exp2": (1.0, 1.2), "expm1": (1.6, 1.5), "sinh": (2.5, 2.5), "cosh": (1.8, 1.8),
    "tanh": (1.5, 2.6), "sigmoid": (2.1, 2.5), "log": (0.9, 0.9), "log2": (1.0, 1.0), "log10": (1.0, 1.0),
    "log1p": (1.5, 1.2), "softplus": (1.7, 1.7), "asinh": (0.51, 1.8), "acosh": (0.51, 2.0), "atanh": (0.51, 1.8),
    "sin": (1.5, 0.9), "cos": (1.5, 0.9), "tan": (1.9, 1.1), "asin": (1.7, 1.7), "acos": (1.5, 1.5),
    "atan": (1.9, 1.2), "atan2": (2.0, 2.0), "pow": (0.51, 1.3), "rsqrt": (1.5, 1.5), "cbrt": (0.51, 0.6),
    "erf": (1.2, 1.2), "erfc": (4.0, 4.0), "lgamma": (0.51, 4.0), "digamma": (0.51, 4.0),
}  # fmt: skip
"""Largest error in units in the last place, for float32 and float64, wherever the result is a normal number."""

OUTLINED: Final = frozenset({"sin", "cos", "tan", "pow", "lgamma", "digamma", "erfc", "cbrt"})
"""Functions so long that native code calls one copy instead of repeating it."""
