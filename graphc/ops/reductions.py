"""Reductions over axes."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from graphc.ir.dims import Dim, dim_max, dim_min, product
from graphc.ir.dtypes import DType, bool_, int64
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.assume import assume_not_empty
from graphc.ops.batching import shifted
from graphc.ops.record import OpRecord, register
from graphc.ops.shapes import reduced_shape


def kept(reduced: Node, like: Node, axes: tuple[int, ...]) -> Node:
    """A reduced tensor with its axes back as size 1, so that it broadcasts against `like`."""
    shape = tuple(1 if i in axes else d for i, d in enumerate(like.shape))
    return reduced if reduced.shape == shape else reduced.builder.emit("reshape", reduced, shape=shape)


def _infer(name: str, kinds: str, result: DType | None = None) -> Callable[..., TensorType]:
    def infer(x: TensorType, axes: tuple[int, ...], keepdims: bool) -> TensorType:
        if x.dtype.kind not in kinds:
            raise TypeError(f"{name}: not defined for {x.dtype.name}")
        return TensorType(result or x.dtype, reduced_shape(x.shape, axes, keepdims))

    return infer


def _vjp_sum(g: Node, out: Node, x: Node) -> tuple[Node]:
    return (g.builder.emit("broadcast_to", kept(g, x, out.attrs["axes"]), shape=x.shape),)


def _vjp_extreme(g: Node, out: Node, x: Node) -> tuple[Node]:
    """Shared equally among the elements that attain the extreme."""
    emit, axes = g.builder.emit, out.attrs["axes"]
    hit = emit("eq", x, kept(out, x, axes))
    count = emit("sum", emit("cast", hit, dtype=g.dtype), axes=axes, keepdims=True)
    # 0 / count and not 0: nothing equals an extreme that is NaN, and then the gradient is NaN everywhere.
    return (emit("select", hit, kept(g, x, axes) / count, 0.0 / count),)


def _vjp_prod(g: Node, out: Node, x: Node) -> tuple[Node]:
    """Products of the other elements, from exclusive products from both ends: right at zeros too."""
    emit, axes = g.builder.emit, out.attrs["axes"]
    keep = tuple(i for i in range(x.rank) if i not in axes)
    flat = emit("transpose", x, perm=keep + axes)
    shape = tuple(x.shape[i] for i in keep)
    flat = emit("reshape", flat, shape=(*shape, product(x.shape[i] for i in axes)))
    last = flat.rank - 1
    others = emit("cumprod", flat, axis=last, exclusive=True, reverse=False) * emit(
        "cumprod", flat, axis=last, exclusive=True, reverse=True
    )
    grown = emit("reshape", others, shape=(*shape, *(x.shape[i] for i in axes)))
    back = emit("transpose", grown, perm=tuple(int(i) for i in np.argsort(keep + axes)))
    return (back * kept(g, x, axes),)


def _over_vector(join: Callable[[Dim, Dim], Dim], empty: Dim | None) -> Callable[..., tuple[Dim, ...] | None]:
    """The reduction of a whole shape vector; its elements have no axes of their own, so all of them are meant."""

    def value(x: tuple[Dim, ...], axes: tuple[int, ...], keepdims: bool) -> tuple[Dim, ...] | None:
        if axes != (0,) or (not x and empty is None):
            return None
        return (reduce(join, x) if x else empty,)  # type: ignore[return-value]

    return value


def _reduce(function: Callable[..., Any], initial: Any = None) -> Callable[..., Any]:
    def evaluate(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        options = {} if initial is None else {"initial": initial(x.dtype)}
        return function(x, axis=axes, keepdims=keepdims, **options)

    return evaluate


def _lowest(dtype: np.dtype[Any]) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _highest(dtype: np.dtype[Any]) -> Any:
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


def _sum_same(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.sum(x, axis=axis, keepdims=keepdims, dtype=x.dtype)


def _prod_same(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.prod(x, axis=axis, keepdims=keepdims, dtype=x.dtype)


register(
    OpRecord(
        "sum",
        "reduce",
        _infer("sum", "iuf"),
        _reduce(_sum_same),
        _vjp_sum,
        batch=shifted("sum", "axes"),
        symbolic=_over_vector(lambda a, b: a + b, 0),
        linear=True,
        dtypes="iuf",
        doc="Sum over axes.",
        formula="sum(x, axes)",
    )
)
register(
    OpRecord(
        "prod",
        "reduce",
        _infer("prod", "iuf"),
        _reduce(_prod_same),
        _vjp_prod,
        batch=shifted("prod", "axes"),
        symbolic=_over_vector(lambda a, b: a * b, 1),
        dtypes="iuf",
        doc="Product over axes.",
        formula="prod(x, axes)",
    )
)
register(
    OpRecord(
        "max",
        "reduce",
        _infer("max", "iuf"),
        _reduce(np.max, _lowest),
        _vjp_extreme,
        batch=shifted("max", "axes"),
        symbolic=_over_vector(dim_max, None),
        dtypes="iuf",
        doc="Largest over axes; NaN if one is. Tied elements share the gradient.",
        formula="max(x, axes)",
    )
)
register(
    OpRecord(
        "min",
        "reduce",
        _infer("min", "iuf"),
        _reduce(np.min, _highest),
        _vjp_extreme,
        batch=shifted("min", "axes"),
        symbolic=_over_vector(dim_min, None),
        dtypes="iuf",
        doc="Smallest over axes; NaN if one is. Tied elements share the gradient.",
        formula="min(x, axes)",
    )
)
register(
    OpRecord(
        "any",
        "reduce",
        _infer("any", "b", bool_),
        _reduce(np.any),
        None,
        batch=shifted("any", "axes"),
        dtypes="b",
        differentiable=False,
        doc="Whether one holds.",
        formula="any(x, axes)",
    )
)
register(
    OpRecord(
        "all",
        "reduce",
        _infer("all", "b", bool_),
        _reduce(np.all),
        None,
        batch=shifted("all", "axes"),
        dtypes="b",
        differentiable=False,
        doc="Whether all hold.",
        formula="all(x, axes)",
    )
)


def _infer_arg(name: str) -> Callable[..., TensorType]:
    def infer(x: TensorType, axis: int) -> TensorType:
        assume_not_empty(x.shape[axis], name)
        return TensorType(int64, reduced_shape(x.shape, (axis,), False))

    return infer


register(
    OpRecord(
        "argmax",
        "reduce",
        _infer_arg("argmax"),
        lambda x, axis: np.argmax(x, axis),
        None,
        batch=shifted("argmax", "axis"),
        dtypes="biuf",
        differentiable=False,
        doc="Position of the first largest element, or of the first NaN.",
        formula="argmax(x, axis)",
    )
)
register(
    OpRecord(
        "argmin",
        "reduce",
        _infer_arg("argmin"),
        lambda x, axis: np.argmin(x, axis),
        None,
        batch=shifted("argmin", "axis"),
        dtypes="biuf",
        differentiable=False,
        doc="Position of the first smallest element, or of the first NaN.",
        formula="argmin(x, axis)",
    )
)
