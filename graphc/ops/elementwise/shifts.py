"""Bit shifts of integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.ops.elementwise.family import binary


def _in_width(b: Any, count: Any) -> Any:
    """Whether a count is at least 0 and below the width of its type: other shifts are undefined in hardware."""
    width = 8 * np.dtype(str(count.dtype)).itemsize
    return b.and_(b.ge(count, 0), b.lt(count, width))


def _left(b: Any, x: Any, count: Any) -> Any:
    inside = _in_width(b, count)
    return b.select(inside, b.shl(x, b.select(inside, count, 0)), 0)


def _right(b: Any, x: Any, count: Any) -> Any:
    inside = _in_width(b, count)
    last = 8 * np.dtype(str(x.dtype)).itemsize - 1
    sign = b.shr(x, b.const(last, x.dtype)) if str(x.dtype).startswith("int") else b.const(0, x.dtype)
    return b.select(inside, b.shr(x, b.select(inside, count, 0)), sign)


binary(
    "shl",
    np.left_shift,
    _left,
    None,
    kinds="iu",
    doc="Bits moved to the left; 0 when the count is negative or not below the width.",
    formula="x << count",
    sample=((-99.0, 99.0), (0.0, 9.0)),
    differentiable=False,
)
binary(
    "shr",
    np.right_shift,
    _right,
    None,
    kinds="iu",
    doc="Bits moved to the right, the sign kept; all sign when the count is negative or not below the width.",
    formula="x >> count",
    sample=((-99.0, 99.0), (0.0, 9.0)),
    differentiable=False,
)
