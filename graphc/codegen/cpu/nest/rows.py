"""Nests whose vectors run along a reduced axis: softmax, layer norm, row sums, sums of everything.

For every row (combination of the parallel axes) the passes sweep over the row. A reduction has one vector accumulator
per vector of the group; they are merged after the last whole group, and its lanes at the end. A floating-point sum of
more than `BLOCK` elements is cut into blocks of at most that many, whose sums are added pairwise.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphc.codegen.cpu.irvalue import Value, constant
from graphc.codegen.cpu.nest.kernel import Kernel
from graphc.codegen.cpu.nest.loops import Flat, blocks_of, over, smaller
from graphc.codegen.cpu.nest.passes import plan_passes
from graphc.codegen.cpu.nest.scope import Scope
from graphc.codegen.cpu.nest.sweep import Sweep
from graphc.codegen.cpu.nest.tree import BlockTree
from graphc.codegen.cpu.nest.vectors import first_lanes, vector_loop
from graphc.ir.dims import Dim

BLOCK = 4096
"""Elements of a block of a sum."""
REGISTER_VECTORS = 4
"""Rows of at most this many vectors stay in registers from pass to pass."""


def emit_rows(kernel: Kernel) -> None:
    """Write a nest whose vector axis is its last axis, a reduced one."""
    Rows(kernel).emit()


class Rows:
    """The template at work on one kernel."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel, self.facts = kernel, kernel.facts
        self.axis = kernel.vector_axis
        self.outer = Flat(kernel, [k for k in sorted(self.facts.reduced) if k != self.axis])
        self.size: Dim = self.facts.axis(self.axis).size
        self.fixed = self.size if isinstance(self.size, int) and not self.outer.axes else None
        self.small = self.fixed is not None and self.fixed <= REGISTER_VECTORS * kernel.lanes
        self.passes = plan_passes(self.facts, self.fixed, keep=not self.small)
        self.ends = [s for s in self.facts.nest.stores if not s.over_reduction]

    def emit(self) -> None:
        """Write the loops."""
        kernel = self.kernel
        stores = self.facts.nest.stores
        over(kernel, Scope(kernel, None, {}), self.facts.parallel(), self._row, self.facts.order, stores,
             (kernel.begin, kernel.end))  # fmt: skip

    def _row(self, row: Scope) -> None:
        chunks = self._register_chunks(row) if self.small else None
        for planned in self.passes:
            sweep = Sweep(self.kernel, planned, self._position)
            sweep.prepare(row)
            accumulators = self._in_registers(sweep, chunks) if chunks is not None else self._in_loops(sweep, row)
            for fold, mine in zip(sweep.folds, sweep.split(accumulators), strict=True):
                row.values[fold.expr] = fold.result(mine)
        row.check(self.facts.nest.checks)
        row.store(self.ends)

    def _position(self, scope: Scope) -> Value:
        kernel, f = self.kernel, self.kernel.f
        first = scope.indices[self.axis]
        if self.outer.axes:
            first = kernel.add(kernel.times(scope.positions["outer"], kernel.dim(self.size)), first)
        return first if scope.lanes == 1 else f.binary("add", f.splat(first, scope.lanes), f.iota(scope.lanes))

    # ------------------------------------------------------------------ rows in registers

    def _register_chunks(self, row: Scope) -> list[Scope]:
        assert self.fixed is not None
        starts = range(0, self.fixed, self.kernel.lanes)
        return [
            Scope(self.kernel, row, {self.axis: constant(k, "int64")}, first_lanes(self.fixed - k, self.kernel.lanes))
            for k in starts
        ]

    def _in_registers(self, sweep: Sweep, chunks: Sequence[Scope]) -> list[Value]:
        unroll = unroll_of(sweep)
        whole = len([c for c in chunks if c.mask is None]) // unroll * unroll
        groups = [sweep.identity() for _ in range(unroll)]
        accumulators = [groups[k % unroll] for k in range(len(chunks))]
        for start in range(0, whole, unroll):
            groups = sweep.body(chunks[start : start + unroll], groups)
        while len(groups) > 1:
            groups = [sweep.merge(a, b) for a, b in zip(groups[::2], groups[1::2], strict=True)]
        total = groups[0] if whole else accumulators[0] if accumulators else sweep.identity()
        for chunk in chunks[whole:]:
            total = sweep.body([chunk], [total])[0]
        return self._across(sweep, total)

    def _across(self, sweep: Sweep, accumulators: Sequence[Value]) -> list[Value]:
        return [v for fold, a in zip(sweep.folds, sweep.split(accumulators), strict=True) for v in fold.across(a)]

    # ------------------------------------------------------------------ rows in loops

    def _in_loops(self, sweep: Sweep, row: Scope) -> list[Value]:
        volume = self.outer.size * self.size
        if not any(fold.tree for fold in sweep.folds) or (isinstance(volume, int) and volume <= BLOCK):
            zero = constant(0, "int64")
            bounds = (zero, self.kernel.dim(self.outer.size)), (zero, self.kernel.dim(self.size))
            return self._across(sweep, self._part(sweep, row, *bounds, sweep.identity(), self.size))
        return self._in_blocks(sweep, row)

    def _part(
        self,
        sweep: Sweep,
        row: Scope,
        outer: tuple[Value, Value],
        inner: tuple[Value, Value],
        initial: Sequence[Value],
        count: Dim | None,
    ) -> list[Value]:
        """Sweep over a part of the reduced axes, continuing `initial`."""

        def line(scope: Scope, values: Sequence[Value]) -> list[Value]:
            sweep.prepare(scope)
            return vector_loop(
                scope, *inner, count, unroll_of(sweep), sweep.body, values, sweep.identity(), sweep.merge
            )

        if not self.outer.axes:
            return line(row, initial)
        with self.kernel.f.loop_carried(*outer, 1, initial) as loop:
            scope = Scope(self.kernel, row, self.outer.indices(loop.index))
            scope.positions["outer"] = loop.index
            loop.update(*line(scope, loop.values))
        return loop.values

    def _in_blocks(self, sweep: Sweep, row: Scope) -> list[Value]:
        """Blocks of the last axis, or of several whole lines of it, one after another."""
        kernel, f = self.kernel, self.kernel.f
        size, lines = kernel.dim(self.size), kernel.dim(self.outer.size)
        per_line = blocks_of(kernel, size, BLOCK)
        height, stacks = self._lines_per_block(size), self._trees(sweep)
        rows_of_blocks = f.emit(f"udiv {kernel.add(lines, _minus_one(kernel, height))!r}, {height.name}", "int64")
        count = f.binary("mul", rows_of_blocks, per_line) if self.outer.axes else per_line
        with f.loop_carried(0, count, 1, self._across_sums(sweep, sweep.identity())) as loop:
            line, column = self._block_place(loop.index, per_line)
            top, left = f.binary("mul", line, height), kernel.times(column, constant(BLOCK, "int64"))
            outer = top, smaller(kernel, kernel.add(top, height), lines)
            inner = left, smaller(kernel, kernel.add(left, constant(BLOCK, "int64")), size)
            fresh = self._fresh_sums(sweep, loop.values)
            values = self._across_sums(sweep, self._part(sweep, row, outer, inner, fresh, None))
            with f.if_(f.compare("gt", count, constant(1, "int64"))):
                for tree, (block, *_) in zip(stacks, sweep.split(values), strict=True):
                    if tree is not None:
                        tree.push(loop.index, block)
            loop.update(*values)
        totals: list[Value] = []
        for fold, tree, last in zip(sweep.folds, stacks, sweep.split(loop.values), strict=True):
            totals += fold.across(last) if tree is None else [self._total(tree, count, last[0])]
        return totals

    def _trees(self, sweep: Sweep) -> list[BlockTree | None]:
        return [
            BlockTree(self.kernel, f"blocks{sweep.planned.number}_{k}", fold.arg.dtype, 1) if fold.tree else None
            for k, fold in enumerate(sweep.folds)
        ]

    def _total(self, tree: BlockTree, count: Value, last: Value) -> Value:
        f = self.kernel.f
        many = f.compare("gt", count, constant(1, "int64"))
        return f.branch(many, lambda: [tree.total(count)], lambda: [last])[0]

    def _lines_per_block(self, size: Value) -> Value:
        if not self.outer.axes:
            return constant(1, "int64")
        f, one = self.kernel.f, constant(1, "int64")
        some = f.select(f.compare("gt", size, one), size, one)
        lines = f.emit(f"udiv i64 {BLOCK}, {some.name}", "int64")
        return f.select(f.compare("gt", lines, one), lines, one)

    def _block_place(self, number: Value, per_line: Value) -> tuple[Value, Value]:
        f = self.kernel.f
        if not self.outer.axes:
            return constant(0, "int64"), number
        line = f.emit(f"udiv {number!r}, {per_line.name}", "int64")
        return line, f.binary("sub", number, f.binary("mul", line, per_line))

    def _across_sums(self, sweep: Sweep, values: Sequence[Value]) -> list[Value]:
        """Accumulators with those that are summed in blocks reduced to one element."""
        out: list[Value] = []
        for fold, mine in zip(sweep.folds, sweep.split(values), strict=True):
            out += fold.across(mine) if fold.tree else mine
        return out

    def _fresh_sums(self, sweep: Sweep, values: Sequence[Value]) -> list[Value]:
        out: list[Value] = []
        for fold, mine in zip(sweep.folds, sweep.split(values), strict=True):
            out += fold.identity(self.kernel.lanes) if fold.tree else mine
        return out


def _minus_one(kernel: Kernel, value: Value) -> Value:
    if value.literal:
        return constant(int(value.name) - 1, "int64")
    return kernel.f.binary("sub", value, constant(1, "int64"))


def unroll_of(sweep: Sweep) -> int:
    """Vectors per group: enough independent accumulators for cheap elements, little code for dear ones."""
    if sweep.kernel.lanes == 1:
        return 1
    return 4 if sweep.cost <= 8 else 2 if sweep.cost <= 24 else 1
