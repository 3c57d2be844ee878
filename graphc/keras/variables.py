"""Variables of models: named state with a value that is read and set without a session."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphc.graph.graph import Graph
from graphc.graph.operation import Tensor
from graphc.graph.operators import FUNCTIONS
from graphc.graph.store import default_store
from graphc.graph.variable import Variable as NativeVariable
from graphc.ir.dtypes import as_dtype
from graphc.keras.eager import is_symbolic


class Variable(NativeVariable):
    """State of a model, an optimizer or a metric; it belongs to no one graph.

    While a graph is being built, and with tensors, its methods add operations; with arrays they act at once, on the
    store that functions share.

    Parameters
    ----------
    initial_value : array_like
    trainable : bool
    name : str, optional
    dtype : DType, optional
        float32 if not given and the value is not an array.
    constraint, regularizer : callable, optional
        What it is brought back to after a step, and what is added to the loss for it.

    Examples
    --------
    >>> v = Variable([1.0, 2.0], name="v")
    >>> v.assign_add([1.0, 1.0])
    >>> v.numpy()
    array([2., 3.], dtype=float32)
    """

    def __init__(
        self, initial_value: Any, trainable: bool = True, name: str | None = None, dtype: Any = None,
        constraint: Any = None, regularizer: Any = None,
    ) -> None:  # fmt: skip
        value = np.asarray(initial_value)
        if dtype is None and not isinstance(initial_value, np.ndarray | np.generic) and value.dtype.kind == "f":
            dtype = "float32"
        self.constraint, self.regularizer = constraint, regularizer
        # What `trainable` is again when a layer is no longer frozen.
        self.meant_to_train = trainable
        # A graph of its own: a model's variables keep no training graph alive.
        with Graph().as_default():
            super().__init__(np.array(value, None if dtype is None else as_dtype(dtype).np), trainable, name)

    @property
    def _sizes(self) -> tuple[int, ...]:
        return tuple(int(n) for n in self.static_shape if isinstance(n, int))

    @property
    def element_count(self) -> int:
        """How many numbers it holds."""
        return math.prod(self._sizes)

    def numpy(self) -> np.ndarray:
        """A copy of its value."""
        return default_store().load(self)

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """Set its value: at once to an array, or by an operation to a tensor."""
        return self._write("assign", value, name)

    def assign_add(self, delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Add to its value: at once an array, or by an operation a tensor."""
        return self._write("assign_add", delta, name)

    def assign_sub(self, delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """Subtract from its value: at once an array, or by an operation a tensor."""
        return self._write("assign_sub", delta, name)

    def _write(self, kind: str, value: Any, name: str | None) -> Any:
        if is_symbolic(value) and not (isinstance(value, Variable) and not is_symbolic()):
            if not isinstance(value, Tensor | NativeVariable):
                value = FUNCTIONS["identity"](np.broadcast_to(np.asarray(value, self.dtype.np), self._sizes).copy())
            return FUNCTIONS[kind](self, value, name=name)
        given = value.numpy() if isinstance(value, Variable) else np.asarray(value)
        store = default_store()
        old: Any = 0 if kind == "assign" else store.load(self)
        new = given if kind == "assign" else old + given if kind == "assign_add" else old - given
        store.save(self, np.broadcast_to(np.asarray(new).astype(self.dtype.np), self._sizes))
        return None

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        value = self.numpy()
        return value if dtype is None else value.astype(dtype)

    def __float__(self) -> float:
        return float(self.numpy())

    def __int__(self) -> int:
        return int(self.numpy())

    def __format__(self, spec: str) -> str:
        return format(self.numpy()[()], spec) if self.static_shape == () else format(repr(self), spec)

    def __repr__(self) -> str:
        return f"<keras.Variable {self.op.name!r} shape={self.static_shape} dtype={self.dtype.name}>"
