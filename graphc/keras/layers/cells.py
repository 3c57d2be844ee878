"""Cells: one step of a recurrent layer.

A cell has two parts: `project`, what depends on the inputs alone and is computed for all steps at once, and `step`,
what depends on the state.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.api.arrays import split
from graphc.api.math import matmul, tensordot
from graphc.api.random import dropout
from graphc.api.shaping import ones, shape, zeros
from graphc.keras import activations, constraints, initializers, regularizers
from graphc.keras.eager import untraced
from graphc.keras.engine.layer import Layer


class Cell(Layer):
    """What cells share.

    Parameters
    ----------
    units : int
    activation : str or callable
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer
    kernel_regularizer, recurrent_regularizer, bias_regularizer
    kernel_constraint, recurrent_constraint, bias_constraint
    dropout, recurrent_dropout : float
        Shares of inputs and of the state that are dropped in training, the same ones in all steps.
    seed : int, optional
    """

    gates = 1
    states = 1

    def __init__(
        self, units: int, activation: Any = "tanh", use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None, bias_regularizer: Any = None, kernel_constraint: Any = None,
        recurrent_constraint: Any = None, bias_constraint: Any = None, dropout: float = 0.0,
        recurrent_dropout: float = 0.0, seed: int | None = None, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        if not isinstance(units, int) or units < 1:
            raise ValueError(f"units is a positive integer, not {units!r}")
        self.units, self.use_bias, self.seed = units, use_bias, seed
        self.activation = activations.get(activation)
        self.dropout, self.recurrent_dropout = dropout, recurrent_dropout
        given = {"kernel": (kernel_initializer, kernel_regularizer, kernel_constraint),
                 "recurrent": (recurrent_initializer, recurrent_regularizer, recurrent_constraint),
                 "bias": (bias_initializer, bias_regularizer, bias_constraint)}  # fmt: skip
        for name, (initializer, regularizer, constraint) in given.items():
            setattr(self, f"{name}_initializer", initializers.get(initializer))
            setattr(self, f"{name}_regularizer", regularizers.get(regularizer))
            setattr(self, f"{name}_constraint", constraints.get(constraint))

    @property
    def state_size(self) -> Any:
        """Sizes of the states."""
        return self.units if self.states == 1 else [self.units] * self.states

    @property
    def output_size(self) -> int:
        """Size of the output."""
        return self.units

    def _weight(self, kind: str, name: str, sizes: tuple[int, ...], initializer: Any = None) -> Any:
        return self.add_weight(
            sizes, initializer or getattr(self, f"{kind}_initializer"), name=name,
            regularizer=getattr(self, f"{kind}_regularizer"), constraint=getattr(self, f"{kind}_constraint"),
        )  # fmt: skip

    def _bias_sizes(self) -> tuple[int, ...]:
        return (self.units * self.gates,)

    def _bias_start(self) -> Any:
        return None

    def build(self, input_shape: Any) -> None:
        """Make the kernels, of shape (features, gates * units) and (units, gates * units), and the bias."""
        width = self.units * self.gates
        self.kernel = self._weight("kernel", "kernel", (input_shape[-1], width))
        self.recurrent_kernel = self._weight("recurrent", "recurrent_kernel", (self.units, width))
        self.bias = self._weight("bias", "bias", self._bias_sizes(), self._bias_start()) if self.use_bias else None

    def project(self, inputs: Any) -> Any:
        """What depends on the inputs alone, for one step or for all."""
        kernel = self.kernel.value()
        x = matmul(inputs, kernel) if inputs.shape.ndims == 2 else tensordot(inputs, kernel, 1)
        return x if self.bias is None else x + self._input_bias()

    def _input_bias(self) -> Any:
        return self.bias.value() if self.bias is not None else None

    def step(self, projected: Any, states: list[Any], kept: Any) -> tuple[Any, list[Any]]:
        """Output and states after a step; `kept` is what the state is multiplied by in training, or None."""
        raise NotImplementedError

    def kept_state(self, inputs: Any, training: Any) -> Any:
        """What drops parts of the state, the same in all steps."""
        if not training or not self.recurrent_dropout:
            return None
        return dropout(ones([shape(inputs)[0], self.units]), rate=self.recurrent_dropout, seed=self.seed)

    def kept_inputs(self, inputs: Any, training: Any) -> Any:
        """The inputs, in training with features dropped, the same in all steps."""
        if not training or not self.dropout:
            return inputs
        sizes = shape(inputs)
        choices = [sizes[0], 1, sizes[2]] if inputs.shape.ndims == 3 else None
        return dropout(inputs, rate=self.dropout, noise_shape=choices, seed=self.seed)

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        """Output and states after one step."""
        alone = not isinstance(states, list | tuple)
        listed = [states] if alone else list(states)
        kept = self.kept_state(inputs, training)
        output, after = self.step(self.project(self.kept_inputs(inputs, training)), listed, kept)
        return output, after[0] if alone else after

    def get_initial_state(self, batch_size: Any = None, dtype: Any = None) -> list[Any]:
        """Zeros for each state."""
        return [zeros([batch_size, self.units], dtype or self.dtype) for _ in range(self.states)]


class SimpleRNNCell(Cell):
    """A step of `SimpleRNN`: activation(inputs @ kernel + state @ recurrent_kernel + bias)."""

    def step(self, projected: Any, states: list[Any], kept: Any) -> tuple[Any, list[Any]]:
        """Output and state, which are the same."""
        h = states[0] if kept is None else states[0] * kept
        output = self.activation(projected + matmul(h, self.recurrent_kernel.value()))
        return output, [output]


class _GatedCell(Cell):
    def __init__(
        self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid", use_bias: bool = True,
        **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(units, activation, use_bias, **options)
        self.recurrent_activation = activations.get(recurrent_activation)


class LSTMCell(_GatedCell):
    """A step of `LSTM`.

    Notes
    -----
    Hochreiter and Schmidhuber, Long short-term memory, 1997; the gates are in the order input, forget, cell, output.
    """

    gates = 4
    states = 2

    def __init__(
        self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid", use_bias: bool = True,
        unit_forget_bias: bool = True, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(units, activation, recurrent_activation, use_bias, **options)
        self.unit_forget_bias = unit_forget_bias

    def _bias_start(self) -> Any:
        """Ones for the forget gate, if asked for."""
        if not self.unit_forget_bias:
            return None
        own: Any = self
        with untraced():
            parts = [np.asarray(own.bias_initializer((n * self.units,), self.dtype)) for n in (1, 2)]
        whole = np.concatenate([parts[0], np.ones(self.units, parts[0].dtype), parts[1]])
        return initializers.Constant(whole)

    def step(self, projected: Any, states: list[Any], kept: Any) -> tuple[Any, list[Any]]:
        """Output, and output and cell as states."""
        h, c = states
        if kept is not None:
            h = h * kept
        gate = self.recurrent_activation
        i, f, g, o = split(projected + matmul(h, self.recurrent_kernel.value()), 4, axis=-1)
        c = gate(f) * c + gate(i) * self.activation(g)
        output = gate(o) * self.activation(c)
        return output, [output, c]


class GRUCell(_GatedCell):
    """A step of `GRU`.

    Parameters
    ----------
    reset_after : bool
        Whether the reset gate is applied after the product with the state, which then has a bias of its own.

    Notes
    -----
    Cho et al., Learning phrase representations using RNN encoder-decoder, 2014; the gates are in the order update,
    reset, candidate.
    """

    gates = 3

    def __init__(
        self, units: int, activation: Any = "tanh", recurrent_activation: Any = "sigmoid", use_bias: bool = True,
        reset_after: bool = True, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(units, activation, recurrent_activation, use_bias, **options)
        self.reset_after = reset_after

    def _bias_sizes(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def _input_bias(self) -> Any:
        assert self.bias is not None
        return self.bias.value()[0] if self.reset_after else self.bias.value()

    def step(self, projected: Any, states: list[Any], kept: Any) -> tuple[Any, list[Any]]:
        """Output and state, which are the same."""
        h = states[0]
        inner = h if kept is None else h * kept
        u, kernel, gate = self.units, self.recurrent_kernel.value(), self.recurrent_activation
        xz, xr, xh = split(projected, 3, axis=-1)
        if self.reset_after:
            product = matmul(inner, kernel)
            if self.bias is not None:
                product = product + self.bias.value()[1]
            hz, hr, hh = split(product, 3, axis=-1)
            z, r = gate(xz + hz), gate(xr + hr)
            candidate = self.activation(xh + r * hh)
        else:
            hz, hr = split(matmul(inner, kernel[:, : 2 * u]), 2, axis=-1)
            z, r = gate(xz + hz), gate(xr + hr)
            candidate = self.activation(xh + matmul(r * inner, kernel[:, 2 * u :]))
        output = z * h + (1.0 - z) * candidate
        return output, [output]


class StackedRNNCells(Layer):
    """Cells one above the other, as one.

    Parameters
    ----------
    cells : sequence of Layer
    """

    def __init__(self, cells: Any, **options: Any) -> None:
        super().__init__(**options)
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """Sizes of the states, by cell."""
        return [c.state_size for c in self.cells]

    @property
    def output_size(self) -> Any:
        """Size of the last cell's output."""
        return getattr(self.cells[-1], "output_size", self.cells[-1].state_size)

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        """The last output, and all states."""
        after, listed = [], list(states)
        for cell in self.cells:
            size = cell.state_size
            count = len(size) if isinstance(size, list | tuple) else 1
            own, listed = listed[:count], listed[count:]
            inputs, found = cell(inputs, own)
            after += list(found) if isinstance(found, list | tuple) else [found]
        return inputs, after

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """Cells with the arguments that `get_config` returned."""
        from graphc.keras.engine.connections import layer_of

        cells = [layer_of(c, {}) for c in config["cells"]]
        return cls(cells, **{k: v for k, v in config.items() if k in ("name", "trainable")})
