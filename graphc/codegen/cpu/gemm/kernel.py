"""Matrix products as CPU kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graphc.codegen.cpu.gemm.dot import dot_function
from graphc.codegen.cpu.gemm.epilogue import Block, Epilogue
from graphc.codegen.cpu.gemm.frame import Frame, Words, store_dims
from graphc.codegen.cpu.gemm.pack import pack_function
from graphc.codegen.cpu.gemm.plan import DEPTH_BLOCK, ROW_BLOCK, Panels, Plan, exchanged, make_plan
from graphc.codegen.cpu.gemm.tile import TileShape, tile_function
from graphc.codegen.cpu.gemm.values import each_panel, minimum, unflatten
from graphc.codegen.cpu.irtext import Function, Module
from graphc.codegen.cpu.irvalue import Value, constant, size_of
from graphc.codegen.cpu.kernel import KernelText
from graphc.codegen.cpu.target import HostTarget
from graphc.ir.dims import Dim, ceildiv, product
from graphc.loops.spec import Contraction

LEFT, RIGHT = 0, 1

PRODUCTS_BLOCK = 64
"""Inner products per index of the kernel's range."""


def compile_contraction(spec: Contraction, name: str, target: HostTarget) -> KernelText:
    """Write the kernel of a contraction.

    Parameters
    ----------
    spec : Contraction
    name : str
        Symbol of the kernel.
    target : HostTarget

    Returns
    -------
    KernelText
        Its range is over the batch where there is one, otherwise over blocks of rows.
    """
    left, right = LEFT, RIGHT
    if spec.columns == 1 and spec.rows != 1:
        spec, left, right = exchanged(spec), right, left
    writer = _Writer(spec, name, make_plan(spec, target), left, right)
    work = 2 * product(spec.batch) * spec.rows * spec.columns * spec.depth
    return KernelText(name, writer.text(), writer.words.sizes, writer.extent, (), work)


@dataclass(frozen=True)
class _Problem:
    """One matrix product, all of it values: pointers to the first elements, strides and sizes."""

    left: Value
    right: Value
    row_stride: Value
    left_depth_stride: Value
    right_depth_stride: Value
    column_stride: Value
    first: Value
    last: Value
    depth: Value


