"""Conditions of the checking operations: a kernel that computes such an operation fails where one does not hold."""

from __future__ import annotations

from collections.abc import Callable

from graphc.ir.dtypes import bool_, int64
from graphc.loops.expr import Expr, postorder
from graphc.loops.indexmap import size_expr
from graphc.loops.spec import Check, Store

CHECK_STATUS = 1


def _in_range(expr: Expr) -> Expr:
    wide = Expr("cast", expr.args, "int64", (("dtype", int64),))
    low = Expr("ge", (wide, size_expr(0)), "bool", ())
    high = Expr("lt", (wide, size_expr(dict(expr.payload)["size"])), "bool", ())
    return Expr("and", (low, high), "bool", ())


#: What must hold, for the expression of each checking operation.
CONDITIONS: dict[str, Callable[[Expr], Expr]] = {
    "check_index": _in_range,
    "check_finite": lambda expr: Expr("isfinite", expr.args, "bool", ()),
    "check_true": lambda expr: Expr("cast", expr.args, "bool", (("dtype", bool_),)),
}


def checks_of(stores: tuple[Store, ...]) -> tuple[Check, ...]:
    """What has to hold for the values that go into stores."""
    expressions = postorder(tuple(store.expr for store in stores))
    return tuple(Check(CONDITIONS[e.op](e), CHECK_STATUS) for e in expressions if e.op in CONDITIONS)
