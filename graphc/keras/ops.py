"""Functions by the names of `keras.ops`: of recorded inputs, of tensors, and of arrays, for which they act at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import graphc as gc
from graphc.keras import activations
from graphc.keras.eager import as_floats, as_tensor, either
from graphc.keras.engine.recorded import KerasTensor
from graphc.keras.engine.structure import leaves


def _argmax(x: Any, axis: int | None = None) -> Any:
    x = as_tensor(x)
    return gc.argmax(gc.reshape(x, [-1]) if axis is None else x, 0 if axis is None else axis, "int32")


def _argmin(x: Any, axis: int | None = None) -> Any:
    return _argmax(-as_tensor(x), axis)


def _concatenate(xs: Any, axis: int = 0) -> Any:
    return gc.concat([as_tensor(x) for x in xs], axis)


def _take(x: Any, indices: Any, axis: int | None = None) -> Any:
    x = as_tensor(x)
    return gc.gather(gc.reshape(x, [-1]) if axis is None else x, indices, 0 if axis is None else axis)


def _var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    x = as_floats(x)
    return gc.reduce_mean(gc.square(x - gc.reduce_mean(x, axis, keepdims=True)), axis, keepdims=keepdims)


def _std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return gc.sqrt(_var(x, axis, keepdims))


def _pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    return gc.pad(x, pad_width, mode.upper(), constant_values)


def _one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = "float32") -> Any:
    return gc.one_hot(x, num_classes, axis=axis, dtype=dtype)


TABLE: dict[str, Callable[..., Any]] = {
    "abs": gc.abs, "absolute": gc.abs, "add": gc.add, "all": gc.reduce_all, "any": gc.reduce_any, "arccos": gc.acos,
    "arcsin": gc.asin, "arctan": gc.atan, "argmax": _argmax, "argmin": _argmin, "cast": gc.cast, "ceil": gc.ceil,
    "clip": gc.clip_by_value, "concatenate": _concatenate, "cos": gc.cos, "cosh": gc.cosh, "cumsum": gc.cumsum,
    "divide": gc.divide, "einsum": gc.einsum, "equal": gc.equal, "erf": gc.erf, "exp": gc.exp,
    "expand_dims": gc.expand_dims, "expm1": gc.expm1, "flip": gc.reverse, "floor": gc.floor, "greater": gc.greater,
    "greater_equal": gc.greater_equal, "isnan": gc.is_nan, "less": gc.less, "less_equal": gc.less_equal, "log": gc.log,
    "log1p": gc.log1p, "logical_and": gc.logical_and, "logical_not": gc.logical_not, "logical_or": gc.logical_or,
    "logsumexp": gc.reduce_logsumexp, "matmul": gc.matmul, "max": gc.reduce_max, "maximum": gc.maximum,
    "mean": gc.reduce_mean, "min": gc.reduce_min, "minimum": gc.minimum, "multiply": gc.multiply,
    "negative": gc.negative, "not_equal": gc.not_equal, "one_hot": _one_hot, "ones": gc.ones, "ones_like": gc.ones_like,
    "pad": _pad, "power": gc.pow, "prod": gc.reduce_prod, "reshape": gc.reshape, "round": gc.round, "rsqrt": gc.rsqrt,
    "shape": gc.shape, "sign": gc.sign, "sin": gc.sin, "sinh": gc.sinh, "sqrt": gc.sqrt, "square": gc.square,
    "squeeze": gc.squeeze, "stack": gc.stack, "std": _std, "stop_gradient": gc.stop_gradient, "subtract": gc.subtract,
    "sum": gc.reduce_sum, "take": _take, "tan": gc.tan, "tensordot": gc.tensordot, "tile": gc.tile, "top_k": gc.top_k,
    "transpose": gc.transpose, "var": _var, "where": gc.where, "zeros": gc.zeros, "zeros_like": gc.zeros_like,
    **{n: activations.FUNCTIONS[n] for n in ("elu", "gelu", "leaky_relu", "log_softmax", "relu", "selu", "sigmoid",
                                             "silu", "softmax", "softplus", "softsign", "tanh")},
}  # fmt: skip


def _function(name: str) -> Callable[..., Any]:
    from graphc.keras.layers.operation import Function

    at_once = either(TABLE[name])

    def call(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(v, KerasTensor) for v in leaves([args, kwargs])):
            return Function(name)(*args, **kwargs)
        return at_once(*args, **kwargs)

    call.__name__ = name
    call.__doc__ = TABLE[name].__doc__
    return call


def __getattr__(name: str) -> Any:
    if name not in TABLE:
        raise AttributeError(f"keras.ops has no function {name!r} here: there are {', '.join(sorted(TABLE))}")
    found = globals()[name] = _function(name)
    return found


def __dir__() -> list[str]:
    return sorted(TABLE)
