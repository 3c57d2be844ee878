"""What a cell of a recurrent network is: a function of an input and a state, with variables of its own."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from graphc.api.control.structure import flatten
from graphc.api.math import matmul
from graphc.api.nn import bias_add
from graphc.api.scopes import get_variable
from graphc.api.shaping import concat, zeros
from graphc.graph.errors import GraphError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.scopes import VariableScope, variable_scope
from graphc.graph.shape import TensorShape
from graphc.graph.variable import Variable

Activation = Callable[[Any], Any]


class LSTMStateTuple(NamedTuple):
    """State of a long short-term memory: the memory and the output."""

    c: Any
    h: Any


def size_of(size: Any) -> int:
    """A size given as a number or a shape of one axis."""
    return int(TensorShape(size).as_list()[-1] or 0) if isinstance(size, TensorShape) else int(size)


class RNNCell:
    """A step of a recurrent network.

    A cell of your own has the properties `state_size` and `output_size`, and a method ``call(inputs, state)`` that
    returns the output and the next state. Either ``build(shape)`` or `call` may make variables with
    `graphc.get_variable`.

    Parameters
    ----------
    name : str, optional
        Scope of the variables.
    reuse : bool or AUTO_REUSE, optional
        Whether the variables exist already.

    Examples
    --------
    >>> import graphc as gc
    >>> class Sum(gc.rnn.RNNCell):
    ...     state_size = output_size = 2
    ...     def call(self, inputs, state):
    ...         return inputs + state, inputs + state
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     outputs, last = gc.rnn.dynamic_rnn(Sum(), gc.constant([[[1.0, 2.0], [3.0, 4.0]]]))
    ...     print(session.run(last))
    [[4. 6.]]
    """

    given_name: str | None = None
    reuse: Any = None
    scope: VariableScope | None = None
    built = False

    def __init__(self, name: str | None = None, reuse: Any = None) -> None:
        self.given_name, self.reuse = name, reuse

    @property
    def state_size(self) -> Any:
        """Size of the state's last axis, or a structure of sizes."""
        raise NotImplementedError(f"{type(self).__name__}.state_size")

    @property
    def output_size(self) -> Any:
        """Size of the output's last axis."""
        raise NotImplementedError(f"{type(self).__name__}.output_size")

    def build(self, shape: TensorShape) -> None:
        """Make the variables, for inputs of this shape."""

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """The output and the next state."""
        raise NotImplementedError(f"{type(self).__name__}.call")

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """One step.

        Parameters
        ----------
        inputs : Tensor
            [batch, features]
        state : Tensor or structure
            As from `zero_state`.
        scope : str or VariableScope, optional
            In the place of the cell's own.

        Returns
        -------
        tuple
            The output, [batch, output_size], and the next state.
        """
        if self.scope is None:
            words = re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", type(self).__name__))
            with variable_scope(scope or self.given_name, words.lower(), reuse=self.reuse) as opened:
                self.scope = opened
                self._build(inputs)
                return self.call(inputs, state)
        with variable_scope(self.scope, reuse=True):
            self._build(inputs)
            return self.call(inputs, state)

    def _build(self, inputs: Any) -> None:
        if not self.built:
            self.build(flatten(inputs)[0][0].shape)
            self.built = True

    def zero_state(self, batch_size: Any, dtype: Any = "float32") -> Any:
        """A state of zeros.

        Parameters
        ----------
        batch_size : int or Tensor
        dtype : DType

        Returns
        -------
        Tensor or structure
            [batch_size, n] for every n in `state_size`.
        """
        sizes, rebuild = flatten(self.state_size)
        with get_default_graph().name_scope(f"{type(self).__name__}ZeroState"):
            return rebuild([zeros([batch_size, size_of(n)], dtype=dtype) for n in sizes])

    def add_variable(self, name: str, shape: Any, **options: Any) -> Variable:
        """`graphc.get_variable`, for `build`."""
        return get_variable(name, shape, **options)

    def copied(self) -> RNNCell:
        """A cell of the same kind whose variables are not made yet."""
        found = copy.copy(self)
        found.scope, found.built = None, False
        return found

    @property
    def variables(self) -> list[Variable]:
        """Its variables; none before the first step."""
        return self.scope.global_variables() if self.scope is not None else []

    @property
    def trainable_variables(self) -> list[Variable]:
        """Its variables that optimizers change."""
        return self.scope.trainable_variables() if self.scope is not None else []


def depth_of(shape: TensorShape, cell: RNNCell) -> int:
    """The number of features of an input.

    Raises
    ------
    GraphError
        If it is not known.
    """
    size = shape.as_list()[-1] if shape.ndims else None
    if size is None:
        raise GraphError(
            f"{type(cell).__name__}: the last size of its input must be known, not {shape}: say it at the placeholder",
            user_origin(),
        )
    return size


def affine(x: Any, h: Any, kernel: Variable, bias: Variable) -> Tensor:
    """[x, h] @ kernel + bias."""
    depth = x.shape.as_list()[-1]
    if depth is None or depth + (h.shape.as_list()[-1] or 0) != kernel.shape.as_list()[0]:
        raise GraphError(
            f"an input of shape {x.shape} and a state of shape {h.shape} do not fit the variable {kernel.name} of "
            f"shape {kernel.shape}: a cell is made for one size of inputs, so make another one for others",
            user_origin(),
        )
    found: Tensor = bias_add(matmul(concat([x, h], axis=1), kernel), bias)
    return found
