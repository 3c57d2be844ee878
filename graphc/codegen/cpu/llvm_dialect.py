"""The dialect of LLVM vectors: formulas become instructions of CPU kernels.

A kernel template makes one `LLVMDialect` per width and applies formulas to `Value`s that it has loaded
(`graphc.codegen.cpu.irtext` has the example). A scalar operand in a vector formula is splatted.

What the optimizer may do: ``contract`` (fuse a multiplication with an addition) in user-visible formulas, nothing
inside vmath functions, whose error bounds rest on every rounding being where it is written. It may never assume that
NaN or infinity cannot occur.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from graphc.codegen.cpu.irtext import Function
from graphc.codegen.cpu.irvalue import Value, constant
from graphc.codegen.dialect import BITS, FLOATS, SIGNED, Dialect, is_float


class LLVMDialect(Dialect):
    """Emit formulas into `function` on values of `lanes` lanes (1: scalars).

    Parameters
    ----------
    function
        Where the instructions go.
    lanes
        Width of every operand and result.
    contract
        Whether ``a * b + c`` may become one fused operation in formulas outside vmath.
    """

    def __init__(self, function: Function, lanes: int = 1, *, contract: bool = True) -> None:
        self.function, self.lanes = function, lanes
        self._flags = " contract" if contract else ""

    def _const(self, value: float, dtype: str) -> Value:
        return constant(value, dtype, self.lanes)

    def _operands(self, *values: Any) -> tuple[Any, ...]:
        return tuple(self.function.splat(v, self.lanes) for v in super()._operands(*values))

    def _call(self, name: str, function: Callable[..., Any], operands: tuple[Any, ...]) -> Value:
        from graphc.codegen.vmath import OUTLINED

        if name in OUTLINED and is_float(operands[0].dtype):
            return self._outlined(name, function, operands)
        flags, self._flags = self._flags, ""
        try:
            return function(self, *operands)
        finally:
            self._flags = flags

    def _outlined(
        self, name: str, function: Callable[..., Any], operands: tuple[Any, ...], noinline: bool = False
    ) -> Value:
        """Call a long vmath function as a function of the module, so that its code is there once per width."""
        dtype, module = operands[0].dtype, self.function.module
        symbol = f"vm_{name}_{dtype}_{self.lanes}"
        if not module.defines(symbol):
            arguments = {f"x{k}": dtype for k in range(len(operands))}
            with module.function(symbol, arguments, dtype, lanes=self.lanes, shared=True, noinline=noinline) as f:
                f.ret(function(LLVMDialect(f, self.lanes, contract=False), *f.args))
        result = self.function.call(symbol, operands, dtype, self.lanes)
        assert result is not None
        return result

    def _unary(self, op: str, x: Value) -> Value:
        f = self.function
        if op == "not":
            return f.binary("xor", x, constant(1 if x.dtype == "bool" else -1, x.dtype, x.lanes))
        if not is_float(x.dtype):
            if op == "neg":
                return f.binary("sub", constant(0, x.dtype, x.lanes), x)
            zero, down = constant(0, x.dtype, x.lanes), f.binary("sub", constant(0, x.dtype, x.lanes), x)
            return f.select(f.compare("lt", x, zero), down, x)
        if op == "neg":
            return f.emit(f"fneg {x!r}", x.dtype, x.lanes)
        return f.intrinsic("fabs" if op == "abs" else op, x)

    def _binary(self, op: str, x: Value, y: Value) -> Value:
        f = self.function
        if op in ("minimum", "maximum"):
            return self._extremum(op, x, y)
        if op == "copysign":
            return f.intrinsic("copysign", x, y)
        if op == "quotient" and self.lanes > 1 and BITS[x.dtype] <= 32:
            # There is no vector integer division; that of float64 is exact enough for 32-bit operands.
            wide = f.binary("div", self._convert(x, "float64"), self._convert(y, "float64"))
            return self._convert(wide, x.dtype)
        if op == "remainder" and not is_float(x.dtype) and self.lanes > 1 and BITS[x.dtype] <= 32:
            return f.binary("sub", x, f.binary("mul", self._binary("quotient", x, y), y))
        return f.binary(op, x, y, self._flags if op in ("add", "sub", "mul") else "")

    def _extremum(self, op: str, x: Value, y: Value) -> Value:
        f, side = self.function, "lt" if op == "minimum" else "gt"
        if not is_float(x.dtype):
            return f.select(f.compare(side, x, y), x, y)
        if y.literal:
            x, y = y, x
        best = f.select(f.compare(side, x, y), x, y)  # y if either is NaN: one machine instruction
        return best if x.literal else f.select(f.compare("ne", x, x), x, best)

    def _compare(self, op: str, x: Value, y: Value) -> Value:
        return self.function.compare(op, x, y)

    def _fma(self, x: Value, y: Value, z: Value) -> Value:
        return self.function.intrinsic("fma", x, y, z)

    def _select(self, condition: Value, x: Value, y: Value) -> Value:
        return self.function.select(self.function.splat(condition, self.lanes), x, y)

    def rarely(self, condition: Value, formula: Callable[..., Any], operands: tuple[Any, ...], usual: Value) -> Value:
        f, lanes = self.function, self.lanes
        if lanes == 1:
            return f.branch(condition, lambda: [self._scalar(formula, operands)], lambda: [usual])[0]
        one = LLVMDialect(f, 1, contract=False)
        bits = f.mask_bits(condition)
        with f.loop_carried(0, f.intrinsic("ctpop", bits), 1, [usual, bits]) as loop:
            values, left = loop.values
            lane = f.lowest_bit(left)
            new = one._scalar(formula, tuple(f.extract_at(x, lane) for x in operands))
            loop.update(f.insert(values, new, lane), one.and_(left, one.sub(left, 1)))
        return loop.values[0]

    def _scalar(self, formula: Callable[..., Any], operands: tuple[Any, ...]) -> Value:
        """Call `formula` as a function of the module on scalars, never inlined: it is long and rarely needed."""
        name = f"{formula.__module__.rsplit('.', 1)[-1]}_{formula.__name__}"
        return self._outlined(name, formula, operands, noinline=True)

    def _lookup(self, table: tuple[float, ...], index: Value, dtype: str) -> Value:
        name = f"table_{dtype}_{hashlib.sha256(repr(table).encode()).hexdigest()[:12]}"
        return self.function.gather(self.function.module.global_table(name, table, dtype), dtype, index)

    def _convert(self, x: Value, dtype: str) -> Value:
        source, lanes = x.dtype, x.lanes
        if dtype in FLOATS and source in FLOATS:
            word = "fpext" if dtype == "float64" else "fptrunc"
        elif dtype in FLOATS:
            word = "sitofp" if source in SIGNED else "uitofp"
        elif source in FLOATS:
            word = "fptosi" if dtype in SIGNED else "fptoui"
        elif BITS[dtype] == BITS[source]:
            return Value(x.name, dtype, lanes, x.literal)
        elif BITS[dtype] < BITS[source]:
            word = "trunc"
        else:
            word = "sext" if source in SIGNED else "zext"
        target = Value("", dtype, lanes).type
        return self.function.emit(f"{word} {x!r} to {target}", dtype, lanes)

    def _bitcast(self, x: Value, dtype: str) -> Value:
        target = Value("", dtype, x.lanes)
        if target.type == x.type:  # signedness is ours, not LLVM's
            return Value(x.name, dtype, x.lanes, x.literal)
        return self.function.emit(f"bitcast {x!r} to {target.type}", dtype, x.lanes)
