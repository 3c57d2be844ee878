"""``theano.function``, ``theano.shared`` and what belongs to them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

import graphc as gc
from graphc.compat.theano._setting import follow_conventions
from graphc.graph.origin import user_origin


def valid(name: str | None) -> str | None:
    """A name as graphc's graphs take it: other characters than letters, digits and ``_.-/`` become ``_``."""
    if not name:
        return None
    clean = re.sub(r"[^A-Za-z0-9_.\-/]", "_", name)
    return clean if re.match(r"[A-Za-z0-9.]", clean) else f"v{clean}"


def shared(
    value: Any, name: str | None = None, strict: bool = False, allow_downcast: Any = None, borrow: bool = False,
    broadcastable: Any = None, **ignored: Any,
) -> gc.SharedVariable:  # fmt: skip
    """A shared variable; `graphc.shared`. Python floats are float64, integers int64, as NumPy has it.

    Its shape is fixed, unless it has no elements at first.
    """
    follow_conventions()
    array = np.asarray(value)
    made = gc.shared(array, valid(name), borrow=borrow, fixed_shape=array.size > 0)
    made.label = name
    return made


def In(
    variable: Any, name: str | None = None, value: Any = None, update: Any = None, mutable: Any = None,
    strict: bool = False, allow_downcast: Any = None, borrow: Any = None, **ignored: Any,
) -> gc.In:  # fmt: skip
    """An input with a default value or name; `graphc.In`.

    Raises
    ------
    NotImplementedError
        For ``update``: state belongs into a shared variable.
    """
    if update is not None:
        raise NotImplementedError("In(update=...): keep the state in theano.shared, and give function updates=")
    return gc.In(variable, value, name)


def Param(variable: Any, default: Any = None, name: str | None = None, **options: Any) -> gc.In:
    """An input with a default value, the old spelling of `In`."""
    return In(variable, name, default, **options)


def Mode(*args: Any, **kwargs: Any) -> None:
    """Accepted: graphc compiles in its own way."""


def function(
    inputs: Any, outputs: Any = None, mode: Any = None, updates: Any = None, givens: Any = None,
    no_default_updates: bool = False, accept_inplace: bool = False, name: str | None = None,
    rebuild_strict: bool = True, allow_input_downcast: bool | None = None, profile: Any = None,
    on_unused_input: str | None = None,
) -> gc.Function:  # fmt: skip
    """A callable of a piece of a graph; `graphc.function`.

    ``mode`` (but for ``"interpret"``) and ``profile`` are accepted without effect.

    Raises
    ------
    GraphError
        If an input is not used, unless `on_unused_input` is ``"warn"`` or ``"ignore"``.
    NotImplementedError
        For ``no_default_updates=True``.
    """
    graph = follow_conventions()
    if no_default_updates:
        raise NotImplementedError("no_default_updates: random numbers are new in every call; pass seed= to fix them")
    if not isinstance(inputs, list | tuple):
        raise gc.GraphError("the inputs of a function must come in a list", user_origin())
    with graph.as_default():
        return gc.function(
            inputs, [] if outputs is None else as_outputs(outputs), updates, givens,
            mode="interpret" if mode == "interpret" else None, name=name,
            on_unused_input=on_unused_input or "raise", allow_input_downcast=allow_input_downcast,
        )  # fmt: skip


def as_outputs(outputs: Any) -> Any:
    """Outputs in their structure, with numbers and arrays as tensors."""
    if isinstance(outputs, dict):
        return {key: as_outputs(value) for key, value in outputs.items()}
    if isinstance(outputs, list | tuple):
        return [as_outputs(value) for value in outputs]
    if hasattr(outputs, "as_tensor"):
        return outputs.as_tensor()
    return outputs if isinstance(outputs, gc.Tensor | gc.Variable) else gc.constant(np.asarray(outputs))


def clone(
    output: Any, replace: Any = None, strict: bool = True, share_inputs: bool = True, copy_inputs: bool = True
) -> Any:
    """Copies of tensors with replacements; `graphc.graph_replace`."""
    return gc.graph_replace(output, replace or {})
