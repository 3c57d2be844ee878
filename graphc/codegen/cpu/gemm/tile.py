"""The register tile: a few rows times a few vectors of columns, summed over the depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphc.codegen.cpu.irtext import Function, Module
from graphc.codegen.cpu.irvalue import Value, constant
from graphc.codegen.dialect import is_float


@dataclass(frozen=True, slots=True)
class TileShape:
    """Rows and vectors of columns that a tile keeps in registers.

    Attributes
    ----------
    rows : int
    vectors : int
    lanes : int
        Elements of one vector.
    dtype : str
    """

    rows: int
    vectors: int
    lanes: int
    dtype: str

    @property
    def columns(self) -> int:
        """Columns of the tile."""
        return self.vectors * self.lanes

    @property
    def label(self) -> str:
        """Part of the names of functions made for this shape."""
        return f"{self.dtype}_{self.rows}x{self.vectors}x{self.lanes}"


def multiply_add(f: Function, x: Value, y: Value, total: Value) -> Value:
    """``x * y + total``: wrapping for integers; for floats with one rounding where the processor has an instruction."""
    if is_float(x.dtype):
        return f.intrinsic("fmuladd", x, y, total)
    return f.binary("add", f.binary("mul", x, y), total)


def row_numbers(f: Function, shape: TileShape, rows: Value) -> list[Value]:
    """0, 1, 2, ...; rows of the tile beyond `rows` repeat the last one, so that reading them is safe."""
    last = f.binary("sub", rows, constant(1, "int64"))
    numbers = [constant(row, "int64") for row in range(shape.rows)]
    return [numbers[0], *(f.select(f.compare("lt", number, last), number, last) for number in numbers[1:])]


def row_pointers(f: Function, shape: TileShape, left: Value, row_stride: Value, numbers: list[Value]) -> list[Value]:
    """Where each row of the tile starts."""
    return [left, *(f.offset(left, f.binary("mul", number, row_stride), shape.dtype) for number in numbers[1:])]


def accumulate(
    f: Function,
    shape: TileShape,
    rows: Sequence[Value],
    depth_stride: Value,
    right: Value,
    right_stride: Value,
    depth: Value,
    initial: Sequence[Value],
    masks: Sequence[Value | None],
    *,
    start: Value | None = None,
    across: bool = False,
    spread: Sequence[Value] | None = None,
) -> list[Value]:
    """Sum ``rows[i][k * depth_stride] * right[k * right_stride + j]`` over ``0 <= k < depth``.

    Parameters
    ----------
    f : Function
    shape : TileShape
    rows : sequence of Value
        A pointer for every row.
    depth_stride : Value
        Elements between successive values of one row.
    right : Value
        Pointer to the first column; columns are contiguous.
    right_stride : Value
    depth : Value
    initial : sequence of Value
        Sums to start from, row after row.
    masks : sequence of Value or None
        For every vector the lanes that exist, None for all.
    start : Value, optional
        Elements to skip in every row.
    across : bool
        Whether the rows change along the columns too: column j reads element j of a row.
    spread : sequence of Value, optional
        For every vector the element offsets of its columns, if they are not contiguous.

    Returns
    -------
    list of Value
        The sums, row after row.
    """
    lanes, dtype = shape.lanes, shape.dtype
    places = [start if start is not None else constant(0, "int64"), right]
    with f.loop_carried(0, depth, 1, [*initial, *places]) as loop:
        *sums, at, line = loop.values
        if spread is None:
            vectors = [f.load(line, dtype, lanes, index=v * lanes, mask=mask) for v, mask in enumerate(masks)]
        else:
            vectors = [f.gather(line, dtype, offsets) for offsets in spread]
        for row, pointer in enumerate(rows):
            values = _row_values(f, shape, f.offset(pointer, at, dtype), masks if across else None)
            for v, (x, y) in enumerate(zip(values, vectors, strict=True)):
                place = row * shape.vectors + v
                sums[place] = multiply_add(f, x, y, sums[place])
        loop.update(*sums, f.binary("add", at, depth_stride), f.offset(line, right_stride, dtype))
    return loop.values[: len(initial)]


def _row_values(f: Function, shape: TileShape, pointer: Value, masks: Sequence[Value | None] | None) -> list[Value]:
    """What every vector of columns is multiplied by: one element everywhere, or (with masks) those across."""
    if masks is None:
        return [f.splat(f.load(pointer, shape.dtype), shape.lanes)] * shape.vectors
    return [f.load(pointer, shape.dtype, shape.lanes, index=v * shape.lanes, mask=mask) for v, mask in enumerate(masks)]


def tile_function(module: Module, shape: TileShape, masks: str, *, resume: bool = False) -> str:
    """The name of a function, made on first use, that fills a block of sums.

    ``void (left, row_stride, depth_stride, right, right_stride, depth, rows, columns, sums, resume)``: rows of
    `sums` lie ``shape.columns`` elements apart; all rows of the shape are written, those beyond `rows` with something.

    Parameters
    ----------
    module : Module
    shape : TileShape
    masks : str
        Which vectors may reach beyond `columns`: ``"none"``, ``"last"`` or ``"all"``.
    resume : bool
        Whether the function reads its argument `resume`: then it adds to the sums when that is not 0.
    """
    name = f"gemm_tile_{shape.label}_{masks}{'_resume' if resume else ''}"
    if module.defines(name):
        return name
    arguments = {
        "left": "ptr", "row_stride": "int64", "depth_stride": "int64", "right": "ptr", "right_stride": "int64",
        "depth": "int64", "rows": "int64", "columns": "int64", "sums": "ptr", "resume": "int64",
    }  # fmt: skip
    with module.function(name, arguments, shared=True, noinline=True, noalias=False) as f:
        left, row_stride, depth_stride, right, right_stride, depth, rows, columns, sums, again = f.args
        pointers = row_pointers(f, shape, left, row_stride, row_numbers(f, shape, rows))
        places = [
            (row, v, row * shape.columns + v * shape.lanes) for row in range(shape.rows) for v in range(shape.vectors)
        ]
        initial: Sequence[Value] = [constant(0, shape.dtype, shape.lanes)] * len(places)
        if resume:
            initial = f.branch(
                f.compare("ne", again, constant(0, "int64")),
                lambda: [f.load(sums, shape.dtype, shape.lanes, index=at) for _, _, at in places],
                lambda zeros=initial: zeros,  # type: ignore[misc]
            )
        found = column_masks(f, shape, columns, masks)
        totals = accumulate(f, shape, pointers, depth_stride, right, right_stride, depth, initial, found)
        for total, (_, _, at) in zip(totals, places, strict=True):
            f.store(total, sums, index=at)
    return name


def column_masks(f: Function, shape: TileShape, columns: Value, masks: str) -> list[Value | None]:
    """For every vector of the tile the lanes below `columns`, or None where all of them are."""
    found: list[Value | None] = [None] * shape.vectors
    for v in {"none": range(0), "last": range(shape.vectors - 1, shape.vectors), "all": range(shape.vectors)}[masks]:
        left_over = f.binary("sub", columns, constant(v * shape.lanes, "int64"))
        found[v] = f.tail_mask(left_over, shape.lanes)
    return found
