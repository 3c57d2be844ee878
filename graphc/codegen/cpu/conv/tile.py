"""The sums of a convolution: some outputs along one axis times some features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphc.codegen.cpu.conv.plan import ZEROS, ConvolutionPlan, group_sizes
from graphc.codegen.cpu.gemm.frame import Frame, Words
from graphc.codegen.cpu.gemm.plan import Panels
from graphc.codegen.cpu.gemm.tile import TileShape, accumulate, column_masks, row_numbers, row_pointers
from graphc.codegen.cpu.gemm.values import maximum, minimum
from graphc.codegen.cpu.irtext import Function, Module
from graphc.codegen.cpu.irvalue import Value, constant, llvm_type
from graphc.ir.dims import Dim, row_major_strides
from graphc.loops.spec import Convolution

ZERO_BLOCK = "conv_zeros"


def tile_arguments(spec: Convolution) -> list[str]:
    """Names of the arguments of a tile function, in order; all but pointers are int64.

    ``left`` is the element offset of the group's images, ``weights`` points to those of the first column; ``at0`` is
    the first image of the tile, ``at1`` and so on its first output.
    """
    axes = [f"at{axis}" for axis in range(len(spec.output) + 1)]
    return ["args", "left", "weights", *axes, "rows", "columns", "sums"]


def write_tile(
    module: Module, name: str, spec: Convolution, plan: ConvolutionPlan, words: Words, panels: Panels
) -> None:
    """Write the function that fills a block of sums; its rows lie the panel's columns apart."""
    shape = TileShape(plan.height, panels.vectors, plan.lanes, spec.dtype)
    arguments = dict.fromkeys(tile_arguments(spec), "int64") | {"args": "ptr", "weights": "ptr", "sums": "ptr"}
    with module.function(name, arguments, internal=True, noinline=True, noalias=False) as f:
        args, left, weights, *at, rows, columns, sums = f.args
        frame = Frame(f, words, args)
        writer = _Tile(
            frame, spec, plan, shape, left, weights, at, rows, columns, "none" if plan.pack else panels.masks
        )
        for position, total in enumerate(writer.totals()):
            f.store(total, sums, index=position * shape.lanes)


@dataclass
class _Place:
    """How far the loops over the window have come: offsets into both operands, and where the row axis stands."""

    left: Value
    right: Value
    row: Value | None = None


