"""Cells made of other cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphc.api.arrays import split
from graphc.api.control.structure import flatten
from graphc.api.random import dropout
from graphc.api.shaping import concat, ones
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.scopes import variable_scope
from graphc.graph.variable import Variable
from graphc.rnn.cell import LSTMStateTuple, RNNCell, size_of


class MultiRNNCell(RNNCell):
    """Cells on top of one another: the output of each is the input of the next.

    Parameters
    ----------
    cells : sequence of RNNCell
        A cell that is listed several times stands for as many cells with variables of their own.
    state_is_tuple : bool
        False: the state is one tensor, the states of the cells side by side.

    Raises
    ------
    GraphError
        If there are no cells, or states are tuples that are to be joined.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default():
    ...     cell = gc.rnn.MultiRNNCell([gc.rnn.GRUCell(8), gc.rnn.GRUCell(4)])
    ...     outputs, state = gc.rnn.dynamic_rnn(cell, gc.placeholder(gc.float32, [None, 20, 3]))
    ...     print(outputs.shape, len(state), cell.variables[0].name)
    (?, 20, 4) 2 rnn/multi_rnn_cell/cell_0/gru_cell/gates/kernel:0
    """

    def __init__(self, cells: Sequence[RNNCell], state_is_tuple: bool = True) -> None:
        super().__init__()
        if not cells or not isinstance(cells, list | tuple):
            raise GraphError("MultiRNNCell needs a list of cells", user_origin())
        self.cells = [c.copied() if c in cells[:i] else c for i, c in enumerate(cells)]
        self.state_is_tuple = state_is_tuple
        if not state_is_tuple and any(isinstance(c.state_size, tuple) for c in self.cells):
            raise GraphError("state_is_tuple=False: make the cells so too, their states are tuples", user_origin())

    @property
    def state_size(self) -> Any:
        """Sizes of the states of all cells."""
        sizes = tuple(c.state_size for c in self.cells)
        return sizes if self.state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        """That of the last cell."""
        return self.cells[-1].output_size

    def copied(self) -> RNNCell:
        """Cells whose variables are not made yet."""
        return MultiRNNCell([c.copied() for c in self.cells], self.state_is_tuple)

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """The output of the last cell, and the states of all."""
        states = state if self.state_is_tuple else split(state, [size_of(c.state_size) for c in self.cells], axis=1)
        after = []
        for number, (cell, own) in enumerate(zip(self.cells, states, strict=True)):
            with variable_scope(f"cell_{number}"):
                inputs, new = cell(inputs, own)
            after.append(new)
        return inputs, tuple(after) if self.state_is_tuple else concat(after, axis=1)


class _Wrapper(RNNCell):
    """A cell around another, without variables of its own."""

    def __init__(self, cell: RNNCell) -> None:
        super().__init__()
        self.cell = cell

    @property
    def state_size(self) -> Any:
        """That of the cell."""
        return self.cell.state_size

    @property
    def output_size(self) -> Any:
        """That of the cell."""
        return self.cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any = "float32") -> Any:
        """That of the cell."""
        return self.cell.zero_state(batch_size, dtype)

    @property
    def variables(self) -> list[Variable]:
        """Those of the cell."""
        return self.cell.variables

    @property
    def trainable_variables(self) -> list[Variable]:
        """Those of the cell."""
        return self.cell.trainable_variables

    def copied(self) -> RNNCell:
        """The same around a cell whose variables are not made yet."""
        found = super().copied()
        assert isinstance(found, _Wrapper)
        found.cell = self.cell.copied()
        return found


class DropoutWrapper(_Wrapper):
    """Dropout of a cell's inputs, outputs and state.

    Parameters
    ----------
    cell : RNNCell
    input_keep_prob, output_keep_prob, state_keep_prob : float or Tensor
        Probabilities that an element is kept. The memory of an LSTM is never dropped.
    variational_recurrent : bool
        The same elements are dropped in all steps of a run (Gal and Ghahramani, 2015).
    input_size : int, optional
        Number of inputs, for variational dropout of them.
    dtype : DType
        Element type of variational dropout.
    seed : int, optional
    """

    def __init__(
        self, cell: RNNCell, input_keep_prob: Any = 1.0, output_keep_prob: Any = 1.0, state_keep_prob: Any = 1.0,
        variational_recurrent: bool = False, input_size: Any = None, dtype: Any = "float32", seed: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(cell)
        self.keep = {"input": input_keep_prob, "output": output_keep_prob, "state": state_keep_prob}
        for what, keep in self.keep.items():
            if isinstance(keep, int | float) and not 0 < keep <= 1:
                raise GraphError(f"{what}_keep_prob is a probability above 0, not {keep}", user_origin())
        self.seed = seed
        self.masks: dict[str, list[Tensor]] = {}
        if not variational_recurrent:
            return
        if input_size is None and self._drops("input"):
            raise GraphError("variational dropout of inputs needs input_size=", user_origin())
        sizes = {"input": input_size, "output": cell.output_size, "state": cell.state_size}
        for what in filter(self._drops, sizes):
            full = [ones([1, size_of(n)], dtype=dtype) for n in flatten(sizes[what])[0]]
            self.masks[what] = [dropout(t, self.keep[what], seed=self._seed(what, i)) for i, t in enumerate(full)]

    def _drops(self, what: str) -> bool:
        return not isinstance(self.keep[what], int | float) or self.keep[what] < 1

    def _seed(self, what: str, number: int) -> int | None:
        """A seed for each place: equal ones would drop the same elements everywhere."""
        order = ("input", "output", "state").index(what)
        return None if self.seed is None else self.seed + 7919 * (order + 3 * number)

    def _dropped(self, what: str, structure: Any) -> Any:
        if not self._drops(what):
            return structure
        leaves, rebuild = flatten(structure)
        if what in self.masks:
            return rebuild([t * mask for t, mask in zip(leaves, self.masks[what], strict=True)])
        return rebuild([dropout(t, self.keep[what], seed=self._seed(what, i)) for i, t in enumerate(leaves)])

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """One step of the cell with dropout around it."""
        output, after = self.cell(self._dropped("input", inputs), state, scope)
        kept = _with_memories(self._dropped("state", after), after) if self._drops("state") else after
        return self._dropped("output", output), kept


def _with_memories(state: Any, whole: Any) -> Any:
    """A state with the memories of LSTMs as they are in another one."""
    if isinstance(state, LSTMStateTuple):
        return LSTMStateTuple(whole.c, state.h)
    if isinstance(state, tuple):
        return tuple(_with_memories(s, w) for s, w in zip(state, whole, strict=True))
    return state


class ResidualWrapper(_Wrapper):
    """The inputs are added to the outputs of a cell.

    Parameters
    ----------
    cell : RNNCell
    residual_fn : callable ``(inputs, outputs) -> outputs``, optional
        In the place of the sum.
    """

    def __init__(self, cell: RNNCell, residual_fn: Callable[[Any, Any], Any] | None = None) -> None:
        super().__init__(cell)
        self.residual_fn = residual_fn

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """One step of the cell, and the sum."""
        output, after = self.cell(inputs, state, scope)
        if self.residual_fn is not None:
            return self.residual_fn(inputs, output), after
        if inputs.shape.as_list()[-1] != output.shape.as_list()[-1]:
            raise GraphError(
                f"ResidualWrapper adds inputs {inputs.shape} to outputs {output.shape}: sizes must be equal",
                user_origin(),
            )
        return inputs + output, after
