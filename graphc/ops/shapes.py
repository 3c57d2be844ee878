"""Rules of shapes shared by many records: broadcasting and axes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graphc.ir.dims import Dim
from graphc.ir.types import Shape
from graphc.ops.assume import assume_equal


def broadcast_dims(left: Dim, right: Dim) -> Dim:
    """The size of two aligned axes after broadcasting; two unknown ones are assumed to be equal.

    Raises
    ------
    ValueError
        If they are different integers and neither is 1.
    """
    if left == right or right == 1:
        return left
    if left == 1:
        return right
    return assume_equal(left, right)


def broadcast_shapes(*shapes: Shape) -> Shape:
    """NumPy's broadcasting of shapes.

    Raises
    ------
    ValueError
        If two aligned sizes clash; the message gives all shapes.

    Examples
    --------
    >>> broadcast_shapes((3, 1), (4,))
    (3, 4)
    """
    rank = max((len(s) for s in shapes), default=0)
    result: list[Dim] = [1] * rank
    for shape in shapes:
        for axis, dim in enumerate(shape, rank - len(shape)):
            try:
                result[axis] = broadcast_dims(result[axis], dim)
            except ValueError:
                listed = " and ".join(f"({', '.join(map(str, s))})" for s in shapes)
                raise ValueError(f"shapes {listed} do not broadcast: {result[axis]} against {dim}") from None
    return tuple(result)


def normalize_axis(axis: int, rank: int) -> int:
    """An axis counted from the front.

    Raises
    ------
    ValueError
        If it is out of range.
    """
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} is out of range for a tensor of rank {rank}")
    return axis % rank


def normalize_axes(axis: int | Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """Distinct axes counted from the front, ascending; None means all of them.

    Raises
    ------
    ValueError
        If one is out of range or given twice.
    """
    if axis is None:
        return tuple(range(rank))
    listed: Iterable[int] = (axis,) if isinstance(axis, int) else axis
    axes = sorted(normalize_axis(int(a), rank) for a in listed)
    if len(set(axes)) != len(axes):
        raise ValueError(f"an axis is given twice in {axis}")
    return tuple(axes)


def reduced_shape(shape: Shape, axes: Sequence[int], keepdims: bool) -> Shape:
    """The shape after a reduction over `axes`."""
    if keepdims:
        return tuple(1 if i in axes else d for i, d in enumerate(shape))
    return tuple(d for i, d in enumerate(shape) if i not in axes)
