"""Assertions about ranks, types and closeness: made when the graph is built where that is possible, else in the run."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.graph.origin import user_origin


def _tensor(value: Any) -> gc.Tensor:
    if isinstance(value, gc.Tensor):
        return value
    found: gc.Tensor = gc.identity(value)
    return found


def _need(holds: bool, message: str, text: str) -> gc.Operation:
    if not holds:
        raise ValueError(f"{message}: {text}" if message else f"{text}\n  at {user_origin()}")
    return gc.no_op(name="Assert")


def _ranked(x: Any, allowed: Any, what: str, message: str) -> gc.Operation:
    tensor = _tensor(x)
    known = tensor.shape.ndims
    if known is not None:
        return _need(allowed(known), message, f"{tensor.name} has rank {known}, and not {what}")
    raise NotImplementedError(
        f"{tensor.name} has no rank that is known: give its placeholder a shape\n  at {user_origin()}"
    )


def assert_rank(x: Any, rank: int, data: Any = None, summarize: Any = None, message: str = "",
                name: str | None = None) -> gc.Operation:  # fmt: skip
    """Refuse a tensor of another rank when the graph is built."""
    return _ranked(x, lambda r: r == rank, f"rank {rank}", message)


def assert_rank_at_least(x: Any, rank: int, data: Any = None, summarize: Any = None, message: str = "",
                         name: str | None = None) -> gc.Operation:  # fmt: skip
    """Refuse a tensor of a lower rank when the graph is built."""
    return _ranked(x, lambda r: r >= rank, f"rank {rank} or more", message)


def assert_rank_in(x: Any, ranks: Any, data: Any = None, summarize: Any = None, message: str = "",
                   name: str | None = None) -> gc.Operation:  # fmt: skip
    """Refuse a tensor of a rank that is not among some, when the graph is built."""
    return _ranked(x, lambda r: r in tuple(ranks), f"one of the ranks {tuple(ranks)}", message)


def assert_scalar(tensor: Any, name: str | None = None) -> gc.Tensor:
    """The tensor, if its rank is 0."""
    found = _tensor(tensor)
    _ranked(found, lambda r: r == 0, "rank 0", "")
    return found


def assert_type(tensor: Any, tf_type: Any, message: str = "", name: str | None = None) -> gc.Operation:
    """Refuse a tensor of another element type when the graph is built."""
    found = _tensor(tensor)
    wanted = gc.as_dtype(tf_type)
    return _need(found.dtype == wanted, message, f"{found.name} is of type {found.dtype}, and not {wanted}")


def assert_integer(x: Any, message: str = "", name: str | None = None) -> gc.Operation:
    """Refuse a tensor that is not of integers when the graph is built."""
    found = _tensor(x)
    return _need(found.dtype.is_integer, message, f"{found.name} is of type {found.dtype}, and not of integers")


def assert_near(x: Any, y: Any, rtol: Any = None, atol: Any = None, data: Any = None, summarize: Any = None,
                message: str = "", name: str | None = None) -> gc.Operation:  # fmt: skip
    """Fail the run unless ``|x - y| <= atol + rtol * |y|`` everywhere; both are 10 epsilons by default."""
    left, right = _tensor(x), _tensor(y)
    tolerance = 10.0 * 2.0 ** (-52 if left.dtype == "float64" else -23)
    bound = (tolerance if atol is None else atol) + (tolerance if rtol is None else rtol) * gc.abs(right)
    return gc.assert_that(gc.abs(left - right) <= bound, [left, right], message=message, name=name)


def assert_variables_initialized(var_list: Any = None) -> gc.Operation:
    """An operation without effect: a run that reads a variable before it is initialised fails by itself."""
    return gc.no_op(name="Assert")
