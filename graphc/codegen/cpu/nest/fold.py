"""Reductions as accumulators: what they begin with, how an element joins, how two accumulators join.

An accumulator is a list of values: one, or for argmax and argmin the best element and its position.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphc.codegen.cpu.irvalue import Value, constant
from graphc.codegen.cpu.nest.kernel import Kernel
from graphc.codegen.dialect import BITS, SIGNED, is_float
from graphc.loops.expr import Expr

POSITIONAL = ("argmax", "argmin")
_COMBINE = {"sum": "add", "prod": "mul", "max": "maximum", "min": "minimum", "any": "or_", "all": "and_"}
_CONSTANT = {"sum": 0, "prod": 1, "any": 0, "all": 1}


class Fold:
    """One reduction of a kernel.

    Parameters
    ----------
    kernel
        The kernel.
    expr
        An expression of op ``"reduce"``.
    """

    def __init__(self, kernel: Kernel, expr: Expr) -> None:
        assert expr.args[0] is not None
        self.kernel, self.expr, self.kind, self.arg = kernel, expr, expr.payload, expr.args[0]
        self.positional = self.kind in POSITIONAL
        self.width = 2 if self.positional else 1

    @property
    def tree(self) -> bool:
        """Whether the order matters, so that long runs are summed in blocks."""
        return bool(self.kind == "sum" and is_float(self.arg.dtype))

    def identity(self, lanes: int) -> list[Value]:
        """An accumulator of no elements. Position 0 is right for argmax if no element is above the identity."""
        value = constant(_neutral(self.kind, self.arg.dtype), self.arg.dtype, lanes)
        return [value, constant(0, "int64", lanes)] if self.positional else [value]

    def element(self, value: Value, lanes: int, mask: Value | None, position: Value | None) -> list[Value]:
        """An accumulator of one element per lane; the identity in lanes outside of the mask."""
        f = self.kernel.f
        value = f.splat(value, lanes)
        if mask is not None:
            value = f.select(mask, value, self.identity(lanes)[0])
        return [value, position] if self.positional and position is not None else [value]

    def join(self, mine: Sequence[Value], later: Sequence[Value]) -> list[Value]:
        """Two accumulators as one; `later` has elements of higher positions than `mine`, lane by lane."""
        lanes = mine[0].lanes
        b = self.kernel.dialect(lanes, "sub")
        if not self.positional:
            return [getattr(b, _COMBINE[self.kind])(mine[0], later[0])]
        return self._choose(mine, later, self._better(later[0], mine[0]))

    def across(self, accumulator: Sequence[Value]) -> list[Value]:
        """The accumulator of all lanes, by halves: lane k with lane k + n / 2."""
        parts = list(accumulator)
        while parts[0].lanes > 1:
            half = parts[0].lanes // 2
            low, high = ([_lanes(self.kernel, v, start, half) for v in parts] for start in (0, half))
            parts = self._join_unordered(low, high) if self.positional else self.join(low, high)
        return parts

    def merge(self, x: Sequence[Value], y: Sequence[Value]) -> list[Value]:
        """Two accumulators whose elements interleave."""
        return self._join_unordered(x, y) if self.positional else self.join(x, y)

    def result(self, accumulator: Sequence[Value]) -> Value:
        """The reduced value: the position for argmax and argmin."""
        if not self.positional:
            return accumulator[0]
        converted: Value = self.kernel.dialect(accumulator[1].lanes).cast(accumulator[1], self.expr.dtype)
        return converted

    def _better(self, x: Value, y: Value) -> Value:
        b = self.kernel.dialect(x.lanes)
        better: Value = b.gt(x, y) if self.kind == "argmax" else b.lt(x, y)
        if is_float(x.dtype):
            better = b.or_(better, b.and_(b.isnan(x), b.not_(b.isnan(y))))
        return better

    def _join_unordered(self, x: Sequence[Value], y: Sequence[Value]) -> list[Value]:
        b = self.kernel.dialect(x[0].lanes)
        neither = b.not_(b.or_(self._better(y[0], x[0]), self._better(x[0], y[0])))
        earlier = b.and_(neither, b.lt(y[1], x[1]))
        return self._choose(x, y, b.or_(self._better(y[0], x[0]), earlier))

    def _choose(self, x: Sequence[Value], y: Sequence[Value], second: Value) -> list[Value]:
        return [self.kernel.f.select(second, b, a) for a, b in zip(x, y, strict=True)]


def _neutral(kind: str, dtype: str) -> float:
    if kind in _CONSTANT:
        return _CONSTANT[kind]
    largest = kind in ("min", "argmin")
    if is_float(dtype):
        return float("inf") if largest else -float("inf")
    signed = dtype in SIGNED
    top = (1 << (BITS[dtype] - signed)) - 1
    return top if largest else (-top - 1 if signed else 0)


def _lanes(kernel: Kernel, vector: Value, start: int, count: int) -> Value:
    if count == 1:
        return kernel.f.extract(vector, start)
    chosen = ", ".join(f"i32 {start + k}" for k in range(count))
    text = f"shufflevector {vector!r}, {vector.type} poison, <{count} x i32> <{chosen}>"
    return kernel.f.emit(text, vector.dtype, count)
