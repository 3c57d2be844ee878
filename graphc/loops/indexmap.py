"""Index maps: at which element of an operand a point of an index space reads, through views.

A map gives one index per axis of a tensor, or, where a reshape mixes axes, one flat row-major position.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphc.ir.dims import Dim, floordiv, row_major_strides
from graphc.ir.node import Node
from graphc.ir.types import Shape
from graphc.loops.expr import Affine, Expr


@dataclass(frozen=True, slots=True)
class Index:
    """One index: an affine form of the space's axes, plus an int64 expression where it is not affine."""

    affine: Affine
    dynamic: Expr | None = None


@dataclass(frozen=True, slots=True)
class IndexMap:
    """Where a tensor is read.

    Attributes
    ----------
    indices : tuple of Index
        One per axis of the tensor, or a single row-major position where `flat`.
    flat : bool
    guard : Expr, optional
        Boolean: where it is false nothing is read.
    """

    indices: tuple[Index, ...]
    flat: bool = False
    guard: Expr | None = None


@lru_cache(maxsize=4096)
def constant_index(value: Dim, axes: int) -> Index:
    """An index that is the same everywhere."""
    return Index(Affine(value, (0,) * axes))


@lru_cache(maxsize=1024)
def axis_index(axis: int, axes: int) -> Index:
    """The index of one axis of the space."""
    return Index(Affine(0, tuple(int(k == axis) for k in range(axes))))


def add(left: Index, right: Index) -> Index:
    """Sum of two indices."""
    coefficients = tuple(a + b for a, b in zip(left.affine.coefficients, right.affine.coefficients, strict=True))
    parts = [d for d in (left.dynamic, right.dynamic) if d is not None]
    dynamic = parts[0] if len(parts) == 1 else Expr("add", tuple(parts), "int64", ()) if parts else None
    return Index(Affine(left.affine.base + right.affine.base, coefficients), dynamic)


def scale(index: Index, factor: Dim, offset: Dim = 0) -> Index:
    """``index * factor + offset``."""
    coefficients = tuple(c * factor for c in index.affine.coefficients)
    dynamic = index.dynamic
    if dynamic is not None and factor != 1:
        dynamic = Expr("mul", (dynamic, size_expr(factor)), "int64", ())
    return Index(Affine(index.affine.base * factor + offset, coefficients), dynamic)


def size_expr(value: Dim) -> Expr:
    """A dimension as an int64 expression."""
    return Expr("const", (), "int64", value) if isinstance(value, int) else Expr("size", (), "int64", value)


def index_expr(index: Index) -> Expr:
    """An index as an int64 expression."""
    parts: list[Expr] = [] if index.dynamic is None else [index.dynamic]
    for axis, coefficient in enumerate(index.affine.coefficients):
        if coefficient != 0:
            axis_value = Expr("index", (), "int64", axis)
            parts.append(
                axis_value if coefficient == 1 else Expr("mul", (axis_value, size_expr(coefficient)), "int64", ())
            )
    if index.affine.base != 0 or not parts:
        parts.append(size_expr(index.affine.base))
    total = parts[0]
    for part in parts[1:]:
        total = Expr("add", (total, part), "int64", ())
    return total


def conjunction(left: Expr | None, right: Expr | None) -> Expr | None:
    """Both conditions; None is always true."""
    if left is None or right is None:
        return left if right is None else right
    return left if left is right else Expr("and", (left, right), "bool", ())


def offset_of(shape: Shape, index_map: IndexMap, axes: int) -> Index:
    """The element offset in a dense row-major buffer of this shape."""
    if index_map.flat:
        return index_map.indices[0]
    total = constant_index(0, axes)
    for index, stride in zip(index_map.indices, row_major_strides(shape), strict=True):
        total = add(total, scale(index, stride))
    return total


