"""Index arithmetic that matrix products and convolutions share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from graphc.codegen.cpu.gemm.plan import Panels
from graphc.codegen.cpu.irtext import Function
from graphc.codegen.cpu.irvalue import Value, constant


def minimum(f: Function, x: Value, y: Value) -> Value:
    """The smaller of two int64."""
    return f.select(f.compare("lt", x, y), x, y)


def maximum(f: Function, x: Value, y: Value) -> Value:
    """The larger of two int64."""
    return f.select(f.compare("gt", x, y), x, y)


def unflatten(f: Function, flat: Value, sizes: Sequence[Value]) -> list[Value]:
    """The indices along axes of the given sizes at a position in row-major order; nothing for no axes."""
    indices = []
    for size in reversed(sizes[1:]):
        indices.append(f.binary("remainder", flat, size))
        flat = f.binary("quotient", flat, size)
    return [flat, *reversed(indices)] if sizes else []


def each_panel(
    f: Function, panels: Sequence[Panels], lanes: int, columns: Value, body: Callable[[Panels, Value, Value], None]
) -> None:
    """Call `body` for every panel of `columns` with its kind, its first column and how many columns it has."""
    start = constant(0, "int64")
    for kind in panels:
        width = kind.vectors * lanes
        step = constant(width, "int64")
        if kind.count == 1:
            left_over = f.binary("sub", columns, start)
            with f.if_(f.compare("gt", left_over, constant(0, "int64"))):
                body(kind, start, left_over if kind.masks != "none" else step)
            start = f.binary("add", start, step)
            continue
        if kind.count is None:
            with f.loop(start, columns, width) as column:
                body(kind, column, minimum(f, f.binary("sub", columns, column), step))
            continue
        stop = f.binary("add", start, constant(width * kind.count, "int64"))
        with f.loop(start, stop, width) as column:
            body(kind, column, step)
        start = stop
