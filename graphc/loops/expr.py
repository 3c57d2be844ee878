"""Scalar expressions of a kernel: what one element is, in terms of loads, indices and scalar operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphc.ir.dims import Dim, substitute


@dataclass(frozen=True, slots=True)
class Affine:
    """An element offset: a base plus a multiple of each axis's index.

    Attributes
    ----------
    base : Dim
    coefficients : tuple of Dim
        One per axis of the nest; 0 where the offset does not depend on it.
    """

    base: Dim
    coefficients: tuple[Dim, ...]

    def depends_on(self, axis: int) -> bool:
        """Whether the offset changes along an axis."""
        return self.coefficients[axis] != 0

    def at(self, indices: tuple[int, ...], bindings: dict[str, int]) -> int:
        """The offset as an integer (for tests and reference execution)."""
        total = substitute(self.base, dict(bindings))
        for index, coefficient in zip(indices, self.coefficients, strict=True):
            total = total + index * substitute(coefficient, dict(bindings))
        return int(total)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Expr:
    """One scalar value of a nest; equal expressions compare equal.

    Attributes
    ----------
    op : str
        ``"load"``: element of an operand; payload ``(operand, Affine)``; args: ``()`` or ``(dynamic,)`` or
        ``(dynamic, guard)``: `dynamic` is an int64 added to the offset (or None), and where the boolean `guard` is
        false nothing is read and the value is 0.
        ``"index"``: int64 index of the axis `payload`. ``"size"``: int64 value of the dimension `payload`.
        ``"const"``: the Python scalar `payload`. ``"reduce"``: payload is the kind (``"sum"``, ``"prod"``, ``"max"``,
        ``"min"``, ``"any"``, ``"all"``, ``"argmax"``, ``"argmin"``), one arg, over all reduction axes of the nest (the
        position counts along them in row-major order).
        ``"accumulator"``: the finished sum of a contraction, in its epilogue.
        Anything else: the elementwise record of that name; payload is its attributes as sorted pairs.
    args : tuple of Expr or None
    dtype : str
    payload : object
    """

    op: str
    args: tuple[Expr | None, ...]
    dtype: str
    payload: Any = None


def load(operand: int, offset: Affine, dtype: str, dynamic: Expr | None = None, guard: Expr | None = None) -> Expr:
    """An element of an operand."""
    args: tuple[Expr | None, ...] = () if dynamic is None and guard is None else (dynamic, guard)
    return Expr("load", args if guard is not None else args[:1], dtype, (operand, offset))


def postorder(roots: tuple[Expr, ...]) -> list[Expr]:
    """Every expression below the roots once, operands first."""
    order: dict[Expr, None] = {}
    stack: list[tuple[Expr, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        expr, ready = stack.pop()
        if expr in order:
            continue
        if ready:
            order[expr] = None
        else:
            stack.append((expr, True))
            stack.extend((arg, False) for arg in expr.args if arg is not None and arg not in order)
    return list(order)
