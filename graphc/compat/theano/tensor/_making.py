"""Symbolic inputs, constants, and tensors made from sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import graphc as gc
from graphc.compat.theano._compile import valid
from graphc.compat.theano._setting import config, follow_conventions


class TensorType:
    """A type of symbolic inputs: element type, rank, and which axes have size 1.

    Parameters
    ----------
    dtype : str
        ``"floatX"`` stands for `config.floatX`.
    broadcastable : sequence of bool
        One per axis: whether its size is 1.
    name : str, optional
    """

    def __init__(self, dtype: Any = None, broadcastable: Any = (), name: str | None = None) -> None:
        self.dtype = dtype
        self.broadcastable = tuple(bool(b) for b in broadcastable)
        self.ndim = len(self.broadcastable)

    def __call__(self, name: str | None = None, dtype: Any = None) -> gc.Tensor:
        """A new input of this type."""
        follow_conventions()
        kind = dtype or self.dtype
        kind = config.floatX if kind in (None, "floatX") else kind
        tensor = gc.placeholder(kind, [1 if b else None for b in self.broadcastable], name=valid(name))
        tensor.label = name
        return tensor

    make_variable = __call__


SHAPES = {
    "scalar": (), "vector": (0,), "row": (1, 0), "col": (0, 1), "matrix": (0,) * 2, "tensor3": (0,) * 3,
    "tensor4": (0,) * 4, "tensor5": (0,) * 5,
}  # fmt: skip
LETTERS = {"b": "int8", "w": "int16", "i": "int32", "l": "int64", "f": "float32", "d": "float64"}


def _several(one: Callable[..., gc.Tensor]) -> Callable[..., Any]:
    def make(*names: Any) -> Any:
        """Several inputs at once, by their names or their number."""
        listed = [None] * names[0] if len(names) == 1 and isinstance(names[0], int) else list(names)
        made = [one(name) for name in listed]
        return made if len(made) > 1 else made[0]

    return make


def input_types() -> dict[str, Any]:
    """``scalar``, ``dmatrix``, ``ivectors`` and so on."""
    made: dict[str, Any] = {}
    for shape, broadcastable in SHAPES.items():
        for letter, dtype in {"": None, **LETTERS}.items():
            kind = made[letter + shape] = TensorType(dtype, broadcastable)
            plural = {"matrix": "matrices", "vector": "vectors"}.get(shape, shape + "s")
            made[letter + plural] = _several(kind)
    return made


def sizes(shape: Any) -> Any:
    """A shape as sizes: numbers, tensors, or a tensor of them all."""
    if isinstance(shape, list | tuple):
        return [int(s) if isinstance(s, np.integer | float) else s for s in shape]
    if isinstance(shape, int | np.integer):
        return [int(shape)]
    if isinstance(shape, gc.Tensor) and shape.shape.ndims == 0:
        return [shape]
    return shape


def typed(value: Any) -> Any:
    """A Python number as Theano types it: floats are `config.floatX`, integers int64; anything else as it is."""
    if isinstance(value, bool):
        return np.bool_(value)
    if isinstance(value, int):
        return np.int64(value)
    return np.asarray(value, config.floatX)[()] if isinstance(value, float) else value


def as_tensor_variable(x: Any, name: str | None = None, ndim: int | None = None) -> gc.Tensor:
    """`x` as a tensor."""
    if isinstance(x, gc.Tensor):
        return x
    if isinstance(x, gc.Variable):
        return x.value()
    if hasattr(x, "as_tensor"):
        found: gc.Tensor = x.as_tensor()
        return found
    follow_conventions()
    if isinstance(x, list | tuple) and any(isinstance(v, gc.Tensor | gc.Variable) for v in x):
        stacked: gc.Tensor = gc.stack([typed(v) for v in x])
        return stacked
    array = np.asarray(x)
    if array.dtype == np.float64 and not isinstance(x, np.ndarray | np.generic):
        array = array.astype(config.floatX)
    made: gc.Tensor = gc.constant(array, name=valid(name))
    return made


as_tensor = as_tensor_variable


def constant(x: Any, name: str | None = None, ndim: int | None = None, dtype: Any = None) -> gc.Tensor:
    """A tensor known when the graph is built."""
    return as_tensor_variable(x if dtype is None else np.asarray(x, dtype), name)


def zeros(shape: Any, dtype: Any = None) -> gc.Tensor:
    """Zeros of a shape."""
    follow_conventions()
    made: gc.Tensor = gc.zeros(sizes(shape), dtype=dtype or config.floatX)
    return made


def ones(shape: Any, dtype: Any = None) -> gc.Tensor:
    """Ones of a shape."""
    follow_conventions()
    made: gc.Tensor = gc.ones(sizes(shape), dtype=dtype or config.floatX)
    return made


def alloc(value: Any, *shape: Any) -> gc.Tensor:
    """A value repeated to a shape."""
    made: gc.Tensor = gc.broadcast_to(as_tensor_variable(value), sizes(list(shape)))
    return made


def fill(a: Any, b: Any) -> gc.Tensor:
    """The value `b` in the shape of `a`."""
    made: gc.Tensor = gc.broadcast_to(as_tensor_variable(b), gc.shape(a))
    return made


def zeros_like(model: Any, dtype: Any = None, opt: bool = False) -> gc.Tensor:
    """Zeros of another tensor's shape and element type."""
    made: gc.Tensor = gc.zeros_like(as_tensor_variable(model), dtype=dtype)
    return made


def ones_like(model: Any, dtype: Any = None, opt: bool = False) -> gc.Tensor:
    """Ones of another tensor's shape and element type."""
    made: gc.Tensor = gc.ones_like(as_tensor_variable(model), dtype=dtype)
    return made


def eye(n: Any, m: Any = None, k: int = 0, dtype: Any = None) -> gc.Tensor:
    """Ones on a diagonal: the main one, or the `k`-th above it."""
    follow_conventions()
    rows, columns = gc.range(n, dtype="int64"), gc.range(n if m is None else m, dtype="int64")
    made: gc.Tensor = gc.cast(gc.equal(gc.expand_dims(rows, 1) + k, columns), dtype or config.floatX)
    return made


def identity_like(x: Any) -> gc.Tensor:
    """The unit matrix of the size and element type of a square matrix."""
    matrix = as_tensor_variable(x)
    return eye(matrix.shape[0], matrix.shape[1], dtype=matrix.dtype)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> gc.Tensor:
    """Numbers from `start` (0 if only one is given) up to but without `stop`."""
    follow_conventions()
    floats = any(isinstance(v, float | np.floating) for v in (start, stop, step))
    made: gc.Tensor = gc.range(start, stop, step, dtype=dtype or (config.floatX if floats else "int64"))
    return made
