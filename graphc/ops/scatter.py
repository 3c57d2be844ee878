"""Elements written, added or compared into a tensor by index: the counterparts of the gathers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from graphc.ir.dims import Dim, product
from graphc.ir.dtypes import int64
from graphc.ir.node import Node
from graphc.ir.types import Shape, TensorType
from graphc.ops.assume import assume_equal
from graphc.ops.batching import with_axis
from graphc.ops.elementwise.family import zero_of
from graphc.ops.gather import blocks, check_range, gathered_shape, nd_blocks, nd_positions, nd_shape
from graphc.ops.record import OpRecord, register
from graphc.ops.source import Source, source_of

MODES = ("set", "add", "mul", "max", "min")

#: What happens to the element ``out[t]`` that meets the update ``u``; a NaN stays.
_STATEMENTS = {
    "set": "out[t] = u",
    "add": "out[t] = out[t] + u",
    "mul": "out[t] = out[t] * u",
    "max": "if u > out[t] or u != u: out[t] = u",
    "min": "if u < out[t] or u != u: out[t] = u",
}


def _check(name: str, x: TensorType, updates: TensorType, shape: Shape, mode: str) -> None:
    if mode not in MODES:
        raise ValueError(f"{name}: mode {mode!r} is none of {', '.join(MODES)}")
    if updates.dtype != x.dtype or (x.dtype.is_bool and mode != "set"):
        raise TypeError(f"{name} ({mode}): the operand is {x.dtype.name}, the updates are {updates.dtype.name}")
    try:
        if len(shape) != updates.rank:
            raise ValueError("the ranks differ")
        for want, have in zip(shape, updates.shape, strict=True):
            assume_equal(want, have)
    except ValueError as error:
        wanted = f"[{', '.join(map(str, shape))}]"
        raise ValueError(f"{name}: updates {updates!r} where the shape {wanted} is needed: {error}") from None


def _apply(out: Any, at: tuple[Any, ...], updates: Any, mode: str) -> None:
    if mode == "set":
        out[at] = updates
    else:
        {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}[mode].at(out, at, updates)


def _infer_scatter(
    x: TensorType, indices: TensorType, updates: TensorType, axis: int, batch_dims: int, mode: str
) -> TensorType:
    _check("scatter", x, updates, gathered_shape("scatter", x, indices, axis, batch_dims), mode)
    return x


def _evaluate_scatter(x: Any, indices: Any, updates: Any, axis: int, batch_dims: int, mode: str) -> Any:
    check_range("scatter", indices, x.shape[axis], axis)
    n: dict[str, Any] = blocks(x.shape, indices.shape, axis, batch_dims)
    out = np.array(x).reshape(n["batch"], n["outer"], n["size"], n["inner"])
    rows = np.arange(n["batch"])[:, None]
    given = updates.reshape(n["batch"], n["outer"], n["count"], n["inner"]).transpose(0, 2, 1, 3)
    _apply(out, (rows, slice(None), indices.reshape(n["batch"], n["count"])), given, mode)
    return out.reshape(x.shape)


def _vjp(put: Callable[..., Node], take: Callable[[Node], Node]) -> Callable[..., tuple[Node | None, ...]]:
    """Cotangents of operand and updates from the scatter `put(operand, updates, mode)` and its gather `take`."""

    def set_rule(g: Node, out: Node, x: Node, u: Node) -> tuple[Node, Node]:
        """Of several updates of one element only the last, which remained, gets a gradient."""
        emit = g.builder.emit
        order = emit("iota", size=product(u.shape), dtype=int64)
        order = emit("reshape", order, shape=u.shape)
        winner = take(put(g.builder.full(0, int64, x.shape), order, "set"))
        kept = emit("select", emit("eq", winner, order), take(g), zero_of(g))
        return put(g, g.builder.full(0, g.dtype, u.shape), "set"), kept

    def extreme_rule(g: Node, out: Node, x: Node, u: Node) -> tuple[Node, Node]:
        """Shared equally among operand and updates that attain the extreme."""
        emit = g.builder.emit
        mine, theirs = emit("eq", x, out), emit("eq", u, take(out))
        count = put(emit("cast", mine, dtype=g.dtype), emit("cast", theirs, dtype=g.dtype), "add")
        share = g / count
        return emit("select", mine, share, zero_of(g)), emit("select", theirs, take(share), zero_of(g))

    def product_rule(g: Node, out: Node, x: Node, u: Node) -> tuple[Node, Node]:
        """The product of the others: of all but the zeros, unless another factor is 0."""
        emit = g.builder.emit

        def without_zeros(z: Node) -> tuple[Node, Node]:
            zero = emit("eq", z, 0.0)
            return emit("select", zero, 1.0, z), emit("cast", zero, dtype=g.dtype)

        (x1, x0), (u1, u0) = without_zeros(x), without_zeros(u)
        rest, zeros = put(x1, u1, "mul"), put(x0, u0, "add")

        def share(z: Node, own: Node, whole: Node, count: Node, cotangent: Node) -> Node:
            return emit("select", emit("eq", count, own), cotangent * (whole / z), zero_of(g))

        return share(x1, x0, rest, zeros, g), share(u1, u0, take(rest), take(zeros), take(g))

    def rule(g: Node, out: Node, x: Node, u: Node) -> tuple[Node | None, ...]:
        mode = out.attrs["mode"]
        if mode == "add":
            return g, None, take(g)
        rules = {"set": set_rule, "mul": product_rule, "max": extreme_rule, "min": extreme_rule}
        dx, du = rules[mode](g, out, x, u)
        return dx, None, du

    return rule


def _vjp_scatter(g: Node, out: Node, x: Node, indices: Node, updates: Node) -> tuple[Node | None, ...]:
    where = {"axis": out.attrs["axis"], "batch_dims": out.attrs["batch_dims"]}
    emit = g.builder.emit
    if out.attrs["mode"] == "set" and indices.rank == 0:  # one place: no update replaces another
        cleared = emit("scatter", g, indices, g.builder.full(0, g.dtype, updates.shape), mode="set", **where)
        return cleared, None, emit("gather", g, indices, **where)
    return _vjp(
        lambda a, u, mode: emit("scatter", a, indices, u, mode=mode, **where),
        lambda a: emit("gather", a, indices, **where),
    )(g, out, x, updates)


def _batch_scatter(
    size: Dim, inputs: Sequence[Node], batched: Sequence[bool], axis: int, batch_dims: int, mode: str
) -> Node:
    operands = [with_axis(n, b, size) for n, b in zip(inputs, batched, strict=True)]
    return operands[0].builder.emit("scatter", *operands, axis=axis + 1, batch_dims=batch_dims + 1, mode=mode)


_COPY = """for t in range(total):
            out[t] = x[t]"""


def _source_scatter(node: Node, copy: str = _COPY) -> Source:
    x, indices, _ = node.inputs
    sizes = {"total": product(x.shape)} | blocks(x.shape, indices.shape, node.attrs["axis"], node.attrs["batch_dims"])
    body = f"""
        {copy}
        for b in range(batch):
            for o in range(outer):
                for c in range(count):
                    i = np.int64(indices[b * count + c])
                    if i < 0 or i >= size:
                        return 1
                    for k in range(inner):
                        t = ((b * outer + o) * size + i) * inner + k
                        u = updates[((b * outer + o) * count + c) * inner + k]
                        {_STATEMENTS[node.attrs["mode"]]}
    """
    return source_of(node, "x indices updates out", sizes, body)


register(
    OpRecord(
        "scatter",
        "irregular",
        _infer_scatter,
        _evaluate_scatter,
        _vjp_scatter,
        batch=_batch_scatter,
        source=_source_scatter,
        source_in_place=partial(_source_scatter, copy=""),
        can_fail="scatter: an index is out of range",
        doc="x with updates set, added, multiplied or compared in where a gather with the same indices reads; "
        "repeated positions are served in order.",
        formula="y = copy(x); y[..., indices, ...] op= updates",
        sample=((-3.0, 3.0), (0.0, 4.0), (-3.0, 3.0)),
        dtypes="biuf",
    )
)


def _infer_scatter_nd(
    x: TensorType, indices: TensorType, updates: TensorType, batch_dims: int, mode: str
) -> TensorType:
    _check("scatter_nd", x, updates, nd_shape("scatter_nd", x, indices, batch_dims), mode)
    return x


def _evaluate_scatter_nd(x: Any, indices: Any, updates: Any, batch_dims: int, mode: str) -> Any:
    at = nd_positions("scatter_nd", x.shape, indices, batch_dims)
    out = np.array(x)
    if at:
        _apply(out, at, updates, mode)
    else:
        for update in updates.reshape(-1, *x.shape):
            _apply(out, (...,), update, mode)
    return out


def _vjp_scatter_nd(g: Node, out: Node, x: Node, indices: Node, updates: Node) -> tuple[Node | None, ...]:
    lead, emit = out.attrs["batch_dims"], g.builder.emit
    return _vjp(
        lambda a, u, mode: emit("scatter_nd", a, indices, u, mode=mode, batch_dims=lead),
        lambda a: emit("gather_nd", a, indices, batch_dims=lead),
    )(g, out, x, updates)


def _batch_scatter_nd(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], batch_dims: int, mode: str) -> Node:
    operands = [with_axis(n, b, size) for n, b in zip(inputs, batched, strict=True)]
    return operands[0].builder.emit("scatter_nd", *operands, batch_dims=batch_dims + 1, mode=mode)


def _source_scatter_nd(node: Node, copy: str = _COPY) -> Source:
    x, indices, _ = node.inputs
    sizes, row = nd_blocks(x.shape, indices.shape, node.attrs["batch_dims"])
    row = row.replace("\n", "\n                ")
    body = f"""
        {copy}
        for b in range(batch):
            for c in range(count):
                {row}
                for k in range(inner):
                    t = i * inner + k
                    u = updates[(b * count + c) * inner + k]
                    {_STATEMENTS[node.attrs["mode"]]}
    """
    return source_of(node, "x indices updates out", {"total": product(x.shape)} | sizes, body)


register(
    OpRecord(
        "scatter_nd",
        "irregular",
        _infer_scatter_nd,
        _evaluate_scatter_nd,
        _vjp_scatter_nd,
        batch=_batch_scatter_nd,
        source=_source_scatter_nd,
        source_in_place=partial(_source_scatter_nd, copy=""),
        can_fail="scatter_nd: an index is out of range",
        doc="x with updates set, added, multiplied or compared in at index vectors; repeated ones are served in order.",
        formula="y = copy(x); y[tuple(moveaxis(indices, -1, 0))] op= updates",
        sample=((-3.0, 3.0), (0.0, 2.0), (-3.0, 3.0)),
        dtypes="biuf",
    )
)
