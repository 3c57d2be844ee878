"""Cells along lists of tensors: a number of steps fixed when the graph is built, one operation after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphc.api.control.record import as_tensor
from graphc.api.control.structure import flatten
from graphc.api.shaping import concat
from graphc.graph.errors import GraphError
from graphc.graph.origin import user_origin
from graphc.graph.scopes import VariableScope, variable_scope
from graphc.rnn.cell import RNNCell
from graphc.rnn.dynamic import first_state
from graphc.rnn.masks import as_lengths, masked

Scope = str | VariableScope | None


def _run(
    cell: RNNCell, inputs: Any, initial_state: Any, dtype: Any, sequence_length: Any, scope: VariableScope,
    reverse: bool,
) -> tuple[list[Any], Any]:  # fmt: skip
    if not isinstance(inputs, list | tuple) or not inputs:
        raise GraphError("static_rnn: inputs are a list of tensors [batch, features], one for each step", user_origin())
    state = first_state(cell, initial_state, dtype, as_tensor(flatten(inputs)[0][0]))
    lengths = as_lengths(sequence_length)
    steps = list(enumerate(inputs))
    outputs: list[Any] = [None] * len(steps)
    for number, x in reversed(steps) if reverse else steps:
        outputs[number], state = masked(number, lengths, *cell(x, state), state)
        scope.reuse_variables()
    return outputs, state


def static_rnn(
    cell: RNNCell, inputs: Sequence[Any], initial_state: Any = None, dtype: Any = None, sequence_length: Any = None,
    scope: Scope = None,
) -> tuple[list[Any], Any]:  # fmt: skip
    """Apply a cell to a list of inputs, one for each step.

    Parameters
    ----------
    cell : RNNCell
    inputs : list of Tensor
        [batch, features] each.
    initial_state : Tensor or structure, optional
        Zeros if not given.
    dtype : DType, optional
        Element type of the zeros; that of the inputs if not given.
    sequence_length : integer Tensor, optional
        [batch]. Behind the end of a sequence outputs are 0 and the state stays.
    scope : str or VariableScope, optional
        ``rnn`` if not given.

    Returns
    -------
    tuple
        A list of outputs, and the last state.

    Raises
    ------
    GraphError
        If inputs or initial state do not fit the cell.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     steps = gc.unstack(gc.placeholder(gc.float32, [None, 3, 4]), 3, axis=1)
    ...     outputs, state = gc.rnn.static_rnn(gc.rnn.GRUCell(5), steps)
    ...     print(len(outputs), state.shape)
    3 (?, 5)
    """
    with variable_scope(scope or "rnn") as opened:
        return _run(cell, inputs, initial_state, dtype, sequence_length, opened, False)


def static_bidirectional_rnn(
    cell_fw: RNNCell, cell_bw: RNNCell, inputs: Sequence[Any], initial_state_fw: Any = None,
    initial_state_bw: Any = None, dtype: Any = None, sequence_length: Any = None, scope: Scope = None,
) -> tuple[list[Any], Any, Any]:  # fmt: skip
    """One cell from the first step to the last, and another from the last one of each sequence to the first.

    Parameters
    ----------
    cell_fw, cell_bw : RNNCell
    inputs, dtype, sequence_length
        As for `static_rnn`.
    initial_state_fw, initial_state_bw : Tensor or structure, optional
    scope : str or VariableScope, optional
        ``bidirectional_rnn`` if not given; the cells are in ``fw`` and ``bw`` below it.

    Returns
    -------
    tuple
        A list of outputs, those of both cells side by side, and the two last states.
    """
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as opened:
            forward, last = _run(cell_fw, inputs, initial_state_fw, dtype, sequence_length, opened, False)
        with variable_scope("bw") as opened:
            backward, first = _run(cell_bw, inputs, initial_state_bw, dtype, sequence_length, opened, True)
    return [concat(list(pair), axis=1) for pair in zip(forward, backward, strict=True)], last, first
