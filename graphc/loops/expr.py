"""Scalar expressions of a kernel: what one element is, in terms of loads, indices and scalar operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

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


class Expr:
    """One scalar value of a nest; equal expressions are one object, so comparing and hashing cost nothing.

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

    __slots__ = ("__weakref__", "args", "dtype", "op", "payload")

    op: str
    args: tuple[Expr | None, ...]
    dtype: str
    payload: Any

    def __new__(cls, op: str, args: tuple[Expr | None, ...], dtype: str, payload: Any = None) -> Expr:
        # Shared subexpressions make trees exponentially larger than their graphs: hence one object per value.
        key = (op, args, dtype, _bits(payload) if op == "const" else payload)
        found = _interned.get(key)
        if found is None:
            found = object.__new__(cls)
            for name, value in (("op", op), ("args", args), ("dtype", dtype), ("payload", payload)):
                object.__setattr__(found, name, value)
            found = _interned.setdefault(key, found)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"an expression is immutable: {name} cannot be set")

    def __reduce__(self) -> tuple[Any, ...]:
        return Expr, (self.op, self.args, self.dtype, self.payload)

    def __repr__(self) -> str:
        # Operands by name only: the text of a shared graph would be exponentially long.
        operands = ", ".join("None" if arg is None else arg.op for arg in self.args)
        return f"Expr({self.op}({operands}), {self.dtype}, {self.payload!r})"


_interned: WeakValueDictionary[tuple[Any, ...], Expr] = WeakValueDictionary()


def _bits(value: Any) -> tuple[str, Any]:
    """A scalar so that 0.0, -0.0, 0 and False differ and a NaN equals itself."""
    return type(value).__name__, value.hex() if isinstance(value, float) else value


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
