"""What layers share: the scope of their variables, checks of their inputs, activation and penalties."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from graphc.api.nn import bias_add
from graphc.api.scopes import REGULARIZATION_LOSSES, get_variable
from graphc.api.shaping import identity, reshape
from graphc.graph.errors import GraphError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.scopes import VariableScope, variable_scope
from graphc.graph.variable import Variable
from graphc.initializers.constants import Zeros
from graphc.ir.dtypes import DType

Activation = Callable[[Any], Any] | None


@contextmanager
def layer_scope(name: str | VariableScope | None, default_name: str, reuse: Any = None) -> Iterator[VariableScope]:
    """The scope of one layer: by its name, or the first free number of the default name.

    Parameters
    ----------
    name : str, VariableScope or None
    default_name : str
    reuse : bool or AUTO_REUSE, optional
        Where True and there is no name, the layer of the default name is meant.
    """
    if name is None and reuse:
        name = default_name
    with variable_scope(name, default_name, reuse=reuse) as scope:
        yield scope


def as_input(inputs: Any, what: str, rank: int | None = None, least: int = 1) -> Tensor:
    """A layer's input as a tensor of floats.

    Parameters
    ----------
    inputs : Tensor, Variable or array_like
    what : str
        The layer's name in messages.
    rank : int, optional
        The number of axes it must have.
    least : int
        The number of axes it must have at least.

    Raises
    ------
    GraphError
        If element type or rank do not fit.
    """
    x: Tensor = inputs if isinstance(inputs, Tensor) else identity(inputs)
    if not x.dtype.is_floating:
        raise GraphError(f"{what}: the input {x.name} is {x.dtype.name}: cast it to float first", user_origin())
    have = x.shape.ndims
    if have is None or have < least or (rank is not None and have != rank):
        need = f"{rank}" if rank is not None else f"at least {least}"
        raise GraphError(
            f"{what}: the input needs {need} axes, but {x.name} has shape {x.shape}: say its shape at the placeholder, "
            "or reshape it",
            user_origin(),
        )
    return x


def known_size(x: Tensor, axis: int, what: str) -> int:
    """The size of an axis, which decides the shape of a variable.

    Raises
    ------
    GraphError
        If it is known only at run time.
    """
    size = x.shape.as_list()[axis]
    if size is None:
        raise GraphError(
            f"{what}: axis {axis} of {x.name}, shape {x.shape}, must be known, as variables depend on it: say it at "
            "the placeholder, or with set_shape",
            user_origin(),
        )
    return size


def as_switch(training: Any) -> Any:
    """Whether a layer trains: a Python boolean, or a tensor, a scalar even if its placeholder has no shape."""
    return reshape(training, []) if isinstance(training, Tensor | Variable) else bool(training)


def weight(
    name: str, shape: list[int], dtype: DType, initializer: Any, regularizer: Any = None, trainable: bool = True,
    collections: list[str] | None = None,
) -> Variable:  # fmt: skip
    """A variable of the layer whose scope is open."""
    return get_variable(
        name, shape, dtype, initializer=initializer, regularizer=regularizer, trainable=trainable,
        collections=collections,
    )  # fmt: skip


def with_bias(y: Tensor, size: int, wanted: bool, initializer: Any, regularizer: Any, trainable: bool) -> Tensor:
    """A layer's linear part, [..., size], plus the variable ``bias`` if it is wanted; zeros by default."""
    if not wanted:
        return y
    start = Zeros() if initializer is None else initializer
    found: Tensor = bias_add(y, weight("bias", [size], y.dtype, start, regularizer, trainable))
    return found


def finished(result: Any, activation: Activation, activity_regularizer: Any = None) -> Tensor:
    """The activation of a layer's result, whose penalty joins ``"regularization_losses"``."""
    found: Tensor = result if activation is None else activation(result)
    if activity_regularizer is not None:
        penalty = activity_regularizer(found)
        if penalty is not None:
            get_default_graph().add_to_collection(REGULARIZATION_LOSSES, penalty)
    return found
