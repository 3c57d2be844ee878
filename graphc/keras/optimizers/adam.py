"""Adam and its relatives: the updates of `graphc.train`, with powers of the betas taken from the number of steps.

Keras computes the powers anew in every step and keeps none; so a saved state is the step number and the averages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphc.api.math import pow_
from graphc.api.state import assign
from graphc.graph.operation import Tensor
from graphc.graph.variable import Variable as NativeVariable
from graphc.keras.optimizers.optimizer import Optimizer
from graphc.train.adam import AdamaxOptimizer, AdamOptimizer, NadamOptimizer
from graphc.train.optimizer import Optimizer as NativeOptimizer


class _Adam(AdamOptimizer):
    def __init__(self, step: Tensor, **options: Any) -> None:
        super().__init__(**options)
        self._power1, self._power2 = pow_(self.beta1, step), pow_(self.beta2, step)

    def prepare(self) -> list[Any]:
        """The powers were given."""
        return []


class _Adamax(AdamaxOptimizer):
    def __init__(self, step: Tensor, **options: Any) -> None:
        super().__init__(**options)
        self._power = pow_(self.beta1, step)

    def prepare(self) -> list[Any]:
        """The power was given."""
        return []


class Adam(Optimizer):
    """p <- p - lr * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon), averages m of g and v of g**2.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable
    beta_1, beta_2, epsilon : float
    amsgrad : bool
        Divide by the largest v so far.
    **options
        Those of `Optimizer`.

    Notes
    -----
    Kingma and Ba, Adam: a method for stochastic optimization, 2015: the form at the end of section 2, in which epsilon
    is added before the correction.
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        amsgrad: bool = False, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad

    def slot_groups(self) -> Sequence[Sequence[tuple[str, float]]]:
        """Names and first values of what is kept for each variable."""
        groups = [[("momentum", 0.0), ("velocity", 0.0)]]
        return [*groups, [("velocity_hat", 0.0)]] if self.amsgrad else groups

    def native(self, rate: Any) -> tuple[NativeOptimizer, dict[str, str]]:
        """The optimizer of `graphc.train`, and the names of its slots."""
        made = _Adam(
            self.step_number("float64"), learning_rate=rate, beta1=self.beta_1, beta2=self.beta_2,
            epsilon=self.epsilon, epsilon_hat=True, amsgrad=self.amsgrad,
        )  # fmt: skip
        names = {"momentum": "m", "velocity": "v"}
        return made, names | ({"velocity_hat": "vhat"} if self.amsgrad else {})

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal optimizer is made."""
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon, "amsgrad": self.amsgrad}
        return super().get_config() | own


class AdamW(Adam):
    """Adam with weight decay that is not part of the gradient (Loshchilov and Hutter, 2019).

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable
    weight_decay : float
    **options
        Those of `Adam`.
    """

    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float = 0.004, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, amsgrad: bool = False, **options: Any,
    ) -> None:  # fmt: skip
        if weight_decay is None:
            raise ValueError("AdamW needs a weight_decay: without one use Adam")
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options)


class Adamax(Optimizer):
    """p <- p - lr / (1 - beta_1**t) * m / (u + epsilon), average m of g, and u <- max(beta_2 * u, abs(g)).

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable
    beta_1, beta_2, epsilon : float
    **options
        Those of `Optimizer`.
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def slot_groups(self) -> Sequence[Sequence[tuple[str, float]]]:
        """Names and first values of what is kept for each variable."""
        return [[("momentum", 0.0), ("norm", 0.0)]]

    def native(self, rate: Any) -> tuple[NativeOptimizer, dict[str, str]]:
        """The optimizer of `graphc.train`, and the names of its slots."""
        step = self.step_number("float64")
        made = _Adamax(step, learning_rate=rate, beta1=self.beta_1, beta2=self.beta_2, epsilon=self.epsilon)
        return made, {"momentum": "m", "norm": "v"}

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal optimizer is made."""
        return super().get_config() | {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


class _Nadam(NadamOptimizer):
    def __init__(self, step: Tensor, product: Tensor, **options: Any) -> None:
        super().__init__(**options)
        self._averaged, self._fresh, self._spread = nadam_factors(step, product, self)

    def prepare(self) -> list[Any]:
        """The factors were given."""
        return []


def nadam_factors(step: Tensor, product: Tensor, native: NadamOptimizer) -> tuple[Any, Any, Any]:
    """What the average gradient, the gradient and the root of v are multiplied with in a step.

    Parameters
    ----------
    step : Tensor
        From 1.
    product : Tensor
        Of the momenta up to this step.
    native : NadamOptimizer
    """
    now = native.beta1 * (1.0 - 0.5 * pow_(native.momentum_decay, step))
    following = native.beta1 * (1.0 - 0.5 * pow_(native.momentum_decay, step + 1.0))
    spread = 1.0 / pow_(1.0 - pow_(native.beta2, step), 0.5)
    return following / (1.0 - product * following), (1.0 - now) / (1.0 - product), spread


class Nadam(Adamax):
    """Adam with Nesterov's momentum, whose strength grows with time (Dozat, 2016).

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable
    beta_1, beta_2, epsilon : float
    **options
        Those of `Optimizer`.
    """

    decay = 0.96

    def slot_groups(self) -> Sequence[Sequence[tuple[str, float]]]:
        """Names and first values of what is kept for each variable."""
        return [[("momentum", 0.0), ("velocity", 0.0)]]

    def shared(self) -> Sequence[tuple[str, float]]:
        """The product of the momenta so far."""
        return [("u_product", 1.0)]

    def _product(self) -> Any:
        step = self.step_number("float32")
        return self._shared["u_product"].value() * self.beta_1 * (1.0 - 0.5 * pow_(self.decay, step))

    def _updates(self, pairs: list[tuple[Tensor, NativeVariable]]) -> list[Any]:
        return [*super()._updates(pairs), assign(self._shared["u_product"], self._product())]

    def native(self, rate: Any) -> tuple[NativeOptimizer, dict[str, str]]:
        """The optimizer of `graphc.train`, and the names of its slots."""
        made = _Nadam(
            self.step_number("float32"), self._product(), learning_rate=rate, beta1=self.beta_1, beta2=self.beta_2,
            epsilon=self.epsilon, momentum_decay=self.decay,
        )  # fmt: skip
        return made, {"momentum": "m", "velocity": "v"}
