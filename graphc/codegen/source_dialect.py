"""The dialect of Python source: formulas become lines that run under ``numba.njit`` and as plain Python.

Values are scalars of NumPy types. Integers narrower than 64 bits are wrapped after every operation, because Numba
computes them in 64 bits. Transcendental functions are NumPy's.

>>> lines = []
>>> b = SourceDialect(lambda text, dtype: lines.append(text) or f"t{len(lines)}")
>>> x = SourceValue("x", "float32")
>>> b.select(b.gt(x, 0.0), b.exp(x), x)
SourceValue('t3', 'float32')
>>> lines
['x > np.float32(0.0)', 'np.exp(x)', 't2 if t1 else x']
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from graphc.codegen.dialect import BITS, FLOATS, UNSIGNED, Dialect, is_float
from graphc.codegen.source_formulas import digamma

_BINARY: Final = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "and": "&", "or": "|", "xor": "^", "shl": "<<", "shr": ">>",
}  # fmt: skip
_COMPARE: Final = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_NUMPY: Final = {
    **{
        n: f"np.{n}({{0}})"
        for n in ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh"]
    },
    **{n: f"np.arc{n[1:]}({{0}})" for n in ["asin", "acos", "atan", "asinh", "acosh", "atanh"]},
    **{n: f"math.{n}({{0}})" for n in ("erf", "erfc")},
    # Plain Python raises at the poles and where the result overflows.
    "lgamma": "np.inf if {0} > 2.5e305 or ({0} <= 0 and {0} == np.floor({0})) else math.lgamma(np.float64({0}))",
    "atan2": "np.arctan2({0}, {1})",
    "pow": "np.power({0}, {1})",
    "cbrt": "np.cbrt({0})",
    "rsqrt": "{one} / np.sqrt({0})",
    "sigmoid": "{one} / ({one} + np.exp(-{0}))",
    "softplus": "np.maximum({0}, {zero}) + np.log1p(np.exp(-abs({0})))",
}


@dataclass(frozen=True)
class SourceValue:
    """A value: its text (a name or a literal) and its dtype."""

    text: str
    dtype: str

    def __repr__(self) -> str:
        return f"SourceValue({self.text!r}, {self.dtype!r})"


def source_literal(value: float, dtype: str) -> str:
    """A typed constant as Python text.

    >>> source_literal(1, "float32"), source_literal(-1, "uint8"), source_literal(float("inf"), "float64")
    ('np.float32(1.0)', 'np.uint8(255)', 'np.float64(np.inf)')
    """
    if dtype == "bool":
        return "True" if value else "False"
    if dtype in FLOATS:
        number = float(value)
        text = "np.nan" if math.isnan(number) else f"{'-' * (number < 0)}np.inf" if math.isinf(number) else repr(number)
        return f"np.{dtype}({text})"
    bits = BITS[dtype]
    wrapped = int(value) & ((1 << bits) - 1)
    if dtype not in UNSIGNED and wrapped >> (bits - 1):
        wrapped -= 1 << bits
    return f"np.{dtype}({wrapped})"


class SourceDialect(Dialect):
    """Formulas as lines of source.

    Parameters
    ----------
    assign
        Called with the text of an expression and its dtype; gives the name of the variable it was assigned to.
    """

    def __init__(self, assign: Callable[[str, str], str]) -> None:
        self._assign = assign

    def _emit(self, text: str, dtype: str, *, wrap: bool = False) -> SourceValue:
        return SourceValue(self._assign(f"np.{dtype}({text})" if wrap else text, dtype), dtype)

    def _const(self, value: float, dtype: str) -> SourceValue:
        return SourceValue(source_literal(value, dtype), dtype)

    def _call(self, name: str, function: Callable[..., Any], operands: tuple[Any, ...]) -> SourceValue:
        dtype = operands[0].dtype
        if name == "digamma":
            special: SourceValue = digamma(self, *operands)
            return special
        if name not in _NUMPY or not is_float(dtype):
            result: SourceValue = super()._call(name, function, operands)
            return result
        zero, one = (source_literal(v, dtype) for v in (0, 1))
        text = _NUMPY[name].format(*(o.text for o in operands), zero=zero, one=one)
        return self._emit(text, dtype, wrap="math." in text)

    def _unary(self, op: str, x: SourceValue) -> SourceValue:
        if op == "not":
            return self._emit(f"not {x.text}" if x.dtype == "bool" else f"~{x.text}", x.dtype, wrap=_wraps(x))
        if op in ("neg", "abs"):
            return self._emit(f"-{x.text}" if op == "neg" else f"abs({x.text})", x.dtype, wrap=_wraps(x))
        return self._emit(f"np.{op}({x.text})", x.dtype)

    def _binary(self, op: str, x: SourceValue, y: SourceValue) -> SourceValue:
        if op in ("minimum", "maximum") and not is_float(x.dtype):
            sign = "<" if op == "minimum" else ">"
            return self._emit(f"{x.text} if {x.text} {sign} {y.text} else {y.text}", x.dtype)
        if op in ("minimum", "maximum", "copysign"):
            return self._emit(f"np.{op}({x.text}, {y.text})", x.dtype)
        if op == "remainder" and is_float(x.dtype):
            return self._emit(f"np.fmod({x.text}, {y.text})", x.dtype)
        if op in ("quotient", "remainder"):
            return self._truncating(op, x, y)
        return self._emit(f"{x.text} {_BINARY[op]} {y.text}", x.dtype, wrap=_wraps(x))

    def _truncating(self, op: str, x: SourceValue, y: SourceValue) -> SourceValue:
        down = self._emit(f"{x.text} // {y.text}", x.dtype, wrap=_wraps(x))
        rest = self._emit(f"{x.text} - {down.text} * {y.text}", x.dtype, wrap=_wraps(x))
        if x.dtype in UNSIGNED:
            return down if op == "quotient" else rest
        # Python rounds down; the quotient is one more where that is not toward zero.
        up = self._emit(f"{rest.text} != 0 and ({x.text} < 0) != ({y.text} < 0)", "bool")
        text = f"{down.text} + 1 if {up.text} else {down.text}"
        if op == "remainder":
            text = f"{rest.text} - {y.text} if {up.text} else {rest.text}"
        return self._emit(text, x.dtype, wrap=_wraps(x))

    def _compare(self, op: str, x: SourceValue, y: SourceValue) -> SourceValue:
        return self._emit(f"{x.text} {_COMPARE[op]} {y.text}", "bool")

    def _fma(self, x: SourceValue, y: SourceValue, z: SourceValue) -> SourceValue:
        if x.dtype == "float64":
            return self._emit(f"{x.text} * {y.text} + {z.text}", x.dtype)
        return self._emit(f"np.float64({x.text}) * np.float64({y.text}) + np.float64({z.text})", x.dtype, wrap=True)

    def _select(self, condition: SourceValue, x: SourceValue, y: SourceValue) -> SourceValue:
        return self._emit(f"{x.text} if {condition.text} else {y.text}", x.dtype)

    def _lookup(self, table: tuple[float, ...], index: SourceValue, dtype: str) -> SourceValue:
        entries = ", ".join(source_literal(v, dtype) for v in table)
        return self._emit(f"({entries},)[{index.text}]", dtype)

    def _convert(self, x: SourceValue, dtype: str) -> SourceValue:
        return self._emit(x.text, dtype, wrap=True)

    def _bitcast(self, x: SourceValue, dtype: str) -> SourceValue:
        return self._emit(f"np.{x.dtype}({x.text}).view(np.{dtype})", dtype)  # Numba views only what it sees typed


def _wraps(x: SourceValue) -> bool:
    """Whether Numba would compute in a wider type."""
    return x.dtype not in FLOATS and x.dtype != "bool" and BITS[x.dtype] < 64
