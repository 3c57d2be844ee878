"""``tf.train``: optimizers with TensorFlow 1's names, order of arguments and defaults."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.compat.tf1._graph import follow_conventions
from graphc.train import Optimizer, optimizer_defaults

# Arguments in TensorFlow 1's order; `use_locking` is accepted and not needed.
_ORDER = {
    "GradientDescentOptimizer": "learning_rate use_locking name",
    "MomentumOptimizer": "learning_rate momentum use_locking name use_nesterov",
    "AdagradOptimizer": "learning_rate initial_accumulator_value use_locking name",
    "AdadeltaOptimizer": "learning_rate rho epsilon use_locking name",
    "AdamOptimizer": "learning_rate beta1 beta2 epsilon use_locking name",
    "AdamaxOptimizer": "learning_rate beta1 beta2 epsilon use_locking name",
    "RMSPropOptimizer": "learning_rate decay momentum epsilon use_locking centered name",
    "FtrlOptimizer": "learning_rate learning_rate_power initial_accumulator_value l1_regularization_strength "
    "l2_regularization_strength use_locking name accum_name linear_name l2_shrinkage_regularization_strength",
    "ProximalGradientDescentOptimizer": "learning_rate l1_regularization_strength l2_regularization_strength "
    "use_locking name",
    "ProximalAdagradOptimizer": "learning_rate initial_accumulator_value l1_regularization_strength "
    "l2_regularization_strength use_locking name",
}
_UNUSED = {"use_locking", "accum_name", "linear_name"}


class _WithArguments:
    """What the classes below share: their constructor."""

    GATE_NONE, GATE_OP, GATE_GRAPH = 0, 1, 2

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kind = type(self)._kind  # type: ignore[attr-defined]
        order = _ORDER[kind].split()
        given = dict(zip(order, args, strict=False)) | kwargs
        unknown = [key for key in given if key not in order]
        if unknown or len(args) > len(order):
            raise TypeError(f"tf.train.{kind} takes {', '.join(order)}, not {', '.join(unknown) or 'more'}")
        follow_conventions()
        native = getattr(gc.train, kind)
        defaults = optimizer_defaults(native, "tf1") | {"name": kind.removesuffix("Optimizer")}
        options = defaults | {key: value for key, value in given.items() if key not in _UNUSED}
        super().__init__(**options)

    def minimize(
        self, loss: Any, global_step: Any = None, var_list: Any = None, gate_gradients: Any = None,
        aggregation_method: Any = None, colocate_gradients_with_ops: Any = None, name: str | None = None,
        grad_loss: Any = None,
    ) -> Any:  # fmt: skip
        """An operation that does one step; see `graphc.train.Optimizer.minimize`."""
        follow_conventions()
        return super().minimize(loss, global_step, _listed(var_list), grad_loss, name)  # type: ignore[misc]

    def compute_gradients(
        self, loss: Any, var_list: Any = None, gate_gradients: Any = None, aggregation_method: Any = None,
        colocate_gradients_with_ops: Any = None, grad_loss: Any = None,
    ) -> Any:  # fmt: skip
        """Pairs of gradient and variable; see `graphc.train.Optimizer.compute_gradients`."""
        if callable(loss) and not isinstance(loss, gc.Tensor):
            loss = loss()
        return super().compute_gradients(loss, _listed(var_list), grad_loss)  # type: ignore[misc]

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        """An operation that updates variables; see `graphc.train.Optimizer.apply_gradients`."""
        return super().apply_gradients(list(grads_and_vars), global_step, name)  # type: ignore[misc]

    def get_name(self) -> str:
        """Its name."""
        return self.name  # type: ignore[attr-defined, no-any-return]


def _listed(variables: Any) -> Any:
    if variables is None or isinstance(variables, list | tuple):
        return variables
    return [variables] if isinstance(variables, gc.Variable) else list(variables)


_classes: dict[str, type[Optimizer]] = {}


def optimizer_class(kind: str) -> type[Optimizer]:
    """The class of an optimizer with TensorFlow 1's constructor."""
    if kind not in _classes:
        native = getattr(gc.train, kind)
        _classes[kind] = type(kind, (_WithArguments, native), {"_kind": kind, "__doc__": native.__doc__})
    return _classes[kind]


KINDS = tuple(_ORDER)


def get_or_create_global_step(graph: Any = None) -> gc.Variable:
    """The variable that counts steps, made on first use."""
    found = get_global_step(graph)
    if found is not None:
        existing: gc.Variable = found
        return existing
    with (graph or gc.get_default_graph()).as_default() as g, g.name_scope(None), g.control_dependencies(None):
        import numpy as np

        step = gc.Variable(np.int64(0), trainable=False, name="global_step", collections=["variables", "global_step"])
    return step


create_global_step = get_or_create_global_step


def get_global_step(graph: Any = None) -> Any:
    """The variable that counts steps, or None."""
    g = graph or gc.get_default_graph()
    steps = g.get_collection("global_step")
    named = [v for v in g.get_collection("variables") if v.op.name == "global_step"]
    return next(iter([*steps, *named]), None)


def global_step(sess: Any, global_step_tensor: Any) -> int:
    """The number of steps in a session."""
    return int(sess.run(global_step_tensor))


def assert_global_step(tensor: Any) -> None:
    """Raise `TypeError` unless it is an integer of rank 0."""
    if not tensor.dtype.is_integer or tensor.shape.ndims != 0:
        raise TypeError(f"a global step is an integer of rank 0, not {tensor!r}")


class Coordinator:
    """Accepted for scripts that start readers: there are no threads to coordinate."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._stopped = False

    def request_stop(self, *args: Any) -> None:
        """Note that it is over."""
        self._stopped = True

    def should_stop(self) -> bool:
        """Whether it is over."""
        return self._stopped

    def join(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to wait for."""


def start_queue_runners(*args: Any, **kwargs: Any) -> list[Any]:
    """There are no queues: no threads."""
    return []
