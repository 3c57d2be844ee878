"""Short names for building nests by hand, in tests and benchmarks.

>>> from graphc.ir.dims import symbol
>>> n = symbol("n")
>>> halve = nest("p", (n,), "float32 >float32", st(1, op("mul", ld(0, 1), const(0.5)), 1))
>>> [o.access for o in halve.operands]
['in', 'out']
"""

from __future__ import annotations

from typing import Any

from graphc.ir.dims import Dim
from graphc.loops.expr import Affine, Expr, load
from graphc.loops.spec import Axis, Check, Nest, Operand, Store
from graphc.ops.elementwise import arithmetic, exponential, logic  # noqa: F401  (records register themselves)

COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def ld(operand: int, *strides: Dim, dtype: str = "float32", base: Dim = 0, **more: Any) -> Expr:
    """A load; `more` may have `dynamic` and `guard`."""
    return load(operand, Affine(base, strides), dtype, **more)


def op(name: str, *args: Expr, **attrs: Any) -> Expr:
    """An elementwise operation; its dtype is that of the last operand, bool for comparisons, or the attribute's."""
    dtype = "bool" if name in COMPARISONS else attrs["dtype"].name if "dtype" in attrs else args[-1].dtype
    return Expr(name, args, dtype, tuple(sorted(attrs.items())))


def const(value: Any, dtype: str = "float32") -> Expr:
    """A constant."""
    return Expr("const", (), dtype, value)


def size(dim: Dim) -> Expr:
    """A dimension as a value."""
    return Expr("size", (), "int64", dim)


def index(axis: int) -> Expr:
    """The index along an axis."""
    return Expr("index", (), "int64", axis)


def red(kind: str, arg: Expr) -> Expr:
    """A reduction."""
    return Expr("reduce", (arg,), "int64" if kind in ("argmax", "argmin") else arg.dtype, kind)


def st(operand: int, expr: Expr, *strides: Dim, full: bool = False, base: Dim = 0) -> Store:
    """A store; `full`: for every element of the reduction."""
    return Store(operand, Affine(base, strides), expr, full)


def nest(axes: str, sizes: tuple[Dim, ...], operands: str, *stores: Store, checks: tuple[Check, ...] = ()) -> Nest:
    """A nest: one letter per axis (p parallel, r reduced); operands by dtype, ``>`` marks outputs, ``+`` inouts."""
    access = {">": "out", "+": "inout"}
    made = tuple(Operand(d.strip(">+"), access.get(d[0], "in")) for d in operands.split())
    return Nest(tuple(Axis(s, a == "r") for a, s in zip(axes, sizes, strict=True)), made, stores, checks)
