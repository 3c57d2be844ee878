"""Moving averages of variables and tensors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.api.math import cast, minimum
from graphc.api.state import assign, assign_sub, group, name_scope, trainable_variables
from graphc.graph.errors import GraphError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import GLOBAL_VARIABLES, Variable

if TYPE_CHECKING:
    from graphc.graph.store import Store

MOVING_AVERAGE_VARIABLES = "moving_average_variables"


class _Shadow(Variable):
    """A variable that starts from the value that another one has, not from a second draw of its initial value."""

    def __init__(self, source: Variable, name: str) -> None:
        self.source = source
        super().__init__(source.initial_value, trainable=False, name=name, collections=_COLLECTIONS)

    def compute_initial_value(self, store: Store) -> np.ndarray:
        return store.array(self.source)


_COLLECTIONS = [GLOBAL_VARIABLES, MOVING_AVERAGE_VARIABLES]


class ExponentialMovingAverage:
    """Averages a <- decay * a + (1 - decay) * x.

    Parameters
    ----------
    decay : float
    num_updates : Variable, Tensor or int, optional
        Number of steps done: makes the decay min(decay, (1 + n) / (10 + n)), so that averages move faster at first.
    zero_debias : bool
        Correct averages of tensors for their start at zero: divide by 1 - decay**updates.
    name : str

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     w = gc.Variable(0.0, name="w")
    ...     ema = gc.train.ExponentialMovingAverage(0.5)
    ...     with gc.control_dependencies([gc.assign_add(w, 8.0)]):
    ...         step = ema.apply([w])
    ...     for _ in range(2):
    ...         session.run(step)
    ...     print(session.run([w, ema.average(w)]))
    [np.float32(16.0), np.float32(10.0)]
    """

    def __init__(
        self, decay: Any, num_updates: Any = None, zero_debias: bool = False, name: str = "ExponentialMovingAverage"
    ) -> None:
        self.decay = decay
        self.num_updates = num_updates
        self.zero_debias = zero_debias
        self.name = name
        self._averages: dict[Variable | Tensor, Variable] = {}

    def apply(self, var_list: Iterable[Variable | Tensor] | None = None) -> Operation:
        """An operation that moves the averages on.

        Parameters
        ----------
        var_list : iterable of Variable or Tensor, optional
            All trainable variables if not given. They are read after the control dependencies in force.

        Returns
        -------
        Operation

        Raises
        ------
        GraphError
            If an element is no floating tensor or variable, its shape is unknown, or its average is kept already.
        """
        listed = list(var_list) if var_list is not None else trainable_variables()
        for place, item in enumerate(listed):
            self._check(item, listed[:place])
        with get_default_graph().control_dependencies(None), name_scope(None):
            for item in listed:
                self._averages[item] = self._made(item)
        with name_scope(self.name):
            updates = [u for item in listed for u in self._updates(item)]
            return group(*updates, name="apply")

    def _check(self, item: Any, before: list[Any]) -> None:
        if not isinstance(item, Variable | Tensor) or not item.dtype.is_floating:
            raise GraphError(f"averages are of floating variables and tensors, not of {item!r}", user_origin())
        if item in self._averages or any(item is other for other in before):
            raise GraphError(f"the average of {item.name} is kept already", user_origin())
        if isinstance(item, Tensor) and not item.shape.is_fully_defined():
            raise GraphError(f"the shape of {item.name} must be known to keep its average", user_origin())

    def _made(self, item: Variable | Tensor) -> Variable:
        name = f"{item.op.name}/{self.name}"
        if isinstance(item, Variable):
            get_default_graph().add_to_collection(MOVING_AVERAGE_VARIABLES, item)
            return _Shadow(item, name)
        start = np.zeros([int(d) for d in item.shape], item.dtype.np)
        return Variable(start, trainable=False, name=name, collections=_COLLECTIONS)

    def _updates(self, item: Variable | Tensor) -> list[Any]:
        average = self._averages[item]
        value = item.value() if isinstance(item, Variable) else item
        rest = 1.0 - self._decay(item)
        if isinstance(item, Variable) or not self.zero_debias:
            held = average.value()
            return [assign_sub(average, (held - value) * rest)]
        biased = self._state(average, "biased", np.zeros([int(d) for d in item.shape], item.dtype.np))
        weight = self._state(average, "weight", np.zeros((), item.dtype.np))
        total = biased.value() + (value - biased.value()) * rest
        share = weight.value() + (1.0 - weight.value()) * rest
        return [assign(biased, total), assign(weight, share), assign(average, total / share)]

    def _state(self, average: Variable, name: str, start: np.ndarray) -> Variable:
        with get_default_graph().control_dependencies(None), name_scope(None):
            return Variable(start, trainable=False, name=f"{average.op.name}/{name}")

    def _decay(self, item: Variable | Tensor) -> Any:
        if self.num_updates is None:
            return self.decay
        steps = self.num_updates
        steps = cast(steps, item.dtype) if isinstance(steps, Variable | Tensor) else float(steps)
        return minimum((1.0 + steps) / (10.0 + steps), self.decay)

    def average(self, var: Variable | Tensor) -> Variable | None:
        """The variable that holds an average; None if it is not kept."""
        return self._averages.get(var)

    def average_name(self, var: Variable | Tensor) -> str:
        """The name under which the average of `var` is saved."""
        held = self._averages.get(var)
        return held.op.name if held is not None else f"{var.op.name}/{self.name}"

    def variables_to_restore(self, moving_avg_variables: Iterable[Variable] | None = None) -> dict[str, Variable]:
        """Names to restore from: averaged variables from their average, all others from their own name.

        Parameters
        ----------
        moving_avg_variables : iterable of Variable, optional
            Trainable variables and those whose average is kept, if not given.
        """
        graph = get_default_graph()
        kept = graph.get_collection(MOVING_AVERAGE_VARIABLES)
        averages = set(self._averages.values())
        if moving_avg_variables is None:
            moving_avg_variables = [*trainable_variables(), *(v for v in kept if v not in averages)]
        averaged = {v for v in moving_avg_variables if isinstance(v, Variable)}
        own = [v for v in graph.get_collection(GLOBAL_VARIABLES) if v not in averaged and v not in averages]
        return {self.average_name(v): v for v in sorted(averaged, key=lambda v: v.op.id)} | {v.op.name: v for v in own}
