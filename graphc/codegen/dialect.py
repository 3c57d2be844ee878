"""Scalar formulas, written once and printed many times.

A *dialect* is an object `b` with one method per scalar operation. A formula is a Python function over such an object,

>>> def silu(b, x):
...     return b.div(x, b.add(b.exp(b.neg(x)), 1.0))

and running it produces whatever the dialect stands for: NumPy arrays (`graphc.codegen.numpy_dialect`, how formulas
are tested over large samples), LLVM vectors (`graphc.codegen.cpu.llvm_dialect`, how CPU kernels are made), or lines of
Python source (`graphc.codegen.source_dialect`, how a program is exported).

>>> import numpy as np
>>> from graphc.codegen.numpy_dialect import NumpyDialect
>>> silu(NumpyDialect(), np.float32([0.0, 1.0])).round(4)
array([0.    , 0.7311], dtype=float32)

Rules for authors
-----------------
* Every value has a ``dtype``; compare it through ``str(x.dtype)``. Dtypes are the strings in `DTYPES`.
* Operands of one operation have one dtype. A Python number takes the dtype of the other operands, so ``b.mul(x, 2.0)``
  works for float32 and float64 alike. Nothing else is converted silently: write `cast`.
* There is no control flow: use `select`. Both arms are evaluated, and nothing traps.
* Constants are rounded to the dtype once, from float64.
* A dialect may fuse ``a * b + c`` of formulas (LLVM's ``contract``), never inside the functions of
  `graphc.codegen.vmath`; it never assumes that NaN or infinity cannot occur.

A new dialect implements the hooks at the end of `Dialect` (their names start with an underscore).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from graphc.codegen.functions import Functions
from graphc.codegen.functions import Value as Value

FLOATS: Final = ("float32", "float64")
SIGNED: Final = ("int8", "int16", "int32", "int64")
UNSIGNED: Final = ("uint8", "uint16", "uint32", "uint64")
DTYPES: Final = (*FLOATS, *SIGNED, *UNSIGNED, "bool")

BITS: Final = {
    "float32": 32, "float64": 64, "bool": 1,
    "int8": 8, "int16": 16, "int32": 32, "int64": 64,
    "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64,
}  # fmt: skip
"""Width of a value in a register; a bool in memory is one byte."""

INT_OF: Final = {"float32": "int32", "float64": "int64"}
"""The signed integer dtype that holds the bits of a float dtype."""


def int_range(dtype: str) -> tuple[int, int]:
    """Smallest and largest value of an integer dtype.

    >>> int_range("int8"), int_range("uint16")
    ((-128, 127), (0, 65535))
    """
    bits = BITS[dtype]
    if dtype in SIGNED:
        return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return 0, (1 << bits) - 1


def is_float(dtype: object) -> bool:
    """Whether `dtype` is float32 or float64."""
    return str(dtype) in FLOATS


def is_integer(dtype: object) -> bool:
    """Whether `dtype` is a signed or unsigned integer (bool is not)."""
    return str(dtype) in SIGNED or str(dtype) in UNSIGNED


class Dialect(Functions):
    """The vocabulary of scalar formulas; see the module's documentation."""

    # ------------------------------------------------------------------ operands

    def const(self, value: float, dtype: object) -> Value:
        """The constant `value`, rounded (floats) or wrapped (integers) to `dtype`."""
        return self._const(value, str(dtype))

    def _operands(self, *values: Value) -> tuple[Value, ...]:
        """The operands with Python numbers turned into constants of the common dtype."""
        dtype = next((str(v.dtype) for v in values if not isinstance(v, int | float)), None)
        if dtype is None:
            raise TypeError(f"an operation needs one operand that is not a Python number; got {values}")
        out = tuple(self._const(v, dtype) if isinstance(v, int | float) else v for v in values)
        if any(str(v.dtype) != dtype for v in out):
            found = [str(v.dtype) for v in out]
            raise TypeError(f"operands of one operation must have one dtype; got {found}; use cast")
        return out

    # ------------------------------------------------------------------ arithmetic

    def add(self, x: Value, y: Value) -> Value:
        """x + y; integers wrap."""
        return self._binary("add", *self._operands(x, y))

    def sub(self, x: Value, y: Value) -> Value:
        """x - y; integers wrap."""
        return self._binary("sub", *self._operands(x, y))

    def mul(self, x: Value, y: Value) -> Value:
        """x * y; integers wrap."""
        return self._binary("mul", *self._operands(x, y))

    def div(self, x: Value, y: Value) -> Value:
        """x / y of floats (cast integers first)."""
        x, y = self._operands(x, y)
        if not is_float(x.dtype):
            raise TypeError(f"div is for floats, not {x.dtype}: cast first, or use floor_div or trunc_div")
        return self._binary("div", x, y)

    def neg(self, x: Value) -> Value:
        """-x; the sign of zero flips, integers wrap."""
        return self._unary("neg", x)

    def fma(self, x: Value, y: Value, z: Value) -> Value:
        """x * y + z of floats with one rounding."""
        return self._fma(*self._operands(x, y, z))

    def abs(self, x: Value) -> Value:
        """Absolute value; the smallest signed integer stays itself, unsigned integers are returned."""
        return x if str(x.dtype) in UNSIGNED or str(x.dtype) == "bool" else self._unary("abs", x)

    def sqrt(self, x: Value) -> Value:
        """Correctly rounded square root of a float."""
        return self._unary("sqrt", x)

    def minimum(self, x: Value, y: Value) -> Value:
        """The smaller operand; NaN if either is NaN. The sign of a zero result is unspecified."""
        return self._binary("minimum", *self._operands(x, y))

    def maximum(self, x: Value, y: Value) -> Value:
        """The larger operand; NaN if either is NaN. The sign of a zero result is unspecified."""
        return self._binary("maximum", *self._operands(x, y))

    def floor(self, x: Value) -> Value:
        """Round toward minus infinity; integers are returned unchanged, as by the next three."""
        return self._unary("floor", x) if is_float(x.dtype) else x

    def ceil(self, x: Value) -> Value:
        """Round toward plus infinity."""
        return self._unary("ceil", x) if is_float(x.dtype) else x

    def rint(self, x: Value) -> Value:
        """Round to the nearest integer, ties to even."""
        return self._unary("rint", x) if is_float(x.dtype) else x

    def trunc(self, x: Value) -> Value:
        """Round toward zero."""
        return self._unary("trunc", x) if is_float(x.dtype) else x

    def copysign(self, x: Value, y: Value) -> Value:
        """The magnitude of x with the sign bit of y (floats)."""
        return self._binary("copysign", *self._operands(x, y))

    # ------------------------------------------------------------------ comparison and logic

    def eq(self, x: Value, y: Value) -> Value:
        """x == y as bool; like the other comparisons false when an operand is NaN, except `ne`."""
        return self._compare("eq", *self._operands(x, y))

    def ne(self, x: Value, y: Value) -> Value:
        """x != y as bool; true when an operand is NaN."""
        return self._compare("ne", *self._operands(x, y))

    def lt(self, x: Value, y: Value) -> Value:
        """x < y as bool."""
        return self._compare("lt", *self._operands(x, y))

    def le(self, x: Value, y: Value) -> Value:
        """x <= y as bool."""
        return self._compare("le", *self._operands(x, y))

    def gt(self, x: Value, y: Value) -> Value:
        """x > y as bool."""
        return self._compare("gt", *self._operands(x, y))

    def ge(self, x: Value, y: Value) -> Value:
        """x >= y as bool."""
        return self._compare("ge", *self._operands(x, y))

    def isnan(self, x: Value) -> Value:
        """Whether x is NaN; false for integers."""
        return self._compare("ne", x, x)

    def isfinite(self, x: Value) -> Value:
        """Whether x is neither NaN nor infinite."""
        return self.lt(self.abs(x), float("inf")) if is_float(x.dtype) else self.eq(x, x)

    def and_(self, x: Value, y: Value) -> Value:
        """Logical (bool) or bitwise (integers) and."""
        return self._binary("and", *self._operands(x, y))

    def or_(self, x: Value, y: Value) -> Value:
        """Logical or bitwise or."""
        return self._binary("or", *self._operands(x, y))

    def xor(self, x: Value, y: Value) -> Value:
        """Logical or bitwise exclusive or."""
        return self._binary("xor", *self._operands(x, y))

    def not_(self, x: Value) -> Value:
        """Logical or bitwise complement."""
        return self._unary("not", x)

    def shl(self, x: Value, count: Value) -> Value:
        """x << count; 0 <= count < bits (the caller guards user data)."""
        return self._binary("shl", *self._operands(x, count))

    def shr(self, x: Value, count: Value) -> Value:
        """x >> count, arithmetic for signed and logical for unsigned dtypes; 0 <= count < bits."""
        return self._binary("shr", *self._operands(x, count))

    def select(self, condition: Value, x: Value, y: Value) -> Value:
        """x where `condition` (bool) holds, else y."""
        return self._select(condition, *self._operands(x, y))

    def rarely(
        self, condition: Value, formula: Callable[..., Value], operands: tuple[Value, ...], usual: Value
    ) -> Value:
        """``formula(b, *operands)`` where `condition` holds, else `usual`: for long formulas that few values need.

        `formula` is a module-level function of operands of the dtype of `usual`. A dialect with control flow applies
        it only to the lanes that need it.
        """
        return self._select(condition, formula(self, *operands), usual)

    def lookup(self, table: Sequence[float], index: Value, dtype: object) -> Value:
        """``table[index]`` of a constant table; the index (int64) must be in range in every lane."""
        return self._lookup(tuple(table), index, str(dtype))

    # ------------------------------------------------------------------ conversion

    def cast(self, x: Value, dtype: object) -> Value:
        """Convert a value between any two dtypes.

        To bool: ``x != 0``. Between integers: wraps. Float to integer: truncates toward zero, saturates at the range
        of `dtype`, NaN gives 0.
        """
        source, target = str(x.dtype), str(dtype)
        if source == target:
            return x
        if target == "bool":
            return self.ne(x, 0)
        if source in FLOATS and target not in FLOATS:
            return self._saturate(x, target)
        return self._convert(x, target)

    def _saturate(self, x: Value, target: str) -> Value:
        low, high = int_range(target)
        # high + 1 is a power of two, hence exact in every float dtype; high itself is not.
        too_low, too_high = self.lt(x, float(low)), self.ge(x, float(high + 1))
        inside = self.not_(self.or_(self.or_(too_low, too_high), self.isnan(x)))
        y = self._convert(self.select(inside, x, 0.0), target)
        return self.select(too_high, self.const(high, target), self.select(too_low, self.const(low, target), y))

    def cast_small(self, x: Value, dtype: object) -> Value:
        """Convert a float that is known to be finite and within the range of the integer `dtype`, truncating."""
        return self._convert(x, str(dtype))

    def bitcast(self, x: Value, dtype: object) -> Value:
        """The same bits as another dtype of the same width (unsigned and signed integers included)."""
        if BITS[str(dtype)] != BITS[str(x.dtype)]:
            raise TypeError(f"bitcast keeps the width: {x.dtype} to {dtype}")
        return x if str(x.dtype) == str(dtype) else self._bitcast(x, str(dtype))

    # ------------------------------------------------------------------ division with a remainder

    def trunc_div(self, x: Value, y: Value) -> Value:
        """Quotient rounded toward zero. Integers: x / 0 is 0, the smallest integer over -1 is itself."""
        x, y = self._operands(x, y)
        if is_float(x.dtype):
            return self.trunc(self.div(x, y))
        safe, zero = self._safe_divisor(x, y)
        return self.select(zero, 0, self._binary("quotient", x, safe))

    def trunc_mod(self, x: Value, y: Value) -> Value:
        """Remainder with the sign of x (C's ``%`` and ``fmod``). Integers: x mod 0 is 0."""
        x, y = self._operands(x, y)
        if is_float(x.dtype):
            return self._binary("remainder", x, y)
        safe, zero = self._safe_divisor(x, y)
        return self.select(zero, 0, self._binary("remainder", x, safe))

    def floor_div(self, x: Value, y: Value) -> Value:
        """Quotient rounded down, as NumPy's ``//``. Integers: x // 0 is 0, the smallest integer // -1 is itself."""
        x, y = self._operands(x, y)
        if is_float(x.dtype):
            return self._float_divmod(x, y)[0]
        if str(x.dtype) in UNSIGNED:
            return self.trunc_div(x, y)
        return self._int_divmod(x, y)[0]

    def mod(self, x: Value, y: Value) -> Value:
        """Remainder with the sign of y, as NumPy's ``%``. Integers: x % 0 is 0."""
        x, y = self._operands(x, y)
        if is_float(x.dtype):
            return self._float_divmod(x, y)[1]
        if str(x.dtype) in UNSIGNED:
            return self.trunc_mod(x, y)
        return self._int_divmod(x, y)[1]

    def _safe_divisor(self, x: Value, y: Value) -> tuple[Value, Value]:
        """A divisor that cannot trap, and where the true one is zero. MIN / -1 becomes MIN / 1, which is what wraps."""
        zero = self.eq(y, 0)
        trap = zero
        if str(x.dtype) in SIGNED:
            trap = self.or_(zero, self.and_(self.eq(x, int_range(str(x.dtype))[0]), self.eq(y, -1)))
        return self.select(trap, 1, y), zero

    def _int_divmod(self, x: Value, y: Value) -> tuple[Value, Value]:
        safe, zero = self._safe_divisor(x, y)
        quotient = self._binary("quotient", x, safe)
        remainder = self.sub(x, self.mul(quotient, safe))
        below = self.and_(self.ne(remainder, 0), self.lt(self.xor(remainder, safe), 0))
        quotient = self.select(below, self.sub(quotient, 1), quotient)
        remainder = self.select(below, self.add(remainder, safe), remainder)
        return self.select(zero, 0, quotient), self.select(zero, 0, remainder)

    def _float_divmod(self, x: Value, y: Value) -> tuple[Value, Value]:
        # The steps of NumPy's npy_divmod, which itself follows CPython's float_divmod.
        rest = self._binary("remainder", x, y)
        ratio = self.div(x, y)
        below = self.and_(self.ne(rest, 0.0), self.ne(self.lt(y, 0.0), self.lt(rest, 0.0)))
        exact = self.div(self.sub(x, rest), y)
        exact = self.select(below, self.sub(exact, 1.0), exact)
        down = self.floor(exact)
        down = self.select(self.gt(self.sub(exact, down), 0.5), self.add(down, 1.0), down)
        down = self.select(self.eq(exact, 0.0), self.copysign(0.0, ratio), down)
        rest = self.select(below, self.add(rest, y), self.select(self.eq(rest, 0.0), self.copysign(rest, y), rest))
        return self.select(self.eq(y, 0.0), ratio, down), rest

    # ------------------------------------------------------------------ hooks of a dialect

    def _const(self, value: float, dtype: str) -> Value:
        raise NotImplementedError

    def _unary(self, op: str, x: Value) -> Value:
        """One of neg, abs, sqrt, floor, ceil, rint, trunc, not."""
        raise NotImplementedError

    def _binary(self, op: str, x: Value, y: Value) -> Value:
        """One of add, sub, mul, div, minimum, maximum, copysign, and, or, xor, shl, shr, quotient, remainder.

        quotient and remainder truncate; the divisor of integers is never 0, nor -1 with the smallest integer.
        """
        raise NotImplementedError

    def _compare(self, op: str, x: Value, y: Value) -> Value:
        """One of eq, ne, lt, le, gt, ge."""
        raise NotImplementedError

    def _fma(self, x: Value, y: Value, z: Value) -> Value:
        raise NotImplementedError

    def _select(self, condition: Value, x: Value, y: Value) -> Value:
        raise NotImplementedError

    def _convert(self, x: Value, dtype: str) -> Value:
        """Number to number (or bool to number); a float fits the integer dtype it goes to."""
        raise NotImplementedError

    def _lookup(self, table: tuple[float, ...], index: Value, dtype: str) -> Value:
        raise NotImplementedError

    def _bitcast(self, x: Value, dtype: str) -> Value:
        raise NotImplementedError
