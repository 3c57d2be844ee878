"""Gradient descent, with momentum or without, and Lion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphc.api.math import sign
from graphc.api.state import assign, assign_add, assign_sub
from graphc.graph.operation import Tensor
from graphc.graph.variable import Variable as NativeVariable
from graphc.keras.optimizers.optimizer import Optimizer


class SGD(Optimizer):
    """p <- p - lr * g; with momentum m <- momentum * m - lr * g; p <- p + m, or p + momentum * m - lr * g (Nesterov).

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable
    momentum : float
    nesterov : bool
    **options
        Those of `Optimizer`.

    Examples
    --------
    >>> from graphc import keras
    >>> w = keras.Variable([1.0, 2.0])
    >>> SGD(0.5).apply([[1.0, -1.0]], [w])
    >>> w.numpy()
    array([0.5, 2.5], dtype=float32)
    """

    default_rate = 0.01

    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, **options: Any
    ) -> None:
        super().__init__(learning_rate, **options)
        if isinstance(momentum, bool) or not 0 <= momentum <= 1:
            raise ValueError(f"momentum is a number from 0 to 1, not {momentum!r}")
        self.momentum, self.nesterov = float(momentum), nesterov

    def slot_groups(self) -> Sequence[Sequence[tuple[str, float]]]:
        """Names and first values of what is kept for each variable."""
        return [[("momentum", 0.0)]] if self.momentum else []

    def update_step(self, gradient: Tensor, variable: NativeVariable, learning_rate: Any) -> list[Any]:
        """Assignments to one variable and its momentum."""
        step = gradient * learning_rate
        if not self.momentum:
            return [assign_sub(variable, step)]
        slot = self.slot(variable, "momentum")
        # graphc.train keeps lr * g with the other sign; the state of saved Keras optimizers is this one.
        m = slot.value() * self.momentum - step
        return [assign(slot, m), assign_add(variable, m * self.momentum - step if self.nesterov else m)]

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal optimizer is made."""
        return super().get_config() | {"momentum": self.momentum, "nesterov": self.nesterov}


class Lion(Optimizer):
    """p <- p - lr * sign(beta_1 * m + (1 - beta_1) * g); m <- beta_2 * m + (1 - beta_2) * g.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable
    beta_1, beta_2 : float
    **options
        Those of `Optimizer`.

    Notes
    -----
    Chen et al., Symbolic discovery of optimization algorithms, 2023.
    """

    def __init__(self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **options: Any) -> None:
        super().__init__(learning_rate, **options)
        if not 0 < beta_1 <= 1:
            raise ValueError(f"beta_1 is above 0 and at most 1, not {beta_1}: at 0 it would be sign descent")
        self.beta_1, self.beta_2 = beta_1, beta_2

    def slot_groups(self) -> Sequence[Sequence[tuple[str, float]]]:
        """Names and first values of what is kept for each variable."""
        return [[("momentum", 0.0)]]

    def update_step(self, gradient: Tensor, variable: NativeVariable, learning_rate: Any) -> list[Any]:
        """Assignments to one variable and its average gradient."""
        slot = self.slot(variable, "momentum")
        m = slot.value()
        direction = sign(m * self.beta_1 + gradient * (1.0 - self.beta_1))
        return [
            assign(slot, m * self.beta_2 + gradient * (1.0 - self.beta_2)),
            assign_sub(variable, direction * learning_rate),
        ]

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal optimizer is made."""
        return super().get_config() | {"beta_1": self.beta_1, "beta_2": self.beta_2}
