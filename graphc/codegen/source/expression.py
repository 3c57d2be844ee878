"""Values of expressions as names of variables, each computed once, in the loop where it is needed first."""

from __future__ import annotations

import re

from graphc.codegen.cpu.nest.facts import Facts
from graphc.codegen.source.writer import Writer
from graphc.codegen.source_dialect import SourceDialect, SourceValue, source_literal
from graphc.ir.dims import Dim, to_text
from graphc.loops.expr import Affine, Expr
from graphc.loops.spec import Check
from graphc.ops.record import record_of


class Values:
    """What is known at one place of the loops, in terms of a dialect.

    Parameters
    ----------
    writer
        Where lines go.
    facts
        About the expressions.
    outer
        The place around this one.
    axes
        Axes whose index ``i<axis>`` is known here.
    """

    dialect: type[SourceDialect] = SourceDialect

    def __init__(self, writer: Writer, facts: Facts, outer: Values | None, axes: frozenset[int]) -> None:
        self.writer, self.facts, self.outer, self.axes = writer, facts, outer, axes
        self.accumulator: str = outer.accumulator if outer else ""
        self._known: dict[Expr, SourceValue] = {}
        self._checked: set[Check] = set()
        self._dialect = self.dialect(writer.assign)

    def inside(self, *axes: int) -> Values:
        """The place inside of loops over some axes."""
        return type(self)(self.writer, self.facts, self, self.axes.union(axes))

    def known(self, expr: Expr) -> SourceValue | None:
        """The value if it has been computed."""
        place: Values | None = self
        while place is not None:
            if expr in place._known:
                return place._known[expr]
            place = place.outer
        return None

    def set(self, expr: Expr, text: str) -> None:
        """Tell the value of a reduction."""
        self._known[expr] = SourceValue(text, expr.dtype)

    def ready(self, expr: Expr) -> bool:
        """Whether everything it depends on is known."""
        fact = self.facts[expr]
        return fact.axes <= self.axes and all(self.known(r) is not None for r in fact.reductions)

    def value(self, expr: Expr) -> SourceValue:
        """The value, computed here unless it is known."""
        found = self.known(expr)
        if found is None:
            found = self._known[expr] = self._compute(expr)
        return found

    def _compute(self, expr: Expr) -> SourceValue:
        if expr.op == "const":
            return SourceValue(source_literal(expr.payload, expr.dtype), expr.dtype)
        if expr.op == "accumulator":
            return SourceValue(self.writer.assign(self.accumulator), expr.dtype)
        if expr.op in ("index", "size"):
            text = f"i{expr.payload}" if expr.op == "index" else size_text(expr.payload)
            return SourceValue(self.writer.assign(f"np.int64({text})"), "int64")
        if expr.op == "load":
            return self._load(expr)
        operands = [self.value(a) for a in expr.args if a is not None]
        result: SourceValue = record_of(expr.op).scalar(self._dialect, *operands, **dict(expr.payload or ()))  # type: ignore[misc]
        return result

    def _load(self, expr: Expr) -> SourceValue:
        operand, offset = expr.payload
        dynamic, guard = (self.value(a) if a is not None else None for a in (*expr.args, None, None)[:2])
        place = self.offset(offset)
        if dynamic is not None:
            place = dynamic.text if place == "0" else f"{place} + {dynamic.text}"
        text = self.element(operand, place)
        if guard is not None:
            text = f"{text} if {guard.text} else {source_literal(0, expr.dtype)}"
        return SourceValue(self.writer.assign(text), expr.dtype)

    def element(self, operand: int, place: str) -> str:
        """An element of an operand as text."""
        return f"a{operand}[{place}]"

    def store(self, operand: int, place: str, value: SourceValue) -> None:
        """Write an element of an operand."""
        self.writer.line(f"a{operand}[{place}] = {value.text}")

    def leave(self, status: int) -> None:
        """Leave the function because a check does not hold."""
        self.writer.line(f"return {status}")

    def offset(self, offset: Affine) -> str:
        """An index map as text."""
        terms = [_product(f"i{k}", c) for k, c in enumerate(offset.coefficients) if c != 0]
        if offset.base != 0 or not terms:
            terms.insert(0, size_text(offset.base))
        return " + ".join(terms)

    def check(self, check: Check) -> None:
        """Leave the function where a check that is ready does not hold."""
        place: Values | None = self
        while place is not None:
            if check in place._checked:
                return
            place = place.outer
        if self.ready(check.expr):
            self._checked.add(check)
            holds = self.value(check.expr)
            self.writer.flush()
            with self.writer.block(f"if not {holds.text}"):
                self.leave(check.status)


def _product(name: str, coefficient: Dim) -> str:
    return name if coefficient == 1 else f"{name} * {factor_text(coefficient)}"


def parameter_name(symbol: str) -> str:
    """The parameter of a size symbol: itself if it is a letter (c is a loop), else marked as a size."""
    return symbol if re.fullmatch(r"[a-bd-z]", symbol) else "size_" + re.sub(r"\W", "_", symbol)


def size_text(size: Dim) -> str:
    """A dimension as Python text."""
    return to_text(size, parameter_name)


def factor_text(size: Dim) -> str:
    """A dimension as a factor of a product."""
    text = size_text(size)
    return text if text.isidentifier() or text.isdigit() else f"({text})"
