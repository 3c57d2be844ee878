"""Operands of public functions as nodes: weak Python scalars, arrays, promotion, axes and shapes given as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphc.graph.variable import default_array
from graphc.ir.constants import Constant
from graphc.ir.dims import Dim, product
from graphc.ir.dtypes import DType, as_dtype, float32, float64, int32, promote, weak_result
from graphc.ir.node import Node
from graphc.ops.builder import Builder
from graphc.ops.context import current_lowering
from graphc.ops.shapes import normalize_axes, normalize_axis


def builder() -> Builder:
    """The builder of the lowering in progress."""
    lowering = current_lowering()
    if lowering is None:
        raise RuntimeError("a body runs only inside of a lowering")
    return lowering.builder


def as_node(value: Any, dtype: DType | None = None) -> Node:
    """An operand as a node: Python numbers and lists take the default element types, arrays keep theirs.

    Raises
    ------
    TypeError
        If it is not numeric.
    """
    if isinstance(value, Node):
        return value if dtype is None or value.dtype == dtype else builder().emit("cast", value, dtype=dtype)
    if isinstance(value, list | tuple) and _contains_node(value):
        return _stack([as_node(v, dtype) for v in value])
    if value is None:
        raise TypeError("None is not a tensor")
    array = value.array if isinstance(value, Constant) else default_array(value, dtype)
    lowering = current_lowering()
    assert lowering is not None
    return lowering.constant(Constant(array if dtype is None else array.astype(dtype.np)))


def _contains_node(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_contains_node(v) for v in value)
    return isinstance(value, Node)


def _stack(nodes: list[Node]) -> Node:
    nodes = list(promote_all(nodes))
    grown = [builder().emit("reshape", n, shape=(1, *n.shape)) for n in nodes]
    return builder().emit("concat", *grown, axis=0)


def promote_all(operands: Sequence[Any]) -> tuple[Node, ...]:
    """Operands of an elementwise operation in their common element type.

    Tensors meet by the promotion table. A Python scalar takes the tensors' type and lifts its kind; a NumPy value takes
    the tensors' type when it is of the same kind.
    """
    nodes = [o for o in operands if isinstance(o, Node)]
    if not nodes:
        first = [as_node(o) for o in operands]
        target = first[0].dtype
        for node in first[1:]:
            target = promote(target, node.dtype)
        return tuple(as_node(n, target) for n in first)
    target = nodes[0].dtype
    for node in nodes[1:]:
        target = promote(target, node.dtype)
    for other in operands:
        if isinstance(other, Node):
            continue
        if isinstance(other, bool | int | float) and not isinstance(other, np.generic):
            target = weak_result(target, other)
        elif isinstance(other, list | tuple) and _contains_node(other):
            target = promote(target, as_node(other).dtype)
        else:
            array = other.array if isinstance(other, Constant) else np.asarray(other)
            if as_dtype(array.dtype).kind != target.kind:
                target = promote(
                    target, as_dtype(default_array(other).dtype) if array is other else as_dtype(array.dtype)
                )
    for other in operands:
        if type(other) is int and target.is_integer and not target.min <= other <= target.max:
            raise ValueError(f"{other} is no {target.name}, which goes from {target.min} to {target.max}: cast first")
    return tuple(as_node(o, target) for o in operands)


def as_floating(value: Any) -> Node:
    """An operand of a floating function: integers become float32 (8 and 16 bits) or float64; Python numbers float32."""
    if isinstance(value, bool | int):
        return as_node(float(value))
    node = as_node(value)
    return node if node.dtype.is_floating else as_node(node, division_type(node.dtype))


def division_type(dtype: DType) -> DType:
    """Result type of true division: floats stay, integers of up to 16 bits give float32, wider ones float64."""
    if dtype.is_floating:
        return dtype
    return float32 if dtype.bits <= 16 else float64


def static_ints(value: Any, what: str) -> tuple[int, ...]:
    """Integers that must be known when the graph is built.

    Raises
    ------
    ValueError
        If one of them is not known.
    TypeError
        If they are not integers.
    """
    dims = as_dims(value, what)
    if not all(isinstance(d, int) for d in dims):
        raise ValueError(f"{what} must be known when the graph is built, not {list(dims)}")
    return tuple(int(d) for d in dims)  # type: ignore[arg-type]


def as_dims(value: Any, what: str) -> tuple[Dim, ...]:
    """Sizes from integers, dimensions, tensors, or lists of these.

    Raises
    ------
    TypeError
        If they are not integers.
    """
    if isinstance(value, list | tuple):
        return tuple(d for v in value for d in as_dims(v, what))
    if isinstance(value, bool | float | np.floating):
        raise TypeError(f"{what} must be integers, not {value!r}")
    if isinstance(value, int | np.integer):
        return (int(value),)
    inner = getattr(value, "value", None)
    if isinstance(inner, int):
        return (inner,)
    if isinstance(value, Constant):
        if value.array.dtype.kind not in "iu" and value.array.size:
            raise TypeError(f"{what} must be integers, not {value.array.dtype}")
        return tuple(int(v) for v in value.array.reshape(-1))
    if isinstance(value, Node):
        if not value.dtype.is_integer:
            raise TypeError(f"{what} must be integers, not a tensor of {value.dtype.name}")
        lowering = current_lowering()
        assert lowering is not None
        return lowering.dims_of(value)
    if hasattr(value, "terms"):
        return (value,)
    dims = getattr(value, "dims", None)
    if dims is not None and all(d is not None for d in dims):
        return tuple(dims)
    raise TypeError(f"{what} must be integers, not {value!r}")


def fill_minus_one(shape: tuple[Dim, ...], total: Dim) -> tuple[Dim, ...]:
    """A shape with its one -1 replaced by what the number of elements leaves.

    Raises
    ------
    ValueError
        If there are several, or a size is negative, or the rest does not divide.
    """
    negative = [i for i, d in enumerate(shape) if isinstance(d, int) and d < 0]
    if not negative:
        return shape
    if len(negative) > 1 or shape[negative[0]] != -1:
        raise ValueError(f"at most one size may be left open as -1, and none negative: {list(shape)}")
    rest = product(d for i, d in enumerate(shape) if i != negative[0])
    if rest == 0:
        raise ValueError(f"-1 in {list(shape)} cannot be found: the other sizes have no elements")
    if isinstance(total, int) and isinstance(rest, int) and total % rest:
        raise ValueError(f"{total} elements do not divide into {list(shape)}")
    return (*shape[: negative[0]], total // rest, *shape[negative[0] + 1 :])


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """Reduction axes, from None, an integer, a list or an integer tensor."""
    if axis is None:
        return tuple(range(rank))
    return normalize_axes(static_ints(axis, "axis"), rank)


def axis_of(axis: Any, rank: int) -> int:
    """One axis."""
    (value,) = static_ints(axis, "axis")
    return normalize_axis(value, rank)


def dim_node(value: Dim, dtype: DType = int32) -> Node:
    """A size as an integer node."""
    if isinstance(value, int):
        return builder().constant(value, dtype)
    return builder().emit("dim", value=value, dtype=dtype)
