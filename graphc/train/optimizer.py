"""The base of optimizers: gradients of a loss, and updates of variables by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphc.api.gradient import gradients
from graphc.api.math import cast
from graphc.api.state import assign_add, group, trainable_variables
from graphc.graph.errors import GraphError
from graphc.graph.graph import Graph, get_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import Variable

Pair = tuple[Tensor | None, Variable]


class Optimizer:
    """Changes variables so that a loss becomes smaller.

    Parameters
    ----------
    learning_rate : float, Tensor, Variable or callable
        A callable is asked for one of the others.
    name : str
        Scope of the operations that it makes.
    """

    def __init__(self, learning_rate: Any, name: str) -> None:
        self.learning_rate = learning_rate() if _is_function(learning_rate) else learning_rate
        self.name = name
        self._slots: dict[tuple[Variable, str], Variable] = {}
        self._shared: dict[str, Variable] = {}
        self._preparation: tuple[Graph, list[Any]] | None = None

    def minimize(
        self, loss: Tensor, global_step: Variable | None = None, var_list: Sequence[Variable] | None = None,
        grad_loss: Any = None, name: str | None = None,
    ) -> Operation:  # fmt: skip
        """An operation that does one step.

        Parameters
        ----------
        loss : Tensor
            Summed if it is not of rank 0.
        global_step : Variable, optional
            Counted up by 1 with every step.
        var_list : sequence of Variable, optional
            All trainable variables if not given.
        grad_loss : Tensor, optional
            Cotangent of the loss.
        name : str, optional

        Raises
        ------
        GraphError
            If the loss depends on none of the variables.
        """
        pairs = self.compute_gradients(loss, var_list, grad_loss)
        if all(g is None for g, _ in pairs):
            names = ", ".join(v.name for _, v in pairs) or "none: the graph has no trainable variables"
            raise GraphError(
                f"the loss {loss.name}, made at {loss.op.origin}, does not depend differentiably on any of the "
                f"variables: {names}. A cast to integers, argmax, a comparison or stop_gradient on the way cuts it off",
                user_origin(),
            )
        return self.apply_gradients(pairs, global_step, name)

    def compute_gradients(
        self, loss: Tensor, var_list: Sequence[Variable] | None = None, grad_loss: Any = None
    ) -> list[Pair]:
        """Pairs of gradient and variable; the gradient is None where the loss does not depend on the variable."""
        variables = list(var_list) if var_list is not None else trainable_variables()
        with get_default_graph().name_scope(self.name):
            found = gradients([loss], variables, None if grad_loss is None else [grad_loss]) if variables else []
        return list(zip(found, variables, strict=True))

    def apply_gradients(
        self, grads_and_vars: Sequence[Pair], global_step: Variable | None = None, name: str | None = None
    ) -> Operation:
        """An operation that updates every variable of a pair whose gradient is not None.

        Raises
        ------
        GraphError
            If no pair has a gradient.
        """
        pairs = [(g, v) for g, v in grads_and_vars if g is not None]
        if not pairs:
            raise GraphError("no variable has a gradient: nothing would be updated", user_origin())
        with get_default_graph().name_scope(name or self.name) as scope:
            updates = self._prepared()
            for gradient, variable in pairs:
                updates += self.update(gradient, variable)
            if global_step is not None:
                updates.append(assign_add(global_step, 1))
            # The operation is called as its scope is, so that it is found by the name that was asked for.
            return group(*updates, name=scope)

    def _prepared(self) -> list[Any]:
        """The assignments of `prepare`, made once: two updates by one optimizer, run together, are one step of it."""
        graph = get_default_graph()
        if self._preparation is None or self._preparation[0] is not graph:
            with graph.control_dependencies(None):
                self._preparation = graph, self.prepare()
        return list(self._preparation[1])

    def prepare(self) -> list[Any]:
        """Assignments that are made once per step, whatever the number of variables."""
        return []

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable and its slots."""
        raise NotImplementedError

    def rate(self, variable: Variable) -> Any:
        """The learning rate in the element type of a variable."""
        return fitting(self.learning_rate, variable)

    def slot(self, variable: Variable, name: str, initial: float = 0.0) -> Variable:
        """A further variable of the same shape, made on first use."""
        key = (variable, name)
        if key not in self._slots:
            import numpy as np

            value = np.full([int(d) for d in variable.shape], initial, variable.dtype.np)
            self._slots[key] = self._state(value, f"{variable.op.name}/{self.name}/{name}")
        return self._slots[key]

    def shared(self, name: str, initial: Any) -> Variable:
        """A variable of the optimizer itself, made on first use."""
        if name not in self._shared:
            self._shared[name] = self._state(initial, f"{self.name}/{name}")
        return self._shared[name]

    def _state(self, value: Any, name: str) -> Variable:
        """A variable whose name does not depend on scopes: checkpoints find it again."""
        graph = get_default_graph()
        with graph.control_dependencies(None), graph.name_scope(None):
            return Variable(value, trainable=False, name=name)

    def get_slot_names(self) -> list[str]:
        """Names of the slots that this optimizer keeps per variable, known once `apply_gradients` was called."""
        return sorted({name for _, name in self._slots})

    def get_slot(self, variable: Variable, name: str) -> Variable | None:
        """A slot's variable, None if it does not exist."""
        return self._slots.get((variable, name))

    def variables(self) -> list[Variable]:
        """Variables of the optimizer itself."""
        return [*self._shared.values(), *self._slots.values()]

    def get_name(self) -> str:
        """The scope of its operations."""
        return self.name


def _is_function(value: Any) -> bool:
    return callable(value) and not isinstance(value, Tensor | Variable)


def fitting(value: Any, variable: Variable) -> Any:
    """A hyperparameter in the element type of a variable; Python numbers stay what they are."""
    if isinstance(value, Tensor | Variable):
        return value if value.dtype == variable.dtype else cast(value, variable.dtype)
    return value