class _Tile:
    """Writes the loops over channels and window of one tile function."""

    def __init__(
        self,
        frame: Frame,
        spec: Convolution,
        plan: ConvolutionPlan,
        shape: TileShape,
        left: Value,
        weights: Value,
        at: Sequence[Value],
        rows: Value,
        columns: Value,
        masks: str,
    ) -> None:
        f = frame.f
        self.frame, self.f, self.spec, self.plan, self.shape = frame, f, spec, plan, shape
        self.at, self.masks = at, column_masks(f, shape, columns, masks)
        self.weights, self.weight_strides = weights, weight_strides(spec, plan, shape.columns)
        self.spread: list[Value] | None = None
        if not (spec.right.coefficients[-1] == 1 or group_sizes(spec)[2] == 1 or plan.pack):
            self.spread = column_offsets(f, shape, columns, frame.size(spec.right.coefficients[-1]))
        self.start = _Place(left, constant(0, "int64"))
        self.numbers = row_numbers(f, shape, rows)
        self.zeros = Value(f"@{ZERO_BLOCK}", "ptr") if plan.row_checked and shape.rows > 1 else None
        stride = spec.left.coefficients[plan.row_axis]
        if plan.row_axis:
            stride = stride * spec.strides[plan.row_axis - 1]
        images = f.binary("mul", at[0], frame.size(spec.left.coefficients[0]))
        self.start.left = f.binary("add", left, images)
        self.pointers = row_pointers(f, shape, frame.pointers[0], frame.size(stride), self.numbers)

    def totals(self) -> list[Value]:
        """All sums, row after row."""
        f, shape, channels = self.f, self.shape, group_sizes(self.spec)[1]
        sums = [constant(0, shape.dtype, shape.lanes)] * (shape.rows * shape.vectors)
        step = 1 if self.plan.inner_window else ZEROS
        if isinstance(channels, int) and channels <= step:
            return self.window(0, self.start, sums, self.frame.size(channels))
        with f.loop_carried(0, self.frame.size(channels), step, sums) as loop:
            count = minimum(f, f.binary("sub", self.frame.size(channels), loop.index), constant(step, "int64"))
            place = _Place(
                self.moved(self.start.left, loop.index, self.spec.left.coefficients[-1]),
                self.moved(self.start.right, loop.index, self.weight_strides[-1]),
            )
            loop.update(*self.window(0, place, loop.values, count))
        return loop.values

    def moved(self, offset: Value, index: Value, coefficient: object) -> Value:
        """``offset + index * coefficient``."""
        return self.f.binary("add", offset, self.f.binary("mul", index, self.frame.size(coefficient)))  # type: ignore[arg-type]

    def window(self, axis: int, place: _Place, sums: list[Value], channels: Value) -> list[Value]:
        """The loop over the window along a spatial axis, and those inside it; gives the new sums."""
        f, spec, frame = self.f, self.spec, self.frame
        if axis == len(spec.window):
            return self.channels(place, sums, channels)
        first = f.binary("mul", self.at[axis + 1], constant(spec.strides[axis], "int64"))
        first = f.binary("sub", first, frame.size(spec.low[axis]))
        if self.plan.inner_window and axis == len(spec.window) - 1:
            return self.innermost(first, place, sums)
        along_rows = self.plan.row_axis == axis + 1
        with f.loop_carried(0, frame.size(spec.window[axis]), 1, sums) as loop:
            tap = f.binary("mul", loop.index, constant(spec.window_dilation[axis], "int64"))
            source, inside = self.source(
                axis, f.binary("add", first, tap), whole_row=along_rows and self.shape.rows > 1
            )
            following = _Place(
                self.moved(place.left, source, spec.left.coefficients[axis + 1]),
                self.moved(place.right, loop.index, self.weight_strides[axis]),
                source if along_rows else place.row,
            )
            sums = loop.values
            if inside is None:
                loop.update(*self.window(axis + 1, following, sums, channels))
            else:
                loop.update(*f.branch(inside, lambda: self.window(axis + 1, following, sums, channels), lambda: sums))
        return loop.values

    def innermost(self, first: Value, place: _Place, sums: list[Value]) -> list[Value]:
        """The loop along the last axis of the window, over those places that lie in the image."""
        f, spec, frame = self.f, self.spec, self.frame
        dilation = spec.window_dilation[-1]
        begin, end = constant(0, "int64"), frame.size(spec.window[-1])
        if self.plan.checked[-1]:
            negative = f.binary("sub", constant(0, "int64"), first)
            begin = maximum(f, self.steps(negative, dilation), begin)
            left_over = f.binary("sub", frame.size(spec.image[-1]), first)
            end = minimum(f, self.steps(left_over, dilation), end)
        source = f.binary("add", first, f.binary("mul", begin, constant(dilation, "int64")))
        image, weights = spec.left.coefficients[-2], self.weight_strides[-2]
        inside = _Place(self.moved(place.left, source, image), self.moved(place.right, begin, weights))
        return self.sum(inside, sums, f.binary("sub", end, begin), (image * dilation, weights), self.pointers)

    def steps(self, distance: Value, step: int) -> Value:
        """How many steps reach a distance: ``distance / step`` rounded up (something below 1 for those below 0)."""
        if step == 1:
            return distance
        f = self.f
        return f.binary("quotient", f.binary("add", distance, constant(step - 1, "int64")), constant(step, "int64"))

    def source(self, axis: int, place: Value, *, whole_row: bool) -> tuple[Value, Value | None]:
        """The image's element at a place of the dilated image, and whether there is one (None: always).

        With `whole_row` the place is that of the first of several rows, which are looked at one by one later.
        """
        f, dilation, zero = self.f, self.spec.image_dilation[axis], constant(0, "int64")
        if not self.plan.checked[axis]:
            return place, None
        divisible: Value | None = None
        source = place
        if dilation != 1:
            step = constant(dilation, "int64")
            divisible = f.compare("eq", f.binary("remainder", place, step), zero)
            source = f.binary("quotient", place, step)
        if whole_row:
            return source, divisible
        size = self.frame.size(self.spec.image[axis])
        inside = f.binary("and", f.compare("ge", place, zero), f.compare("lt", source, size))
        return source, inside if divisible is None else f.binary("and", inside, divisible)

    def channels(self, place: _Place, sums: list[Value], count: Value) -> list[Value]:
        """The loop over channels at one place of the window."""
        spec, pointers = self.spec, self.pointers
        if self.zeros is not None:
            assert place.row is not None
            pointers = self.rows_inside(place.row, place.left)
        strides = (spec.left.coefficients[-1], self.weight_strides[-1])
        return self.sum(place, sums, count, strides, pointers)

    def sum(
        self, place: _Place, sums: list[Value], count: Value, strides: tuple[Dim, Dim], pointers: list[Value]
    ) -> list[Value]:
        """The innermost loop: `count` products, operands `strides` apart."""
        left, right = (self.frame.size(stride) for stride in strides)
        weights = self.f.offset(self.weights, place.right, self.shape.dtype)
        return accumulate(
            self.f, self.shape, pointers, left, weights, right, count, sums, self.masks,
            start=place.left, across=self.plan.across, spread=self.spread,
        )  # fmt: skip

    def rows_inside(self, first: Value, offset: Value) -> list[Value]:
        """Every row's pointer, or one to zeros if its element lies outside the image."""
        f, spec, axis = self.f, self.spec, self.plan.row_axis - 1
        assert self.zeros is not None
        nothing = f.offset(self.zeros, f.binary("sub", constant(0, "int64"), offset), self.shape.dtype)
        size, zero = self.frame.size(spec.image[axis]), constant(0, "int64")
        chosen = []
        for number, pointer in zip(self.numbers, self.pointers, strict=True):
            step = f.binary("mul", number, constant(spec.strides[axis], "int64"))
            place = f.binary("add", first, step)
            inside = f.binary("and", f.compare("ge", place, zero), f.compare("lt", place, size))
            chosen.append(f.select(inside, pointer, nothing))
        return chosen


def weight_strides(spec: Convolution, plan: ConvolutionPlan, columns: int) -> tuple[Dim, ...]:
    """Distances of weights along the window's axes and along the channels, for panels of so many columns."""
    if not plan.pack:
        return spec.right.coefficients[:-1]
    return tuple(stride * columns for stride in row_major_strides((*spec.window, group_sizes(spec)[1])))


def column_offsets(f: Function, shape: TileShape, columns: Value, stride: Value) -> list[Value]:
    """Element offsets of the columns of every vector, 0 for those that do not exist."""
    offsets = []
    for v, mask in enumerate(column_masks(f, shape, columns, "all")):
        assert mask is not None
        numbers = f.binary("add", f.iota(shape.lanes), constant(v * shape.lanes, "int64", shape.lanes))
        products = f.binary("mul", numbers, f.splat(stride, shape.lanes))
        offsets.append(f.select(mask, products, constant(0, "int64", shape.lanes)))
    return offsets


def write_zeros(module: Module, dtype: str) -> None:
    """The block that rows outside the image read."""
    element = llvm_type(dtype)
    module.append(f"@{ZERO_BLOCK} = private unnamed_addr constant [{ZEROS} x {element}] zeroinitializer, align 64")
