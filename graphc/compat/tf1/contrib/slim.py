"""``tf.contrib.slim``: the layers of ``tf.contrib.layers`` with ``arg_scope``, ``repeat`` and ``stack``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import graphc as gc
from graphc.compat.tf1.contrib import framework, layers
from graphc.compat.tf1.contrib._scoping import add_arg_scope, arg_scope

__all__ = ["add_arg_scope", "arg_scope", "repeat"]


def repeat(inputs: Any, repetitions: int, layer: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A layer applied again and again, under ``scope/scope_1``, ``scope/scope_2``, ..."""
    scope = kwargs.pop("scope", None) or layer.__name__
    with gc.variable_scope(scope):
        for k in range(1, repetitions + 1):
            inputs = layer(inputs, *args, scope=f"{scope}_{k}", **kwargs)
    return inputs


def __getattr__(name: str) -> Any:
    try:
        return getattr(layers, name)
    except AttributeError:
        return getattr(framework, name)