class _Writer:
    """Writes the functions of one kernel."""

    def __init__(self, spec: Contraction, name: str, plan: Plan, left: int, right: int) -> None:
        self.spec, self.name, self.plan = spec, name, plan
        self.operands = (left, right)
        self.module = Module()
        self.epilogue = Epilogue(spec.stores, spec.dtype, plan.products or plan.lanes, spec.columns)
        affine = [dim for offset in (spec.left, spec.right) for dim in (offset.base, *offset.coefficients)]
        dims = [*spec.batch, spec.rows, spec.columns, spec.depth, *affine, *store_dims(spec.stores)]
        self.words = Words(spec.operands, dims)

    @property
    def extent(self) -> Dim:
        """The range of the kernel."""
        if self.spec.batch:
            return product(self.spec.batch)
        if self.plan.products:
            return ceildiv(self.spec.columns, PRODUCTS_BLOCK)
        return ceildiv(self.spec.rows, self.plan.heights[0])

    @property
    def blocked(self) -> bool:
        """Whether sums may be continued in a second block of the depth."""
        return bool(self.plan.pack) and not (isinstance(self.spec.depth, int) and self.spec.depth <= DEPTH_BLOCK)

    def text(self) -> str:
        """The whole module."""
        arguments = {"args": "ptr", "begin": "int64", "end": "int64"}
        self._finish_function()
        with self.module.function(self.name, arguments, "int32", noalias=False) as f:
            args, begin, end = f.args
            scratch = self._scratch(f)
            frame = Frame(f, self.words, args)
            if self.spec.batch:
                with f.loop(begin, end) as flat:
                    self._product(
                        frame, unflatten(f, flat, [frame.size(size) for size in self.spec.batch]), scratch, None
                    )
            else:
                self._product(frame, [], scratch, (begin, end))
            f.ret(constant(0, "int32"))
        return self.module.text()

    def _scratch(self, f: Function) -> tuple[Value, Value]:
        """Stack blocks for sums and for a packed panel."""
        widest = max((panels.vectors for panels in self.plan.panels), default=1) * self.plan.lanes
        size = size_of(self.spec.dtype)
        rows = max(ROW_BLOCK, self.plan.heights[0]) if self.blocked else self.plan.heights[0]
        panel = DEPTH_BLOCK * widest if self.plan.pack else 0
        sums = f.emit(f"alloca [{rows * widest * size} x i8], align 64", "ptr")
        return sums, f.emit(f"alloca [{panel * size} x i8], align 64", "ptr") if panel else sums

    def _product(
        self, frame: Frame, batch: list[Value], scratch: tuple[Value, Value], part: tuple[Value, Value] | None
    ) -> None:
        """One matrix product, or the part of its row blocks that the caller asked for."""
        f, spec = frame.f, self.spec
        sources = zip(self.operands, (spec.left, spec.right), strict=True)
        left, right = (
            f.offset(frame.pointers[operand], frame.offset(offset, batch), spec.dtype) for operand, offset in sources
        )
        rows, _, left_depth = (frame.size(dim) for dim in spec.left.coefficients[-3:])
        _, columns, right_depth = (frame.size(dim) for dim in spec.right.coefficients[-3:])
        total = frame.size(spec.rows)
        first, last = constant(0, "int64"), total
        if self.plan.products:
            self._products(frame, batch, part, (left, right, rows, columns), scratch[0])
            return
        if part is not None:
            height = constant(self.plan.heights[0], "int64")
            first, last = (f.binary("mul", edge, height) for edge in part)
            last = minimum(f, last, total)
        depth = frame.size(spec.depth)
        problem = _Problem(left, right, rows, left_depth, right_depth, columns, first, last, depth)
        if self.plan.pack:
            with f.loop(first, last, ROW_BLOCK) as row:
                stop = minimum(f, f.binary("add", row, constant(ROW_BLOCK, "int64")), last)
                self._panels(frame, lambda *panel: self._packed(frame, problem, batch, scratch, (row, stop), *panel))
        else:
            self._panels(frame, lambda *panel: self._direct(frame, problem, batch, scratch[0], *panel))

    def _products(
        self,
        frame: Frame,
        batch: list[Value],
        part: tuple[Value, Value] | None,
        operands: tuple[Value, ...],
        sums: Value,
    ) -> None:
        """Rows of the left operand times columns of the right one, by inner products."""
        f, spec, count = frame.f, self.spec, self.plan.products
        left, right, row_stride, column_stride = operands
        first, last = constant(0, "int64"), frame.size(spec.columns)
        if part is not None:
            first, end = (f.binary("mul", edge, constant(PRODUCTS_BLOCK, "int64")) for edge in part)
            last = minimum(f, end, last)
        function = dot_function(self.module, spec.dtype, self.plan.lanes, count)
        with f.loop(0, frame.size(spec.rows)) as row, f.loop(first, last, count) as column:
            columns = minimum(f, f.binary("sub", last, column), constant(count, "int64"))
            x = f.offset(left, f.binary("mul", row, row_stride), spec.dtype)
            y = f.offset(right, f.binary("mul", column, column_stride), spec.dtype)
            f.call(function, [x, y, column_stride, frame.size(spec.depth), columns, sums])
            one = constant(1, "int64")
            place = [row, one, column, columns, sums, one]
            f.call(f"{self.name}.finish", [frame.args, *batch, *place])

    def _panels(self, frame: Frame, body: Callable[[Panels, Value, Value], None]) -> None:
        each_panel(frame.f, self.plan.panels, self.plan.lanes, frame.size(self.spec.columns), body)

    def _direct(
        self,
        frame: Frame,
        problem: _Problem,
        batch: list[Value],
        sums: Value,
        panels: Panels,
        column: Value,
        columns: Value,
    ) -> None:
        """All rows of one panel of columns, the right operand read where it is."""
        f, dtype, height = frame.f, self.spec.dtype, self.plan.heights[0]
        right = f.offset(problem.right, column, dtype)
        with f.loop(problem.first, problem.last, height) as row:
            count = minimum(f, f.binary("sub", problem.last, row), constant(height, "int64"))
            left = f.offset(problem.left, f.binary("mul", row, problem.row_stride), dtype)
            strides = (problem.row_stride, problem.left_depth_stride)
            tile = [left, *strides, right, problem.right_depth_stride, problem.depth, count, columns, sums]
            self._tile(f, panels, panels.masks, tile, None)
            self._finish(frame, batch, Block(row, count, column, columns), sums, panels)

    def _packed(
        self,
        frame: Frame,
        problem: _Problem,
        batch: list[Value],
        scratch: tuple[Value, Value],
        part: tuple[Value, Value],
        panels: Panels,
        column: Value,
        columns: Value,
    ) -> None:
        """A block of rows of one panel of columns, the right operand copied to `scratch` block by block."""
        f, dtype, height, zero = frame.f, self.spec.dtype, self.plan.heights[0], constant(0, "int64")
        shape = TileShape(height, panels.vectors, self.plan.lanes, dtype)
        pack = pack_function(self.module, shape, self.plan.pack)
        start = f.offset(problem.right, f.binary("mul", column, problem.column_stride), dtype)
        at_least_one = f.select(f.compare("gt", problem.depth, zero), problem.depth, constant(1, "int64"))
        with f.loop(0, at_least_one, DEPTH_BLOCK) as k:
            left_over = f.binary("sub", problem.depth, k)
            depth = minimum(f, left_over, constant(DEPTH_BLOCK, "int64"))
            source = f.offset(start, f.binary("mul", k, problem.right_depth_stride), dtype)
            f.call(pack, [source, problem.right_depth_stride, problem.column_stride, depth, columns, scratch[1]])
            finished = f.compare("le", left_over, constant(DEPTH_BLOCK, "int64"))
            with f.loop(*part, height) as row:
                count = minimum(f, f.binary("sub", part[1], row), constant(height, "int64"))
                at = f.binary(
                    "add", f.binary("mul", row, problem.row_stride), f.binary("mul", k, problem.left_depth_stride)
                )
                sums = scratch[0]
                if self.blocked:
                    place = f.binary("mul", f.binary("sub", row, part[0]), constant(shape.columns, "int64"))
                    sums = f.offset(sums, place, dtype)
                width = constant(shape.columns, "int64")
                left = f.offset(problem.left, at, dtype)
                tile = [
                    left,
                    problem.row_stride,
                    problem.left_depth_stride,
                    scratch[1],
                    width,
                    depth,
                    count,
                    width,
                    sums,
                ]
                self._tile(f, panels, "none", tile, k)
                with f.if_(finished):
                    self._finish(frame, batch, Block(row, count, column, columns), sums, panels)

    def _tile(self, f: Function, panels: Panels, masks: str, operands: list[Value], again: Value | None) -> None:
        """Call the smallest tile that holds the rows; `operands` are those of `tile_function`."""
        count, resume = operands[6], again if again is not None else constant(0, "int64")

        def call(height: int) -> Callable[[], Sequence[Value]]:
            def emit() -> Sequence[Value]:
                shape = TileShape(height, panels.vectors, self.plan.lanes, self.spec.dtype)
                function = tile_function(self.module, shape, masks, resume=self.blocked)
                f.call(function, [*operands, resume])
                return []

            return emit

        usual, *smaller = self.plan.heights
        if not smaller:
            call(usual)()
        else:
            f.branch(f.compare("le", count, constant(smaller[0], "int64")), call(smaller[0]), call(usual))

    def _finish(self, frame: Frame, batch: list[Value], block: Block, sums: Value, panels: Panels) -> None:
        pitch = constant(panels.vectors * self.plan.lanes, "int64")
        place = [block.row, block.count, block.column, block.columns]
        frame.f.call(f"{self.name}.finish", [frame.args, *batch, *place, sums, pitch])

    def _finish_function(self) -> None:
        """The epilogue of a block of sums, as a function that all panels call."""
        batch = {f"batch{axis}": "int64" for axis in range(len(self.spec.batch))}
        place = dict.fromkeys(("row", "count", "column", "columns"), "int64")
        arguments = {"args": "ptr", **batch, **place, "sums": "ptr", "pitch": "int64"}
        with self.module.function(f"{self.name}.finish", arguments, internal=True, noinline=True, noalias=False) as f:
            args, *outer, row, count, column, columns, sums, pitch = f.args
            frame = Frame(f, self.words, args)
            self.epilogue.emit_rows(frame, outer, Block(row, count, column, columns), sums, pitch, axis=len(outer))
