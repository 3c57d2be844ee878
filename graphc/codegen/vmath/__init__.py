"""Vector mathematics: every transcendental function as one branch-free formula over a dialect.

`FUNCTIONS` maps a name to its formula ``f(b, x, ...)``; formulas take float32 and float64 (`pow` integers too). Use
them as methods of a dialect: ``b.exp(x)``. Each docstring states the largest error in units in the last place (ulp).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphc.codegen.vmath import exponential

FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {"exp": exponential.exp}

OUTLINED: Final[frozenset[str]] = frozenset()
"""Functions so long that native code calls one copy instead of repeating it."""
