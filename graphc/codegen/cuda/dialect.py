"""The dialect of ``numba.cuda`` source: the one of Python source, with NVIDIA's libdevice for what NumPy does there.

Minimum and maximum are comparisons, because the device's instructions drop NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphc.codegen.dialect import BITS, UNSIGNED, is_float
from graphc.codegen.source.expression import Values
from graphc.codegen.source_dialect import SourceDialect, SourceValue

LIBRARY: Final = frozenset(
    (
        *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh"),
        *("asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2", "pow", "erf", "erfc", "lgamma", "cbrt"),
    )
)
_AS_INTEGER: Final = {"float32": "float_as_int", "float64": "double_as_longlong"}
_AS_FLOAT: Final = {"float32": "int_as_float", "float64": "longlong_as_double"}


def _library(name: str, dtype: str) -> str:
    """The function of libdevice for an element type."""
    return f"libdevice.{name}f" if dtype == "float32" else f"libdevice.{name}"


class CudaDialect(SourceDialect):
    """Formulas as lines that ``numba.cuda`` compiles."""

    def _call(self, name: str, function: Callable[..., Any], operands: tuple[Any, ...]) -> SourceValue:
        if name in LIBRARY and is_float(operands[0].dtype):
            texts = ", ".join(o.text for o in operands)
            return self._emit(f"{_library(name, operands[0].dtype)}({texts})", operands[0].dtype)
        x = operands[0]
        if name == "rsqrt":
            return self.div(1.0, self.sqrt(x))  # type: ignore[no-any-return]
        if name == "sigmoid":
            return self.div(1.0, self.add(self.exp(self.neg(x)), 1.0))  # type: ignore[no-any-return]
        if name == "softplus":
            return self.add(self.maximum(x, 0.0), self.log1p(self.exp(self.neg(self.abs(x)))))  # type: ignore[no-any-return]
        result: SourceValue = super()._call(name, function, operands)
        return result

    def _unary(self, op: str, x: SourceValue) -> SourceValue:
        if is_float(x.dtype) and op != "neg":
            return self._emit(f"{_library('fabs' if op == 'abs' else op, x.dtype)}({x.text})", x.dtype)
        return super()._unary(op, x)

    def _binary(self, op: str, x: SourceValue, y: SourceValue) -> SourceValue:
        if is_float(x.dtype) and op in ("minimum", "maximum"):
            sign = "<=" if op == "minimum" else ">="
            return self._emit(f"{x.text} if {x.text} {sign} {y.text} or {x.text} != {x.text} else {y.text}", x.dtype)
        if is_float(x.dtype) and op in ("copysign", "remainder"):
            name = "fmod" if op == "remainder" else op
            return self._emit(f"{_library(name, x.dtype)}({x.text}, {y.text})", x.dtype)
        return super()._binary(op, x, y)

    def _fma(self, x: SourceValue, y: SourceValue, z: SourceValue) -> SourceValue:
        return self._emit(f"{_library('fma', x.dtype)}({x.text}, {y.text}, {z.text})", x.dtype)

    def _bitcast(self, x: SourceValue, dtype: str) -> SourceValue:
        if is_float(x.dtype):
            return self._emit(f"libdevice.{_AS_INTEGER[x.dtype]}({x.text})", dtype, wrap=dtype in UNSIGNED)
        if is_float(dtype):
            return self._emit(f"libdevice.{_AS_FLOAT[dtype]}(np.int{BITS[dtype]}({x.text}))", dtype)
        return self._emit(x.text, dtype, wrap=True)


class CudaValues(Values):
    """What is known at one place of a kernel. A bool in memory is a byte."""

    dialect = CudaDialect

    def element(self, operand: int, place: str) -> str:
        """An element of an operand as text."""
        text = super().element(operand, place)
        return f"({text} != 0)" if self.facts.nest.operands[operand].dtype == "bool" else text

    def store(self, operand: int, place: str, value: SourceValue) -> None:
        """Write an element of an operand."""
        if value.dtype == "bool":
            value = SourceValue(f"np.uint8(1 if {value.text} else 0)", "uint8")
        super().store(operand, place, value)

    def leave(self, status: int) -> None:
        """Report that a check does not hold, and end this thread."""
        self.writer.line(f"report(failed, np.int32({status}))")
        self.writer.line("return")
