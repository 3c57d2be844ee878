"""Operations that only move elements: reshape, transpose, broadcast, slice, reverse, pad, concat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphc.ir.dims import Dim, ceildiv, dim_max, product
from graphc.ir.dtypes import bool_
from graphc.ir.node import Node
from graphc.ir.types import Shape, TensorType
from graphc.ops.assume import assume_equal
from graphc.ops.batching import all_shifted, shifted, with_rank
from graphc.ops.record import OpRecord, register


def _infer_reshape(x: TensorType, shape: Shape) -> TensorType:
    have, want = x.size, product(shape)
    try:
        assume_equal(have, want)
    except ValueError:
        raise ValueError(
            f"reshape: {have} elements of shape {list(x.shape)} do not fill {list(shape)} ({want})"
        ) from None
    return x.with_shape(shape)


def _batch_reshape(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], shape: Shape) -> Node:
    return inputs[0].builder.emit("reshape", inputs[0], shape=(size, *shape))


register(
    OpRecord(
        "reshape",
        "view",
        _infer_reshape,
        lambda x, shape: np.reshape(x, shape),
        lambda g, out, x: (g.builder.emit("reshape", g, shape=x.shape),),
        batch=_batch_reshape,
        symbolic=lambda x, shape: x if len(shape) <= 1 else None,
        linear=True,
        dtypes="biuf",
        doc="The same elements in row-major order under another shape.",
        formula="reshape(x, shape)",
    )
)


def _infer_transpose(x: TensorType, perm: tuple[int, ...]) -> TensorType:
    if sorted(perm) != list(range(x.rank)):
        raise ValueError(f"transpose: {list(perm)} is not an order of the {x.rank} axes")
    return x.with_shape(tuple(x.shape[p] for p in perm))


def _vjp_transpose(g: Node, out: Node, x: Node) -> tuple[Node]:
    inverse = tuple(int(i) for i in np.argsort(out.attrs["perm"]))
    return (g.builder.emit("transpose", g, perm=inverse),)


def _batch_transpose(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], perm: tuple[int, ...]) -> Node:
    return inputs[0].builder.emit("transpose", inputs[0], perm=(0, *(p + 1 for p in perm)))


register(
    OpRecord(
        "transpose",
        "view",
        _infer_transpose,
        lambda x, perm: np.transpose(x, perm),
        _vjp_transpose,
        batch=_batch_transpose,
        linear=True,
        dtypes="biuf",
        doc="Axes in another order.",
        formula="transpose(x, perm)",
    )
)


def _infer_broadcast(x: TensorType, shape: Shape) -> TensorType:
    if len(shape) < x.rank:
        raise ValueError(f"broadcast_to: rank {x.rank} does not fit in {list(shape)}")
    for have, want in zip(reversed(x.shape), reversed(shape), strict=False):
        if have == 1:
            continue
        try:
            fits = want != 1 and assume_equal(have, want) is not None
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(f"broadcast_to: shape {list(x.shape)} does not broadcast to {list(shape)}")
    return x.with_shape(shape)


def _batch_broadcast(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], shape: Shape) -> Node:
    x = with_rank(inputs[0], True, len(shape))
    return x.builder.emit("broadcast_to", x, shape=(size, *shape))


def _symbolic_broadcast(x: tuple[Dim, ...], shape: Shape) -> tuple[Dim, ...] | None:
    if shape == (len(x),) or not shape:
        return x
    whole = len(shape) == 1 and isinstance(shape[0], int) and shape[0] <= 64 and len(x) == 1
    return x * int(shape[0]) if whole else None  # type: ignore[arg-type]


register(
    OpRecord(
        "broadcast_to",
        "view",
        _infer_broadcast,
        lambda x, shape: np.broadcast_to(x, shape),
        lambda g, out, x: (g,),
        batch=_batch_broadcast,
        symbolic=_symbolic_broadcast,
        linear=True,
        dtypes="biuf",
        doc="Repeats axes of size 1, and adds leading axes.",
        formula="broadcast_to(x, shape)",
    )
)


def _infer_slice(x: TensorType, start: Shape, stop: Shape, step: tuple[int, ...]) -> TensorType:
    if not x.rank == len(start) == len(stop) == len(step):
        raise ValueError(f"slice: {len(start)} starts, {len(stop)} stops, {len(step)} steps for rank {x.rank}")
    return x.with_shape(tuple(dim_max(ceildiv(b - a, s), 0) for a, b, s in zip(start, stop, step, strict=True)))


def _slice(x: Any, start: Sequence[int], stop: Sequence[int], step: Sequence[int]) -> Any:
    return x[tuple(slice(a, max(a, b), s) for a, b, s in zip(start, stop, step, strict=True))]


def _vjp_slice(g: Node, out: Node, x: Node) -> tuple[Node]:
    start, step = out.attrs["start"], out.attrs["step"]
    last = [a + (n - 1) * s + 1 for a, n, s in zip(start, out.shape, step, strict=True)]
    high = tuple(n - e for n, e in zip(x.shape, last, strict=True))
    return (
        g.builder.emit(
            "pad", g, g.builder.constant(0, g.dtype), low=start, high=high, interior=tuple(s - 1 for s in step)
        ),
    )


def _batch_slice(
    size: Dim, inputs: Sequence[Node], batched: Sequence[bool], start: Shape, stop: Shape, step: tuple[int, ...]
) -> Node:
    x = inputs[0]
    return x.builder.emit("slice", x, start=(0, *start), stop=(size, *stop), step=(1, *step))


register(
    OpRecord(
        "slice",
        "view",
        _infer_slice,
        _slice,
        _vjp_slice,
        batch=_batch_slice,
        linear=True,
        dtypes="biuf",
        symbolic=lambda x, start, stop, step: (
            x[start[0] : stop[0] : step[0]] if isinstance(start[0], int) and isinstance(stop[0], int) else None
        ),
        doc="Elements from start to stop in positive steps, on every axis; bounds are already clipped to the tensor.",
        formula="x[start:stop:step]",
    )
)


def _evaluate_reverse(x: Any, axes: tuple[int, ...]) -> Any:
    return np.flip(x, axes)


register(
    OpRecord(
        "reverse",
        "view",
        lambda x, axes: x,
        _evaluate_reverse,
        lambda g, out, x: (g.builder.emit("reverse", g, axes=out.attrs["axes"]),),
        batch=shifted("reverse", "axes"),
        symbolic=lambda x, axes: x[::-1] if axes == (0,) else x,
        linear=True,
        dtypes="biuf",
        doc="Order of elements reversed along axes.",
        formula="flip(x, axes)",
    )
)


def _infer_pad(x: TensorType, value: TensorType, low: Shape, high: Shape, interior: tuple[int, ...]) -> TensorType:
    if not x.rank == len(low) == len(high) == len(interior):
        raise ValueError(f"pad: {len(low)} widths before and {len(high)} after for a tensor of rank {x.rank}")
    if value.rank != 0 or value.dtype != x.dtype:
        raise TypeError(f"pad: the value is {value!r}, not one element of {x.dtype.name}")
    sizes = []
    for n, a, b, i in zip(x.shape, low, high, interior, strict=True):
        spread = n if i == 0 else dim_max(n * (i + 1) - i, 0)
        sizes.append(spread + a + b)
    return x.with_shape(tuple(sizes))


def _evaluate_pad(x: Any, value: Any, low: Sequence[int], high: Sequence[int], interior: Sequence[int]) -> Any:
    spread = [max(n * (i + 1) - i, 0) for n, i in zip(x.shape, interior, strict=True)]
    out = np.full([s + max(a, 0) + max(b, 0) for s, a, b in zip(spread, low, high, strict=True)], value, x.dtype)
    at = tuple(slice(max(a, 0), max(a, 0) + s, i + 1) for s, a, i in zip(spread, low, interior, strict=True))
    out[at] = x
    return out[
        tuple(slice(max(-a, 0), out.shape[k] - max(-b, 0)) for k, (a, b) in enumerate(zip(low, high, strict=True)))
    ]


def _vjp_pad(g: Node, out: Node, x: Node, value: Node) -> tuple[Node, Node | None]:
    """The cotangent's elements at the places of `x`; what fell off the edge gets 0."""
    emit, low, high, interior = g.builder.emit, out.attrs["low"], out.attrs["high"], out.attrs["interior"]
    zero = g.builder.constant(0, g.dtype)
    whole = emit("pad", g, zero, low=tuple(-a for a in low), high=tuple(-b for b in high), interior=(0,) * g.rank)
    mine = emit("slice", whole, start=(0,) * g.rank, stop=whole.shape, step=tuple(i + 1 for i in interior))
    mine = mine if mine.shape == x.shape else emit("reshape", mine, shape=x.shape)
    if value.op == "const":
        return mine, None
    total = emit("sum", g, axes=tuple(range(g.rank)), keepdims=False)
    return mine, total - emit("sum", mine, axes=tuple(range(g.rank)), keepdims=False)


