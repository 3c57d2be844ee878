"""Tensors with a part replaced or added to: what ``x[key] = value`` would be if tensors could change."""

from __future__ import annotations

from typing import Any

from graphc.api.convert import as_node, builder, promote_all
from graphc.api.define import operation, release
from graphc.api.indexing import Selection, expanded, gathered, is_array, nonnegative, selection_of, sliced
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.ir.dims import Dim
from graphc.ir.dtypes import bool_, int64
from graphc.ir.node import Node
from graphc.ops.assume import assume_equal


def set_subtensor(x: Tensor, y: Any) -> Tensor:
    """The tensor that `x` is a part of, with `y` in place of this part.

    Parameters
    ----------
    x : Tensor
        What indexing gave, such as ``t[2:5]`` or ``t[rows, columns]``.
    y : Tensor or array_like
        Of the shape of the part, or broadcasting to it.

    Returns
    -------
    Tensor
        Of the shape of ``t``. Where an element is written several times, the last one stays.

    Raises
    ------
    GraphError
        If `x` was not made by indexing.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     t = gc.constant([1, 2, 3, 4])
    ...     print(session.run([gc.set_subtensor(t[1:3], 0), gc.set_subtensor(t[[3, 0]], [8, 9])]))
    [array([1, 0, 0, 4], dtype=int32), array([9, 2, 3, 8], dtype=int32)]
    """
    return _changed("set_subtensor", x, y)


def inc_subtensor(x: Tensor, y: Any) -> Tensor:
    """The tensor that `x` is a part of, with `y` added to this part; see `set_subtensor`.

    Where an element is named several times, all are added.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     t = gc.constant([1, 2, 3, 4])
    ...     print(session.run([gc.inc_subtensor(t[1:3], 10), gc.inc_subtensor(t[[0, 0]], 1)]))
    [array([ 1, 12, 13,  4], dtype=int32), array([3, 2, 3, 4], dtype=int32)]
    """
    return _changed("inc_subtensor", x, y)


def _changed(kind: str, part: Any, value: Any) -> Tensor:
    op = part.op if isinstance(part, Tensor) else None
    if op is None or op.type != "getitem":
        raise GraphError(f"{kind}: a part of a tensor is needed first, such as x[1:3], not {part!r}", user_origin())
    operands: list[Any] = list(op.inputs)
    whole, key = release(op.args, operands)
    changed: Tensor = (_set if kind == "set_subtensor" else _increased)(whole, key, value)
    return changed


@operation("set_subtensor")
def _set(x: Any, key: tuple[Any, ...], y: Any) -> Node:
    return _with_part(as_node(x), key, y, "set")


@operation("inc_subtensor")
def _increased(x: Any, key: tuple[Any, ...], y: Any) -> Node:
    return _with_part(as_node(x), key, y, "add")


def _with_part(x: Node, key: tuple[Any, ...], y: Any, mode: str) -> Node:
    value = promote_all((x, y))[1]
    if value.dtype != x.dtype:
        raise TypeError(f"a value of {value.dtype.name} does not fit into a tensor of {x.dtype.name}: cast it first")
    parts = expanded(key, x.rank)
    arrays = [i for i, part in enumerate(parts) if _chooses(part)]
    selection = selection_of(x, parts)
    plain = not arrays and not selection.flipped and None not in parts and all(s == 1 for s in selection.step)
    if plain:
        return _padded(x, value, selection, mode)
    if len(arrays) == 1 and all(part == slice(None) for i, part in enumerate(parts) if i != arrays[0]):
        return _at_rows(x, as_node(parts[arrays[0]]), arrays[0], value, mode)
    return _at_positions(x, selection, value, mode)


def _chooses(part: Any) -> bool:
    """Whether a part of an index is looked up at run time; fixed integers are bounds."""
    return is_array(part) and not (isinstance(part, Node) and part.rank == 0 and part.op == "const")


def _broadcast(value: Node, shape: tuple[Dim, ...]) -> Node:
    """The value in the shape of the part; sizes that are not known are taken to be those of the part."""
    lead = len(shape) - value.rank
    if lead < 0:
        raise ValueError(f"a value of rank {value.rank} for a part of rank {len(shape)}")
    for have, want in zip(value.shape, shape[lead:], strict=True):
        if have != 1:
            assume_equal(want, have)
    fitting = tuple(have if have == 1 else want
                    for have, want in zip(value.shape, shape[lead:], strict=True))  # fmt: skip
    if fitting != value.shape:
        value = builder().emit("reshape", value, shape=fitting)
    return value if value.shape == shape else builder().emit("broadcast_to", value, shape=shape)


def _padded(x: Node, value: Node, selection: Selection, mode: str) -> Node:
    """A block: the value with a border of zeros around it is added, or chosen where the block is."""
    emit = builder().emit
    start = selection.start
    counts = tuple(b - a for a, b in zip(start, selection.stop, strict=True))
    high = tuple(n - a - c for n, a, c in zip(x.shape, start, counts, strict=True))
    widths: dict[str, Any] = {"low": start, "high": high, "interior": (0,) * x.rank}
    block = emit("reshape", _broadcast(value, selection.shape), shape=counts)
    whole = emit("pad", block, builder().constant(0, x.dtype), **widths)
    if mode == "add":
        return x + whole
    inside = emit("pad", builder().full(True, bool_, counts), builder().constant(False, bool_), **widths)
    return emit("select", inside, whole, x)


def _at_rows(x: Node, index: Node, axis: int, value: Node, mode: str) -> Node:
    shape = (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])
    rows = nonnegative(index, x.shape[axis])
    return builder().emit("scatter", x, rows, _broadcast(value, shape), axis=axis, batch_dims=0, mode=mode)


def _at_positions(x: Node, selection: Selection, value: Node, mode: str) -> Node:
    """Any index: it is applied to the positions of the elements, and these are written one by one."""
    emit, size = builder().emit, x.tensor.size
    numbers = emit("reshape", emit("iota", size=size, dtype=int64), shape=x.shape)
    at = gathered(sliced(numbers, selection), selection.kept)
    flat = emit("reshape", x, shape=(size,))
    return emit(
        "reshape", emit("scatter", flat, at, _broadcast(value, at.shape), axis=0, batch_dims=0, mode=mode),
        shape=x.shape,
    )  # fmt: skip
