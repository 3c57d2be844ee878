"""Variables by name: made once, found again where their scope says so."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphc.api.random import random_uniform
from graphc.api.shaping import zeros
from graphc.graph.errors import GraphError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.scopes import AUTO_REUSE, ScopeState, join, scope_state
from graphc.graph.shape import TensorShape
from graphc.graph.variable import Variable
from graphc.ir.dtypes import DType, as_dtype

REGULARIZATION_LOSSES = "regularization_losses"


def get_variable(
    name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
    trainable: bool = True, collections: list[str] | None = None, validate_shape: bool = True,
) -> Variable:  # fmt: skip
    """The variable of a name within the variable scope in force, made on first use.

    Parameters
    ----------
    name : str
    shape : sequence of int, optional
        Needed for a new variable, unless `initializer` is a value.
    dtype : DType, optional
        float32 if not given.
    initializer : array_like, Tensor or callable, optional
        A callable is given shape and element type. By default that of the scope, else uniform on +-sqrt(6 / (fan in +
        fan out)) for floats (Glorot and Bengio, 2010) and 0 for all others.
    regularizer : callable, optional
        Its value for the variable joins the collection ``"regularization_losses"``.
    trainable : bool
    collections : list of str, optional
    validate_shape : bool

    Raises
    ------
    GraphError
        If the variable exists and the scope does not reuse, does not exist and the scope does, or has another shape or
        element type.
    """
    graph = get_default_graph()
    state = scope_state(graph)
    full = join(state.current.name, name)
    if full in state.variables and state.current.reuse:
        return _found(state.variables[full], shape, dtype)
    _check_new(state, full)
    element = as_dtype(dtype or state.current.dtype or getattr(initializer, "dtype", None) or "float32")
    initializer = initializer if initializer is not None else state.current.initializer
    regularizer = regularizer if regularizer is not None else state.current.regularizer
    # A variable belongs to no branch or loop: its first value is made outside.
    with graph.recording(None), graph.name_scope(None):
        with graph.name_scope(f"{full}/Initializer/"):
            value = _initial_value(full, shape, dtype, element, initializer)
        variable = Variable(
            value, trainable, full, validate_shape=validate_shape, collections=collections and list(collections)
        )
        if regularizer is not None:
            with graph.name_scope(f"{full}/Regularizer/"):
                penalty = regularizer(variable)
            if penalty is not None:
                graph.add_to_collection(REGULARIZATION_LOSSES, penalty)
    state.variables[full] = variable
    return variable


def _found(variable: Variable, shape: Any, dtype: Any) -> Variable:
    if shape is not None and not variable.shape.is_compatible_with(shape):
        raise GraphError(
            f"Trying to share variable {variable.op.name}, but specified shape {TensorShape(shape)} and found shape "
            f"{variable.shape}; it was made at {variable.op.origin}",
            user_origin(),
        )
    if dtype is not None and as_dtype(dtype) != variable.dtype:
        raise GraphError(
            f"Trying to share variable {variable.op.name}, but specified dtype {as_dtype(dtype).name} and found dtype "
            f"{variable.dtype.name}; it was made at {variable.op.origin}",
            user_origin(),
        )
    return variable


def _check_new(state: ScopeState, full: str) -> None:
    if full in state.variables:
        raise GraphError(
            f"Variable {full} already exists, disallowed. Did you mean to set reuse=True or reuse=AUTO_REUSE in its "
            f"variable_scope? (In an interactive session, reset_default_graph() starts afresh.) It was made at "
            f"{state.variables[full].op.origin}",
            user_origin(),
        )
    if state.current.reuse is True:
        raise GraphError(
            f"Variable {full} does not exist, or was not created with get_variable(). Did you mean to set "
            "reuse=AUTO_REUSE in its variable_scope?",
            user_origin(),
        )


def _initial_value(full: str, shape: Any, dtype: Any, element: DType, initializer: Any) -> Any:
    if initializer is not None and not callable(initializer):
        if isinstance(initializer, Variable):
            return initializer.value()
        if isinstance(initializer, Tensor):
            return initializer
        array = np.asarray(initializer)
        if dtype is None:
            element = as_dtype("int32") if array.dtype == np.int64 and not hasattr(initializer, "dtype") else element
        array = array.astype(element.np)
        return array if shape is None else np.broadcast_to(array, [int(d) for d in TensorShape(shape)])
    sizes = None if shape is None else TensorShape(shape).as_list()
    if sizes is None or None in sizes:
        raise GraphError(
            f"Shape of a new variable ({full}) must be fully defined, but instead was "
            f"{TensorShape(shape)}: give shape=, or an initializer that is a value",
            user_origin(),
        )
    if initializer is None:
        return _default_initial(sizes, element)
    if isinstance(initializer, type):
        initializer = initializer()
    try:
        return initializer(sizes, dtype=element)
    except TypeError as error:
        if "dtype" not in str(error):
            raise
        return initializer(sizes)


def _default_initial(sizes: list[Any], element: DType) -> Tensor:
    if not element.is_floating:
        zero: Tensor = zeros(sizes, dtype=element)
        return zero
    receptive = math.prod(sizes[:-2])
    fans = (sizes[-2] + sizes[-1]) * receptive if len(sizes) > 1 else 2 * math.prod(sizes)
    limit = math.sqrt(6.0 / max(1, fans))
    return random_uniform(sizes, -limit, limit, dtype=element)


__all__ = ["AUTO_REUSE", "get_variable"]
