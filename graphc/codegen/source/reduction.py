"""Reductions as variables that a loop updates."""

from __future__ import annotations

from graphc.codegen.dialect import int_range, is_float
from graphc.codegen.source.writer import Writer
from graphc.codegen.source_dialect import SourceDialect, SourceValue, source_literal
from graphc.loops.expr import Expr

_OPERATION = {"sum": "add", "prod": "mul", "max": "maximum", "min": "minimum", "any": "or_", "all": "and_"}
_START = {"sum": 0, "prod": 1, "any": 0, "all": 1}


class Accumulator:
    """One reduction: the variable is set where this is made, updated by `add`, read by `result`."""

    def __init__(self, writer: Writer, expr: Expr, dialect: type[SourceDialect] = SourceDialect) -> None:
        assert expr.args[0] is not None
        self.writer, self.expr, self.kind, self.arg = writer, expr, expr.payload, expr.args[0]
        self._dialect = dialect(writer.assign)
        self.positional = self.kind in ("argmax", "argmin")
        self.dtype = "float64" if self.kind == "sum" and self.arg.dtype == "float32" else self.arg.dtype
        self.name = writer.variable(self.kind)
        self.place = f"{self.name}_place"
        writer.line(f"{self.name} = {source_literal(self._start(), self.dtype)}")
        if self.positional:
            writer.line(f"{self.place} = np.int64(0)")

    def _start(self) -> float:
        if self.kind in _START:
            return _START[self.kind]
        largest = self.kind in ("min", "argmin")
        if is_float(self.dtype):
            return float("inf") if largest else -float("inf")
        if self.dtype == "bool":
            return largest
        low, high = int_range(self.dtype)
        return high if largest else low

    def add(self, value: SourceValue, position: str) -> None:
        """Update with an element."""
        if self.positional:
            self._add_positional(value, position)
            return
        b, mine = self._dialect, SourceValue(self.name, self.dtype)
        joined = getattr(b, _OPERATION[self.kind])(mine, b.cast(value, self.dtype))
        self.writer.line(f"{self.name} = {joined.text}")

    def _add_positional(self, value: SourceValue, position: str) -> None:
        v = self.writer.assign(value.text)
        better = f"{v} {'>' if self.kind == 'argmax' else '<'} {self.name}"
        if is_float(self.dtype):
            better += f" or ({v} != {v} and {self.name} == {self.name})"
        self.writer.flush()
        with self.writer.block(f"if {better}"):
            self.writer.line(f"{self.name} = {v}")
            self.writer.line(f"{self.place} = np.int64({position})")

    def result(self) -> str:
        """The reduced value as text."""
        if self.positional:
            return f"np.{self.expr.dtype}({self.place})"
        return f"np.{self.expr.dtype}({self.name})" if self.dtype != self.expr.dtype else self.name