def broadcast_map(index_map: IndexMap, out_shape: Shape, shape: Shape, axes: int) -> IndexMap | None:
    """The map of an operand that NumPy's rules broadcast to `out_shape`; None where a flat position cannot say it."""
    if shape == out_shape and not index_map.flat and 1 not in shape:
        return index_map
    if all(dim == 1 for dim in shape):
        return IndexMap((constant_index(0, axes),) * len(shape), False, index_map.guard)
    if index_map.flat:
        same = _squeezed(out_shape) == _squeezed(shape)
        return index_map if same else None
    kept = index_map.indices[len(out_shape) - len(shape) :]
    indices = tuple(constant_index(0, axes) if dim == 1 else index for dim, index in zip(shape, kept, strict=True))
    return IndexMap(indices, False, index_map.guard)


def _squeezed(shape: Shape) -> Shape:
    return tuple(dim for dim in shape if dim != 1)


def view_map(node: Node, index_map: IndexMap, sizes: Sequence[Dim]) -> IndexMap | None:
    """The map of a view's operand, from the map of the view.

    Parameters
    ----------
    node : Node
        A view of one tensor (see `FOLDED_VIEWS`).
    index_map : IndexMap
        Where the view is read.
    sizes : sequence of Dim
        Sizes of the axes of the space.

    Returns
    -------
    IndexMap or None
        None if the element cannot be told without division: the view's operand or the view must then be stored.
    """
    if index_map.flat and node.op not in _FLAT_VIEWS:
        indices = unflatten(index_map.indices[0], node.shape, sizes)
        if indices is None:
            return None
        index_map = IndexMap(indices, False, index_map.guard)
    return _VIEWS[node.op](node, index_map, sizes)


def _transpose(node: Node, index_map: IndexMap, sizes: Sequence[Dim]) -> IndexMap:
    indices: list[Index] = list(index_map.indices)
    for axis, source in enumerate(node.attrs["perm"]):
        indices[source] = index_map.indices[axis]
    return IndexMap(tuple(indices), False, index_map.guard)


def _broadcast_to(node: Node, index_map: IndexMap, sizes: Sequence[Dim]) -> IndexMap | None:
    return broadcast_map(index_map, node.shape, node.inputs[0].shape, len(sizes))


def _slice(node: Node, index_map: IndexMap, sizes: Sequence[Dim]) -> IndexMap:
    steps = zip(index_map.indices, node.attrs["start"], node.attrs["step"], strict=True)
    return IndexMap(tuple(scale(i, step, start) for i, start, step in steps), False, index_map.guard)


def _reverse(node: Node, index_map: IndexMap, sizes: Sequence[Dim]) -> IndexMap:
    axes = node.attrs["axes"]
    indices = tuple(
        scale(index, -1, node.shape[axis] - 1) if axis in axes else index
        for axis, index in enumerate(index_map.indices)
    )
    return IndexMap(indices, False, index_map.guard)


def _diag_part(node: Node, index_map: IndexMap, sizes: Sequence[Dim]) -> IndexMap:
    return IndexMap((*index_map.indices, index_map.indices[-1]), False, index_map.guard)


def _same(node: Node, index_map: IndexMap, sizes: Sequence[Dim]) -> IndexMap:
    return index_map


def _reshape(node: Node, index_map: IndexMap, sizes: Sequence[Dim]) -> IndexMap:
    """Axis by axis where groups of axes have equal products; else the flat position."""
    shape = node.inputs[0].shape
    if all(dim == 1 for dim in shape):
        return IndexMap((constant_index(0, len(sizes)),) * len(shape), False, index_map.guard)
    if index_map.flat:
        indices = unflatten(index_map.indices[0], shape, sizes)
        return index_map if indices is None else IndexMap(indices, False, index_map.guard)
    found: list[Index] = [constant_index(0, len(sizes))] * len(shape)
    for source_axes, out_axes in aligned_groups(shape, node.shape):
        group = IndexMap(tuple(index_map.indices[a] for a in out_axes))
        position = offset_of(tuple(node.shape[a] for a in out_axes), group, len(sizes))
        split = unflatten(position, tuple(shape[a] for a in source_axes), sizes)
        if split is None:
            return IndexMap((offset_of(node.shape, index_map, len(sizes)),), True, index_map.guard)
        for axis, index in zip(source_axes, split, strict=True):
            found[axis] = index
    return IndexMap(tuple(found), False, index_map.guard)


