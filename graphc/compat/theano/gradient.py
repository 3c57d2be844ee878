"""``theano.gradient``: gradients and products with Jacobians."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.compat.theano._setting import absent as _absent

grad = gc.grad
disconnected_grad = consider_constant = zero_grad = gc.stop_gradient


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _like(value: Any, found: list[Any]) -> Any:
    return found if isinstance(value, list | tuple) else found[0]


def jacobian(expression: Any, wrt: Any, consider_constant: Any = None, disconnected_inputs: str = "raise") -> Any:
    """Derivatives of the elements of `expression`, one row each; a list for a list of `wrt`."""
    return _like(wrt, [gc.jacobian(expression, x) for x in _listed(wrt)])


def hessian(cost: Any, wrt: Any, consider_constant: Any = None, disconnected_inputs: str = "raise") -> Any:
    """Second derivatives of a scalar; a list for a list of `wrt`."""
    return _like(wrt, [gc.hessian(cost, x) for x in _listed(wrt)])


def Rop(f: Any, wrt: Any, eval_points: Any, disconnected_outputs: str = "raise") -> Any:
    """Products of the Jacobian of `f` with `eval_points`; `graphc.jvp`."""
    return _like(f, gc.jvp(_listed(f), _listed(wrt), _listed(eval_points)))


def Lop(f: Any, wrt: Any, eval_points: Any, consider_constant: Any = None, disconnected_inputs: str = "raise") -> Any:
    """Products of `eval_points` with the Jacobian of `f`."""
    known = dict(zip(_listed(f), _listed(eval_points), strict=True))
    return gc.grad(
        None, wrt, known_grads=known, consider_constant=consider_constant, disconnected_inputs=disconnected_inputs
    )


_MISSING = {
    "grad_clip": "clip the gradient with T.clip where it is made",
    "verify_grad": "compare with finite differences of the compiled function",
    "DisconnectedType": "use disconnected_inputs='ignore'",
}

__getattr__ = _absent("gradient", _MISSING, lambda: globals())
