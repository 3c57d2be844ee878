"""The functions of `graphc.codegen.vmath` as methods of a dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Value = Any
"""A value of some dialect; it has a ``dtype``."""


class Functions:
    """The part of `graphc.codegen.dialect.Dialect` that is written in terms of the rest of it."""

    def _operands(self, *values: Value) -> tuple[Value, ...]:
        raise NotImplementedError

    def call(self, name: str, *operands: Value) -> Value:
        """Apply the function `name` of `graphc.codegen.vmath` (``b.exp(x)`` is ``b.call("exp", x)``)."""
        from graphc.codegen import vmath

        return self._call(name, vmath.FUNCTIONS[name], self._operands(*operands))

    def _call(self, name: str, function: Callable[..., Value], operands: tuple[Value, ...]) -> Value:
        """How this dialect applies a vmath function; by default it runs the function's formula in place."""
        return function(self, *operands)

    def exp(self, x: Value) -> Value:
        """e to the power x."""
        return self.call("exp", x)

    def exp2(self, x: Value) -> Value:
        """2 to the power x."""
        return self.call("exp2", x)

    def expm1(self, x: Value) -> Value:
        """exp(x) - 1 without cancellation."""
        return self.call("expm1", x)

    def log(self, x: Value) -> Value:
        """Natural logarithm; -inf at 0, NaN below."""
        return self.call("log", x)

    def log2(self, x: Value) -> Value:
        """Logarithm to base 2."""
        return self.call("log2", x)

    def log10(self, x: Value) -> Value:
        """Logarithm to base 10."""
        return self.call("log10", x)

    def log1p(self, x: Value) -> Value:
        """log(1 + x) without cancellation."""
        return self.call("log1p", x)

    def sin(self, x: Value) -> Value:
        """Sine of x radians."""
        return self.call("sin", x)

    def cos(self, x: Value) -> Value:
        """Cosine of x radians."""
        return self.call("cos", x)

    def tan(self, x: Value) -> Value:
        """Tangent of x radians."""
        return self.call("tan", x)

    def asin(self, x: Value) -> Value:
        """Arc sine in radians."""
        return self.call("asin", x)

    def acos(self, x: Value) -> Value:
        """Arc cosine in radians."""
        return self.call("acos", x)

    def atan(self, x: Value) -> Value:
        """Arc tangent in radians."""
        return self.call("atan", x)

    def atan2(self, y: Value, x: Value) -> Value:
        """Angle of the point (x, y) in radians, in [-pi, pi]."""
        return self.call("atan2", y, x)

    def sinh(self, x: Value) -> Value:
        """Hyperbolic sine."""
        return self.call("sinh", x)

    def cosh(self, x: Value) -> Value:
        """Hyperbolic cosine."""
        return self.call("cosh", x)

    def tanh(self, x: Value) -> Value:
        """Hyperbolic tangent."""
        return self.call("tanh", x)

    def asinh(self, x: Value) -> Value:
        """Inverse hyperbolic sine."""
        return self.call("asinh", x)

    def acosh(self, x: Value) -> Value:
        """Inverse hyperbolic cosine; NaN below 1."""
        return self.call("acosh", x)

    def atanh(self, x: Value) -> Value:
        """Inverse hyperbolic tangent; NaN outside [-1, 1]."""
        return self.call("atanh", x)

    def pow(self, x: Value, y: Value) -> Value:
        """x to the power y; integers by squaring, wrapping, with 0 for negative exponents of |x| > 1."""
        return self.call("pow", x, y)

    def erf(self, x: Value) -> Value:
        """Error function."""
        return self.call("erf", x)

    def erfc(self, x: Value) -> Value:
        """1 - erf(x) without cancellation."""
        return self.call("erfc", x)

    def lgamma(self, x: Value) -> Value:
        """log |gamma(x)|."""
        return self.call("lgamma", x)

    def digamma(self, x: Value) -> Value:
        """Derivative of log gamma; NaN at the poles."""
        return self.call("digamma", x)

    def sigmoid(self, x: Value) -> Value:
        """1 / (1 + exp(-x))."""
        return self.call("sigmoid", x)

    def softplus(self, x: Value) -> Value:
        """log(1 + exp(x)) for every x; ``log_sigmoid(x)`` is ``-softplus(-x)``."""
        return self.call("softplus", x)

    def rsqrt(self, x: Value) -> Value:
        """1 / sqrt(x)."""
        return self.call("rsqrt", x)

    def cbrt(self, x: Value) -> Value:
        """Real cube root."""
        return self.call("cbrt", x)
