"""Functions of tensors that also take arrays: in a graph they add operations, outside of one they compute at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from graphc.api.math import cast
from graphc.api.shaping import constant
from graphc.graph.graph import Graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.store import default_store
from graphc.graph.variable import Variable
from graphc.ir.dtypes import as_dtype
from graphc.session.config import Config
from graphc.session.session import Session

EPSILON = 1e-7
"""What Keras keeps logarithms and quotients away from zero with."""

_TRACING: ContextVar[bool] = ContextVar("tracing", default=False)


@contextmanager
def tracing() -> Iterator[None]:
    """A context in which functions add operations to the default graph, whatever their arguments are."""
    token = _TRACING.set(True)
    try:
        yield
    finally:
        _TRACING.reset(token)


@contextmanager
def untraced() -> Iterator[None]:
    """A context in which functions of arrays compute at once, also while a graph is being built."""
    token = _TRACING.set(False)
    try:
        yield
    finally:
        _TRACING.reset(token)


def is_tracing() -> bool:
    """Whether a graph is being built by the Keras-like interface."""
    return _TRACING.get()


def is_symbolic(*values: Any) -> bool:
    """Whether a graph is being built, or one of the values, which may be nested, is a part of a graph."""
    return is_tracing() or any(_has_tensor(v) for v in values)


def _has_tensor(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_has_tensor(v) for v in value)
    if isinstance(value, dict):
        return any(_has_tensor(v) for v in value.values())
    return isinstance(value, Tensor | Variable)


def computed(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a function that adds operations gives for arrays: a graph of its own, run once by the interpreter.

    Returns
    -------
    object
        The structure of the function's result with arrays in the place of tensors, None for operations.
    """
    with Graph().as_default() as graph, tracing():
        found = function(*args, **kwargs)
    with Session(graph, Config(mode="interpret"), store=default_store()) as session:
        return _run(session, found)


def _run(session: Session, found: Any) -> Any:
    """The structure with values, all of one run."""
    fetched: list[Any] = []
    _collect(found, fetched)
    values = iter(session.run(fetched))

    def rebuilt(part: Any) -> Any:
        if isinstance(part, Tensor | Operation | Variable):
            return next(values)
        if isinstance(part, list | tuple):
            return type(part)([rebuilt(p) for p in part])
        return {k: rebuilt(p) for k, p in part.items()} if isinstance(part, dict) else part

    return rebuilt(found)


def _collect(found: Any, fetched: list[Any]) -> None:
    if isinstance(found, Tensor | Operation | Variable):
        fetched.append(found)
    elif isinstance(found, list | tuple | dict):
        for part in found.values() if isinstance(found, dict) else found:
            _collect(part, fetched)


def either(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function over tensors that computes at once where no argument is one.

    Examples
    --------
    >>> import graphc as gc
    >>> @either
    ... def twice(x):
    ...     return as_tensor(x) * 2.0
    >>> twice([1.0, 2.0])
    array([2., 4.], dtype=float32)
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if is_symbolic(args, kwargs):
            return function(*args, **kwargs)
        return computed(function, *args, **kwargs)

    return call


def as_tensor(value: Any, dtype: Any = None) -> Tensor:
    """A tensor of a variable, array, list or number, in an element type if one is given.

    Python numbers and lists of them are float32 where they are not whole, and int32 where they are.
    """
    if isinstance(value, Variable):
        value = value.value()
    if not isinstance(value, Tensor):
        value = constant(value if dtype is None else np.asarray(value).astype(as_dtype(dtype).np))
    found: Tensor = value if dtype is None or value.dtype == as_dtype(dtype) else cast(value, dtype)
    return found


def as_floats(value: Any) -> Tensor:
    """A tensor whose elements are floats: float32 if they were none."""
    tensor = as_tensor(value)
    return tensor if tensor.dtype.is_floating else as_tensor(tensor, "float32")
