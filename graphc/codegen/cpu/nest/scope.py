"""Values of expressions at one place of the loops: everything is computed once, as far out as it can be.

A `Scope` is a point inside the loops: the indices that are known there, and what has been computed. The scope of the
vector loop stands for `lanes` consecutive elements; a value that does not change along the vector axis stays a scalar
in it and becomes a vector where it meets one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from graphc.codegen.cpu.irvalue import Value, constant
from graphc.codegen.cpu.nest import access
from graphc.codegen.cpu.nest.kernel import Kernel
from graphc.loops.expr import Affine, Expr
from graphc.loops.spec import Check, Store
from graphc.ops.record import record_of


class Scope:
    """A point inside the loops.

    Parameters
    ----------
    kernel
        The kernel.
    parent
        The point around it, whose values may be used.
    indices
        Index of every axis bound here; of the vector axis the first one.
    mask
        The lanes that are elements, if not all of them are.
    """

    def __init__(
        self, kernel: Kernel, parent: Scope | None, indices: Mapping[int, Value], mask: Value | None = None
    ) -> None:
        self.kernel, self.parent = kernel, parent
        self.indices: dict[int, Value] = {**(parent.indices if parent else {}), **indices}
        self.mask: Value | None = mask if mask is not None or parent is None else parent.mask
        self.values: dict[Expr, Value] = {}
        self._rows: dict[tuple[int, Affine], Value] = {}
        self._checked: set[Check] = set()
        self.positions: dict[str, Value] = {**parent.positions} if parent else {}

    @property
    def lanes(self) -> int:
        """Elements this scope stands for."""
        return self.kernel.lanes if self.kernel.vector_axis in self.indices else 1

    def known(self, expr: Expr) -> Value | None:
        """The value if it has been computed here or further out."""
        scope: Scope | None = self
        while scope is not None:
            if expr in scope.values:
                return scope.values[expr]
            scope = scope.parent
        return None

    def value(self, expr: Expr) -> Value:
        """The value, computed here unless it is known."""
        found = self.known(expr)
        if found is None:
            found = self.values[expr] = self._compute(expr)
        return found

    def _compute(self, expr: Expr) -> Value:
        kernel = self.kernel
        if expr.op == "const":
            return constant(expr.payload, expr.dtype)
        if expr.op == "size":
            return kernel.dim(expr.payload)
        if expr.op == "index":
            return self._index(expr.payload)
        if expr.op == "load":
            return access.load(self, expr)
        operands = [self.value(a) for a in expr.args if a is not None]
        lanes = max((v.lanes for v in operands), default=1)
        wide = [kernel.f.splat(v, lanes) for v in operands]
        result: Value = record_of(expr.op).scalar(kernel.dialect(lanes, expr.op), *wide, **dict(expr.payload or ()))  # type: ignore[misc]
        return result

    def _index(self, axis: int) -> Value:
        kernel, first = self.kernel, self.indices[axis]
        if axis != kernel.vector_axis or self.lanes == 1:
            return first
        return kernel.f.binary("add", kernel.f.splat(first, self.lanes), kernel.f.iota(self.lanes))

    def row(self, operand: int, offset: Affine) -> Value:
        """Address of an operand's element at the current indices, that of the vector axis taken as 0."""
        key = (operand, offset)
        scope: Scope | None = self
        while scope is not None:
            if key in scope._rows:
                return scope._rows[key]
            scope = scope.parent
        kernel = self.kernel
        total = kernel.dim(offset.base)
        for axis, coefficient in enumerate(offset.coefficients):
            if coefficient != 0 and axis != kernel.vector_axis:
                total = kernel.add(total, kernel.times(self.indices[axis], kernel.dim(coefficient)))
        dtype = kernel.facts.nest.operands[operand].dtype
        self._rows[key] = kernel.address(kernel.pointer(operand), total, dtype)
        return self._rows[key]

    def ready(self, expr: Expr) -> bool:
        """Whether everything that the expression depends on is known here."""
        fact = self.kernel.facts[expr]
        return fact.axes <= self.indices.keys() and all(self.known(r) is not None for r in fact.reductions)

    def prepare(self, order: Sequence[Expr], stores: Iterable[Store]) -> None:
        """Compute what is ready here of `order`, before a loop inside: checks first, because loads rely on them."""
        self.check(self.kernel.facts.nest.checks)
        for expr in order:
            if expr.op not in ("const", "size", "reduce") and self.ready(expr):
                self.value(expr)
            if expr.op == "load":
                self._prepare_row(*expr.payload)
        for store in stores:
            self._prepare_row(store.operand, store.offset)

    def _prepare_row(self, operand: int, offset: Affine) -> None:
        moving = {k for k, c in enumerate(offset.coefficients) if c != 0} - {self.kernel.vector_axis}
        if moving <= self.indices.keys():
            self.row(operand, offset)

    def check(self, checks: Iterable[Check]) -> None:
        """Leave the kernel where a check that is ready here does not hold."""
        for check in checks:
            if self._is_checked(check) or not self.ready(check.expr):
                continue
            self._checked.add(check)
            kernel, f = self.kernel, self.kernel.f
            holds = self.value(check.expr)
            failed = kernel.dialect(holds.lanes).not_(holds)
            if failed.lanes > 1:
                if self.mask is not None:
                    failed = f.binary("and", failed, self.mask)
                name = f"llvm.vector.reduce.or.v{failed.lanes}i1"
                f.module.declare(name, "i1", [failed.type])
                failed = f.emit(f"call i1 @{name}({failed!r})", "bool")
            with f.if_(failed):
                f.ret(constant(check.status, "int32"))

    def _is_checked(self, check: Check) -> bool:
        scope: Scope | None = self
        while scope is not None:
            if check in scope._checked:
                return True
            scope = scope.parent
        return False

    def store(self, stores: Iterable[Store]) -> None:
        """Write stores whose values are ready; all of them are computed before the first is written."""
        pairs = [(store, self.value(store.expr)) for store in stores]
        for store, value in pairs:
            access.store(self, store.operand, store.offset, value)
