"""Gradient descent and its relatives."""

from __future__ import annotations

from typing import Any

from graphc.api.math import sqrt, square
from graphc.api.state import assign, assign_sub
from graphc.graph.operation import Tensor
from graphc.graph.variable import Variable
from graphc.train.optimizer import Optimizer


class GradientDescentOptimizer(Optimizer):
    """p <- p - lr * g.

    Parameters
    ----------
    learning_rate : float or Tensor
    name : str

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     p = gc.Variable(4.0)
    ...     step = gc.train.GradientDescentOptimizer(0.25).minimize(gc.square(p))
    ...     for _ in range(2):
    ...         session.run(step)
    ...     print(session.run(p))
    1.0
    """

    def __init__(self, learning_rate: Any, name: str = "gradient_descent") -> None:
        super().__init__(learning_rate, name)

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable."""
        return [assign_sub(variable, gradient * self.learning_rate)]


class MomentumOptimizer(Optimizer):
    """m <- momentum * m + g; p <- p - lr * m, or with Nesterov's form p <- p - lr * (g + momentum * m).

    Parameters
    ----------
    learning_rate, momentum : float or Tensor
    name : str
    use_nesterov : bool
        Sutskever et al., On the importance of initialization and momentum in deep learning, 2013.
    """

    def __init__(self, learning_rate: Any, momentum: Any, name: str = "momentum", use_nesterov: bool = False) -> None:
        super().__init__(learning_rate, name)
        self.momentum = momentum
        self.use_nesterov = use_nesterov

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable and its momentum."""
        slot = self.slot(variable, "momentum")
        m = slot.value() * self.momentum + gradient
        step = gradient + m * self.momentum if self.use_nesterov else m
        return [assign(slot, m), assign_sub(variable, step * self.learning_rate)]


class AdagradOptimizer(Optimizer):
    """a <- a + g**2; p <- p - lr * g / sqrt(a + epsilon).

    Parameters
    ----------
    learning_rate : float or Tensor
    initial_accumulator_value : float
    epsilon : float
    name : str

    Notes
    -----
    Duchi, Hazan, Singer, Adaptive subgradient methods, 2011.
    """

    def __init__(
        self, learning_rate: Any, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7, name: str = "adagrad"
    ) -> None:
        super().__init__(learning_rate, name)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable and its accumulator."""
        slot = self.slot(variable, "accumulator", self.initial_accumulator_value)
        a = slot.value() + square(gradient)
        return [assign(slot, a), assign_sub(variable, gradient * self.learning_rate / sqrt(a + self.epsilon))]


class RMSPropOptimizer(Optimizer):
    """r <- decay * r + (1 - decay) * g**2; m <- momentum * m + lr * g / sqrt(r + epsilon); p <- p - m.

    Parameters
    ----------
    learning_rate : float or Tensor
    decay, momentum, epsilon : float
    centered : bool
        Divide by an estimate of the variance instead of the second moment.
    name : str

    Notes
    -----
    Tieleman and Hinton, lecture 6.5 of Neural networks for machine learning, 2012; centered: Graves, arXiv:1308.0850.
    """

    def __init__(
        self, learning_rate: Any, decay: Any = 0.9, momentum: Any = 0.0, epsilon: float = 1e-7, centered: bool = False,
        name: str = "rmsprop",
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name)
        self.decay, self.momentum, self.epsilon, self.centered = decay, momentum, epsilon, centered

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable and its averages."""
        slot = self.slot(variable, "rms")
        r = slot.value() * self.decay + square(gradient) * (1.0 - self.decay)
        updates, spread = [assign(slot, r)], r
        if self.centered:
            mean = self.slot(variable, "mean_gradient")
            average = mean.value() * self.decay + gradient * (1.0 - self.decay)
            updates.append(assign(mean, average))
            spread = r - square(average)
        step = gradient * self.learning_rate / sqrt(spread + self.epsilon)
        if not (isinstance(self.momentum, float) and self.momentum == 0.0):
            momentum = self.slot(variable, "momentum")
            step = momentum.value() * self.momentum + step
            updates.append(assign(momentum, step))
        return [*updates, assign_sub(variable, step)]


class AdamOptimizer(Optimizer):
    """Adam: averages of the gradient and of its square, corrected for their start at zero.

    Parameters
    ----------
    learning_rate : float or Tensor
    beta1, beta2 : float
    epsilon : float
        Added outside of the root.
    name : str

    Notes
    -----
    Kingma and Ba, Adam: a method for stochastic optimization, 2015, algorithm 1 in the form before section 2.1's end:
    p <- p - lr * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + epsilon).
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-7,
        name: str = "adam",
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon

    def prepare(self) -> list[Any]:
        """The powers of beta1 and beta2 go on."""
        import numpy as np

        first = self.shared("beta1_power", np.float64(1.0))
        second = self.shared("beta2_power", np.float64(1.0))
        self._power1, self._power2 = first.value() * self.beta1, second.value() * self.beta2
        return [assign(first, self._power1), assign(second, self._power2)]

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable and its moments."""
        step = self.direction(gradient, variable)
        return [*step[1], assign_sub(variable, step[0])]

    def direction(self, gradient: Tensor, variable: Variable) -> tuple[Tensor, list[Any]]:
        """What is subtracted from the variable, and assignments to its moments."""
        from graphc.api.math import cast

        m_slot, v_slot = self.slot(variable, "m"), self.slot(variable, "v")
        m = m_slot.value() * self.beta1 + gradient * (1.0 - self.beta1)
        v = v_slot.value() * self.beta2 + square(gradient) * (1.0 - self.beta2)
        first = cast(1.0 / (1.0 - self._power1), variable.dtype)
        second = cast(1.0 / sqrt(1.0 - self._power2), variable.dtype)
        step = m * (first * self.learning_rate) / (sqrt(v) * second + self.epsilon)
        return step, [assign(m_slot, m), assign(v_slot, v)]


class AdamWOptimizer(AdamOptimizer):
    """Adam with weight decay that is not part of the gradient.

    Parameters
    ----------
    learning_rate : float or Tensor
    weight_decay : float
        p <- p - lr * weight_decay * p, besides Adam's step.
    beta1, beta2, epsilon : float
    name : str

    Notes
    -----
    Loshchilov and Hutter, Decoupled weight decay regularization, 2019.
    """

    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float = 0.004, beta1: float = 0.9, beta2: float = 0.999,
        epsilon: float = 1e-7, name: str = "adamw",
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, beta1, beta2, epsilon, name)
        self.weight_decay = weight_decay

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable and its moments."""
        step, updates = self.direction(gradient, variable)
        decay = variable.value() * (self.weight_decay * self.learning_rate)
        return [*updates, assign_sub(variable, step + decay)]
