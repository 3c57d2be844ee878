"""The base of optimizers: what Keras does around an update, and the state it keeps."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphc.api.control.branch import cond
from graphc.api.math import (
    add_n,
    cast,
    clip_by_value,
    equal,
    floordiv,
    minimum,
    mod,
    not_equal,
    reduce_sum,
    sqrt,
    square,
)
from graphc.api.math import where as choose
from graphc.api.shaping import zeros_like
from graphc.api.state import assign, assign_add, assign_sub, group
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.variable import Variable as NativeVariable
from graphc.keras.eager import as_tensor, computed, is_symbolic
from graphc.keras.lookup import plain, snake_case, to_write
from graphc.keras.optimizers.schedules import InverseTimeDecay, LearningRateSchedule
from graphc.keras.variables import Variable
from graphc.layers.normalization import UPDATE_OPS
from graphc.train.clipping import clip_by_norm
from graphc.train.optimizer import Optimizer as NativeOptimizer


class Optimizer:
    """Changes variables so that a loss becomes smaller.

    An optimizer of your own has ``update_step(gradient, variable, learning_rate)``, which returns assignments, and
    names its slots in `slot_groups`; or `native`, which gives an optimizer of `graphc.train` to update with.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable
    weight_decay : float, optional
        p <- p - p * weight_decay * learning_rate before the update.
    clipnorm, clipvalue, global_clipnorm : float, optional
        Limits on the length of each gradient, on its elements, or on the length of all gradients together: one of them.
    use_ema : bool
        Keep moving averages of the variables.
    ema_momentum : float
    ema_overwrite_frequency : int, optional
        After how many steps the averages become the variables.
    loss_scale_factor : float, optional
        The loss is multiplied by it before its gradients are taken, and the gradients divided.
    gradient_accumulation_steps : int, optional
        Update after so many steps, with the mean of their gradients.
    name : str, optional
    """

    default_rate = 0.001

    def __init__(
        self, learning_rate: Any = None, weight_decay: float | None = None, clipnorm: float | None = None,
        clipvalue: float | None = None, global_clipnorm: float | None = None, use_ema: bool = False,
        ema_momentum: float = 0.99, ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None, gradient_accumulation_steps: int | None = None,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        learning_rate = kwargs.pop("lr", self.default_rate if learning_rate is None else learning_rate)
        decay = kwargs.pop("decay", None)
        if decay and isinstance(learning_rate, float | int):
            # Keras 2's decay per step.
            learning_rate = InverseTimeDecay(learning_rate, 1, decay)
        elif decay:
            raise ValueError("decay goes with a learning rate that is a number: a schedule has its own")
        if kwargs:
            raise ValueError(f"{type(self).__name__} has no argument {', '.join(kwargs)}")
        if sum(c is not None for c in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueError("only one of clipnorm, clipvalue and global_clipnorm can be given")
        if gradient_accumulation_steps is not None and gradient_accumulation_steps < 2:
            raise ValueError(f"gradient_accumulation_steps is at least 2, not {gradient_accumulation_steps}")
        self.name = name or snake_case(type(self).__name__)
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum = use_ema, ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.iterations = Variable(np.int32(0), False, f"{self.name}/iteration")
        self.variables: list[Variable] = [self.iterations]
        self._rate = self._start(learning_rate)
        self.built = False
        self._trained: list[NativeVariable] = []
        self._slots: dict[tuple[NativeVariable, str], Variable] = {}
        self._not_decayed: Callable[[NativeVariable], bool] = lambda v: False

    def _start(self, learning_rate: Any) -> Any:
        if isinstance(learning_rate, LearningRateSchedule) or callable(learning_rate):
            return learning_rate
        if isinstance(learning_rate, dict):
            from graphc.keras.optimizers.schedules import deserialize

            return deserialize(learning_rate)
        rate = Variable(np.float32(learning_rate), False, f"{self.name}/learning_rate")
        self.variables.append(rate)
        return rate

    @property
    def learning_rate(self) -> Any:
        """The variable that holds it, or the rate after the steps done so far if it follows a schedule."""
        if isinstance(self._rate, LearningRateSchedule):
            return self._rate(self.iterations.numpy())
        return self._rate if isinstance(self._rate, Variable) else self._rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if isinstance(value, LearningRateSchedule) or not isinstance(self._rate, Variable):
            raise TypeError(
                "the learning rate of an optimizer can be set where it was made with a number, and to a number: "
                "make an optimizer with the schedule"
            )
        self._rate.assign(np.float32(value))

    lr = learning_rate

    # State

    def slot_groups(self) -> Sequence[Sequence[tuple[str, float]]]:
        """Names and first values of what is kept for each variable.

        Slots of one group are listed variable by variable; one group comes after another.
        """
        return ()

    def shared(self) -> Sequence[tuple[str, float]]:
        """Names and first values of what is kept once, after the slots."""
        return ()

    def build(self, variables: Sequence[NativeVariable]) -> None:
        """Make the state for variables, once.

        Raises
        ------
        ValueError
            If it was built for others.
        """
        if self.built:
            missing = [v.name for v in variables if v not in self._trained]
            if missing:
                raise ValueError(
                    f"this optimizer was built for other variables than {', '.join(missing)}: make another"
                )
            return
        self._trained, self.built = list(variables), True
        groups: list[Sequence[tuple[str, float]]] = []
        if self.use_ema:
            groups.append([("average", 0.0)])
        if self.gradient_accumulation_steps:
            groups.append([("gradient_accumulator", 0.0)])
        for names in [*groups, *self.slot_groups()]:
            for variable in self._trained:
                for name, first in names:
                    self._slots[variable, name] = self._added(variable, name, first)
        self._shared = {n: self._state(np.float32(v), n) for n, v in self.shared()}

    def _added(self, variable: NativeVariable, name: str, first: float) -> Variable:
        shape = variable.static_shape
        return self._state(np.full(shape, first, variable.dtype.np), f"{variable.op.name.replace('/', '_')}_{name}")

    def _state(self, value: Any, name: str) -> Variable:
        made = Variable(value, False, f"{self.name}/{name}")
        self.variables.append(made)
        return made

    def slot(self, variable: NativeVariable, name: str) -> Variable:
        """What is kept under a name for a variable."""
        return self._slots[variable, name]

    def get_weights(self) -> list[np.ndarray]:
        """Copies of its state."""
        return [v.numpy() for v in self.variables]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set its state, in the order of `variables`."""
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(value)

    # Updates

    def native(self, rate: Any) -> tuple[NativeOptimizer, dict[str, str]]:
        """An optimizer of `graphc.train`, and the names of its slots in the order of `slot_groups`."""
        raise to_write(self, "native(rate)")

    def update_step(self, gradient: Tensor, variable: NativeVariable, learning_rate: Any) -> list[Any]:
        """Assignments to one variable and its slots; reads see the values before the step."""
        native, names = self.native(learning_rate)
        for name, own in names.items():
            native._slots[variable, own] = self._slots[variable, name]
        native.prepare()
        return native.update(gradient, variable)

    def step_number(self, dtype: Any) -> Any:
        """The number of this update, from 1, in an element type."""
        done = self.iterations.value()
        if self.gradient_accumulation_steps:
            done = floordiv(done, self.gradient_accumulation_steps)
        found: Tensor = cast(done + 1, dtype)
        return found

    def rate(self) -> Any:
        """The learning rate of this step as a tensor."""
        if isinstance(self._rate, LearningRateSchedule):
            return self._rate(self.iterations.value())
        return self._rate.value() if isinstance(self._rate, Variable) else as_tensor(self._rate(), "float32")

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[NativeVariable] | None = None) -> Any:
        """Update variables: an operation for tensors, at once for arrays.

        Parameters
        ----------
        grads : sequence of Tensor, array or None
        trainable_variables : sequence of Variable, optional
            Those it was built for if not given.
        """
        variables = list(self._trained if trainable_variables is None else trainable_variables)
        if not is_symbolic(*grads):
            self.build(variables)
            return computed(self._applied, list(grads), variables)
        return self._applied(list(grads), variables)

    def apply_gradients(self, grads_and_vars: Any) -> Any:
        """`apply` for pairs of gradient and variable."""
        pairs = list(grads_and_vars)
        return self.apply([g for g, _ in pairs], [v for _, v in pairs])

    def _applied(self, grads: list[Any], variables: list[NativeVariable]) -> Operation:
        self.build(variables)
        pairs = [(as_tensor(g, v.dtype), v) for g, v in zip(grads, variables, strict=True) if g is not None]
        if not pairs:
            raise ValueError("no variable has a gradient: nothing would be updated")
        if self.loss_scale_factor:
            pairs = [(g / self.loss_scale_factor, v) for g, v in pairs]
        updates = self._accumulated(pairs) if self.gradient_accumulation_steps else self._updates(pairs)
        done = group(*updates, assign_add(self.iterations, 1))
        get_default_graph().add_to_collection(UPDATE_OPS, done)
        return done

    def _accumulated(self, pairs: list[tuple[Tensor, NativeVariable]]) -> list[Any]:
        """Updates in every n-th step, with the mean of the gradients since the last one."""
        count = int(self.gradient_accumulation_steps or 1)
        sums = [(self.slot(v, "gradient_accumulator"), g) for g, v in pairs]
        totals = [(g + s.value(), v) for (s, g), (_, v) in zip(sums, pairs, strict=True)]

        def update() -> Operation:
            done = self._updates([(t / float(count), v) for t, v in totals])
            return group(*done, *(assign(s, zeros_like(g)) for s, g in sums))

        def collect() -> Operation:
            return group(*(assign(s, t) for (s, _), (t, _) in zip(sums, totals, strict=True)))

        return [cond(equal(mod(self.iterations.value() + 1, count), 0), update, collect)]

    def _updates(self, pairs: list[tuple[Tensor, NativeVariable]]) -> list[Any]:
        rate, updates = self.rate(), []
        gradients = self._clipped([g for g, _ in pairs])
        for gradient, (_, variable) in zip(gradients, pairs, strict=True):
            updates += self._update(gradient, variable, cast(rate, variable.dtype))
        return updates

    def _update(self, gradient: Tensor, variable: NativeVariable, rate: Any) -> list[Any]:
        """One variable: decay, step, constraint and moving average, in this order."""
        updates: list[Any] = []
        if self.weight_decay is not None and not self._not_decayed(variable):
            updates.append(assign_sub(variable, variable.value() * self.weight_decay * rate))
        # What an update reads is the variable after the decay.
        with get_default_graph().control_dependencies(updates):
            made = self.update_step(gradient, variable, rate)
        updates += made
        new = next((u for u in reversed(made) if written(u) is variable), None)
        limit = getattr(variable, "constraint", None)
        if limit is not None and new is not None:
            new = assign(variable, limit(new))
            updates.append(new)
        if self.use_ema and new is not None:
            updates += self._averaged(variable, new)
        return updates

    def _averaged(self, variable: NativeVariable, new: Tensor) -> list[Any]:
        average, steps = self.slot(variable, "average"), self.iterations.value()
        share = choose(not_equal(steps, 0), self.ema_momentum, 0.0)
        value = average.value() * share + new * (1.0 - share)
        updates = [assign(average, value)]
        if self.ema_overwrite_frequency:
            due = equal(mod(steps + 1, self.ema_overwrite_frequency), 0)
            updates.append(assign(variable, choose(due, value, new)))
        return updates

    def _clipped(self, grads: list[Tensor]) -> list[Tensor]:
        if self.clipnorm:
            return [clip_by_norm(g, self.clipnorm) for g in grads]
        if self.clipvalue:
            return [clip_by_value(g, -self.clipvalue, self.clipvalue) for g in grads]
        if not self.global_clipnorm:
            return grads
        norm = sqrt(add_n([reduce_sum(square(g)) for g in grads]))
        # A norm that is not finite makes every gradient NaN.
        scale = self.global_clipnorm * minimum(1.0 / norm, 1.0 / self.global_clipnorm) + (norm - norm)
        return [g * cast(scale, g.dtype) for g in grads]

    def scale_loss(self, loss: Any) -> Any:
        """The loss whose gradients `apply` expects."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Sequence[str] | None = None) -> None:
        """Leave variables out of the decay: those given, and those whose name holds one of the patterns."""
        listed, pattern = set(var_list or ()), re.compile("|".join(var_names)) if var_names else None
        self._not_decayed = lambda v: v in listed or (pattern is not None and bool(pattern.search(v.op.name)))

    def finalize_variable_values(self, var_list: Sequence[NativeVariable]) -> None:
        """Set variables to their moving averages, at the end of training."""
        if self.use_ema:
            for variable in var_list:
                variable.assign(self.slot(variable, "average").numpy())

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal optimizer is made."""
        rate = self._rate
        names = ("weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum",
                 "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps")  # fmt: skip
        return {
            "name": self.name,
            "learning_rate": float(rate.numpy()) if isinstance(rate, Variable) else plain(rate),
        } | {n: getattr(self, n) for n in names}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """An optimizer with the arguments that `get_config` returned."""
        return cls(**config)


def written(update: Any) -> NativeVariable | None:
    """The variable that an assignment writes."""
    op = update.op if isinstance(update, Tensor) else update
    found: NativeVariable | None = op.kwargs.get("variable")
    return found
