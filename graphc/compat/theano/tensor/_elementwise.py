"""Elementwise functions and reductions under Theano's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import graphc as gc
from graphc.compat.theano._setting import config
from graphc.compat.theano.tensor._making import as_tensor_variable, typed

# Theano's name and the native one; operands are tensors, arrays or numbers.
FUNCTIONS = """
abs_ abs|absolute abs|add add|and_ bitwise_and|arccos acos|arccosh acosh|arcsin asin|arcsinh asinh|arctan atan
arctan2 atan2|arctanh atanh|bitwise_and bitwise_and|bitwise_not invert|bitwise_or bitwise_or|bitwise_xor bitwise_xor
ceil ceil|cos cos|cosh cosh|eq equal|erf erf|erfc erfc|exp exp|exp2 exp2|expm1 expm1|floor floor|floor_div floordiv
gammaln lgamma|ge greater_equal|gt greater|int_div floordiv|inv reciprocal|invert invert|isinf is_inf|isnan is_nan
le less_equal|log log|log10 log10|log1p log1p|log2 log2|lt less|maximum maximum|minimum minimum|mod mod|mul multiply
neg negative|neq not_equal|or_ bitwise_or|pow pow|power pow|psi digamma|reciprocal reciprocal|round round|sgn sign
sign sign|sin sin|sinh sinh|sqr square|sqrt sqrt|square square|sub subtract|switch where|tan tan|tanh tanh
true_div divide|trunc trunc|where where|xor bitwise_xor
"""


def _bound(name: str, native: str) -> Callable[..., gc.Tensor]:
    function = getattr(gc, native)

    def call(*operands: Any, **ignored: Any) -> gc.Tensor:
        symbolic = any(isinstance(o, gc.Tensor | gc.Variable) for o in operands)
        found: gc.Tensor
        if native == "where":
            chosen, x, y = operands
            values = (x, y) if isinstance(x, gc.Tensor | gc.Variable) or isinstance(y, gc.Tensor | gc.Variable) else (
                typed(x), typed(y))  # fmt: skip
            found = function(as_tensor_variable(chosen), *values)
        elif len(operands) > 2:
            # Sums and products of several.
            found = call(call(*operands[:-1]), operands[-1])
        else:
            found = function(*(operands if symbolic else (as_tensor_variable(o) for o in operands)))
        return found

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"`graphc.{native}`, elementwise."
    return call


def functions() -> dict[str, Callable[..., gc.Tensor]]:
    """The elementwise functions by name."""
    pairs = (line.split() for line in FUNCTIONS.replace("\n", "|").split("|") if line.strip())
    return {name: _bound(name, native) for name, native in pairs}


def cast(x: Any, dtype: Any) -> gc.Tensor:
    """Elements converted to another type; ``"floatX"`` stands for `config.floatX`."""
    found: gc.Tensor = gc.cast(as_tensor_variable(x), config.floatX if dtype == "floatX" else dtype)
    return found


def clip(x: Any, min: Any, max: Any) -> gc.Tensor:
    """Elements limited to a range."""
    found: gc.Tensor = gc.clip_by_value(as_tensor_variable(x), min, max)
    return found


def _reduction(name: str, typed_result: bool) -> Callable[..., gc.Tensor]:
    if typed_result:

        def reduce(
            x: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, acc_dtype: Any = None, **ignored: Any
        ) -> gc.Tensor:
            found: gc.Tensor = getattr(as_tensor_variable(x), name)(axis=axis, dtype=dtype, keepdims=keepdims)
            return found
    else:

        def reduce(x: Any, axis: Any = None, keepdims: bool = False, **ignored: Any) -> gc.Tensor:  # type: ignore[misc]
            found: gc.Tensor = getattr(as_tensor_variable(x), name)(axis=axis, keepdims=keepdims)
            return found

    reduce.__name__ = reduce.__qualname__ = name
    reduce.__doc__ = f"The method ``{name}`` of tensors: over axes, all if none is given."
    return reduce


def reductions() -> dict[str, Callable[..., gc.Tensor]]:
    """The reductions by name."""
    found = {name: _reduction(name, True) for name in ("sum", "mean", "prod")}
    found |= {name: _reduction(name, False) for name in ("max", "min", "any", "all", "std", "var")}
    return found


def _positions(kind: str, x: Any, axis: Any, keepdims: bool) -> gc.Tensor:
    tensor = as_tensor_variable(x)
    found: gc.Tensor = getattr(tensor, kind)(axis)
    if keepdims:
        found = gc.expand_dims(found, axis) if axis is not None else found.reshape([1] * (tensor.ndim or 0))
    return found


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> gc.Tensor:
    """Position of the first largest element, of all or along an axis."""
    return _positions("argmax", x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> gc.Tensor:
    """Position of the first smallest element, of all or along an axis."""
    return _positions("argmin", x, axis, keepdims)


def max_and_argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> tuple[gc.Tensor, gc.Tensor]:
    """The largest element and its position."""
    return as_tensor_variable(x).max(axis, keepdims), argmax(x, axis, keepdims)


def ptp(a: Any, axis: Any = None) -> gc.Tensor:
    """The range of values: largest minus smallest."""
    tensor = as_tensor_variable(a)
    found: gc.Tensor = tensor.max(axis) - tensor.min(axis)
    return found


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> gc.Tensor:
    """log(sum(exp(x))), without overflow."""
    found: gc.Tensor = gc.reduce_logsumexp(as_tensor_variable(x), axis, keepdims)
    return found


def allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8) -> gc.Tensor:
    """Whether all elements are equal up to a tolerance."""
    x, y = as_tensor_variable(a), as_tensor_variable(b)
    found: gc.Tensor = gc.reduce_all(gc.less_equal(abs(x - y), abs(y) * rtol + atol))
    return found


def dot(a: Any, b: Any) -> gc.Tensor:
    """NumPy's dot product."""
    found: gc.Tensor = gc.dot(as_tensor_variable(a), as_tensor_variable(b))
    return found


def outer(a: Any, b: Any) -> gc.Tensor:
    """All products of an element of `a` with one of `b`."""
    x, y = as_tensor_variable(a).flatten(), as_tensor_variable(b).flatten()
    found: gc.Tensor = gc.expand_dims(x, 1) * y
    return found


def tensordot(a: Any, b: Any, axes: Any = 2) -> gc.Tensor:
    """Sum of products over paired axes."""
    found: gc.Tensor = gc.tensordot(as_tensor_variable(a), as_tensor_variable(b), axes)
    return found


def batched_dot(a: Any, b: Any) -> gc.Tensor:
    """The dot product of each pair of items along the first axis."""
    x, y = as_tensor_variable(a), as_tensor_variable(b)
    if x.ndim == 2 and y.ndim == 2:
        pairs: gc.Tensor = gc.reduce_sum(x * y, axis=1)
        return pairs
    if x.ndim == 2 or y.ndim == 2:
        left, right = (gc.expand_dims(x, 1), y) if x.ndim == 2 else (x, gc.expand_dims(y, 2))
        narrow: gc.Tensor = gc.squeeze(gc.matmul(left, right), [1] if x.ndim == 2 else [2])
        return narrow
    found: gc.Tensor = gc.matmul(x, y)
    return found
