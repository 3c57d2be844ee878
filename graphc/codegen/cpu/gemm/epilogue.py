"""What happens to finished sums: the stores of a contraction, evaluated on vectors along the last axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphc.codegen.cpu.gemm.frame import Frame
from graphc.codegen.cpu.irvalue import Value, constant
from graphc.codegen.cpu.llvm_dialect import LLVMDialect
from graphc.ir.dims import Dim
from graphc.loops.expr import Expr, postorder
from graphc.loops.spec import Store
from graphc.ops.record import record_of


@dataclass(frozen=True)
class Epilogue:
    """Emits the stores of a contraction or convolution.

    Attributes
    ----------
    stores : tuple of Store
        Over the parallel axes; the last of them is the one that vectors run along.
    dtype : str
        Of the sums.
    lanes : int
        Elements of a vector of sums.
    columns : Dim
        Columns in all; blocks begin at multiples of `lanes`.
    """

    stores: tuple[Store, ...]
    dtype: str
    lanes: int
    columns: Dim

    @property
    def roots(self) -> tuple[Expr, ...]:
        """What is stored."""
        return tuple(store.expr for store in self.stores)

    @property
    def step(self) -> int:
        """Columns handled at a time: `lanes`, or 1 where some index map does not allow vectors."""
        if any(store.offset.coefficients[-1] != 1 for store in self.stores):
            return 1
        for expr in postorder(self.roots):
            if expr.op == "load" and (expr.args or expr.payload[1].coefficients[-1] not in (0, 1)):
                return 1
        return self.lanes

    def emit_rows(
        self, frame: Frame, outer: Sequence[Value], at: Block, sums: Value, pitch: Value, *, axis: int, step: int = 1
    ) -> None:
        """Finish a block of sums; its rows lie `pitch` elements apart from the pointer `sums` on.

        Rows run along the parallel axis `axis` in steps of `step`; `outer` has the indices of the other axes but the
        last.
        """
        f = frame.f
        with f.loop(0, at.count) as row:
            start = f.offset(sums, f.binary("mul", row, pitch), self.dtype)
            along = row if step == 1 else f.binary("mul", row, constant(step, "int64"))
            index = f.binary("add", at.row, along)
            self.emit_row(frame, [*outer[:axis], index, *outer[axis:], at.column], at.columns, start)

    def emit_row(self, frame: Frame, indices: Sequence[Value], columns: Value, sums: Value) -> None:
        """Finish `columns` contiguous sums from the pointer `sums` on; the first has these indices."""
        f, step = frame.f, self.step
        whole = f.binary("and", columns, constant(-step, "int64"))
        known = self.columns if isinstance(self.columns, int) else None

        def some(at: Value, mask: Value | None) -> None:
            value = f.load(sums, self.dtype, step, index=at, mask=mask)
            _Vector(frame, [*indices[:-1], f.binary("add", indices[-1], at)], value, mask).run(self)

        # Code that is known not to run is not written: most of a kernel's compile time is spent here.
        if known is None or known >= step:
            with f.loop(0, whole, step) as at:
                some(at, None)
        if step > 1 and (known is None or known % step):
            with f.if_(f.compare("lt", whole, columns)):
                some(whole, f.tail_mask(f.binary("sub", columns, whole), step))


@dataclass(frozen=True)
class Block:
    """A block of sums: `count` rows from `row` on, `columns` columns from `column` on."""

    row: Value
    count: Value
    column: Value
    columns: Value


class _Vector:
    """The stores at one vector of sums (or one sum, with one lane)."""

    def __init__(self, frame: Frame, indices: list[Value], accumulator: Value, mask: Value | None) -> None:
        self.frame, self.indices, self.accumulator, self.mask = frame, indices, accumulator, mask
        self.lanes = accumulator.lanes
        self.values: dict[Expr, Value] = {}

    def run(self, epilogue: Epilogue) -> None:
        f = self.frame.f
        for expr in postorder(epilogue.roots):
            self.values[expr] = self.value(expr)
        for store in epilogue.stores:
            value = f.splat(self.values[store.expr], self.lanes)
            at = self.frame.offset(store.offset, self.indices)
            f.store(value, self.frame.pointers[store.operand], index=at, mask=self.mask)

    def value(self, expr: Expr) -> Value:
        f, lanes = self.frame.f, self.lanes
        if expr.op == "accumulator":
            return self.accumulator
        if expr.op == "load":
            return self.load(expr)
        if expr.op == "const":
            return constant(expr.payload, expr.dtype, lanes)
        if expr.op == "size":
            return f.splat(self.frame.size(expr.payload), lanes)
        if expr.op == "index":
            index = f.splat(self.indices[expr.payload], lanes)
            along = expr.payload == len(self.indices) - 1 and lanes > 1
            return f.binary("add", index, f.iota(lanes)) if along else index
        scalar = record_of(expr.op).scalar
        assert scalar is not None, f"{expr.op} has no scalar code"
        operands = [self.values[arg] for arg in expr.args if arg is not None]
        value = scalar(LLVMDialect(f, lanes), *operands, **dict(expr.payload or ()))
        assert isinstance(value, Value)
        return value

    def load(self, expr: Expr) -> Value:
        f = self.frame.f
        operand, offset = expr.payload
        dynamic, guard = (*(None if arg is None else self.values[arg] for arg in expr.args), None, None)[:2]

        def read() -> Value:
            at = self.frame.offset(offset, self.indices, dynamic)
            pointer = self.frame.pointers[operand]
            if self.lanes > 1 and offset.coefficients[-1] == 0:
                return f.splat(f.load(pointer, expr.dtype, index=at), self.lanes)
            return f.load(pointer, expr.dtype, self.lanes, index=at, mask=self.mask)

        if guard is None:
            return read()
        return f.branch(guard, lambda: [read()], lambda: [constant(0, expr.dtype)])[0]
