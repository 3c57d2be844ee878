"""Gradient descent and its relatives."""

from __future__ import annotations

from typing import Any

from graphc.api.math import abs_, maximum, minimum, sign, sqrt, square
from graphc.api.state import assign, assign_sub
from graphc.graph.operation import Tensor
from graphc.graph.variable import Variable
from graphc.train.optimizer import Optimizer, fitting


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
        return [assign_sub(variable, gradient * self.rate(variable))]


class ProximalGradientDescentOptimizer(Optimizer):
    """Gradient descent followed by the proximal step of ``l1 * |p| + l2 / 2 * p**2``: weights become exactly zero.

    q <- p - lr * g; p <- sign(q) * max(|q| - lr * l1, 0) / (1 + lr * l2).

    Parameters
    ----------
    learning_rate : float or Tensor
    l1_regularization_strength, l2_regularization_strength : float
    name : str

    Notes
    -----
    Duchi and Singer, Efficient online and batch learning using forward backward splitting, 2009.
    """

    def __init__(
        self, learning_rate: Any, l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
        name: str = "proximal_gradient_descent",
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name)
        self.l1, self.l2 = l1_regularization_strength, l2_regularization_strength

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable."""
        rate = self.rate(variable)
        return [assign(variable, _proximal(variable.value() - gradient * rate, rate, self.l1, self.l2))]


class MomentumOptimizer(Optimizer):
    """m <- momentum * m + g; p <- p - lr * m, or with Nesterov's form p <- p - lr * (g + momentum * m).

    Parameters
    ----------
    learning_rate, momentum : float or Tensor
    name : str
    use_nesterov : bool
        Sutskever et al., On the importance of initialization and momentum in deep learning, 2013.
    accumulate_steps : bool
        m <- momentum * m + lr * g; p <- p - m. It differs only while the learning rate changes.
    """

    def __init__(
        self, learning_rate: Any, momentum: Any, name: str = "momentum", use_nesterov: bool = False,
        accumulate_steps: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name)
        self.momentum = momentum
        self.use_nesterov = use_nesterov
        self.accumulate_steps = accumulate_steps

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable and its momentum."""
        slot = self.slot(variable, "momentum")
        rate, momentum = self.rate(variable), fitting(self.momentum, variable)
        added = gradient * rate if self.accumulate_steps else gradient
        m = slot.value() * momentum + added
        step = added + m * momentum if self.use_nesterov else m
        return [assign(slot, m), assign_sub(variable, step if self.accumulate_steps else step * rate)]


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
        return [assign(slot, a), assign_sub(variable, gradient * self.rate(variable) / sqrt(a + self.epsilon))]


