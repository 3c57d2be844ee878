"""``arg_scope``: arguments of functions that hold within a block."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import graphc as gc

Scope = dict[Any, dict[str, Any]]

_scopes: list[Scope] = [{}]
_wrappers: dict[Any, Callable[..., Any]] = {}


def add_arg_scope(func: Callable[..., Any]) -> Callable[..., Any]:
    """A function that takes arguments from the scopes around its calls; those that are given come first.

    Examples
    --------
    >>> @add_arg_scope
    ... def power(x, exponent=1):
    ...     return x**exponent
    >>> with arg_scope([power], exponent=2):
    ...     print(power(3), power(3, exponent=3))
    9 27
    """
    if func in _wrappers:
        return _wrappers[func]

    @functools.wraps(func)
    def scoped(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **{**_scopes[-1].get(scoped, {}), **kwargs})

    _wrappers[func] = _wrappers[scoped] = scoped
    return scoped


@contextmanager
def arg_scope(list_ops_or_scope: Any, **kwargs: Any) -> Iterator[Scope]:
    """Arguments for functions within a block.

    Parameters
    ----------
    list_ops_or_scope : sequence of functions, or what an ``arg_scope`` gave
    **kwargs
        Arguments of all these functions.

    Raises
    ------
    ValueError
        If a function takes no part in scopes, or arguments are given beside a scope.
    """
    if isinstance(list_ops_or_scope, Mapping):
        if kwargs:
            raise ValueError("arg_scope: a scope that is entered again takes no arguments")
        _scopes.append({f: dict(a) for f, a in list_ops_or_scope.items()})
    else:
        merged = {f: dict(a) for f, a in _scopes[-1].items()}
        for func in list_ops_or_scope:
            if _wrappers.get(func) is not func:
                name = getattr(func, "__name__", repr(func))
                raise ValueError(f"arg_scope: {name} takes no part in scopes: decorate it with add_arg_scope")
            merged.setdefault(func, {}).update(kwargs)
        _scopes.append(merged)
    try:
        yield _scopes[-1]
    finally:
        _scopes.pop()


def smart_cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any], name: str | None = None) -> Any:
    """One of two functions' results: chosen now if `pred` is known, else in the run."""
    if isinstance(pred, gc.Tensor | gc.Variable):
        return gc.cond(pred, true_fn, false_fn)
    return true_fn() if pred else false_fn()
