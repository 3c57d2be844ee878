"""Adam and its relatives: averages of the gradient and of its square, corrected for their start at zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphc.api.math import abs_, cast, maximum, sqrt, square
from graphc.api.state import assign, assign_sub
from graphc.graph.operation import Tensor
from graphc.graph.variable import Variable
from graphc.train.optimizer import Optimizer


class AdamOptimizer(Optimizer):
    """Adam: averages of the gradient and of its square, corrected for their start at zero.

    m <- beta1 * m + (1 - beta1) * g; v <- beta2 * v + (1 - beta2) * g**2; in step t
    p <- p - lr * m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + epsilon).

    Parameters
    ----------
    learning_rate : float or Tensor
    beta1, beta2 : float
    epsilon : float
        Added outside of the root.
    name : str
    epsilon_hat : bool
        Add epsilon to sqrt(v) before the correction: the form at the end of section 2 of the paper, which TensorFlow
        and Keras use.
    amsgrad : bool
        Divide by the largest v so far (Reddi, Kale, Kumar, On the convergence of Adam and beyond, 2018).
    use_nesterov : bool
        beta1 * m + (1 - beta1) * g in the place of m.

    Notes
    -----
    Kingma and Ba, Adam: a method for stochastic optimization, 2015.
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-7,
        name: str = "adam", epsilon_hat: bool = False, amsgrad: bool = False, use_nesterov: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.epsilon_hat, self.amsgrad, self.use_nesterov = epsilon_hat, amsgrad, use_nesterov

    def prepare(self) -> list[Any]:
        """The powers of beta1 and beta2 go on."""
        first = self.shared("beta1_power", np.float64(1.0))
        second = self.shared("beta2_power", np.float64(1.0))
        self._power1, self._power2 = first.value() * self.beta1, second.value() * self.beta2
        return [assign(first, self._power1), assign(second, self._power2)]

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable and its moments."""
        step, updates = self.direction(gradient, variable)
        return [*updates, assign_sub(variable, step)]

    def direction(self, gradient: Tensor, variable: Variable) -> tuple[Any, list[Any]]:
        """What is subtracted from the variable, and assignments to its moments."""
        m_slot, v_slot = self.slot(variable, "m"), self.slot(variable, "v")
        m = m_slot.value() * self.beta1 + gradient * (1.0 - self.beta1)
        v = v_slot.value() * self.beta2 + square(gradient) * (1.0 - self.beta2)
        updates = [assign(m_slot, m), assign(v_slot, v)]
        if self.amsgrad:
            largest = self.slot(variable, "vhat")
            v = maximum(largest.value(), v)
            updates.append(assign(largest, v))
        if self.use_nesterov:
            m = m * self.beta1 + gradient * (1.0 - self.beta1)
        first = 1.0 / (1.0 - self._power1)
        second = 1.0 / sqrt(1.0 - self._power2)
        if self.epsilon_hat:
            scale = cast(first / second, variable.dtype) * self.rate(variable)
            return m * scale / (sqrt(v) + self.epsilon), updates
        scale = cast(first, variable.dtype) * self.rate(variable)
        return m * scale / (sqrt(v) * cast(second, variable.dtype) + self.epsilon), updates


class AdamWOptimizer(AdamOptimizer):
    """Adam with weight decay that is not part of the gradient.

    Parameters
    ----------
    learning_rate : float or Tensor
    weight_decay : float
        p <- p - lr * weight_decay * p, besides Adam's step.
    beta1, beta2, epsilon : float
    name : str
    epsilon_hat, amsgrad, use_nesterov : bool
        As for Adam.

    Notes
    -----
    Loshchilov and Hutter, Decoupled weight decay regularization, 2019.
    """

    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float = 0.004, beta1: float = 0.9, beta2: float = 0.999,
        epsilon: float = 1e-7, name: str = "adamw", epsilon_hat: bool = False, amsgrad: bool = False,
        use_nesterov: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, beta1, beta2, epsilon, name, epsilon_hat, amsgrad, use_nesterov)
        self.weight_decay = weight_decay

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable and its moments."""
        step, updates = self.direction(gradient, variable)
        decay = variable.value() * (self.rate(variable) * self.weight_decay)
        return [*updates, assign_sub(variable, step + decay)]


