"""The plain recurrent cell and the gated recurrent unit."""

from __future__ import annotations

from typing import Any

from graphc.api.arrays import split
from graphc.api.math import sigmoid, tanh
from graphc.api.scopes import get_variable
from graphc.graph.operation import Tensor
from graphc.graph.shape import TensorShape
from graphc.initializers.constants import Ones, Zeros
from graphc.rnn.cell import Activation, RNNCell, affine, depth_of


class BasicRNNCell(RNNCell):
    """h <- tanh([x, h] @ kernel + bias).

    Parameters
    ----------
    num_units : int
    activation : callable, optional
        tanh if not given.
    reuse : bool or AUTO_REUSE, optional
    name : str, optional
        Scope of the variables ``kernel`` and ``bias``; ``basic_rnn_cell`` if not given.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     x = gc.placeholder(gc.float32, [None, 20, 8])
    ...     outputs, state = gc.rnn.dynamic_rnn(gc.rnn.BasicRNNCell(16), x)
    ...     print(outputs.shape, state.shape, gc.trainable_variables()[0].name)
    (?, 20, 16) (?, 16) rnn/basic_rnn_cell/kernel:0
    """

    def __init__(
        self, num_units: int, activation: Activation | None = None, reuse: Any = None, name: str | None = None
    ) -> None:
        super().__init__(name, reuse)
        self.num_units, self.activation = num_units, activation or tanh

    @property
    def state_size(self) -> int:
        """The number of units."""
        return self.num_units

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self.num_units

    def build(self, shape: TensorShape) -> None:
        """Make kernel and bias."""
        self.kernel = get_variable("kernel", [depth_of(shape, self) + self.num_units, self.num_units])
        self.bias = get_variable("bias", [self.num_units], initializer=Zeros())

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor]:
        """The new state, twice."""
        h: Tensor = self.activation(affine(inputs, state, self.kernel, self.bias))
        return h, h


class GRUCell(RNNCell):
    """A gated recurrent unit: h <- u * h + (1 - u) * tanh([x, r * h] @ kernel + bias).

    The gates r and u are sigmoid([x, h] @ kernel + bias), with a kernel of their own (Cho et al., 2014).

    Parameters
    ----------
    num_units : int
    activation : callable, optional
        tanh if not given.
    reuse : bool or AUTO_REUSE, optional
    kernel_initializer, bias_initializer : callable, optional
        By default the scope's for kernels; 1 for the gates' bias and 0 for the candidate's.
    name : str, optional
        Scope of the variables ``gates/kernel``, ``gates/bias``, ``candidate/kernel`` and ``candidate/bias``;
        ``gru_cell`` if not given.
    """

    def __init__(
        self, num_units: int, activation: Activation | None = None, reuse: Any = None, kernel_initializer: Any = None,
        bias_initializer: Any = None, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name, reuse)
        self.num_units, self.activation = num_units, activation or tanh
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    @property
    def state_size(self) -> int:
        """The number of units."""
        return self.num_units

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self.num_units

    def build(self, shape: TensorShape) -> None:
        """Make kernels and biases."""
        n, rows = self.num_units, depth_of(shape, self) + self.num_units
        kernel, bias = self.kernel_initializer, self.bias_initializer
        self.gates = (
            get_variable("gates/kernel", [rows, 2 * n], initializer=kernel),
            get_variable("gates/bias", [2 * n], initializer=bias or Ones()),
        )
        self.candidate = (
            get_variable("candidate/kernel", [rows, n], initializer=kernel),
            get_variable("candidate/bias", [n], initializer=bias or Zeros()),
        )

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor]:
        """The new state, twice."""
        r, u = split(sigmoid(affine(inputs, state, *self.gates)), 2, axis=1)
        new = self.activation(affine(inputs, r * state, *self.candidate))
        h: Tensor = u * state + (1.0 - u) * new
        return h, h