class ProximalAdagradOptimizer(Optimizer):
    """Adagrad followed by the proximal step of ``l1 * |p| + l2 / 2 * p**2``, at Adagrad's rate for each element.

    Parameters
    ----------
    learning_rate : float or Tensor
    initial_accumulator_value : float
    l1_regularization_strength, l2_regularization_strength : float
    name : str

    Notes
    -----
    Duchi, Hazan, Singer, Adaptive subgradient methods, 2011.
    """

    def __init__(
        self, learning_rate: Any, initial_accumulator_value: float = 0.1, l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0, name: str = "proximal_adagrad",
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name)
        self.initial_accumulator_value = initial_accumulator_value
        self.l1, self.l2 = l1_regularization_strength, l2_regularization_strength

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable and its accumulator."""
        slot = self.slot(variable, "accumulator", self.initial_accumulator_value)
        a = slot.value() + square(gradient)
        rate = self.rate(variable) / sqrt(a)
        return [
            assign(slot, a),
            assign(variable, _proximal(variable.value() - gradient * rate, rate, self.l1, self.l2)),
        ]


def _proximal(q: Tensor, rate: Any, l1: float, l2: float) -> Any:
    shrunk = sign(q) * maximum(abs_(q) - rate * l1, 0.0) if l1 else q
    return shrunk / (1.0 + rate * l2) if l2 else shrunk


class AdadeltaOptimizer(Optimizer):
    """p <- p - lr * d with d = g * sqrt(u + epsilon) / sqrt(a + epsilon), averages u of d**2 and a of g**2.

    a <- rho * a + (1 - rho) * g**2 before d is taken, u <- rho * u + (1 - rho) * d**2 after.

    Parameters
    ----------
    learning_rate : float or Tensor
    rho, epsilon : float
    name : str

    Notes
    -----
    Zeiler, ADADELTA: an adaptive learning rate method, 2012.
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, name: str = "adadelta"
    ) -> None:
        super().__init__(learning_rate, name)
        self.rho, self.epsilon = rho, epsilon

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable and its averages of squared gradients and steps."""
        squares, steps = self.slot(variable, "accum"), self.slot(variable, "accum_update")
        a = squares.value() * self.rho + square(gradient) * (1.0 - self.rho)
        d = gradient * sqrt(steps.value() + self.epsilon) / sqrt(a + self.epsilon)
        u = steps.value() * self.rho + square(d) * (1.0 - self.rho)
        return [assign(squares, a), assign(steps, u), assign_sub(variable, d * self.rate(variable))]


class RMSPropOptimizer(Optimizer):
    """r <- decay * r + (1 - decay) * g**2; m <- momentum * m + lr * g / sqrt(r + epsilon); p <- p - m.

    Parameters
    ----------
    learning_rate : float or Tensor
    decay, momentum, epsilon : float
    centered : bool
        Divide by an estimate of the variance instead of the second moment.
    name : str
    initial_rms : float
        What r starts from.

    Notes
    -----
    Tieleman and Hinton, lecture 6.5 of Neural networks for machine learning, 2012; centered: Graves, arXiv:1308.0850.
    """

    def __init__(
        self, learning_rate: Any, decay: Any = 0.9, momentum: Any = 0.0, epsilon: float = 1e-7, centered: bool = False,
        name: str = "rmsprop", initial_rms: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name)
        self.decay, self.momentum, self.epsilon, self.centered = decay, momentum, epsilon, centered
        self.initial_rms = initial_rms

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable and its averages."""
        slot = self.slot(variable, "rms", self.initial_rms)
        decay = fitting(self.decay, variable)
        r = slot.value() * decay + square(gradient) * (1.0 - decay)
        updates, spread = [assign(slot, r)], r
        if self.centered:
            mean = self.slot(variable, "mean_gradient")
            average = mean.value() * decay + gradient * (1.0 - decay)
            updates.append(assign(mean, average))
            spread = r - square(average)
        step = gradient * self.rate(variable) / sqrt(spread + self.epsilon)
        if not (isinstance(self.momentum, float) and self.momentum == 0.0):
            momentum = self.slot(variable, "momentum")
            step = momentum.value() * fitting(self.momentum, variable) + step
            updates.append(assign(momentum, step))
        return [*updates, assign_sub(variable, step)]


class FtrlOptimizer(Optimizer):
    """Follow the regularized leader, with L1 and L2 terms: sparse linear models.

    b = a + g**2; s = (b**-power - a**-power) / lr; z <- z + g + 2 * l2_shrinkage * p - s * p;
    p <- (clip(z, -l1, l1) - z) / (b**-power / lr + 2 * l2 + beta / lr); a <- b.

    Parameters
    ----------
    learning_rate : float or Tensor
    learning_rate_power : float
        At most 0; -1/2 is Adagrad's rate.
    initial_accumulator_value : float
    l1_regularization_strength, l2_regularization_strength, l2_shrinkage_regularization_strength, beta : float
    name : str

    Notes
    -----
    McMahan et al., Ad click prediction: a view from the trenches, 2013.
    """

    def __init__(
        self, learning_rate: Any, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0, name: str = "ftrl",
        l2_shrinkage_regularization_strength: float = 0.0, beta: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name)
        self.power = -learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1, self.l2, self.beta = l1_regularization_strength, l2_regularization_strength, beta
        self.l2_shrinkage = l2_shrinkage_regularization_strength

    def update(self, gradient: Tensor, variable: Variable) -> list[Any]:
        """Assignments to one variable, its accumulator and its linear term."""
        accumulator = self.slot(variable, "accum", self.initial_accumulator_value)
        linear = self.slot(variable, "linear")
        rate, p, a = self.rate(variable), variable.value(), accumulator.value()
        b = a + square(gradient)
        grown = self._root(b)
        pull = gradient + p * (2.0 * self.l2_shrinkage) if self.l2_shrinkage else gradient
        z = linear.value() + pull - (grown - self._root(a)) / rate * p
        clipped = minimum(maximum(z, -self.l1), self.l1) if self.l1 else 0.0
        value = (clipped - z) / ((grown + self.beta) / rate + 2.0 * self.l2)
        return [assign(accumulator, b), assign(linear, z), assign(variable, value)]

    def _root(self, value: Any) -> Any:
        return sqrt(value) if self.power == 0.5 else value**self.power