class AdamaxOptimizer(Optimizer):
    """m <- beta1 * m + (1 - beta1) * g; u <- max(beta2 * u, |g|); p <- p - lr / (1 - beta1**t) * m / (u + epsilon).

    Parameters
    ----------
    learning_rate : float or Tensor
    beta1, beta2, epsilon : float
    name : str

    Notes
    -----
    Kingma and Ba, Adam: a method for stochastic optimization, 2015, section 7.1.
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-7,
        name: str = "adamax",
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon

    def prepare(self) -> list[Any]:
        """The power of beta1 goes on."""
        power = self.shared("beta1_power", np.float64(1.0))
        self._power = power.value() * self.beta1
        return [assign(power, self._power)]

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable, its average gradient and its largest one."""
        m_slot, u_slot = self.slot(variable, "m"), self.slot(variable, "v")
        m = m_slot.value() * self.beta1 + gradient * (1.0 - self.beta1)
        u = maximum(u_slot.value() * self.beta2, abs_(gradient))
        scale = cast(1.0 / (1.0 - self._power), variable.dtype) * self.rate(variable)
        return [assign(m_slot, m), assign(u_slot, u), assign_sub(variable, m * scale / (u + self.epsilon))]


class NadamOptimizer(Optimizer):
    """Adam with Nesterov's momentum, whose strength mu(t) = beta1 * (1 - 0.5 * momentum_decay**t) grows with time.

    p <- p - lr * mhat / (sqrt(v / (1 - beta2**t)) + epsilon), where
    mhat = mu(t+1) * m / (1 - mu(1) ... mu(t+1)) + (1 - mu(t)) * g / (1 - mu(1) ... mu(t)).

    Parameters
    ----------
    learning_rate : float or Tensor
    beta1, beta2, epsilon : float
    name : str
    momentum_decay : float

    Notes
    -----
    Dozat, Incorporating Nesterov momentum into Adam, 2016.
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-7,
        name: str = "nadam", momentum_decay: float = 0.96,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name)
        self.beta1, self.beta2, self.epsilon, self.momentum_decay = beta1, beta2, epsilon, momentum_decay

    def prepare(self) -> list[Any]:
        """The powers and the product of momenta go on."""
        squares = self.shared("beta2_power", np.float64(1.0))
        decays = self.shared("decay_power", np.float64(1.0))
        product = self.shared("momentum_product", np.float64(1.0))
        power, decay = squares.value() * self.beta2, decays.value() * self.momentum_decay
        now = (1.0 - decay * 0.5) * self.beta1
        following = (1.0 - decay * (0.5 * self.momentum_decay)) * self.beta1
        current = product.value() * now
        self._averaged = following / (1.0 - current * following)
        self._fresh = (1.0 - now) / (1.0 - current)
        self._spread = 1.0 / sqrt(1.0 - power)
        return [assign(squares, power), assign(decays, decay), assign(product, current)]

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable and its moments."""
        m_slot, v_slot = self.slot(variable, "m"), self.slot(variable, "v")
        m = m_slot.value() * self.beta1 + gradient * (1.0 - self.beta1)
        v = v_slot.value() * self.beta2 + square(gradient) * (1.0 - self.beta2)
        averaged, fresh, spread = (cast(c, variable.dtype) for c in (self._averaged, self._fresh, self._spread))
        step = (m * averaged + gradient * fresh) * self.rate(variable) / (sqrt(v) * spread + self.epsilon)
        return [assign(m_slot, m), assign(v_slot, v), assign_sub(variable, step)]
