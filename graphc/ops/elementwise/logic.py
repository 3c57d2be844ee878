"""Comparisons, logic and choice."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.ir.dtypes import DType, bool_
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.batching import aligned
from graphc.ops.elementwise.family import binary, comparison, unary, zero_of
from graphc.ops.record import OpRecord, register
from graphc.ops.shapes import broadcast_shapes

comparison("eq", np.equal, lambda b, x, y: b.eq(x, y), doc="Whether two elements are equal.", formula="x == y")
comparison("ne", np.not_equal, lambda b, x, y: b.ne(x, y), doc="Whether two elements differ.", formula="x != y")
comparison("lt", np.less, lambda b, x, y: b.lt(x, y), doc="Less than.", formula="x < y", kinds="iuf")
comparison("le", np.less_equal, lambda b, x, y: b.le(x, y), doc="Less than or equal.", formula="x <= y", kinds="iuf")
comparison("gt", np.greater, lambda b, x, y: b.gt(x, y), doc="Greater than.", formula="x > y", kinds="iuf")
comparison(
    "ge", np.greater_equal, lambda b, x, y: b.ge(x, y), doc="Greater than or equal.", formula="x >= y", kinds="iuf"
)
binary(
    "and",
    np.bitwise_and,
    lambda b, x, y: b.and_(x, y),
    None,
    kinds="biu",
    doc="Logical or bitwise and.",
    formula="x & y",
    differentiable=False,
)
binary(
    "or",
    np.bitwise_or,
    lambda b, x, y: b.or_(x, y),
    None,
    kinds="biu",
    doc="Logical or bitwise or.",
    formula="x | y",
    differentiable=False,
)
binary(
    "xor",
    np.bitwise_xor,
    lambda b, x, y: b.xor(x, y),
    None,
    kinds="biu",
    doc="Logical or bitwise exclusive or.",
    formula="x ^ y",
    differentiable=False,
)
unary(
    "not",
    np.invert,
    lambda b, x: b.not_(x),
    None,
    kinds="biu",
    doc="Logical or bitwise not.",
    formula="~x",
    differentiable=False,
)

unary(
    "isnan",
    np.isnan,
    lambda b, x: b.isnan(x),
    None,
    result=bool_,
    doc="Whether an element is not a number.",
    formula="isnan(x)",
    differentiable=False,
)
unary(
    "isinf",
    np.isinf,
    lambda b, x: b.eq(b.abs(x), float("inf")),
    None,
    result=bool_,
    doc="Whether an element is infinite.",
    formula="isinf(x)",
    differentiable=False,
)
unary(
    "isfinite",
    np.isfinite,
    lambda b, x: b.isfinite(x),
    None,
    result=bool_,
    doc="Whether an element is neither infinite nor NaN.",
    formula="isfinite(x)",
    differentiable=False,
)


def _infer_select(condition: TensorType, x: TensorType, y: TensorType) -> TensorType:
    if condition.dtype != bool_:
        raise TypeError(f"where: the condition is {condition.dtype.name}, not bool")
    if x.dtype != y.dtype:
        raise TypeError(f"where: the choices have different element types {x.dtype.name} and {y.dtype.name}")
    return TensorType(x.dtype, broadcast_shapes(condition.shape, x.shape, y.shape))


def _vjp_select(g: Node, out: Node, condition: Node, x: Node, y: Node) -> tuple[Node | None, ...]:
    emit = g.builder.emit
    zero = zero_of(g)
    return None, emit("select", condition, g, zero), emit("select", condition, zero, g)


register(
    OpRecord(
        "select",
        "elementwise",
        _infer_select,
        np.where,
        _vjp_select,
        lambda b, c, x, y: b.select(c, x, y),
        batch=aligned("select"),
        doc="Elements of x where the condition holds, of y elsewhere.",
        formula="where(condition, x, y)",
        sample=((0.0, 1.0), (-3.0, 3.0), (-3.0, 3.0)),
        dtypes="biuf",
    )
)


def _infer_cast(x: TensorType, dtype: DType) -> TensorType:
    return x.with_dtype(dtype)


def _evaluate_cast(x: Any, dtype: DType) -> Any:
    x = np.asarray(x)
    if dtype.is_bool:
        return x != 0
    with np.errstate(invalid="ignore"):
        if x.dtype.kind == "f" and dtype.is_integer:
            info = np.iinfo(dtype.np)
            whole = np.where(np.isnan(x), 0, np.trunc(x))
            low, high = whole <= float(info.min), whole >= float(info.max)
            return np.where(low, info.min, np.where(high, info.max, np.where(low | high, 0, whole).astype(dtype.np)))
        return x.astype(dtype.np)


def _vjp_cast(g: Node, out: Node, x: Node) -> tuple[Node | None]:
    return (g.builder.emit("cast", g, dtype=x.dtype),) if x.dtype.is_floating and out.dtype.is_floating else (None,)


register(
    OpRecord(
        "cast",
        "elementwise",
        _infer_cast,
        _evaluate_cast,
        _vjp_cast,
        lambda b, x, dtype: b.cast(x, dtype.name),
        symbolic=lambda x, dtype: x if dtype.is_integer else None,
        batch=aligned("cast"),
        linear=True,
        dtypes="biuf",
        doc="Conversion to another element type; a float becomes an integer by truncation and saturates, NaN gives 0.",
        formula="cast(x, dtype)",
    )
)
