"""``tf.Variable``, ``tf.get_variable`` and scopes, with TensorFlow 1's arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import graphc as gc
from graphc.compat.tf1._graph import follow_conventions
from graphc.graph.origin import user_origin

AUTO_REUSE = gc.AUTO_REUSE
VariableScope = gc.VariableScope


class _VariableType(type):
    """Makes native variables, and recognises them."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, gc.Variable)

    def __call__(
        cls, initial_value: Any = None, trainable: bool = True, collections: Any = None, validate_shape: bool = True,
        caching_device: Any = None, name: str | None = None, variable_def: Any = None, dtype: Any = None,
        expected_shape: Any = None, import_scope: Any = None, constraint: Any = None, use_resource: Any = None,
        synchronization: Any = None, aggregation: Any = None, shape: Any = None,
    ) -> gc.Variable:  # fmt: skip
        follow_conventions()
        if initial_value is None:
            raise ValueError(f"initial_value must be specified.\n  at {user_origin()}")
        if callable(initial_value) and not isinstance(initial_value, gc.Tensor | gc.Variable):
            initial_value = initial_value()
        if isinstance(initial_value, gc.Variable):
            initial_value = initial_value.initialized_value()
        if isinstance(initial_value, list | tuple) and any(isinstance(v, gc.Tensor) for v in initial_value):
            initial_value = gc.stack(list(initial_value))
        if isinstance(initial_value, gc.Tensor) and dtype is not None:
            initial_value = gc.cast(initial_value, dtype)
        return gc.Variable(
            initial_value,
            True if trainable is None else trainable,
            name or "Variable",
            dtype,
            validate_shape,
            collections,
        )


class Variable(metaclass=_VariableType):
    """State of a model: `graphc.Variable` with TensorFlow 1's arguments."""


def get_variable(
    name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
    trainable: bool | None = True, collections: Any = None, caching_device: Any = None, partitioner: Any = None,
    validate_shape: bool = True, use_resource: Any = None, custom_getter: Any = None, constraint: Any = None,
    synchronization: Any = None, aggregation: Any = None,
) -> gc.Variable:  # fmt: skip
    """The variable of a name within the variable scope in force; see `graphc.get_variable`."""
    follow_conventions()

    def getter(name: str, **options: Any) -> gc.Variable:
        return gc.get_variable(name, **options)

    options = {
        "shape": shape, "dtype": dtype, "initializer": initializer, "regularizer": regularizer,
        "trainable": trainable is not False, "collections": collections, "validate_shape": validate_shape,
    }  # fmt: skip
    if custom_getter is not None:
        found: gc.Variable = custom_getter(getter, name, **options)
        return found
    return getter(name, **options)


def variable_scope(
    name_or_scope: Any = None, default_name: str | None = None, values: Any = None, initializer: Any = None,
    regularizer: Any = None, caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None,
    reuse: Any = None, dtype: Any = None, use_resource: Any = None, constraint: Any = None,
    auxiliary_name_scope: bool = True,
) -> Any:  # fmt: skip
    """A context in which `get_variable` puts its names below a scope; see `graphc.variable_scope`."""
    follow_conventions()
    if custom_getter is not None:
        raise NotImplementedError(f"variable_scope has no custom_getter here\n  at {user_origin()}")
    return gc.variable_scope(
        name_or_scope, default_name, values, initializer, regularizer, reuse, dtype, auxiliary_name_scope
    )


def variable_op_scope(values: Any, name_or_scope: Any, default_name: str | None = None, **options: Any) -> Any:
    """`variable_scope` in the order of arguments of the first versions."""
    return variable_scope(name_or_scope, default_name, values, **options)


def make_template(name_: str, func_: Callable[..., Any], **fixed: Any) -> Callable[..., Any]:
    """A function whose variables are made at the first call and shared by all calls."""
    with gc.variable_scope(None, default_name=name_) as made:
        pass

    def call(*args: Any, **kwargs: Any) -> Any:
        with gc.variable_scope(made, reuse=AUTO_REUSE):
            return func_(*args, **fixed, **kwargs)

    return call


def assign(
    ref: gc.Variable, value: Any, validate_shape: Any = None, use_locking: Any = None, name: str | None = None
) -> gc.Tensor:
    """Set a variable; the result is the new value."""
    follow_conventions()
    return gc.assign(ref, _fitting(ref, value), name=name or "Assign")


def assign_add(ref: gc.Variable, value: Any, use_locking: Any = None, name: str | None = None) -> gc.Tensor:
    """Add to a variable."""
    return gc.assign_add(ref, _fitting(ref, value), name=name or "AssignAdd")


def assign_sub(ref: gc.Variable, value: Any, use_locking: Any = None, name: str | None = None) -> gc.Tensor:
    """Subtract from a variable."""
    return gc.assign_sub(ref, _fitting(ref, value), name=name or "AssignSub")


def _fitting(ref: Any, value: Any) -> Any:
    """Arrays and numbers in the element type of the variable."""
    if isinstance(ref, gc.Variable) and not isinstance(value, gc.Tensor | gc.Variable):
        return np.asarray(value, dtype=ref.dtype.np)
    return value


def global_variables(scope: str | None = None) -> list[gc.Variable]:
    """All variables, or those under a scope."""
    return gc.get_default_graph().get_collection("variables", scope)


def trainable_variables(scope: str | None = None) -> list[gc.Variable]:
    """The variables that optimizers change by default."""
    return gc.get_default_graph().get_collection("trainable_variables", scope)


def local_variables(scope: str | None = None) -> list[gc.Variable]:
    """The variables of one process, such as the counts of metrics."""
    return gc.get_default_graph().get_collection("local_variables", scope)


def model_variables(scope: str | None = None) -> list[gc.Variable]:
    """The variables in the collection of that name."""
    return gc.get_default_graph().get_collection("model_variables", scope)


def moving_average_variables(scope: str | None = None) -> list[gc.Variable]:
    """The variables that have moving averages."""
    return gc.get_default_graph().get_collection("moving_average_variables", scope)


def variables_initializer(var_list: Any, name: str = "init") -> gc.Operation:
    """An operation that gives variables their initial values."""
    return gc.variables_initializer(var_list, name)


def global_variables_initializer() -> gc.Operation:
    """An operation that gives all variables made so far their initial values."""
    return gc.variables_initializer(global_variables(), "init")


def local_variables_initializer() -> gc.Operation:
    """An operation that gives the local variables made so far their initial values."""
    return gc.variables_initializer(local_variables(), "init")


def tables_initializer(name: str = "init_all_tables") -> gc.Operation:
    """An operation that does nothing: there are no tables."""
    return gc.no_op(name=name)


def no_regularizer(_: Any) -> None:
    """No penalty, also where the scope has one."""
