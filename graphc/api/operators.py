"""Python's operators and indexing on tensors and variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphc.api import math
from graphc.api.convert import as_node, builder, promote_all
from graphc.api.define import operation
from graphc.graph.operation import Tensor
from graphc.graph.variable import Variable
from graphc.ir.node import Node


def _logical(primitive: str) -> Callable[..., Any]:
    def body(x: Any, y: Any) -> Node:
        return builder().emit(primitive, *promote_all((x, y)))

    body.__name__ = primitive
    return operation(primitive)(body)


bitwise_and, bitwise_or, bitwise_xor = _logical("and"), _logical("or"), _logical("xor")


@operation("invert")
def invert(x: Any) -> Node:
    """Bitwise not of integers, logical not of booleans."""
    return builder().emit("not", as_node(x))


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(other, self)


def _binary(name: str, function: Callable[..., Any]) -> None:
    for cls in (Tensor, Variable):
        setattr(cls, f"__{name}__", lambda self, other, f=function: f(self, other))
        setattr(cls, f"__r{name}__", _reflected(function))


def _comparison(name: str, function: Callable[..., Any]) -> None:
    for cls in (Tensor, Variable):
        setattr(cls, f"__{name}__", lambda self, other, f=function: f(self, other))


def install() -> None:
    """Give tensors and variables their operators."""
    for name, function in (
        ("add", math.add), ("sub", math.subtract), ("mul", math.multiply), ("truediv", math.divide),
        ("floordiv", math.floordiv), ("mod", math.mod), ("matmul", math.matmul), ("and", bitwise_and),
        ("or", bitwise_or), ("xor", bitwise_xor),
    ):  # fmt: skip
        _binary(name, function)
    for name, function in (
        ("lt", math.less), ("le", math.less_equal), ("gt", math.greater), ("ge", math.greater_equal),
    ):  # fmt: skip
        _comparison(name, function)
    for cls in (Tensor, Variable):
        cls.__neg__ = lambda self: math.negative(self)  # type: ignore[union-attr]
        cls.__pos__ = lambda self: self  # type: ignore[union-attr]
        cls.__abs__ = lambda self: math.abs_(self)  # type: ignore[union-attr]
        cls.__invert__ = lambda self: invert(self)  # type: ignore[union-attr]
