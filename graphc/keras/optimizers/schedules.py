"""Learning rates that depend on the number of steps done, by the names of Keras."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from graphc.api.math import ceil, cos, floor, less, log, maximum, minimum, pow_, where
from graphc.graph.operation import Tensor
from graphc.keras import lookup
from graphc.keras.eager import as_tensor, either
from graphc.keras.lookup import Configured, to_write


class LearningRateSchedule(Configured):
    """A learning rate as a function of the number of steps done.

    A schedule of your own has ``__call__(step)`` and `get_config`.
    """

    def __call__(self, step: Any) -> Any:
        """The rate after a number of steps: a float for a number, a tensor for a tensor."""
        return _at(self, step)

    def rate(self, step: Tensor) -> Any:
        """The rate, for a number of steps in float32."""
        raise to_write(self, "rate(step)")


@either
def _at(schedule: LearningRateSchedule, step: Any) -> Any:
    return schedule.rate(as_tensor(step, "float32"))


def _positive(name: str, value: float) -> float:
    if value <= 0:
        raise ValueError(f"{name} must be positive, not {value}")
    return value


class _RateDecay(LearningRateSchedule):
    """A rate that falls with the number of decay periods done."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,
        name: str | None = None,
    ) -> None:  # fmt: skip
        self.initial_learning_rate, self.decay_rate = initial_learning_rate, decay_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.staircase, self.name = staircase, name or type(self).__name__

    def periods(self, step: Tensor) -> Any:
        """Periods done; whole ones with `staircase`."""
        done = step / float(self.decay_steps)
        return floor(done) if self.staircase else done


class ExponentialDecay(_RateDecay):
    """initial_learning_rate * decay_rate ** (step / decay_steps).

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    decay_rate : float
    staircase : bool
        Round the exponent down.
    name : str

    Examples
    --------
    >>> ExponentialDecay(0.5, decay_steps=10, decay_rate=0.5)(20)
    np.float32(0.125)
    """

    def rate(self, step: Tensor) -> Any:
        """The rate."""
        return self.initial_learning_rate * pow_(self.decay_rate, self.periods(step))


class InverseTimeDecay(_RateDecay):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps).

    Parameters are those of `ExponentialDecay`.
    """

    def rate(self, step: Tensor) -> Any:
        """The rate."""
        return self.initial_learning_rate / (1.0 + self.decay_rate * self.periods(step))


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to and at boundaries[0], values[1] up to and at boundaries[1], ..., the last value after.

    Parameters
    ----------
    boundaries : sequence of int
    values : sequence of float
        One more than boundaries.
    name : str
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(f"{len(values)} values need {len(values) - 1} boundaries, not {len(boundaries)}")
        self.boundaries, self.values, self.name = list(boundaries), list(values), name

    def rate(self, step: Tensor) -> Any:
        """The rate."""
        found: Any = float(self.values[-1])
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1]), strict=True):
            found = where(less(float(boundary), step), found, float(value))
        return as_tensor(found, "float32")


class PolynomialDecay(LearningRateSchedule):
    """From a first rate to a last one: (first - last) * (1 - step / decay_steps) ** power + last.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    end_learning_rate, power : float
    cycle : bool
        Go on beyond `decay_steps`, with the next multiple of it.
    name : str
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, end_learning_rate: float = 0.0001, power: float = 1.0,
        cycle: bool = False, name: str = "PolynomialDecay",
    ) -> None:  # fmt: skip
        self.initial_learning_rate, self.end_learning_rate = initial_learning_rate, end_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.power, self.cycle, self.name = power, cycle, name

    def rate(self, step: Tensor) -> Any:
        """The rate."""
        length: Any = float(self.decay_steps)
        if self.cycle:
            length = length * maximum(ceil(step / length), 1.0)
        left = 1.0 - minimum(step, length) / length
        return (self.initial_learning_rate - self.end_learning_rate) * pow_(left, self.power) + self.end_learning_rate


class CosineDecay(LearningRateSchedule):
    """Half a cosine from a first rate to `alpha` times that, after a linear warm-up if one is asked for.

    Parameters
    ----------
    initial_learning_rate : float
        Where the warm-up starts, or the decay if there is none.
    decay_steps : int
    alpha : float
    name : str
    warmup_target : float, optional
        Where the warm-up ends and the decay starts.
    warmup_steps : int

    Notes
    -----
    Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0, name: str = "CosineDecay",
        warmup_target: float | None = None, warmup_steps: int = 0,
    ) -> None:  # fmt: skip
        self.initial_learning_rate, self.alpha, self.name = initial_learning_rate, alpha, name
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def rate(self, step: Tensor) -> Any:
        """The rate."""
        first, length = self.initial_learning_rate, float(self.decay_steps)
        if self.warmup_target is None:
            return first * self._left(minimum(step, length) / length)
        target, warm = self.warmup_target, float(self.warmup_steps)
        rising = (target - first) * step / max(warm, 1.0) + first
        falling = target * self._left(minimum(maximum(step - warm, 0.0), length) / length)
        return where(step < warm, rising, falling)

    def _left(self, done: Tensor) -> Any:
        found: Tensor = (1.0 - self.alpha) * 0.5 * (1.0 + cos(math.pi * done)) + self.alpha
        return found


class CosineDecayRestarts(LearningRateSchedule):
    """Half cosines one after another, each `t_mul` times as long and `m_mul` times as high as the one before.

    Parameters
    ----------
    initial_learning_rate : float
    first_decay_steps : int
    t_mul, m_mul, alpha : float
    name : str

    Notes
    -----
    Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.
    """

    def __init__(
        self, initial_learning_rate: float, first_decay_steps: int, t_mul: float = 2.0, m_mul: float = 1.0,
        alpha: float = 0.0, name: str = "SGDRDecay",
    ) -> None:  # fmt: skip
        self.initial_learning_rate, self.alpha, self.name = initial_learning_rate, alpha, name
        self.first_decay_steps = _positive("first_decay_steps", first_decay_steps)
        self.t_mul, self.m_mul = t_mul, m_mul

    def rate(self, step: Tensor) -> Any:
        """The rate."""
        done = step / float(self.first_decay_steps)
        if self.t_mul == 1.0:
            restarts = floor(done)
            part = done - restarts
        else:
            restarts = floor(log(1.0 - done * (1.0 - self.t_mul)) / math.log(self.t_mul))
            length = pow_(self.t_mul, restarts)
            part = (done - (1.0 - length) / (1.0 - self.t_mul)) / length
        wave = 0.5 * pow_(self.m_mul, restarts) * (1.0 + cos(math.pi * part))
        return self.initial_learning_rate * ((1.0 - self.alpha) * wave + self.alpha)


ALL: dict[str, Any] = {
    c.__name__: c
    for c in (
        CosineDecay, CosineDecayRestarts, ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay,
    )
}  # fmt: skip


def serialize(learning_rate_schedule: LearningRateSchedule) -> Any:
    """The configuration of a schedule."""
    return lookup.serialize(learning_rate_schedule)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The schedule that `serialize` described."""
    return lookup.find("schedule", {**ALL, **(custom_objects or {})}, config)
