"""The functions behind Python's operators on tensors and variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphc.api import math
from graphc.api.convert import as_node, builder, promote_all
from graphc.api.define import operation
from graphc.api.indexing import getitem
from graphc.graph.operators import FUNCTIONS
from graphc.ir.node import Node


def _bitwise(primitive: str, name: str, doc: str) -> Callable[..., Any]:
    def body(x: Any, y: Any) -> Node:
        return builder().emit(primitive, *promote_all((x, y)))

    body.__name__, body.__doc__ = name, doc
    return operation(name)(body)


bitwise_and = _bitwise("and", "bitwise_and", "Bitwise and of integers, logical and of booleans.")
bitwise_or = _bitwise("or", "bitwise_or", "Bitwise or of integers, logical or of booleans.")
bitwise_xor = _bitwise("xor", "bitwise_xor", "Bitwise exclusive or of integers, logical one of booleans.")


@operation("invert")
def invert(x: Any) -> Node:
    """Bitwise not of integers, logical not of booleans."""
    return builder().emit("not", as_node(x))


FUNCTIONS.update(
    {
        "add": math.add,
        "sub": math.subtract,
        "mul": math.multiply,
        "truediv": math.divide,
        "floordiv": math.floordiv,
        "mod": math.mod,
        "pow": math.pow_,
        "matmul": math.matmul,
        "and": bitwise_and,
        "or": bitwise_or,
        "xor": bitwise_xor,
        "lshift": _bitwise("shl", "left_shift", "Bits shifted to the left."),
        "rshift": _bitwise("shr", "right_shift", "Bits shifted to the right."),
        "lt": math.less,
        "le": math.less_equal,
        "gt": math.greater,
        "ge": math.greater_equal,
        "neg": math.negative,
        "abs": math.abs_,
        "round": math.round_,
        "invert": invert,
        "getitem": getitem,
    }
)
