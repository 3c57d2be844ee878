"""Sums by segment: rows with the same number are added up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphc.ir.dims import Dim, product
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.assume import assume_equal
from graphc.ops.batching import move_axis, with_axis
from graphc.ops.elementwise.family import zero_of
from graphc.ops.gather import require_integers
from graphc.ops.record import OpRecord, register
from graphc.ops.source import Source, pointee, source_of

_NAME = "unsorted_segment_sum"


def _infer(x: TensorType, ids: TensorType, segments: Dim) -> TensorType:
    require_integers(_NAME, ids)
    if x.dtype.is_bool:
        raise TypeError(f"{_NAME}: not defined for bool")
    try:
        if ids.rank > x.rank:
            raise ValueError("there are more axes of numbers than of values")
        for have, want in zip(x.shape[: ids.rank], ids.shape, strict=True):
            assume_equal(have, want)
    except ValueError as error:
        raise ValueError(f"{_NAME}: numbers {ids!r} do not lead the axes of {x!r}: {error}") from None
    return x.with_shape((segments, *x.shape[ids.rank :]))


def _evaluate(x: Any, ids: Any, segments: int) -> Any:
    flat = ids.reshape(-1)
    bad = np.flatnonzero(flat >= segments)
    if len(bad):
        position = [int(i) for i in np.unravel_index(bad[0], ids.shape)]
        raise IndexError(
            f"{_NAME}: number {int(flat[bad[0]])} at {position} is not below {segments}, the number of segments"
        )
    rows = x.reshape(flat.size, -1) if x.size else x.reshape(flat.size, int(np.prod(x.shape[ids.ndim :])))
    out = np.zeros((segments, rows.shape[1]), x.dtype)
    kept = flat >= 0
    np.add.at(out, flat[kept], rows[kept])
    return out.reshape(segments, *x.shape[ids.ndim :])


def _vjp(g: Node, out: Node, x: Node, ids: Node) -> tuple[Node, None]:
    """Each row takes the cotangent of its segment; dropped rows take 0."""
    emit = g.builder.emit
    found = emit("gather", g, emit("maximum", ids, 0), axis=0, batch_dims=0)
    inside = emit("reshape", emit("ge", ids, 0), shape=(*ids.shape, *(1,) * (x.rank - ids.rank)))
    return emit("select", inside, found, zero_of(g)), None


def _batch(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], segments: Dim) -> Node:
    """Common numbers take the new axis along; else every element of the new axis gets segments of its own."""
    x, ids = inputs
    emit = x.builder.emit
    if not batched[1]:
        moved = move_axis(x, 0, ids.rank)
        return move_axis(emit(_NAME, moved, ids, segments=segments), 1, 0)
    x = with_axis(x, batched[0], size)
    offset = emit("iota", size=size, dtype=ids.dtype) * emit("dim", value=segments, dtype=ids.dtype)
    offset = emit("reshape", offset, shape=(size, *(1,) * (ids.rank - 1)))
    own = emit("select", emit("ge", ids, 0), ids + offset, ids)
    flat = emit(_NAME, x, own, segments=size * segments)
    return emit("reshape", flat, shape=(size, segments, *x.shape[ids.rank :]))


def _source(node: Node) -> Source:
    x, ids = node.inputs
    sizes = {"rows": product(ids.shape), "inner": product(x.shape[ids.rank :]), "segments": node.attrs["segments"]}
    body = f"""
        for t in range(segments * inner):
            out[t] = {pointee(x.dtype.name)}(0)
        for r in range(rows):
            i = np.int64(ids[r])
            if i >= segments:
                return 1
            if i >= 0:
                for k in range(inner):
                    out[i * inner + k] = out[i * inner + k] + x[r * inner + k]
    """
    return source_of(node, "x ids out", sizes, body)


register(
    OpRecord(
        _NAME,
        "irregular",
        _infer,
        _evaluate,
        _vjp,
        batch=_batch,
        source=_source,
        can_fail=f"{_NAME}: a number is not below the number of segments",
        doc="Rows of x with the same number added up; numbers have the first axes of x, negative ones are dropped.",
        formula="y = zeros((segments, ...)); y[ids] += x",
        sample=((-3.0, 3.0), (-1.0, 4.0)),
        dtypes="iuf",
    )
)
