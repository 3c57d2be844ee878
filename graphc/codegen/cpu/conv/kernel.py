"""Convolutions as CPU kernels."""

from __future__ import annotations

from graphc.codegen.cpu.conv.plan import (
    ConvolutionPlan,
    group_count,
    group_sizes,
    make_plan,
)
from graphc.codegen.cpu.conv.tile import write_tile, write_zeros
from graphc.codegen.cpu.gemm.epilogue import Block, Epilogue
from graphc.codegen.cpu.gemm.frame import Frame, Words, store_dims
from graphc.codegen.cpu.gemm.pack import pack_function
from graphc.codegen.cpu.gemm.plan import Panels
from graphc.codegen.cpu.gemm.tile import TileShape
from graphc.codegen.cpu.gemm.values import each_panel, minimum, unflatten
from graphc.codegen.cpu.irtext import Module
from graphc.codegen.cpu.irvalue import Value, constant, size_of
from graphc.codegen.cpu.kernel import KernelText
from graphc.codegen.cpu.target import HostTarget
from graphc.ir.dims import Dim, product
from graphc.loops.spec import Convolution


def compile_convolution(spec: Convolution, name: str, target: HostTarget) -> KernelText:
    """Write the kernel of a convolution.

    Parameters
    ----------
    spec : Convolution
        Its first operand is x, the second w.
    name : str
        Symbol of the kernel.
    target : HostTarget

    Returns
    -------
    KernelText
        Its range is over the lines of outputs: all parallel axes but the one that rows of tiles run along.
    """
    writer = _Writer(spec, name, make_plan(spec, target))
    images, channels, _ = group_sizes(spec)
    work = 2 * images * product(spec.output) * spec.features * product(spec.window) * channels
    return KernelText(name, writer.text(), writer.words.sizes, product(writer.outer), (), work)


