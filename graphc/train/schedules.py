"""Learning rates that depend on the number of steps done.

Every function takes the step as a tensor or variable and returns a scalar tensor in the element type of the rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from graphc.api.math import cast, ceil, cos, exp, floor, log, maximum, minimum, pow_, where
from graphc.api.random import random_normal
from graphc.api.shaping import constant
from graphc.api.state import name_scope
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import Variable


def _tensor(value: Any, dtype: Any = None) -> Tensor:
    if isinstance(value, Variable):
        value = value.value()
    if isinstance(value, Tensor):
        return value if dtype is None or value.dtype == dtype else cast(value, dtype)
    found: Tensor = constant(float(value) if isinstance(value, int) else value, dtype=dtype)
    return found


@contextmanager
def _schedule(name: str, rate: Any, global_step: Any) -> Iterator[tuple[Tensor, Callable[[Any], Tensor]]]:
    """The rate as a tensor, and a function that brings other arguments into its element type."""
    if global_step is None:
        raise GraphError(f"{name} needs global_step, the number of steps done", user_origin())
    with name_scope(name):
        base = _tensor(rate)
        yield base, lambda value: _tensor(value, base.dtype)


def _periods(as_rate: Callable[[Any], Tensor], global_step: Any, decay_steps: Any, staircase: bool) -> Tensor:
    quotient: Tensor = as_rate(global_step) / as_rate(decay_steps)
    return floor(quotient) if staircase else quotient


def _done(as_rate: Callable[[Any], Tensor], global_step: Any, decay_steps: Any) -> Tensor:
    """The part of the steps that is done, 1 after them."""
    length = as_rate(decay_steps)
    found: Tensor = minimum(as_rate(global_step), length) / length
    return found


def exponential_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """learning_rate * decay_rate ** (global_step / decay_steps).

    Parameters
    ----------
    learning_rate : float or Tensor
    global_step : Variable, Tensor or int
    decay_steps, decay_rate : number or Tensor
    staircase : bool
        Take the whole part of the quotient.
    name : str, optional

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     step = gc.Variable(20, trainable=False)
    ...     print(session.run(gc.train.exponential_decay(0.5, step, 10, 0.5)))
    0.125
    """
    with _schedule(name or "exponential_decay", learning_rate, global_step) as (rate, as_rate):
        periods = _periods(as_rate, global_step, decay_steps, staircase)
        found: Tensor = rate * pow_(as_rate(decay_rate), periods)
        return found


def natural_exp_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """learning_rate * exp(-decay_rate * global_step / decay_steps)."""
    with _schedule(name or "natural_exp_decay", learning_rate, global_step) as (rate, as_rate):
        periods = _periods(as_rate, global_step, decay_steps, staircase)
        found: Tensor = rate * exp(-as_rate(decay_rate) * periods)
        return found


def inverse_time_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """learning_rate / (1 + decay_rate * global_step / decay_steps)."""
    with _schedule(name or "inverse_time_decay", learning_rate, global_step) as (rate, as_rate):
        periods = _periods(as_rate, global_step, decay_steps, staircase)
        found: Tensor = rate / (1.0 + as_rate(decay_rate) * periods)
        return found


def polynomial_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, end_learning_rate: Any = 0.0001, power: float = 1.0,
    cycle: bool = False, name: str | None = None,
) -> Tensor:  # fmt: skip
    """(learning_rate - end) * (1 - step / decay_steps) ** power + end, with the step limited to `decay_steps`.

    With `cycle`, `decay_steps` is multiplied by the least whole number that makes it reach the step.
    """
    with _schedule(name or "polynomial_decay", learning_rate, global_step) as (rate, as_rate):
        step, length, end = as_rate(global_step), as_rate(decay_steps), as_rate(end_learning_rate)
        if cycle:
            length = length * maximum(ceil(step / length), 1.0)
        else:
            step = minimum(step, length)
        found: Tensor = (rate - end) * pow_(1.0 - step / length, as_rate(power)) + end
        return found


def piecewise_constant(x: Any, boundaries: Sequence[Any], values: Sequence[Any], name: str | None = None) -> Tensor:
    """values[0] up to and at boundaries[0], values[1] up to and at boundaries[1], ..., the last value after.

    Parameters
    ----------
    x : Variable, Tensor or int
        The step.
    boundaries : sequence of number, ascending
    values : sequence of number or Tensor
        One more than boundaries.
    name : str, optional

    Raises
    ------
    GraphError
        If the numbers do not fit.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     step = gc.placeholder(gc.int64, [])
    ...     rate = gc.train.piecewise_constant(step, [100, 200], [1.0, 0.5, 0.1])
    ...     print([float(session.run(rate, {step: n})) for n in (100, 101, 200)])
    [1.0, 0.5, 0.5]
    """
    if len(values) != len(boundaries) + 1:
        raise GraphError(
            f"piecewise_constant: {len(boundaries)} boundaries need {len(boundaries) + 1} values, not {len(values)}",
            user_origin(),
        )
    with name_scope(name or "piecewise_constant"):
        step = x.value() if isinstance(x, Variable) else x if isinstance(x, Tensor) else constant(x)
        found = _tensor(values[-1])
        for boundary, value in zip(reversed(boundaries), reversed(values[:-1]), strict=True):
            found = where(step <= boundary, _tensor(value, found.dtype), found)
        return found


def cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, alpha: float = 0.0, name: str | None = None
) -> Tensor:
    """learning_rate * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha), the step limited to decay_steps.

    Notes
    -----
    Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.
    """
    with _schedule(name or "cosine_decay", learning_rate, global_step) as (rate, as_rate):
        done = _done(as_rate, global_step, decay_steps)
        found: Tensor = rate * ((1.0 - alpha) * _half_cosine(done) + alpha)
        return found


def _half_cosine(done: Tensor) -> Tensor:
    found: Tensor = 0.5 * (1.0 + cos(math.pi * done))
    return found


def cosine_decay_restarts(
    learning_rate: Any, global_step: Any, first_decay_steps: Any, t_mul: float = 2.0, m_mul: float = 1.0,
    alpha: float = 0.0, name: str | None = None,
) -> Tensor:  # fmt: skip
    """`cosine_decay` that starts again: every period is `t_mul` times as long, and `m_mul` times as high, as the last.

    Notes
    -----
    Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.
    """
    with _schedule(name or "cosine_decay_restarts", learning_rate, global_step) as (rate, as_rate):
        done = as_rate(global_step) / as_rate(first_decay_steps)
        if t_mul == 1.0:
            period = floor(done)
            done = done - period
        else:
            # Period i starts at (1 - t_mul**i) / (1 - t_mul).
            period = floor(log(1.0 - done * (1.0 - t_mul)) / math.log(t_mul))
            scale = pow_(as_rate(t_mul), period)
            done = (done - (1.0 - scale) / (1.0 - t_mul)) / scale
        height = pow_(as_rate(m_mul), period)
        found: Tensor = rate * ((1.0 - alpha) * height * _half_cosine(done) + alpha)
        return found


def linear_cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, num_periods: float = 0.5, alpha: float = 0.0,
    beta: float = 0.001, name: str | None = None,
) -> Tensor:  # fmt: skip
    """learning_rate * ((alpha + 1 - step / decay_steps) * (1 + cos(2 pi num_periods step / decay_steps)) / 2 + beta).

    Notes
    -----
    Bello et al., Neural optimizer search with reinforcement learning, 2017.
    """
    with _schedule(name or "linear_cosine_decay", learning_rate, global_step) as (rate, as_rate):
        done = _done(as_rate, global_step, decay_steps)
        found: Tensor = rate * ((alpha + (1.0 - done)) * _half_cosine(2.0 * num_periods * done) + beta)
        return found


def noisy_linear_cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, initial_variance: float = 1.0,
    variance_decay: float = 0.55, num_periods: float = 0.5, alpha: float = 0.0, beta: float = 0.001,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """`linear_cosine_decay` with normal noise of variance initial_variance / (1 + step) ** variance_decay on the slope.

    Notes
    -----
    Bello et al., Neural optimizer search with reinforcement learning, 2017.
    """
    with _schedule(name or "noisy_linear_cosine_decay", learning_rate, global_step) as (rate, as_rate):
        length = as_rate(decay_steps)
        step = minimum(as_rate(global_step), length)
        deviation = math.sqrt(initial_variance) * pow_(1.0 + step, -0.5 * variance_decay)
        noise = random_normal([], dtype=rate.dtype) * deviation
        done = step / length
        slope = alpha + (1.0 - done) + noise
        found: Tensor = rate * (slope * _half_cosine(2.0 * num_periods * done) + beta)
        return found
