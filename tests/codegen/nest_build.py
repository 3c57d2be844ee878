"""Short names for building nests by hand."""

from __future__ import annotations

from typing import Any

from graphc.ir.dims import Dim
from graphc.loops.expr import Affine, Expr, load
from graphc.loops.spec import Axis, Check, Nest, Operand, Store
from graphc.ops import elementwise  # noqa: F401
from graphc.ops.elementwise import arithmetic, exponential, logic  # noqa: F401  (records register themselves)

COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def ld(operand: int, *strides: Dim, dtype: str = "float32", base: Dim = 0, **more: Any) -> Expr:
    return load(operand, Affine(base, strides), dtype, **more)


def op(name: str, *args: Expr, **attrs: Any) -> Expr:
    dtype = "bool" if name in COMPARISONS else attrs["dtype"].name if "dtype" in attrs else args[-1].dtype
    return Expr(name, args, dtype, tuple(sorted(attrs.items())))


def const(value: Any, dtype: str = "float32") -> Expr:
    return Expr("const", (), dtype, value)


def index(axis: int) -> Expr:
    return Expr("index", (), "int64", axis)


def red(kind: str, arg: Expr) -> Expr:
    return Expr("reduce", (arg,), "int64" if kind in ("argmax", "argmin") else arg.dtype, kind)


def st(operand: int, expr: Expr, *strides: Dim, full: bool = False, base: Dim = 0) -> Store:
    return Store(operand, Affine(base, strides), expr, full)


def nest(axes: str, sizes: tuple[Dim, ...], operands: str, *stores: Store, checks: tuple[Check, ...] = ()) -> Nest:
    """`axes`: one letter per axis, p or r; `operands`: dtypes, those written marked ``>``, both ``+``."""
    access = {">": "out", "+": "inout"}
    made = tuple(Operand(d.strip(">+"), access.get(d[0], "in")) for d in operands.split())
    return Nest(tuple(Axis(s, a == "r") for a, s in zip(axes, sizes, strict=True)), made, stores, checks)
