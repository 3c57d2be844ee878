"""What one pass does with a group of elements: checks, reductions, stores, values kept and read back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from graphc.codegen.cpu.irvalue import Value
from graphc.codegen.cpu.nest import access
from graphc.codegen.cpu.nest.fold import Fold
from graphc.codegen.cpu.nest.kernel import Kernel
from graphc.codegen.cpu.nest.passes import Kept, Pass
from graphc.codegen.cpu.nest.scope import Scope


class Sweep:
    """One pass, ready to be written into loops.

    Parameters
    ----------
    kernel
        The kernel.
    planned
        The pass.
    position
        Position of a scope's elements along the reduction (int64, one per lane).
    """

    def __init__(self, kernel: Kernel, planned: Pass, position: Callable[[Scope], Value]) -> None:
        self.kernel, self.planned, self._position = kernel, planned, position
        self.folds = [Fold(kernel, r) for r in planned.reductions]
        self.order = planned.order()
        self.cost = self._cost()

    def _cost(self) -> int:
        facts = self.kernel.facts
        return sum(facts[e].cost for e in self.order if facts.varies(e)) + len(self.planned.stores)

    def prepare(self, scope: Scope) -> None:
        """Compute outside of a loop what does not change in it."""
        scope.prepare(self.order, self.planned.stores)

    def identity(self) -> list[Value]:
        """Accumulators of no elements."""
        return [v for fold in self.folds for v in fold.identity(self.kernel.lanes)]

    def merge(self, x: Sequence[Value], y: Sequence[Value]) -> list[Value]:
        """Accumulators whose elements interleave, as one."""
        parts = zip(self.folds, self.split(x), self.split(y), strict=True)
        return [v for fold, a, b in parts for v in fold.merge(a, b)]

    def split(self, values: Sequence[Value]) -> list[list[Value]]:
        """The accumulators of each reduction."""
        out, start = [], 0
        for fold in self.folds:
            out.append(list(values[start : start + fold.width]))
            start += fold.width
        return out

    def body(self, scopes: Sequence[Scope], accumulators: Sequence[Sequence[Value]]) -> list[list[Value]]:
        """Code of a group of vectors; see `vector_loop`. Everything is read before anything is written."""
        results = [self._reduce(s, a) for s, a in zip(scopes, accumulators, strict=True)]
        stores = self.planned.stores
        values = [[s.value(store.expr) for store in stores] for s in scopes]
        for scope, row in zip(scopes, values, strict=True):
            for kept in self.planned.keeps:
                self._keep(scope, kept)
            for store, value in zip(stores, row, strict=True):
                access.store(scope, store.operand, store.offset, value)
        return results

    def _reduce(self, scope: Scope, accumulators: Sequence[Value]) -> list[Value]:
        for kept in self.planned.restores:
            if scope.known(kept.expr) is None:
                scope.values[kept.expr] = self._restore(scope, kept)
        scope.check(self.planned.checks)
        out: list[Value] = []
        for fold, mine in zip(self.folds, self.split(accumulators), strict=True):
            position = self._position(scope) if fold.positional else None
            # Lanes that are columns of their own may hold anything where there is no column.
            mask = scope.mask if self.kernel.vector_axis in self.kernel.facts.reduced else None
            element = fold.element(scope.value(fold.arg), scope.lanes, mask, position)
            out += fold.join(mine, element)
        return out

    def _keep(self, scope: Scope, kept: Kept) -> None:
        value = scope.value(kept.expr)
        if kept.store is not None:
            access.store(scope, kept.store.operand, kept.store.offset, value)
            return
        value = self.kernel.f.splat(value, scope.lanes)
        self.kernel.f.store(value, self._buffer(scope, kept), mask=scope.mask)

    def _restore(self, scope: Scope, kept: Kept) -> Value:
        if kept.store is not None:
            return access.load_plain(scope, kept.store.operand, kept.store.offset, kept.expr.dtype)
        return self.kernel.f.load(self._buffer(scope, kept), kept.expr.dtype, scope.lanes, mask=scope.mask)

    def _buffer(self, scope: Scope, kept: Kept) -> Value:
        kernel, axis = self.kernel, self.kernel.vector_axis
        size = kernel.facts.axis(axis).size
        assert isinstance(size, int)
        row = kernel.slot(f"row{kernel.facts.order.index(kept.expr)}", access.bytes_of(kept.expr.dtype, size))
        return kernel.address(row, scope.indices[axis], kept.expr.dtype)
