"""Cells with a long short-term memory."""

from __future__ import annotations

from typing import Any

from graphc.api.arrays import split
from graphc.api.math import clip_by_value, matmul, sigmoid, tanh
from graphc.api.scopes import get_variable
from graphc.api.shaping import concat
from graphc.graph.operation import Tensor
from graphc.graph.shape import TensorShape
from graphc.initializers.constants import Zeros
from graphc.rnn.cell import Activation, LSTMStateTuple, RNNCell, affine, depth_of


class BasicLSTMCell(RNNCell):
    """A long short-term memory: c <- sigmoid(f + forget_bias) * c + sigmoid(i) * tanh(j), h <- sigmoid(o) * tanh(c).

    Here i, j, f, o are the four parts of [x, h] @ kernel + bias, in this order (Zaremba et al., 2014).

    Parameters
    ----------
    num_units : int
    forget_bias : float
    state_is_tuple : bool
        False: the state is one tensor, c and h side by side.
    activation : callable, optional
        tanh if not given.
    reuse : bool or AUTO_REUSE, optional
    name : str, optional
        Scope of the variables ``kernel`` and ``bias``; ``basic_lstm_cell`` if not given.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     cell = gc.rnn.BasicLSTMCell(16)
    ...     outputs, state = gc.rnn.dynamic_rnn(cell, gc.placeholder(gc.float32, [None, 20, 8]))
    ...     print(outputs.shape, state.c.shape, [v.name for v in cell.variables])
    (?, 20, 16) (?, 16) ['rnn/basic_lstm_cell/kernel:0', 'rnn/basic_lstm_cell/bias:0']
    """

    def __init__(
        self, num_units: int, forget_bias: float = 1.0, state_is_tuple: bool = True,
        activation: Activation | None = None, reuse: Any = None, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name, reuse)
        self.num_units, self.forget_bias, self.state_is_tuple = num_units, forget_bias, state_is_tuple
        self.activation = activation or tanh

    @property
    def state_size(self) -> Any:
        """Sizes of memory and output."""
        return LSTMStateTuple(self.num_units, self.num_units) if self.state_is_tuple else 2 * self.num_units

    @property
    def output_size(self) -> int:
        """The number of units."""
        return self.num_units

    def build(self, shape: TensorShape) -> None:
        """Make kernel and bias."""
        self.kernel = get_variable("kernel", [depth_of(shape, self) + self.num_units, 4 * self.num_units])
        self.bias = get_variable("bias", [4 * self.num_units], initializer=Zeros())

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        """The output, and memory and output."""
        c, h = state if self.state_is_tuple else split(state, 2, axis=1)
        i, j, f, o = split(affine(inputs, h, self.kernel, self.bias), 4, axis=1)
        c = c * sigmoid(f + self.forget_bias) + sigmoid(i) * self.activation(j)
        h = self.activation(c) * sigmoid(o)
        return h, LSTMStateTuple(c, h) if self.state_is_tuple else concat([c, h], axis=1)


class LSTMCell(RNNCell):
    """A long short-term memory as `BasicLSTMCell`, with peepholes, a projection of the output, and limits.

    Parameters
    ----------
    num_units : int
    use_peepholes : bool
        The gates see the memory too, element by element (variables ``w_i_diag``, ``w_f_diag``, ``w_o_diag``).
    cell_clip : float, optional
        Largest magnitude of the memory.
    initializer : callable, optional
        Of kernels and peepholes.
    num_proj : int, optional
        Size of the output, which is then h @ ``projection/kernel``.
    proj_clip : float, optional
        Largest magnitude of the projected output.
    forget_bias : float
    state_is_tuple : bool
    activation : callable, optional
        tanh if not given.
    reuse : bool or AUTO_REUSE, optional
    name : str, optional
        Scope of the variables; ``lstm_cell`` if not given.

    Notes
    -----
    Sak, Senior and Beaufays, Long short-term memory recurrent neural network architectures, 2014.
    """

    def __init__(
        self, num_units: int, use_peepholes: bool = False, cell_clip: float | None = None, initializer: Any = None,
        num_proj: int | None = None, proj_clip: float | None = None, forget_bias: float = 1.0,
        state_is_tuple: bool = True, activation: Activation | None = None, reuse: Any = None, name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name, reuse)
        self.num_units, self.use_peepholes, self.cell_clip = num_units, use_peepholes, cell_clip
        self.initializer, self.num_proj, self.proj_clip = initializer, num_proj, proj_clip
        self.forget_bias, self.state_is_tuple, self.activation = forget_bias, state_is_tuple, activation or tanh

    @property
    def state_size(self) -> Any:
        """Sizes of memory and output."""
        sizes = LSTMStateTuple(self.num_units, self.output_size)
        return sizes if self.state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> int:
        """The number of units, or of their projections."""
        return self.num_units if self.num_proj is None else self.num_proj

    def build(self, shape: TensorShape) -> None:
        """Make kernels, bias and peepholes."""
        n, start = self.num_units, self.initializer
        self.kernel = get_variable("kernel", [depth_of(shape, self) + self.output_size, 4 * n], initializer=start)
        self.bias = get_variable("bias", [4 * n], initializer=Zeros())
        if self.use_peepholes:
            self.peepholes = {w: get_variable(f"w_{w}_diag", [n], initializer=start) for w in "fio"}
        if self.num_proj is not None:
            self.projection = get_variable("projection/kernel", [n, self.num_proj], initializer=start)

    def _seen(self, gate: Any, which: str, c: Any) -> Any:
        return gate + self.peepholes[which] * c if self.use_peepholes else gate

    def call(self, inputs: Any, state: Any) -> tuple[Tensor, Any]:
        """The output, and memory and output."""
        c, h = state if self.state_is_tuple else split(state, list(LSTMStateTuple(self.num_units, self.output_size)), 1)
        i, j, f, o = split(affine(inputs, h, self.kernel, self.bias), 4, axis=1)
        forget = sigmoid(self._seen(f + self.forget_bias, "f", c))
        c = forget * c + sigmoid(self._seen(i, "i", c)) * self.activation(j)
        if self.cell_clip is not None:
            c = clip_by_value(c, -self.cell_clip, self.cell_clip)
        h = sigmoid(self._seen(o, "o", c)) * self.activation(c)
        if self.num_proj is not None:
            h = matmul(h, self.projection)
            if self.proj_clip is not None:
                h = clip_by_value(h, -self.proj_clip, self.proj_clip)
        return h, LSTMStateTuple(c, h) if self.state_is_tuple else concat([c, h], axis=1)
