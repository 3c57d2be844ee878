"""Optimizers whose rate adapts to the size of gradients: the updates of `graphc.train`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphc.keras.optimizers.optimizer import Optimizer
from graphc.train.optimizer import Optimizer as NativeOptimizer
from graphc.train.optimizers import AdadeltaOptimizer, AdagradOptimizer, FtrlOptimizer, RMSPropOptimizer


class RMSprop(Optimizer):
    """p <- p - lr * g / sqrt(r + epsilon), average r of g**2, with momentum if one is given.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable
    rho, momentum, epsilon : float
    centered : bool
        Divide by an estimate of the variance instead of the second moment.
    **options
        Those of `Optimizer`.
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7,
        centered: bool = False, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.rho, self.momentum, self.epsilon, self.centered = rho, float(momentum), epsilon, centered

    def slot_groups(self) -> Sequence[Sequence[tuple[str, float]]]:
        """Names and first values of what is kept for each variable."""
        names = ["velocity", *(["momentum"] if self.momentum else []), *(["average_gradient"] if self.centered else [])]
        return [[(n, 0.0)] for n in names]

    def native(self, rate: Any) -> tuple[NativeOptimizer, dict[str, str]]:
        """The optimizer of `graphc.train`, and the names of its slots."""
        made = RMSPropOptimizer(rate, self.rho, self.momentum, self.epsilon, self.centered)
        names = {"velocity": "rms", "momentum": "momentum", "average_gradient": "mean_gradient"}
        return made, {n: names[n] for ((n, _),) in self.slot_groups()}

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal optimizer is made."""
        own = {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon, "centered": self.centered}
        return super().get_config() | own


class Adagrad(Optimizer):
    """a <- a + g**2; p <- p - lr * g / sqrt(a + epsilon).

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable
    initial_accumulator_value, epsilon : float
    **options
        Those of `Optimizer`.
    """

    def __init__(
        self, learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7, **options: Any
    ) -> None:
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def slot_groups(self) -> Sequence[Sequence[tuple[str, float]]]:
        """Names and first values of what is kept for each variable."""
        return [[("accumulator", self.initial_accumulator_value)]]

    def native(self, rate: Any) -> tuple[NativeOptimizer, dict[str, str]]:
        """The optimizer of `graphc.train`, and the names of its slots."""
        return AdagradOptimizer(rate, self.initial_accumulator_value, self.epsilon), {"accumulator": "accumulator"}

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal optimizer is made."""
        own = {"initial_accumulator_value": self.initial_accumulator_value, "epsilon": self.epsilon}
        return super().get_config() | own


class Adadelta(Optimizer):
    """p <- p - lr * d, d = g * sqrt(u + epsilon) / sqrt(a + epsilon), averages u of d**2 and a of g**2.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable
    rho, epsilon : float
    **options
        Those of `Optimizer`.
    """

    def __init__(self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **options: Any) -> None:
        super().__init__(learning_rate, **options)
        self.rho, self.epsilon = rho, epsilon

    def slot_groups(self) -> Sequence[Sequence[tuple[str, float]]]:
        """Names and first values of what is kept for each variable."""
        return [[("accumulated_grad", 0.0), ("accumulated_delta_var", 0.0)]]

    def native(self, rate: Any) -> tuple[NativeOptimizer, dict[str, str]]:
        """The optimizer of `graphc.train`, and the names of its slots."""
        names = {"accumulated_grad": "accum", "accumulated_delta_var": "accum_update"}
        return AdadeltaOptimizer(rate, self.rho, self.epsilon), names

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal optimizer is made."""
        return super().get_config() | {"rho": self.rho, "epsilon": self.epsilon}


class Ftrl(Optimizer):
    """Follow the regularized leader, with L1 and L2 terms (McMahan et al., 2013).

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable
    learning_rate_power : float
        At most 0.
    initial_accumulator_value, l1_regularization_strength, l2_regularization_strength : float
    l2_shrinkage_regularization_strength, beta : float
    **options
        Those of `Optimizer`.
    """

    def __init__(
        self, learning_rate: Any = 0.001, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0, beta: float = 0.0, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        if learning_rate_power > 0:
            raise ValueError(f"learning_rate_power is at most 0, not {learning_rate_power}")
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta

    def slot_groups(self) -> Sequence[Sequence[tuple[str, float]]]:
        """Names and first values of what is kept for each variable."""
        return [[("accumulator", self.initial_accumulator_value), ("linear", 0.0)]]

    def native(self, rate: Any) -> tuple[NativeOptimizer, dict[str, str]]:
        """The optimizer of `graphc.train`, and the names of its slots."""
        made = FtrlOptimizer(
            rate, self.learning_rate_power, self.initial_accumulator_value, self.l1_regularization_strength,
            self.l2_regularization_strength, beta=self.beta,
            l2_shrinkage_regularization_strength=self.l2_shrinkage_regularization_strength,
        )  # fmt: skip
        return made, {"accumulator": "accum", "linear": "linear"}

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal optimizer is made."""
        names = ("learning_rate_power", "initial_accumulator_value", "l1_regularization_strength",
                 "l2_regularization_strength", "l2_shrinkage_regularization_strength", "beta")  # fmt: skip
        return super().get_config() | {n: getattr(self, n) for n in names}
