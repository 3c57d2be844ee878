"""A nest in normal form: no axes of one element, neighbours that act as one axis joined, the vector axis in place.

The result computes the same; kernels of fewer, longer loops are smaller and faster.
"""

from __future__ import annotations

from collections.abc import Callable

from graphc.ir.dims import Dim
from graphc.loops.expr import Affine, Expr, postorder
from graphc.loops.spec import Axis, Check, Nest, Store


def expressions(nest: Nest) -> list[Expr]:
    """Every expression of the nest once, operands first; those of checks before those of stores."""
    return postorder((*(c.expr for c in nest.checks), *(s.expr for s in nest.stores)))


def maps_of(nest: Nest) -> list[Affine]:
    """Every index map of the nest, of loads and of stores."""
    maps = [e.payload[1] for e in expressions(nest) if e.op == "load"]
    return [*maps, *(s.offset for s in nest.stores)]


def normal_form(nest: Nest) -> Nest:
    """Drop axes of one element, join neighbours, and make sure that there is a parallel axis."""
    nest = _without_unit_axes(nest)
    axis = len(nest.axes) - 2
    while axis >= 0:
        if _joinable(nest, axis):
            nest = _joined(nest, axis)
        axis -= 1
    if not any(not a.reduce for a in nest.axes):
        nest = _with_unit_axis(nest)
    return nest


def moved_last(nest: Nest, axis: int) -> Nest:
    """The nest with a parallel axis moved behind the other parallel axes."""
    order = [k for k, a in enumerate(nest.axes) if not a.reduce and k != axis]
    order.append(axis)
    order += [k for k, a in enumerate(nest.axes) if a.reduce]
    place = {old: new for new, old in enumerate(order)}

    def permute(offset: Affine) -> Affine:
        return Affine(offset.base, tuple(offset.coefficients[k] for k in order))

    return _rewritten(nest, tuple(nest.axes[k] for k in order), permute, lambda e: _index(e, place[e.payload]))


def _index(expr: Expr, axis: int) -> Expr:
    return Expr("index", (), expr.dtype, axis)


def _rewritten(
    nest: Nest, axes: tuple[Axis, ...], offset: Callable[[Affine], Affine], index: Callable[[Expr], Expr]
) -> Nest:
    """The nest over other axes, with every index map and index expression replaced."""
    new: dict[Expr, Expr] = {}
    for expr in expressions(nest):
        args = tuple(None if a is None else new[a] for a in expr.args)
        payload = expr.payload
        if expr.op == "load":
            payload = (payload[0], offset(payload[1]))
        made = Expr(expr.op, args, expr.dtype, payload)
        new[expr] = index(made) if expr.op == "index" else made
    stores = tuple(Store(s.operand, offset(s.offset), new[s.expr], s.over_reduction) for s in nest.stores)
    return Nest(axes, nest.operands, stores, tuple(Check(new[c.expr], c.status) for c in nest.checks))


def _without_unit_axes(nest: Nest) -> Nest:
    kept = [k for k, a in enumerate(nest.axes) if a.size != 1]
    reduced = [k for k, a in enumerate(nest.axes) if a.reduce]
    if reduced and not any(k in kept for k in reduced):
        kept = sorted([*kept, reduced[-1]])  # a reduction needs something to run over
    if len(kept) == len(nest.axes):
        return nest
    place = {old: new for new, old in enumerate(kept)}

    def index(expr: Expr) -> Expr:
        if expr.payload in place:
            return _index(expr, place[expr.payload])
        return Expr("const", (), expr.dtype, 0)

    def offset(old: Affine) -> Affine:
        return Affine(old.base, tuple(old.coefficients[k] for k in kept))

    return _rewritten(nest, tuple(nest.axes[k] for k in kept), offset, index)


def _joinable(nest: Nest, axis: int) -> bool:
    """Whether axes `axis` and `axis + 1` can be counted as one by every index map."""
    outer, inner = nest.axes[axis], nest.axes[axis + 1]
    if outer.reduce != inner.reduce:
        return False
    if any(e.op == "index" and e.payload in (axis, axis + 1) for e in expressions(nest)):
        return False
    return all(m.coefficients[axis] == m.coefficients[axis + 1] * inner.size for m in maps_of(nest))


def _joined(nest: Nest, axis: int) -> Nest:
    size: Dim = nest.axes[axis].size * nest.axes[axis + 1].size
    axes = (*nest.axes[:axis], Axis(size, nest.axes[axis].reduce), *nest.axes[axis + 2 :])

    def offset(old: Affine) -> Affine:
        return Affine(old.base, old.coefficients[:axis] + old.coefficients[axis + 1 :])

    return _rewritten(nest, axes, offset, lambda e: _index(e, e.payload - (e.payload > axis)))


def _with_unit_axis(nest: Nest) -> Nest:
    def offset(old: Affine) -> Affine:
        return Affine(old.base, (0, *old.coefficients))

    axes = (Axis(1), *nest.axes)
    return _rewritten(nest, axes, offset, lambda e: _index(e, e.payload + 1))