def aligned_groups(left: Shape, right: Shape) -> list[tuple[list[int], list[int]]]:
    """Shortest runs of axes (those of size 1 left out) with equal products; one run of all axes if they never meet."""
    lefts = [a for a, dim in enumerate(left) if dim != 1]
    rights = [a for a, dim in enumerate(right) if dim != 1]
    groups: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(lefts) and j < len(rights):
        end_i, end_j = i + 1, j + 1
        size_l, size_r = left[lefts[i]], right[rights[j]]
        while size_l != size_r:
            grow_left = _smaller(size_l, size_r) if end_i < len(lefts) and end_j < len(rights) else end_i < len(lefts)
            if grow_left:
                size_l, end_i = size_l * left[lefts[end_i]], end_i + 1
            elif end_j < len(rights):
                size_r, end_j = size_r * right[rights[end_j]], end_j + 1
            else:
                return [(lefts, rights)]
        groups.append((lefts[i:end_i], rights[j:end_j]))
        i, j = end_i, end_j
    return groups if i == len(lefts) and j == len(rights) else [(lefts, rights)]


def _smaller(left: Dim, right: Dim) -> bool:
    """Whether the left run should grow: it divides the right one, or is the smaller integer."""
    if isinstance(left, int) and isinstance(right, int):
        return left < right
    if left == 0 or right == 0:
        return right == 0
    return not isinstance(right, int) and floordiv(right, left) * left == right


def unflatten(position: Index, shape: Shape, sizes: Sequence[Dim]) -> tuple[Index, ...] | None:
    """The indices of a row-major position, where its terms split cleanly among the axes; else None."""
    axes = [a for a, dim in enumerate(shape) if dim != 1]
    if len(axes) == 1:
        return tuple(position if a == axes[0] else constant_index(0, len(sizes)) for a in range(len(shape)))
    if position.dynamic is not None or position.affine.base != 0 or not axes:
        return None
    strides = row_major_strides(shape)
    parts: dict[int, list[Dim]] = {a: [0] * len(sizes) for a in axes}
    for k, coefficient in enumerate(position.affine.coefficients):
        if coefficient == 0:
            continue
        axis = next((a for a in axes if _divides(strides[a], coefficient)), None)
        if axis is None:
            return None
        parts[axis][k] = floordiv(coefficient, strides[axis])
    for axis in axes:
        last: Dim = sum((c * (n - 1) for c, n in zip(parts[axis], sizes, strict=True)), 0)
        if not _at_most(last, shape[axis] - 1):
            return None
    zero = [0] * len(sizes)
    return tuple(Index(Affine(0, tuple(parts.get(a, zero)))) for a in range(len(shape)))


def _divides(divisor: Dim, value: Dim) -> bool:
    return divisor != 0 and floordiv(value, divisor) * divisor == value


def _at_most(left: Dim, right: Dim) -> bool:
    difference = right - left
    return isinstance(difference, int) and difference >= 0


_VIEWS: dict[str, Callable[[Any, IndexMap, Sequence[Dim]], IndexMap | None]] = {
    "reshape": _reshape,
    "transpose": _transpose,
    "broadcast_to": _broadcast_to,
    "slice": _slice,
    "reverse": _reverse,
    "diag_part": _diag_part,
    "identity": _same,
    "stop_gradient": _same,
}
_FLAT_VIEWS = frozenset({"reshape", "identity", "stop_gradient"})
FOLDED_VIEWS = frozenset(_VIEWS)


def identity_map(shape: Shape, axis_of: Sequence[int], axes: int) -> IndexMap:
    """The map of a tensor whose axes of a size other than 1 are, in order, the axes `axis_of` of the space."""
    remaining = iter(axis_of)
    indices = tuple(constant_index(0, axes) if dim == 1 else axis_index(next(remaining), axes) for dim in shape)
    return IndexMap(indices)
