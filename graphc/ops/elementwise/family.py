"""What all elementwise records share: the type rule, and short constructors for records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphc.ir.dims import Dim
from graphc.ir.dtypes import DType, bool_
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.batching import aligned
from graphc.ops.record import OpRecord, register
from graphc.ops.shapes import broadcast_shapes


def infer_same(name: str, kinds: str, result: DType | None = None) -> Callable[..., TensorType]:
    """A type rule: operands of one element type of the given kinds, broadcast; the result has it too, or `result`."""

    def infer(*types: TensorType, **attrs: Any) -> TensorType:
        dtype = types[0].dtype
        for type in types:
            if type.dtype != dtype:
                raise TypeError(f"{name}: operands have different element types {dtype.name} and {type.dtype.name}")
        if dtype.kind not in kinds:
            raise TypeError(f"{name}: not defined for {dtype.name}")
        return TensorType(result or dtype, broadcast_shapes(*(t.shape for t in types)))

    return infer


def unary(
    name: str,
    evaluate: Callable[..., Any],
    scalar: Callable[..., Any],
    vjp: Any = None,
    *,
    kinds: str = "f",
    result: DType | None = None,
    **more: Any,
) -> OpRecord:
    """Register an elementwise operation of one operand."""
    more.setdefault("sample", ((-3.0, 3.0),))
    more.setdefault("batch", aligned(name))
    return register(
        OpRecord(name, "elementwise", infer_same(name, kinds, result), evaluate, vjp, scalar, dtypes=kinds, **more)
    )


def binary(
    name: str,
    evaluate: Callable[..., Any],
    scalar: Callable[..., Any],
    vjp: Any = None,
    *,
    kinds: str = "iuf",
    result: DType | None = None,
    **more: Any,
) -> OpRecord:
    """Register an elementwise operation of two operands."""
    more.setdefault("sample", ((-3.0, 3.0), (-3.0, 3.0)))
    more.setdefault("batch", aligned(name))
    return register(
        OpRecord(name, "elementwise", infer_same(name, kinds, result), evaluate, vjp, scalar, dtypes=kinds, **more)
    )


def comparison(
    name: str, evaluate: Callable[..., Any], scalar: Callable[..., Any], *, kinds: str = "biuf", **more: Any
) -> OpRecord:
    """Register a comparison: booleans, no gradient."""
    return binary(name, evaluate, scalar, None, kinds=kinds, result=bool_, differentiable=False, **more)


def zero_of(g: Node) -> Node:
    """A scalar zero of the cotangent's type: broadcast where it is used, and 0 even where `g` is infinite."""
    return g.builder.constant(0, g.dtype)


def pairs(x: tuple[Dim, ...], y: tuple[Dim, ...]) -> list[tuple[Dim, Dim]]:
    """Elements of two flat symbolic values side by side; one of them may be a single one."""
    size = max(len(x), len(y))
    return list(zip(x * (size if len(x) == 1 else 1), y * (size if len(y) == 1 else 1), strict=True))
