"""What a metric is: state that batches are added to, and a value read off."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from graphc.api.math import cast, reduce_mean, reduce_sum
from graphc.api.shaping import expand_dims, shape
from graphc.api.state import group
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.variable import default_array
from graphc.keras.eager import as_floats, as_tensor, computed, is_symbolic, is_tracing
from graphc.keras.lookup import Configured, plain, snake_case, to_write
from graphc.keras.losses.reduce import masked_weights, quotient, same_rank
from graphc.keras.variables import Variable

WRITES = ("Assign", "AssignAdd", "AssignSub")


class Metric(Configured):
    """A measure collected over batches.

    A metric of your own makes its state with `add_variable`, has ``update_state(y_true, y_pred, sample_weight=None)``,
    which assigns to it, and `result`. With tensors, `update_state` is one operation of the native step; with arrays it
    acts at once.

    Parameters
    ----------
    name : str, optional
    dtype : DType, optional

    Examples
    --------
    >>> class Largest(Metric):
    ...     def __init__(self, name="largest"):
    ...         super().__init__(name)
    ...         self.top = self.add_variable((), "zeros", name="top")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         import graphc as gc
    ...         self.top.assign(gc.maximum(self.top.value(), gc.reduce_max(abs(y_true - y_pred))))
    ...     def result(self):
    ...         return self.top.value()
    >>> largest = Largest()
    >>> largest.update_state(np.float32([1.0, 2.0]), np.float32([1.5, 4.0]))
    >>> largest.result()
    np.float32(2.0)
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "update_state" in cls.__dict__:
            cls.update_state = _updating(cls.__dict__["update_state"])  # type: ignore[method-assign]
        if "result" in cls.__dict__:
            cls.result = _reading(cls.__dict__["result"])  # type: ignore[method-assign]

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        self.name = name or snake_case(type(self).__name__)
        self.dtype = dtype or "float32"
        self.variables: list[Variable] = []

    def add_variable(
        self, shape: Any = (), initializer: Any = "zeros", dtype: Any = None, name: str | None = None
    ) -> Variable:
        """A part of the state, which starts from an initializer's value."""
        from graphc.keras import initializers

        value = np.asarray(initializers.get(initializer)(tuple(shape), dtype or self.dtype))
        made = Variable(value, False, f"{self.name}/{name or 'state'}")
        self.variables.append(made)
        return made

    add_weight = add_variable

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch."""
        raise to_write(self, "update_state(y_true, y_pred, sample_weight=None)")

    def result(self) -> Any:
        """The value of what has been collected."""
        raise to_write(self, "result()")

    def reset_state(self) -> None:
        """Start anew."""
        for variable in self.variables:
            variable.assign(variable.initial_value)

    reset_states = reset_state

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch of arrays and return the value after that."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal metric is made."""
        return super().get_config() | {"name": self.name, "dtype": self.dtype}


def _updating(function: Callable[..., Any]) -> Callable[..., Any]:
    """The method as an operation that does all its assignments, or at once for arrays."""

    @functools.wraps(function)
    def call(self: Metric, *args: Any, **kwargs: Any) -> Any:
        if is_symbolic(args, kwargs):
            graph = get_default_graph()
            first = len(graph.operations)
            function(self, *args, **kwargs)
            made: list[Operation] = [op for op in graph.operations[first:] if op.type in WRITES]
            return group(*made)
        given = [_array(a) for a in args]
        computed(lambda: call(self, *given, **{k: _array(v) for k, v in kwargs.items()}))
        return None

    return call


def _array(value: Any) -> Any:
    """Lists and arrays as arrays of the language's default types: they become tensors where they meet one."""
    return default_array(value) if isinstance(value, list | tuple | np.ndarray | np.generic) else value


def _reading(function: Callable[..., Any]) -> Callable[..., Any]:
    """The method as a tensor while a graph is being built, and as a value otherwise."""

    @functools.wraps(function)
    def call(self: Metric) -> Any:
        if not is_tracing():
            return computed(function, self)
        graph = get_default_graph()
        own = [op for op in graph.operations if op.type in WRITES and op.kwargs.get("variable") in self.variables]
        # What is read is the state after the batch that this step adds.
        with graph.control_dependencies(own):
            return function(self)

    return call


def samplewise(values: Any, sample_weight: Any, mean: bool) -> tuple[Tensor, Tensor | None]:
    """Weighted values and weights, one for each sample: means or sums over the other axes, as Keras takes them."""
    reduce = reduce_mean if mean else reduce_sum
    v = as_tensor(as_floats(values), "float32")
    weights: Tensor | None = None
    if sample_weight is not None:
        v, weights = same_rank(v, as_tensor(sample_weight, "float32"))
        rank = len(weights.shape)
        if len(v.shape) > rank:
            v = reduce(v, axis=list(range(rank, len(v.shape))))
        v = v * weights
        if rank > 1:
            weights = reduce(weights, axis=list(range(1, rank)))
    if len(v.shape) > 1:
        v = reduce(v, axis=list(range(1, len(v.shape))))
    return v, weights


class Sum(Metric):
    """The weighted sum of all values."""

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.total = self.add_variable(name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> Any:
        """Add a batch."""
        self.total.assign_add(reduce_sum(samplewise(values, sample_weight, False)[0]))

    def result(self) -> Any:
        """The sum."""
        return self.total.value()


class Mean(Metric):
    """The weighted mean of all values.

    Examples
    --------
    >>> mean = Mean()
    >>> mean.update_state([1.0, 3.0])
    >>> mean.update_state([8.0])
    >>> mean.result()
    np.float32(4.0)
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.total, self.count = self.add_variable(name="total"), self.add_variable(name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> Any:
        """Add a batch."""
        v, weights = samplewise(values, sample_weight, True)
        self.total.assign_add(reduce_sum(v))
        if weights is not None and len(weights.shape) < len(v.shape):
            weights = expand_dims(weights, 0)
        number = reduce_sum(weights) if weights is not None else cast(shape(v)[0], "float32") if len(v.shape) else 1.0
        self.count.assign_add(as_tensor(number, "float32"))

    def result(self) -> Any:
        """The mean; 0 before the first batch."""
        return quotient(self.total.value(), self.count.value())


class MeanMetricWrapper(Mean):
    """The mean of a function of labels and predictions.

    Parameters
    ----------
    fn : callable
        ``fn(y_true, y_pred, **options)`` gives one value for each sample.
    name : str, optional
    dtype : DType, optional
    **options
        Passed to the function.
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **options: Any) -> None:
        super().__init__(name or getattr(fn, "__name__", None), dtype)
        self.fn, self.options = fn, options

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Add a batch."""
        values = self.fn(y_true, y_pred, **self.options)
        Mean.update_state(self, values, masked_weights(sample_weight, mask, as_tensor(values).dtype, False))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal metric is made."""
        return {"name": self.name, "dtype": self.dtype} | {k: plain(v) for k, v in self.options.items()}
