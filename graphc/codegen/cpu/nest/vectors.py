"""The vector loop: groups of whole vectors first, then single vectors, the last one under a mask."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from graphc.codegen.cpu.irvalue import Value, constant
from graphc.codegen.cpu.nest.scope import Scope
from graphc.ir.dims import Dim

Body = Callable[[Sequence[Scope], Sequence[Sequence[Value]]], Sequence[Sequence[Value]]]
"""Code of one group: its scopes, and for each the accumulators; returns the new accumulators of each."""
Merge = Callable[[Sequence[Value], Sequence[Value]], list[Value]]


def vector_loop(
    outer: Scope,
    low: Value,
    high: Value,
    count: Dim | None,
    unroll: int,
    body: Body,
    initial: Sequence[Value] = (),
    identity: Sequence[Value] = (),
    merge: Merge | None = None,
) -> list[Value]:
    """Run `body` over ``low <= index < high`` of the vector axis.

    Vectors of one group of `unroll` have accumulators of their own: the first continues `initial`, the others begin
    with `identity`. They are merged as a balanced tree after the last whole group, and the remaining vectors follow one
    by one. So the order of a sum depends on ``high - low`` only.

    Parameters
    ----------
    count
        ``high - low`` where it is an integer known now; then nothing is written for parts that cannot run.

    Returns
    -------
    list of Value
        The accumulators at the end.
    """
    kernel, f = outer.kernel, outer.kernel.f
    step = unroll * kernel.lanes
    fixed = count if isinstance(count, int) else None
    if fixed is None and unroll == 1 < kernel.lanes:  # long bodies are written once, always under a mask
        return _tail_loop(outer, low, high, body, list(initial))
    if fixed is not None:
        whole = constant(fixed - fixed % step, "int64")
    else:
        whole = f.binary("and", f.binary("sub", high, low), constant(-step, "int64"))
    middle = kernel.add(low, whole)
    values = list(initial)
    if fixed is None or fixed >= step:
        carried = [*values, *(list(identity) * (unroll - 1))]
        with f.loop_carried(low, middle, step, carried) as loop:
            scopes = [
                Scope(kernel, outer, {kernel.vector_axis: _plus(outer, loop.index, k * kernel.lanes)})
                for k in range(unroll)
            ]
            loop.update(*_flat(body(scopes, _groups(loop.values, unroll))))
        values = _merged(_groups(loop.values, unroll), merge)
    if fixed is None and step > 1:
        values = _tail_loop(outer, middle, high, body, values)
    elif fixed is not None and fixed % step:
        values = _fixed_tail(outer, middle, high, fixed % step, body, values)
    return values


def group_loop(outer: Scope, low: Value, high: Value, count: Dim | None, unroll: int, body: Body) -> None:
    """Run `body` without accumulators on whole groups, the last of which may be under masks.

    For bodies with loops of their own: a remainder taken vector by vector would run them once for each.
    """
    kernel, f = outer.kernel, outer.kernel.f
    step = unroll * kernel.lanes
    whole = count - count % step if isinstance(count, int) else 0

    def group(start: Value, masks: Sequence[Value | None]) -> None:
        scopes = [
            Scope(kernel, outer, {kernel.vector_axis: _plus(outer, start, k * kernel.lanes)}, mask)
            for k, mask in enumerate(masks)
        ]
        body(scopes, [[] for _ in scopes])

    if not isinstance(count, int):
        with f.loop(low, high, step) as start:
            rest = f.binary("sub", high, start)
            group(start, [tail_mask(outer, _plus(outer, rest, -k * kernel.lanes)) for k in range(unroll)])
        return
    if whole:
        with f.loop(low, _plus(outer, low, whole), step) as start:
            group(start, [None] * unroll)
    rest_count = count - whole
    if rest_count:
        starts = range(0, rest_count, kernel.lanes)
        group(_plus(outer, low, whole), [first_lanes(rest_count - k, kernel.lanes) for k in starts])


def _tail_loop(outer: Scope, low: Value, high: Value, body: Body, values: list[Value]) -> list[Value]:
    kernel = outer.kernel
    with kernel.f.loop_carried(low, high, kernel.lanes, values) as loop:
        rest = kernel.f.binary("sub", high, loop.index)
        scope = Scope(kernel, outer, {kernel.vector_axis: loop.index}, tail_mask(outer, rest))
        loop.update(*body([scope], [loop.values])[0])
    return loop.values


def _fixed_tail(outer: Scope, low: Value, high: Value, rest: int, body: Body, values: list[Value]) -> list[Value]:
    kernel = outer.kernel
    whole = rest - rest % kernel.lanes
    middle = _plus(outer, low, whole)
    if whole:
        with kernel.f.loop_carried(low, middle, kernel.lanes, values) as loop:
            scope = Scope(kernel, outer, {kernel.vector_axis: loop.index})
            loop.update(*body([scope], [loop.values])[0])
        values = loop.values
    if rest > whole:
        mask = first_lanes(rest - whole, kernel.lanes)
        scope = Scope(kernel, outer, {kernel.vector_axis: middle}, mask)
        values = list(body([scope], [values])[0])
    return values


def tail_mask(outer: Scope, rest: Value) -> Value | None:
    """The lanes of the last `rest` elements, all of them if there are more; None for scalars."""
    kernel, f = outer.kernel, outer.kernel.f
    if kernel.lanes == 1:
        return None
    # 32-bit lanes compare in one instruction; what is left may not fit them, but a vector has fewer lanes.
    lanes = constant(kernel.lanes, "int64")
    narrow = f.emit(f"trunc {f.select(f.compare('lt', rest, lanes), rest, lanes)!r} to i32", "int32")
    return f.compare("lt", f.iota(kernel.lanes, "int32"), f.splat(narrow, kernel.lanes))


def first_lanes(count: int, lanes: int) -> Value | None:
    """A literal mask of the first `count` lanes; None if that is all of them."""
    if count >= lanes:
        return None
    bits = ", ".join("i1 true" if k < count else "i1 false" for k in range(lanes))
    return Value(f"<{bits}>", "bool", lanes, True)


def _plus(scope: Scope, index: Value, offset: int) -> Value:
    if index.literal:
        return constant(int(index.name) + offset, "int64")
    return scope.kernel.add(index, constant(offset, "int64"))


def _groups(values: Sequence[Value], parts: int) -> list[list[Value]]:
    size = len(values) // parts
    return [list(values[k * size : (k + 1) * size]) for k in range(parts)]


def _flat(groups: Sequence[Sequence[Value]]) -> list[Value]:
    return [value for group in groups for value in group]


def _merged(groups: list[list[Value]], merge: Merge | None) -> list[Value]:
    while len(groups) > 1 and merge is not None:
        groups = [merge(a, b) for a, b in zip(groups[::2], groups[1::2], strict=True)]
    return groups[0]
