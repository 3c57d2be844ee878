"""Nests whose vectors run along a parallel axis: elementwise work, column sums, reductions over outer axes.

Every lane is a column of its own, so a reduction needs no tree across lanes. A group of neighbouring vectors walks down
the reduced axes together, so that whole cache lines of each row are used. A floating-point sum of more than `BLOCK`
rows is cut into blocks whose sums are added pairwise. Without reduced axes this is the elementwise template.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphc.codegen.cpu.irvalue import Value, constant, size_of
from graphc.codegen.cpu.nest import access
from graphc.codegen.cpu.nest.fold import Fold
from graphc.codegen.cpu.nest.kernel import Kernel
from graphc.codegen.cpu.nest.loops import Flat, blocks_of, over, smaller
from graphc.codegen.cpu.nest.passes import plan_passes
from graphc.codegen.cpu.nest.scope import Scope
from graphc.codegen.cpu.nest.sweep import Sweep
from graphc.codegen.cpu.nest.tree import BlockTree
from graphc.codegen.cpu.nest.vectors import group_loop, vector_loop
from graphc.ir.dims import Dim
from graphc.loops.normal import maps_of

BLOCK = 512
"""Rows of a block of a sum."""
PREFETCH = 16
"""Rows between a use and the request for it."""


def emit_columns(kernel: Kernel) -> None:
    """Write a nest whose vector axis is its last parallel axis."""
    Columns(kernel).emit()


class Columns:
    """The template at work on one kernel."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel, self.facts = kernel, kernel.facts
        self.axis = kernel.vector_axis
        self.reduced = Flat(kernel, sorted(self.facts.reduced))
        self.passes = plan_passes(self.facts, None, keep=True) if self.reduced.axes else []
        self.ends = [s for s in self.facts.nest.stores if not (self.reduced.axes and s.over_reduction)]

    def emit(self) -> None:
        """Write the loops."""
        kernel, facts = self.kernel, self.facts
        outer = [k for k in facts.parallel() if k != self.axis]
        bounds = (kernel.begin, kernel.end)
        over(kernel, Scope(kernel, None, {}), outer, self._line, facts.order, facts.nest.stores,
             bounds if outer else None)  # fmt: skip

    def _line(self, scope: Scope) -> None:
        kernel = self.kernel
        size: Dim | None = self.facts.axis(self.axis).size
        bounds = constant(0, "int64"), kernel.dim(self.facts.axis(self.axis).size)
        if not scope.indices:  # the vector axis is the one that is divided
            bounds, size = (kernel.begin, kernel.end), None
        if self.reduced.axes and self._maskable():
            group_loop(scope, *bounds, size, self._unroll(), self._group)
        else:
            vector_loop(scope, *bounds, size, self._unroll(), self._group)

    def _unroll(self) -> int:
        if self.kernel.lanes == 1:
            return 1
        cost, size = self.facts.cost, self.facts.axis(self.axis).size
        if any(m.coefficients[self.axis] not in (0, 1) for m in maps_of(self.facts.nest)):
            return 2  # lanes are read one by one: much code already
        if not self.reduced.axes:
            return 4 if cost <= 12 else 2 if cost <= 32 else 1
        most = 8 if cost <= 8 else 4 if cost <= 16 else 2 if cost <= 32 else 1
        while most > 1 and isinstance(size, int) and (most // 2) * self.kernel.lanes >= size:
            most //= 2
        return most

    def _maskable(self) -> bool:
        """Whether masks cost nothing: contiguous operands of 32 or 64 bits, or the byte masks of AVX-512."""
        maps = [m.coefficients[self.axis] for m in maps_of(self.facts.nest)]
        dynamic = any(e.op == "load" and e.args for e in self.facts.order)
        narrow = any(size_of(o.dtype) < 4 for o in self.facts.nest.operands)
        return all(c in (0, 1) for c in maps) and not dynamic and not narrow

    def _group(self, scopes: Sequence[Scope], nothing: Sequence[Sequence[Value]]) -> Sequence[Sequence[Value]]:
        """Everything for a group of neighbouring vectors."""
        checks, stores = self.facts.nest.checks, self.facts.nest.stores
        for planned in self.passes:
            sweep = Sweep(self.kernel, planned, self._position)
            for scope in scopes:
                scope.prepare(sweep.order, planned.stores)
            totals = self._down(sweep, scopes)
            for scope, values in zip(scopes, totals, strict=True):
                for fold, mine in zip(sweep.folds, sweep.split(values), strict=True):
                    scope.values[fold.expr] = fold.result(mine)
        for scope in scopes:
            scope.check(checks)
        for scope in scopes:
            for store in self.ends:
                scope.value(store.expr)
        for scope in scopes:
            scope.store(s for s in stores if s in self.ends)
        return nothing

    def _position(self, scope: Scope) -> Value:
        return self.kernel.f.splat(scope.positions["outer"], scope.lanes)

    def _down(self, sweep: Sweep, scopes: Sequence[Scope]) -> list[list[Value]]:
        """Walk down the reduced axes; the accumulators of every scope."""
        size = self.reduced.size
        if not any(fold.tree for fold in sweep.folds) or (isinstance(size, int) and size <= BLOCK):
            bounds = constant(0, "int64"), self.kernel.dim(size)
            return self._part(sweep, scopes, *bounds, [sweep.identity() for _ in scopes])
        return self._in_blocks(sweep, scopes)

    def _part(
        self, sweep: Sweep, scopes: Sequence[Scope], low: Value, high: Value, initial: Sequence[Sequence[Value]]
    ) -> list[list[Value]]:
        width = len(initial[0])
        with self.kernel.f.loop_carried(low, high, 1, [v for values in initial for v in values]) as loop:
            indices = self.reduced.indices(loop.index)
            inside = [Scope(self.kernel, scope, indices) for scope in scopes]
            for scope in inside:
                scope.positions["outer"] = loop.index
            self._prefetch(sweep, inside)
            groups = [loop.values[k * width : (k + 1) * width] for k in range(len(scopes))]
            loop.update(*[v for values in sweep.body(inside, groups) for v in values])
        return [loop.values[k * width : (k + 1) * width] for k in range(len(scopes))]

    def _prefetch(self, sweep: Sweep, scopes: Sequence[Scope]) -> None:
        """Ask for the same columns some rows ahead: rows are pages apart, where the hardware does not look."""
        f, last = self.kernel.f, self.reduced.axes[-1]
        f.module.declare("llvm.prefetch.p0", "void", ["ptr", "i32", "i32", "i32"])
        for expr in sweep.order:
            if expr.op != "load" or expr.args:
                continue
            operand, offset = expr.payload
            stride = offset.coefficients[last]
            if offset.coefficients[self.axis] != 1 or (isinstance(stride, int) and stride * size_of(expr.dtype) < 512):
                continue
            ahead = self.kernel.dim(stride * PREFETCH)
            for scope in scopes:
                address = self.kernel.address(access.first(scope, operand, offset, None, expr.dtype), ahead, expr.dtype)
                f.do(f"call void @llvm.prefetch.p0({address!r}, i32 0, i32 3, i32 1)")

    def _in_blocks(self, sweep: Sweep, scopes: Sequence[Scope]) -> list[list[Value]]:
        kernel, f = self.kernel, self.kernel.f
        size = kernel.dim(self.reduced.size)
        count = blocks_of(kernel, size, BLOCK)
        stacks = [self._trees(sweep, k) for k in range(len(scopes))]
        width = len(sweep.identity())
        with f.loop_carried(0, count, 1, [v for _ in scopes for v in sweep.identity()]) as loop:
            low = kernel.times(loop.index, constant(BLOCK, "int64"))
            high = smaller(kernel, kernel.add(low, constant(BLOCK, "int64")), size)
            before = [loop.values[k * width : (k + 1) * width] for k in range(len(scopes))]
            sums = self._part(sweep, scopes, low, high, [self._fresh(sweep, values) for values in before])
            with f.if_(f.compare("gt", count, constant(1, "int64"))):
                for trees, values in zip(stacks, sums, strict=True):
                    for tree, (block, *_) in zip(trees, sweep.split(values), strict=True):
                        if tree is not None:
                            tree.push(loop.index, block)
            loop.update(*[v for values in sums for v in values])
        last = [loop.values[k * width : (k + 1) * width] for k in range(len(scopes))]
        flat = [v for values in last for v in values]
        trees = [t for row in stacks for t in self._per_value(sweep, row)]
        many = f.compare("gt", count, constant(1, "int64"))
        totals = f.branch(
            many, lambda: [v if t is None else t.total(count) for t, v in zip(trees, flat, strict=True)], lambda: flat
        )
        return [totals[k * width : (k + 1) * width] for k in range(len(scopes))]

    def _per_value(self, sweep: Sweep, trees: Sequence[BlockTree | None]) -> list[BlockTree | None]:
        return [t for fold, t in zip(sweep.folds, trees, strict=True) for _ in range(fold.width)]

    def _trees(self, sweep: Sweep, group: int) -> list[BlockTree | None]:
        def tree(k: int, fold: Fold) -> BlockTree | None:
            if not fold.tree:
                return None
            name = f"blocks{sweep.planned.number}_{k}_{group}"
            return BlockTree(self.kernel, name, fold.arg.dtype, self.kernel.lanes)

        return [tree(k, fold) for k, fold in enumerate(sweep.folds)]

    def _fresh(self, sweep: Sweep, values: Sequence[Value]) -> list[Value]:
        out: list[Value] = []
        for fold, mine in zip(sweep.folds, sweep.split(values), strict=True):
            out += fold.identity(self.kernel.lanes) if fold.tree else mine
        return out