def _batch_pad(
    size: Dim, inputs: Sequence[Node], batched: Sequence[bool], low: Shape, high: Shape, interior: tuple[int, ...]
) -> Node:
    x, value = inputs
    emit, widths = x.builder.emit, {"low": (0, *low), "high": (0, *high), "interior": (0, *interior)}
    x = x if batched[0] else emit("broadcast_to", x, shape=(size, *x.shape))
    if not batched[1]:
        return emit("pad", x, value, **widths)
    zero, inside = x.builder.constant(0, x.dtype), x.builder.full(1, bool_, x.shape)
    mask = emit("pad", inside, x.builder.constant(False, bool_), **widths)
    return emit("select", mask, emit("pad", x, zero, **widths), with_rank(value, True, x.rank - 1))


register(
    OpRecord(
        "pad",
        "view",
        _infer_pad,
        _evaluate_pad,
        _vjp_pad,
        batch=_batch_pad,
        linear=True,
        dtypes="biuf",
        sample=((-3.0, 3.0), (0.0, 0.0)),
        doc="Elements of a scalar before, after and between those of x; negative widths cut off.",
        formula="pad(x, (low, high, interior), value)",
    )
)


def _infer_concat(*types: TensorType, axis: int) -> TensorType:
    first = types[0]
    shape = list(first.shape)
    for other in types[1:]:
        if other.rank != first.rank or other.dtype != first.dtype:
            raise ValueError(f"concat: {other!r} does not join {first!r}")
        for k in range(first.rank):
            if k != axis:
                try:
                    shape[k] = assume_equal(shape[k], other.shape[k])
                except ValueError as error:
                    raise ValueError(
                        f"concat along axis {axis}: {first!r} and {other!r}: {error} on axis {k}"
                    ) from None
    shape[axis] = sum((t.shape[axis] for t in types[1:]), first.shape[axis])
    return first.with_shape(tuple(shape))


def _vjp_concat(g: Node, out: Node, *inputs: Node) -> tuple[Node, ...]:
    axis, offset, parts = out.attrs["axis"], 0, []
    at: Dim = offset
    for x in inputs:
        start = tuple(at if k == axis else 0 for k in range(g.rank))
        stop = tuple(at + x.shape[axis] if k == axis else n for k, n in enumerate(g.shape))
        parts.append(g.builder.emit("slice", g, start=start, stop=stop, step=(1,) * g.rank))
        at = at + x.shape[axis]
    return tuple(parts)


register(
    OpRecord(
        "concat",
        "view",
        _infer_concat,
        lambda *xs, axis: np.concatenate(xs, axis),
        _vjp_concat,
        batch=all_shifted("concat", "axis"),
        linear=True,
        dtypes="biuf",
        sample=((-3.0, 3.0), (-3.0, 3.0)),
        doc="Tensors one after another along an axis.",
        formula="concatenate(xs, axis)",
        symbolic=lambda *xs, axis: tuple(v for x in xs for v in x),
    )
)
