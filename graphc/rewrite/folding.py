"""Constant folding: operations on small constants are computed once."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.ir.dims import DimExpr
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.ops.record import record_of

LARGEST_RESULT = 4096
"""Elements of the largest folded constant."""

LAZY = frozenset({"broadcast_to", "identity", "stop_gradient", "cond", "while"})
"""Operations that are cheaper to keep than to spell out, or that carry meaning."""


def fold_constant(node: Node, builder: Builder) -> Node | None:
    """The constant that a node on constants computes; None if it is large, may fail, or is not a pure tensor.

    A result may not be larger than its operands (or 16 elements): a filled tensor is better kept as a broadcast.

    Examples
    --------
    >>> b = Builder()
    >>> fold_constant(b.emit("mul", b.constant(2.0), b.constant(3.0)), b).attrs["value"]
    6.0
    """
    record = record_of(node.op)
    if node.op in LAZY or record.effect != "pure" or record.can_fail or not isinstance(node.type, TensorType):
        return None
    if any(isinstance(part, DimExpr) for value in node.attrs.values() for part in _parts(value)):
        return None
    size = node.type.size
    operands = [i.attrs["value"].array for i in node.inputs]
    if not isinstance(size, int) or size > min(LARGEST_RESULT, max(16, *(a.size for a in operands))):
        return None
    with np.errstate(all="ignore"):
        value = record.evaluate(*operands, **node.attrs)
    return builder.constant(np.asarray(value), node.dtype)


def _parts(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
