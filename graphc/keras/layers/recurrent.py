"""Recurrent layers: a cell along the steps of sequences."""

from __future__ import annotations

from typing import Any

from graphc.api.arrays import reverse
from graphc.api.control.record import Recorder
from graphc.api.control.steps import over_rows
from graphc.api.math import where
from graphc.api.shaping import expand_dims, shape, transpose, zeros
from graphc.keras.engine.layer import Layer
from graphc.keras.engine.structure import leaves
from graphc.keras.layers.cells import Cell, GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells


class RNN(Layer):
    """A cell along the steps of sequences, [batch, steps, features].

    Parameters
    ----------
    cell : Layer, or sequence of Layer
        With `state_size`, and ``call(inputs, states)`` that returns output and states. A sequence is stacked.
    return_sequences : bool
        Whether the outputs of all steps are returned, or the last one.
    return_state : bool
        Whether the states after the last step are returned too.
    go_backwards : bool
        From the last step to the first; outputs are in this order.
    stateful : bool
        Whether a batch goes on from the states of the one before; `reset_states` sets them to 0.
    unroll : bool
        Accepted as in Keras: steps are a loop of native code.
    zero_output_for_mask : bool
        Whether outputs are 0 where the mask is False, instead of the output before.
    """

    supports_masking = True

    def __init__(
        self, cell: Any, return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.cell: Any = StackedRNNCells(cell) if isinstance(cell, list | tuple) else cell
        self.return_sequences, self.return_state, self.go_backwards = return_sequences, return_state, go_backwards
        self.stateful, self.unroll, self.zero_output_for_mask = stateful, unroll, zero_output_for_mask
        self.states: list[Any] = []

    def _sizes(self) -> list[int]:
        return [int(n) for n in leaves(self.cell.state_size)]

    def build(self, input_shape: Any) -> None:
        """Make the weights of the cell, and the states that a stateful layer keeps."""
        shape_of = input_shape[0] if isinstance(input_shape, list) else input_shape
        if not self.cell.built:
            self.cell.build((shape_of[0], *shape_of[2:]))
            self.cell.built = not isinstance(self.cell, StackedRNNCells)
        if self.stateful:
            if shape_of[0] is None:
                raise ValueError(
                    f"the layer {self.name} is stateful: it needs to know the number of samples. Give "
                    "Input(batch_shape=...), or batch_input_shape= to the first layer"
                )
            self.states = [
                self.add_weight((shape_of[0], n), "zeros", trainable=False, name=f"state_{i}")
                for i, n in enumerate(self._sizes())
            ]

    def _check_input(self, args: tuple[Any, ...]) -> None:
        x = args[0][0] if isinstance(args[0], list | tuple) else args[0]
        if x.shape.ndims not in (None, 3):
            raise ValueError(
                f"the layer {self.name} ({type(self).__name__}) takes inputs with 3 axes, [batch, steps, features], "
                f"not of shape {tuple(x.shape.as_list())}"
            )

    def call(self, inputs: Any, initial_state: Any = None, mask: Any = None, training: Any = None) -> Any:
        """The outputs of the last step or of all, and the states if asked for."""
        if isinstance(inputs, list | tuple):
            inputs, initial_state = inputs[0], list(inputs[1:]) or initial_state
            mask = mask[0] if isinstance(mask, list | tuple) else mask
        first = self._first(inputs, initial_state)
        outputs, last, states = self._run(inputs, first, mask, training)
        for variable, state in zip(self.states, states, strict=False):
            variable.assign(state)
        found = transpose(outputs, [1, 0, 2]) if self.return_sequences else last
        if self.return_sequences and self.go_backwards:
            found = reverse(found, [1])
        return [found, *states] if self.return_state else found

    def _first(self, inputs: Any, given: Any) -> list[Any]:
        if given is not None:
            listed = [v for v in leaves(given) if v is not None]
            if len(listed) != len(self._sizes()):
                raise ValueError(f"the layer {self.name} has {len(self._sizes())} states: {len(listed)} were given")
            return listed
        if self.states:
            return [v.value() for v in self.states]
        return [zeros([shape(inputs)[0], n], inputs.dtype) for n in self._sizes()]

    def _run(self, inputs: Any, first: list[Any], mask: Any, training: Any) -> tuple[Any, Any, list[Any]]:
        cell, count = self.cell, len(first)
        known = isinstance(cell, Cell)
        kept = cell.kept_state(inputs, training) if known else None
        rows = [transpose(cell.project(cell.kept_inputs(inputs, training)) if known else inputs, [1, 0, 2])]
        if mask is not None:
            rows.append(expand_dims(transpose(mask, [1, 0]), 2))
        # With a mask the output before is carried along: it stands in for those of steps that are left out.
        width = int(next(leaves(getattr(cell, "output_size", None) or cell.state_size)))
        held = [zeros([shape(inputs)[0], width], inputs.dtype)]

        def step(number: Any, carried: list[Any], row: list[Any]) -> tuple[list[Any], list[Any]]:
            before, previous = list(carried[:count]), carried[count]
            if known:
                output, after = cell.step(row[0], before, kept)
            else:
                output, found = cell(row[0], before if count > 1 or isinstance(cell, StackedRNNCells) else before[0])
                after = list(leaves(found))
            shown = output
            if mask is not None:
                after = [where(row[1], new, old) for new, old in zip(after, before, strict=True)]
                output = where(row[1], output, previous)
                shown = where(row[1], shown, 0.0) if self.zero_output_for_mask else output
            return [*after, output], [shown]

        if not cell.built:
            cell(inputs[:, 0], first if count > 1 or isinstance(cell, StackedRNNCells) else first[0])
        found = over_rows(Recorder("while", None), step, [*first, *held], rows, reverse=self.go_backwards)
        return found.stacked[0], found.last[count], list(found.last[:count])

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the inputs where all outputs are returned."""
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        return mask if self.return_sequences else None

    def reset_states(self, states: Any = None) -> None:
        """Set the states of a stateful layer to 0, or to arrays."""
        for number, variable in enumerate(self.states):
            variable.assign(0.0 if states is None else states[number])

    reset_state = reset_states

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """A layer with the arguments that `get_config` returned, here or in Keras 3."""
        config = dict(config)
        if isinstance(config.get("cell"), dict):
            from graphc.keras.engine.connections import layer_of

            config["cell"] = layer_of(config["cell"], {})
        return super().from_config(config)


class _WithCell(RNN):
    """A recurrent layer that takes the arguments of its cell."""

    cell_class: type[Cell] = SimpleRNNCell

    def __init__(
        self, units: int, activation: Any = "tanh", *, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False,
        activity_regularizer: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        own = ("name", "trainable", "dtype", "input_shape", "input_dim", "batch_input_shape", "batch_size",
               "input_length", "weights", "autocast")  # fmt: skip
        base = {k: options.pop(k) for k in own if k in options}
        for old in ("implementation", "use_cudnn", "time_major"):
            options.pop(old, None)
        cell = self.cell_class(units, activation, **options)
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask,
            activity_regularizer=activity_regularizer, **base,
        )  # fmt: skip
        cell.name = self.name

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal layer is made."""
        cell = self.cell.get_config()
        found = super().get_config() | {k: v for k, v in cell.items() if k not in ("name", "trainable", "dtype")}
        found.pop("cell", None)
        return found

    @property
    def units(self) -> int:
        """Size of the state."""
        found: int = self.cell.units
        return found


class SimpleRNN(_WithCell):
    """A layer whose output is its state: activation(inputs @ kernel + state @ recurrent_kernel + bias).

    Arguments of `RNN` and of `SimpleRNNCell`.
    """

    cell_class = SimpleRNNCell


class LSTM(_WithCell):
    """Long short-term memory. Arguments of `RNN` and of `LSTMCell`.

    Examples
    --------
    >>> import numpy as np
    >>> LSTM(4, return_sequences=True)(np.zeros((2, 3, 5), np.float32)).shape
    (2, 3, 4)
    """

    cell_class = LSTMCell


class GRU(_WithCell):
    """Gated recurrent units. Arguments of `RNN` and of `GRUCell`."""

    cell_class = GRUCell


CuDNNLSTM, CuDNNGRU = LSTM, GRU
