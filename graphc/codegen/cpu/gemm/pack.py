"""Copies of a few columns of the right operand, laid out as the tile reads them."""

from __future__ import annotations

from graphc.codegen.cpu.gemm.tile import TileShape, column_masks
from graphc.codegen.cpu.irtext import Function, Module
from graphc.codegen.cpu.irvalue import Value, constant


def pack_function(module: Module, shape: TileShape, order: str) -> str:
    """The name of a function, made on first use, that fills a panel of ``depth x shape.columns`` elements.

    ``void (source, depth_stride, column_stride, depth, columns, panel)``. Columns from `columns` on hold something
    harmless. The panel must have room for `depth` rounded up to a multiple of the lanes.

    Parameters
    ----------
    module : Module
    shape : TileShape
        Its rows do not matter.
    order : str
        What is contiguous in the source: ``"columns"``, ``"depth"`` (the panel is its transpose), or ``"nothing"``.
    """
    name = f"gemm_pack_{shape.dtype}_{shape.vectors}x{shape.lanes}_{order}"
    if not module.defines(name):
        arguments = {
            "source": "ptr", "depth_stride": "int64", "column_stride": "int64", "depth": "int64", "columns": "int64",
            "panel": "ptr",
        }  # fmt: skip
        with module.function(name, arguments, shared=True, noinline=True, noalias=False) as f:
            {"columns": _copy, "depth": _transpose, "nothing": _gather}[order](f, shape)
    return name


def _copy(f: Function, shape: TileShape) -> None:
    source, depth_stride, _, depth, columns, panel = f.args
    masks = column_masks(f, shape, columns, "all")
    with f.loop(0, depth) as k:
        line = f.offset(source, f.binary("mul", k, depth_stride), shape.dtype)
        out = f.offset(panel, f.binary("mul", k, constant(shape.columns, "int64")), shape.dtype)
        for v, mask in enumerate(masks):
            f.store(
                f.load(line, shape.dtype, shape.lanes, index=v * shape.lanes, mask=mask), out, index=v * shape.lanes
            )


def _gather(f: Function, shape: TileShape) -> None:
    source, depth_stride, column_stride, depth, columns, panel = f.args
    with f.loop(0, depth) as k, f.loop(0, columns) as j:
        at = f.binary("add", f.binary("mul", k, depth_stride), f.binary("mul", j, column_stride))
        to = f.binary("add", f.binary("mul", k, constant(shape.columns, "int64")), j)
        f.store(f.load(source, shape.dtype, index=at), panel, index=to)


def _transpose(f: Function, shape: TileShape) -> None:
    """Square blocks, transposed in registers. Blocks of 8: larger ones run little faster and compile much longer."""
    source, _, column_stride, depth, columns, panel = f.args
    size, last = min(shape.lanes, 8), f.binary("sub", columns, constant(1, "int64"))
    with f.loop(0, columns, size) as first:
        lines = []
        for lane in range(size):  # beyond the last column: that one again
            column = f.binary("add", first, constant(lane, "int64"))
            column = f.select(f.compare("lt", column, last), column, last)
            lines.append(f.offset(source, f.binary("mul", column, column_stride), shape.dtype))
        with f.loop(0, depth, size) as k:
            mask = f.tail_mask(f.binary("sub", depth, k), size)
            vectors = [f.load(line, shape.dtype, size, index=k, mask=mask) for line in lines]
            at = f.binary("add", f.binary("mul", k, constant(shape.columns, "int64")), first)
            out = f.offset(panel, at, shape.dtype)
            for row, vector in enumerate(transposed(f, vectors)):
                f.store(vector, out, index=row * shape.columns)


def transposed(f: Function, vectors: list[Value]) -> list[Value]:
    """The columns of a square block given by its rows: at every distance 1, 2, 4, ... halves change places."""
    vectors, size = list(vectors), len(vectors)
    distance = 1
    while distance < size:
        upper = ", ".join(f"i32 {lane if not lane & distance else size + lane - distance}" for lane in range(size))
        lower = ", ".join(f"i32 {lane + distance if not lane & distance else size + lane}" for lane in range(size))
        for row in range(size):
            if not row & distance:
                x, y = vectors[row], vectors[row + distance]
                for place, order in ((row, upper), (row + distance, lower)):
                    vectors[place] = f.emit(f"shufflevector {x!r}, {y!r}, <{size} x i32> <{order}>", x.dtype, size)
        distance *= 2
    return vectors
