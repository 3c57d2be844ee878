"""Checks of values that hardware would let pass: a label or an index out of range fails the call."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.ir.dims import Dim
from graphc.ir.types import TensorType
from graphc.ops.batching import aligned
from graphc.ops.record import OpRecord, register


def _infer(x: TensorType, size: Dim) -> TensorType:
    if not x.dtype.is_integer:
        raise TypeError(f"check_index: an index is an integer, not {x.dtype.name}")
    return x


def _evaluate(x: Any, size: int) -> Any:
    wrong = np.argwhere((x < 0) | (x >= size))
    if len(wrong):
        place = [int(i) for i in wrong[0]]
        raise IndexError(f"value {x[tuple(wrong[0])]} at position {place} is out of range for {size} classes")
    return x


register(
    OpRecord(
        "check_index",
        "elementwise",
        _infer,
        _evaluate,
        None,
        lambda b, x, size: x,
        symbolic=lambda x, size: x,
        can_fail="a value is out of range",
        doc="The operand itself; the call fails where an element is negative or not below the size.",
        formula="x",
        batch=aligned("check_index"),
        sample=((0.0, 4.0),),
        dtypes="iu",
        differentiable=False,
        flops=2,
    )
)
