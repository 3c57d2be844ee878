"""Checks of values that hardware would let pass: an index out of range, a NaN, a condition fail the call."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.ir.dims import Dim
from graphc.ir.intervals import not_negative
from graphc.ir.node import Node
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


def _symbolic(x: tuple[Dim, ...], size: Dim) -> tuple[Dim, ...] | None:
    """The indices, if it is evident that all are in range; else the check has to be made."""
    return x if all(not_negative(v) and not_negative(size - v - 1) for v in x) else None


register(
    OpRecord(
        "check_index",
        "elementwise",
        _infer,
        _evaluate,
        None,
        lambda b, x, size: x,
        symbolic=_symbolic,
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


def _infer_finite(x: TensorType, message: str) -> TensorType:
    if not x.dtype.is_floating:
        raise TypeError(f"check_finite: {x.dtype.name} has neither NaN nor infinities")
    return x


def _evaluate_finite(x: Any, message: str) -> Any:
    wrong = np.argwhere(~np.isfinite(x))
    if len(wrong):
        place = [int(i) for i in wrong[0]]
        raise IndexError(f"{message}: the value at position {place} of {list(x.shape)} is {x[tuple(wrong[0])]}")
    return x


def _vjp_finite(g: Node, out: Node, x: Node) -> tuple[Node]:
    return (g,)


register(
    OpRecord(
        "check_finite",
        "elementwise",
        _infer_finite,
        _evaluate_finite,
        _vjp_finite,
        lambda b, x, message: x,
        can_fail="a value is NaN or infinite",
        doc="The operand itself; the call fails where an element is NaN or infinite.",
        formula="x",
        batch=aligned("check_finite"),
        ulp=(0, 0),
    )
)


def _infer_true(x: TensorType, message: str) -> TensorType:
    if not x.dtype.is_bool:
        raise TypeError(f"check_true: a condition is bool, not {x.dtype.name}")
    return x


def _evaluate_true(x: Any, message: str) -> Any:
    if not np.all(x):
        raise IndexError(message)
    return x


register(
    OpRecord(
        "check_true",
        "elementwise",
        _infer_true,
        _evaluate_true,
        None,
        lambda b, x, message: x,
        can_fail="a condition does not hold",
        doc="The operand itself; the call fails where an element is false.",
        formula="x",
        batch=aligned("check_true"),
        dtypes="b",
        differentiable=False,
        ulp=(0, 0),
    )
)