class _Writer:
    """Writes the functions of one kernel."""

    def __init__(self, spec: Convolution, name: str, plan: ConvolutionPlan) -> None:
        self.spec, self.name, self.plan = spec, name, plan
        self.module = Module()
        images, channels, features = group_sizes(spec)
        columns = group_count(spec) if plan.across else features
        self.epilogue = Epilogue(spec.stores, spec.dtype, plan.lanes, columns)
        self.axes: list[Dim] = [images, *spec.output]
        self.outer = [size for axis, size in enumerate(self.axes) if axis != plan.row_axis]
        strides = [dim for offset in (spec.left, spec.right) for dim in (offset.base, *offset.coefficients)]
        if plan.row_axis:
            strides.append(spec.left.coefficients[plan.row_axis] * spec.strides[plan.row_axis - 1])
        if plan.inner_window:
            strides.append(spec.left.coefficients[-2] * spec.window_dilation[-1])
        sizes = [images, channels, features, *spec.image, *spec.window, *spec.output, *spec.low]
        self.words = Words(spec.operands, [*sizes, *strides, *store_dims(spec.stores)])

    def text(self) -> str:
        """The whole module."""
        spec, plan, module = self.spec, self.plan, self.module
        if plan.row_checked:
            write_zeros(module, spec.dtype)
        for panels in dict.fromkeys(plan.panels):
            write_tile(module, self.tile_name(panels), spec, plan, self.words, panels)
        self.write_finish()
        arguments = {"args": "ptr", "begin": "int64", "end": "int64"}
        with module.function(self.name, arguments, "int32", noalias=False) as f:
            args, begin, end = f.args
            frame, size = Frame(f, self.words, args), size_of(spec.dtype)
            widest = max((panels.vectors for panels in plan.panels), default=1) * plan.lanes
            sums = f.emit(f"alloca [{plan.height * widest * size} x i8], align 64", "ptr")
            packed = sums
            if plan.pack:
                depth = product(spec.window) * group_sizes(spec)[1] + plan.lanes
                packed = f.emit(f"alloca [{depth * widest * size} x i8], align 64", "ptr")
            with f.loop(0, 1 if plan.across else group_count(spec)) as group:
                self.write_group(frame, (begin, end), group, packed, sums)
            f.ret(constant(0, "int32"))
        return module.text()

    def tile_name(self, panels: Panels) -> str:
        """The function for one kind of panel."""
        return f"{self.name}.tile_{panels.vectors}_{panels.masks}"

    def write_group(self, frame: Frame, part: tuple[Value, Value], group: Value, packed: Value, sums: Value) -> None:
        """All features of a group, panel by panel, for some lines of outputs."""
        f, spec, plan = frame.f, self.spec, self.plan
        _, channels, features = group_sizes(spec)
        first_feature = f.binary("mul", group, frame.size(features))
        if spec.batch_groups > 1:
            step = f.binary("mul", frame.size(self.axes[0]), frame.size(spec.left.coefficients[0]))
        else:
            step = f.binary("mul", frame.size(channels), frame.size(spec.left.coefficients[-1]))
        left = f.binary("add", frame.size(spec.left.base), f.binary("mul", group, step))
        columns = constant(group_count(spec), "int64") if plan.across else frame.size(features)

        def panel(panels: Panels, column: Value, count: Value) -> None:
            feature = f.binary("add", first_feature, column)
            start = f.binary("mul", feature, frame.size(spec.right.coefficients[-1]))
            start = f.binary("add", start, frame.size(spec.right.base))
            weights = f.offset(frame.pointers[1], start, spec.dtype)
            if plan.pack:
                self.pack(frame, panels, weights, count, packed)
                weights = packed
            images = f.binary("add", left, column) if plan.across else left
            with f.loop(*part) as flat:
                outer = unflatten(f, flat, [frame.size(size) for size in self.outer])
                self.write_line(frame, outer, panels, (images, weights), (feature, count), sums)

        each_panel(f, plan.panels, plan.lanes, columns, panel)

    def pack(self, frame: Frame, panels: Panels, weights: Value, count: Value, packed: Value) -> None:
        """Copy the weights of a panel, one place of the window after another."""
        f, spec = frame.f, self.spec
        shape = TileShape(self.plan.height, panels.vectors, self.plan.lanes, spec.dtype)
        channels = frame.size(group_sizes(spec)[1])
        function = pack_function(self.module, shape, self.plan.pack)
        strides = [frame.size(stride) for stride in spec.right.coefficients[-2:]]
        block = f.binary("mul", channels, constant(shape.columns, "int64"))
        sizes = [frame.size(size) for size in spec.window]
        with f.loop(0, frame.size(product(spec.window))) as place:
            source = constant(0, "int64")
            for index, stride in zip(unflatten(f, place, sizes), spec.right.coefficients, strict=False):
                source = f.binary("add", source, f.binary("mul", index, frame.size(stride)))
            target = f.offset(packed, f.binary("mul", place, block), spec.dtype)
            f.call(function, [f.offset(weights, source, spec.dtype), *strides, channels, count, target])

    def write_line(
        self,
        frame: Frame,
        outer: list[Value],
        panels: Panels,
        operands: tuple[Value, Value],
        features: tuple[Value, Value],
        sums: Value,
    ) -> None:
        """All rows along the row axis, for one panel."""
        f, plan = frame.f, self.plan
        total, step = frame.size(self.axes[plan.row_axis]), plan.row_step
        pitch = constant(panels.vectors * plan.lanes, "int64")
        for phase in range(step):
            with f.loop(phase, total, plan.height * step) as row:
                left_over = f.binary("sub", total, row)
                if step > 1:
                    left_over = f.binary("add", left_over, constant(step - 1, "int64"))
                    left_over = f.binary("quotient", left_over, constant(step, "int64"))
                rows = minimum(f, left_over, constant(plan.height, "int64"))
                at = [*outer[: plan.row_axis], row, *outer[plan.row_axis :]]
                f.call(self.tile_name(panels), [frame.args, *operands, *at, rows, features[1], sums])
                f.call(f"{self.name}.finish", [frame.args, *outer, row, rows, *features, sums, pitch])

    def write_finish(self) -> None:
        """The epilogue of a block of sums, as a function that all panels call."""
        outer = {f"outer{axis}": "int64" for axis in range(len(self.outer))}
        place = dict.fromkeys(("row", "count", "column", "columns"), "int64")
        arguments = {"args": "ptr", **outer, **place, "sums": "ptr", "pitch": "int64"}
        with self.module.function(f"{self.name}.finish", arguments, internal=True, noinline=True, noalias=False) as f:
            args, *indices, row, count, column, columns, sums, pitch = f.args
            frame, block = Frame(f, self.words, args), Block(row, count, column, columns)
            self.epilogue.emit_rows(
                frame, indices, block, sums, pitch, axis=self.plan.row_axis, step=self.plan.row_step
            )
