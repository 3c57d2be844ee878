"""Order: sort, argsort, positions of the largest, search in sorted rows. NaN counts as larger than everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphc.ir.dims import Dim, product
from graphc.ir.dtypes import DType, int32, int64
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.assume import assume_equal
from graphc.ops.batching import all_shifted, shifted
from graphc.ops.cumulative import put_along, rows
from graphc.ops.record import OpRecord, register
from graphc.ops.source import Source, source_of

#: Above this many positions `top_k` sorts the whole row; below, each element is inserted into a short list.
_INSERTION_LIMIT = 64


def _check_axis(name: str, x: TensorType, axis: int) -> None:
    if not 0 <= axis < x.rank:
        raise ValueError(f"{name}: axis {axis} is out of range for {x!r}")


def _precedes(a: str, b: str, dtype: DType, descending: bool) -> str:
    """Whether value `a` comes strictly before value `b`, as source."""
    if descending:
        a, b = b, a
    return f"({a} < {b} or ({a} == {a} and {b} != {b}))" if dtype.is_floating else f"{a} < {b}"


def _merge_sort(before: str) -> str:
    """Bottom-up merge sort of a row in `front`, with `back` beside it; stable.

    `before` is the condition under which the element `r` of the right run comes strictly before `l` of the left run.
    The sorted row ends up in `front`.
    """
    return f"""
        width = 1
        while width < size:
            start = 0
            while start < size:
                middle = start + width if start + width < size else size
                stop = middle + width if middle + width < size else size
                p, q, t = start, middle, start
                while p < middle and q < stop:
                    l, r = front[p], front[q]
                    if {before}:
                        back[t] = r
                        q += 1
                    else:
                        back[t] = l
                        p += 1
                    t += 1
                while p < middle:
                    back[t] = front[p]
                    p += 1
                    t += 1
                while q < stop:
                    back[t] = front[q]
                    q += 1
                    t += 1
                start += 2 * width
            for t in range(size):
                front[t] = back[t]
            width *= 2
    """


def _in_rows(load: str, work: str, store: str, count: str = "size") -> str:
    """Loops over the rows along the axis: `load` and `store` speak of the element `at` and the position `j`."""
    steps = work.replace("\n        ", "\n                ").strip()
    return f"""
        for o in range(outer):
            for k in range(inner):
                for j in range(size):
                    at = (o * size + j) * inner + k
                    {load}
                {steps}
                for j in range({count}):
                    at = (o * {count} + j) * inner + k
                    {store}
    """


def _order(x: Any, axis: int, descending: bool) -> Any:
    """Stable positions in order, NaN counted as the largest."""
    if not descending:
        return np.argsort(x, axis, kind="stable")
    # Reversed twice: equal elements keep their order.
    size = x.shape[axis]
    return size - 1 - np.flip(np.argsort(np.flip(x, axis), axis, kind="stable"), axis)


def _infer_sort(x: TensorType, axis: int) -> TensorType:
    _check_axis("sort", x, axis)
    return x


def _vjp_sort(g: Node, out: Node, x: Node) -> tuple[Node]:
    axis = out.attrs["axis"]
    order = g.builder.emit("argsort", x, axis=axis, descending=False, dtype=int64)
    return (put_along(g, order, axis),)


def _source_sort(node: Node) -> Source:
    (x,) = node.inputs
    scratch = dict.fromkeys(("front", "back"), (x.dtype.name, x.shape[node.attrs["axis"]]))
    body = _in_rows("front[j] = x[at]", _merge_sort(_precedes("r", "l", x.dtype, False)), "out[at] = front[j]")
    return source_of(node, "x out", rows(x.shape, node.attrs["axis"]), body, scratch)


register(
    OpRecord(
        "sort",
        "irregular",
        _infer_sort,
        lambda x, axis: np.sort(x, axis, kind="stable"),
        _vjp_sort,
        batch=shifted("sort", "axis"),
        source=_source_sort,
        doc="Elements along an axis in ascending order, NaN last.",
        formula="sort(x, axis)",
        dtypes="biuf",
        ulp=(0, 0),
    )
)


def _infer_argsort(x: TensorType, axis: int, descending: bool, dtype: DType) -> TensorType:
    _check_axis("argsort", x, axis)
    return x.with_dtype(dtype)


def _source_argsort(node: Node) -> Source:
    (x,) = node.inputs
    before = _precedes("keys[r]", "keys[l]", x.dtype, node.attrs["descending"])
    size = x.shape[node.attrs["axis"]]
    scratch = {"front": ("int64", size), "back": ("int64", size), "keys": (x.dtype.name, size)}
    body = _in_rows("front[j] = j; keys[j] = x[at]", _merge_sort(before), "out[at] = front[j]")
    return source_of(node, "x out", rows(x.shape, node.attrs["axis"]), body, scratch)


register(
    OpRecord(
        "argsort",
        "irregular",
        _infer_argsort,
        lambda x, axis, descending, dtype: _order(x, axis, descending).astype(dtype.np),
        None,
        batch=shifted("argsort", "axis"),
        source=_source_argsort,
        doc="Positions along an axis in ascending or descending order of their elements; equal elements keep theirs. "
        "NaN counts as the largest.",
        formula="argsort(x, axis, kind='stable')",
        dtypes="biuf",
        differentiable=False,
    )
)


def _infer_top_k(x: TensorType, k: Dim, dtype: DType) -> TensorType:
    if x.rank == 0:
        raise ValueError("top_k: the operand has no axis")
    size = x.shape[-1]
    if isinstance(k, int) and (k < 0 or (isinstance(size, int) and k > size)):
        raise ValueError(f"top_k: {k} of {size} elements are asked for along the last axis of {x!r}")
    return TensorType(dtype, (*x.shape[:-1], k))


def _source_top_k(node: Node) -> Source:
    """For few positions a sorted list into which larger elements are inserted; otherwise the whole row is sorted."""
    (x,) = node.inputs
    k, size = node.attrs["k"], x.shape[-1]
    sizes: dict[str, Dim] = rows(x.shape, x.rank - 1)
    if not isinstance(k, int) or k > _INSERTION_LIMIT:
        before = _precedes("keys[r]", "keys[l]", x.dtype, True)
        scratch = {"front": ("int64", size), "back": ("int64", size), "keys": (x.dtype.name, size)}
        body = _in_rows("front[j] = j; keys[j] = x[at]", _merge_sort(before), "out[at] = front[j]", "chosen")
        return source_of(node, "x out", sizes | {"chosen": k}, body, scratch)
    before = _precedes("v", "best[t - 1]", x.dtype, True)
    body = f"""
        for o in range(outer):
            count = 0
            for j in range(size):
                v = x[o * size + j]
                t = count
                if count < {k}:
                    count += 1
                elif t > 0 and {before}:
                    t -= 1
                else:
                    continue
                while t > 0 and {before}:
                    best[t] = best[t - 1]
                    out[o * {k} + t] = out[o * {k} + t - 1]
                    t -= 1
                best[t] = v
                out[o * {k} + t] = j
    """
    scratch = {"best": (x.dtype.name, k + 1)}
    return source_of(node, "x out", {n: sizes[n] for n in ("outer", "size")}, body, scratch)


register(
    OpRecord(
        "top_k",
        "irregular",
        _infer_top_k,
        lambda x, k, dtype: _order(x, x.ndim - 1, True)[..., :k].astype(dtype.np),
        None,
        batch=shifted("top_k"),
        source=_source_top_k,
        doc="Positions of the k largest elements along the last axis, largest first, the first of equal ones first; "
        "NaN counts as the largest.",
        formula="argsort(-x, -1, kind='stable')[..., :k]",
        dtypes="biuf",
        differentiable=False,
    )
)


def _infer_search(ordered: TensorType, values: TensorType, right: bool, dtype: DType) -> TensorType:
    if ordered.dtype != values.dtype:
        raise TypeError(f"searchsorted: rows of {ordered.dtype.name}, but values of {values.dtype.name}")
    if ordered.rank != values.rank or ordered.rank == 0:
        raise ValueError(f"searchsorted: the leading axes of {ordered!r} and {values!r} must agree")
    if dtype not in (int32, int64):
        raise TypeError(f"searchsorted: positions are int32 or int64, not {dtype.name}")
    for n, m in zip(ordered.shape[:-1], values.shape[:-1], strict=True):
        try:
            assume_equal(n, m)
        except ValueError as error:
            raise ValueError(f"searchsorted: the leading axes of {ordered!r} and {values!r}: {error}") from None
    return values.with_dtype(dtype)


def _evaluate_search(ordered: Any, values: Any, right: bool, dtype: DType) -> Any:
    if not (ordered.size and values.size):
        return np.zeros(values.shape, dtype.np)
    table, wanted = ordered.reshape(-1, ordered.shape[-1]), values.reshape(-1, values.shape[-1])
    side: Any = "right" if right else "left"
    found = [np.searchsorted(row, v, side) for row, v in zip(table, wanted, strict=True)]
    return np.stack(found).reshape(values.shape).astype(dtype.np)


def _source_search(node: Node) -> Source:
    ordered, values = node.inputs
    after = _precedes("ordered[b * size + m]", "v", ordered.dtype, False)
    if node.attrs["right"]:
        after = f"not {_precedes('v', 'ordered[b * size + m]', ordered.dtype, False)}"
    body = f"""
        for b in range(batch):
            for c in range(count):
                v = values[b * count + c]
                low, high = 0, size
                while low < high:
                    m = (low + high) // 2
                    if {after}:
                        low = m + 1
                    else:
                        high = m
                out[b * count + c] = low
    """
    sizes = {"batch": product(ordered.shape[:-1]), "size": ordered.shape[-1], "count": values.shape[-1]}
    return source_of(node, "ordered values out", sizes, body)


def _batch_search(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], right: bool, dtype: DType) -> Node:
    return all_shifted("searchsorted")(size, inputs, batched, right=right, dtype=dtype)


register(
    OpRecord(
        "searchsorted",
        "irregular",
        _infer_search,
        _evaluate_search,
        None,
        batch=_batch_search,
        source=_source_search,
        doc="Where each value would go in the sorted row of its batch: before equal elements, or after them.",
        formula="searchsorted(ordered, values, side)",
        sample=((-3.0, 3.0), (-3.0, 3.0)),
        dtypes="iuf",
        differentiable=False,
    )
)
