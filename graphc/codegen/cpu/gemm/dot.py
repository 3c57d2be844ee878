"""Inner products: a few rows of each operand, both contiguous along the depth."""

from __future__ import annotations

from graphc.codegen.cpu.gemm.tile import multiply_add
from graphc.codegen.cpu.irtext import Function, Module
from graphc.codegen.cpu.irvalue import Value, constant


def dot_function(module: Module, dtype: str, lanes: int, count: int) -> str:
    """The name of a function, made on first use, that forms `count` inner products with one vector.

    ``void (left, right, stride, depth, columns, sums)``: element j of `sums` becomes the inner product of `left` and
    the vector `stride` * j elements after `right`; beyond `columns` something is written.

    Parameters
    ----------
    module : Module
    dtype : str
    lanes : int
    count : int
        A power of two, at most `lanes`.
    """
    name = f"gemm_dot_{dtype}_{count}x{lanes}"
    if module.defines(name):
        return name
    arguments = {
        "left": "ptr", "right": "ptr", "stride": "int64", "depth": "int64", "columns": "int64", "sums": "ptr",
    }  # fmt: skip
    with module.function(name, arguments, shared=True, noinline=True, noalias=False) as f:
        left, right, stride, depth, columns, sums = f.args
        last = f.binary("sub", columns, constant(1, "int64"))
        lines = [right]
        for column in range(1, count):
            number = constant(column, "int64")
            inside = f.select(f.compare("lt", number, last), number, last)
            lines.append(f.offset(right, f.binary("mul", inside, stride), dtype))

        def products(k: Value, mask: Value | None, totals: list[Value]) -> list[Value]:
            x = f.load(left, dtype, lanes, index=k, mask=mask)
            loads = [f.load(line, dtype, lanes, index=k, mask=mask) for line in lines]
            return [multiply_add(f, x, y, total) for y, total in zip(loads, totals, strict=True)]

        whole = f.binary("and", depth, constant(-lanes, "int64"))
        with f.loop_carried(0, whole, lanes, [constant(0, dtype, lanes)] * count) as loop:
            loop.update(*products(loop.index, None, loop.values))
        found = f.branch(
            f.compare("lt", whole, depth),
            lambda: products(whole, f.tail_mask(f.binary("sub", depth, whole), lanes), loop.values),
            lambda: loop.values,
        )
        f.store(lane_sums(f, found), sums)
    return name


def lane_sums(f: Function, vectors: list[Value]) -> Value:
    """The sum of the lanes of each vector, as the lanes of one vector.

    Pairs of vectors are merged: one step adds neighbours of both and interleaves the results.
    """
    count, lanes, dtype = len(vectors), vectors[0].lanes, vectors[0].dtype
    distance = 1
    while distance < count:
        low = ", ".join(f"i32 {k if not k & distance else lanes + k - distance}" for k in range(lanes))
        high = ", ".join(f"i32 {k + distance if not k & distance else lanes + k}" for k in range(lanes))
        merged = []
        for x, y in zip(vectors[::2], vectors[1::2], strict=True):
            halves = [
                f.emit(f"shufflevector {x!r}, {y!r}, <{lanes} x i32> <{order}>", dtype, lanes) for order in (low, high)
            ]
            merged.append(f.binary("add", halves[0], halves[1]))
        vectors, distance = merged, distance * 2
    (total,) = vectors
    while total.lanes > count:
        half = total.lanes // 2
        halves = []
        for start in (0, half):
            order = ", ".join(f"i32 {start + k}" for k in range(half))
            text = f"shufflevector {total!r}, {total.type} poison, <{half} x i32> <{order}>"
            halves.append(f.emit(text, dtype, half) if half > 1 else f.extract(total, start))
        total = f.binary("add", halves[0], halves[1])
    return total
