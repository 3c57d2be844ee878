"""Gradients of one's own: ``tf.RegisterGradient`` and ``graph.gradient_override_map``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import graphc as gc
from graphc.graph.origin import user_origin

_RULES: dict[str, Callable[..., Any]] = {"Identity": lambda op, g: g}
"""Rules by name; TensorFlow has one for each of its operations, scripts use this one: straight through."""


@dataclass(frozen=True)
class OperationView:
    """What a rule sees of an operation: its operands and results, as tensors of the gradient's graph."""

    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]


class RegisterGradient:
    """A decorator that gives a name to the rule of a gradient, for ``graph.gradient_override_map``.

    The rule is called as ``rule(op, grad)`` and returns a gradient for each input; ``op`` has ``inputs`` and
    ``outputs``. It must use nothing of the graph but these.

    Raises
    ------
    KeyError
        If the name is taken.
    """

    def __init__(self, op_type: str) -> None:
        if op_type in _RULES:
            raise KeyError(f"a gradient of the name {op_type!r} is registered already: choose another name")
        self._type = op_type

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Register it."""
        _RULES[self._type] = function
        return function


def overridden(operation: str | None, result: Any) -> Any:
    """The results of an operation, with the gradient that the graph's overrides in force give it, if they do."""
    name = gc.get_default_graph().gradient_overrides.get(operation or "")
    if name is None:
        return result
    rule = _RULES.get(name)
    if rule is None:
        raise LookupError(
            f"no gradient is registered under {name!r}: write @tf.RegisterGradient({name!r}) before its rule\n"
            f"  at {user_origin()}"
        )
    found = list(result) if isinstance(result, list | tuple) else [result]
    made = [_with_rule(tensor, number, rule) for number, tensor in enumerate(found)]
    return made if isinstance(result, list | tuple) else made[0]


def _with_rule(tensor: gc.Tensor, number: int, rule: Callable[..., Any]) -> gc.Tensor:
    inputs, count = list(tensor.op.inputs), len(tensor.op.outputs)

    def vjp(g: Any, y: Any, *xs: Any) -> Any:
        view = OperationView(xs, tuple(y if i == number else None for i in range(count)))
        return rule(view, *(g if i == number else None for i in range(count)))

    return gc.with_gradient(tensor, inputs, vjp)
