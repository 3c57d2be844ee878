"""Cells along sequences, as loops within the step."""

from __future__ import annotations

from typing import Any

from graphc.api.control.record import Recorder, as_tensor
from graphc.api.control.steps import over_rows
from graphc.api.control.structure import Rebuild, flatten, shape_of
from graphc.api.shaping import shape, transpose
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.scopes import VariableScope, variable_scope
from graphc.rnn.cell import RNNCell
from graphc.rnn.masks import as_lengths, masked

Scope = str | VariableScope | None


def _swapped(x: Tensor) -> Tensor:
    """[batch, time, ...] as [time, batch, ...], and back."""
    found: Tensor = transpose(x, [1, 0, *range(2, len(x.shape))])
    return found


def _sequences(inputs: Any, time_major: bool) -> tuple[list[Tensor], Rebuild]:
    leaves, rebuild = flatten(inputs)
    tensors = [as_tensor(t) for t in leaves]
    for t in tensors:
        if t.shape.ndims is None or t.shape.ndims < 2:
            raise GraphError(
                f"dynamic_rnn: inputs are [batch, time, features], not {t.name} of shape {t.shape}", user_origin()
            )
    return [t if time_major else _swapped(t) for t in tensors], rebuild


def first_state(cell: RNNCell, given: Any, dtype: Any, like: Tensor, axis: int = 0) -> Any:
    """The state to start from: that given, or zeros.

    Raises
    ------
    GraphError
        If the one given has not the structure that the cell needs.
    """
    if given is None:
        size = like.shape.as_list()[axis]
        return cell.zero_state(shape(like)[axis] if size is None else size, dtype or like.dtype)
    if shape_of(given) != shape_of(cell.state_size):
        raise GraphError(
            f"initial_state is {given!r}, where {type(cell).__name__} has a state of sizes {cell.state_size!r}",
            user_origin(),
        )
    return given


def _run(
    cell: RNNCell, inputs: Any, sequence_length: Any, initial_state: Any, dtype: Any, time_major: bool, reverse: bool
) -> tuple[Any, Any]:
    """A cell along the steps, last first if `reverse`; outputs stand at their own step."""
    sequences, rebuild_row = _sequences(inputs, time_major)
    lengths = as_lengths(sequence_length)
    leaves, rebuild = flatten(first_state(cell, initial_state, dtype, sequences[0], axis=1))
    made: list[Rebuild] = []

    def step(number: Tensor, carried: list[Tensor], rows: list[Tensor]) -> tuple[list[Any], list[Any]]:
        before = rebuild(carried)
        output, after = masked(number, lengths, *cell(rebuild_row(rows), before), before)
        outputs, make = flatten(output)
        made.append(make)
        return flatten(after)[0], outputs

    found = over_rows(Recorder("while", None), step, [as_tensor(t) for t in leaves], sequences, reverse=reverse)
    outputs = found.stacked if time_major else [_swapped(t) for t in found.stacked]
    return made[0](outputs), rebuild(found.last)


def dynamic_rnn(
    cell: RNNCell, inputs: Any, sequence_length: Any = None, initial_state: Any = None, dtype: Any = None,
    parallel_iterations: int | None = None, swap_memory: bool = False, time_major: bool = False, scope: Scope = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Apply a cell to the steps of sequences, of a number known only at run time.

    Parameters
    ----------
    cell : RNNCell
    inputs : Tensor or structure
        [batch, time, features], or [time, batch, features] if `time_major`.
    sequence_length : integer Tensor, optional
        [batch]. Behind the end of a sequence outputs are 0 and the state stays.
    initial_state : Tensor or structure, optional
        Zeros if not given.
    dtype : DType, optional
        Element type of the zeros; that of the inputs if not given.
    parallel_iterations, swap_memory
        Accepted: steps run one after another, in planned memory.
    time_major : bool
        Saves two transpositions.
    scope : str or VariableScope, optional
        ``rnn`` if not given.

    Returns
    -------
    tuple
        Outputs of all steps, in the layout of the inputs, and the last state.

    Raises
    ------
    GraphError
        If inputs or initial state do not fit the cell.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     cell = gc.rnn.BasicRNNCell(2)
    ...     outputs, state = gc.rnn.dynamic_rnn(cell, gc.ones([2, 3, 4]), sequence_length=[3, 1])
    ...     outputs, state = session.run([outputs, state])
    ...     print(outputs.shape, abs(outputs[1, 1:]).max(), (state[1] == outputs[1, 0]).all())
    (2, 3, 2) 0.0 True
    """
    with variable_scope(scope or "rnn"):
        return _run(cell, inputs, sequence_length, initial_state, dtype, time_major, False)


def bidirectional_dynamic_rnn(
    cell_fw: RNNCell, cell_bw: RNNCell, inputs: Any, sequence_length: Any = None, initial_state_fw: Any = None,
    initial_state_bw: Any = None, dtype: Any = None, parallel_iterations: int | None = None,
    swap_memory: bool = False, time_major: bool = False, scope: Scope = None,
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:  # fmt: skip
    """One cell from the first step to the last, and another from the last one of each sequence to the first.

    Parameters
    ----------
    cell_fw, cell_bw : RNNCell
    inputs, sequence_length, dtype, parallel_iterations, swap_memory, time_major
        As for `dynamic_rnn`.
    initial_state_fw, initial_state_bw : Tensor or structure, optional
    scope : str or VariableScope, optional
        ``bidirectional_rnn`` if not given; the cells are in ``fw`` and ``bw`` below it.

    Returns
    -------
    tuple
        The two outputs, and the two last states.
    """
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw"):
            forward = _run(cell_fw, inputs, sequence_length, initial_state_fw, dtype, time_major, False)
        with variable_scope("bw"):
            backward = _run(cell_bw, inputs, sequence_length, initial_state_bw, dtype, time_major, True)
    return (forward[0], backward[0]), (forward[1], backward[1])
