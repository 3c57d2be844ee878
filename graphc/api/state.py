"""Assignments to variables, grouping and ordering of operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from graphc.api.shaping import identity
from graphc.graph.errors import GraphError
from graphc.graph.graph import as_operation, get_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.operators import FUNCTIONS
from graphc.graph.origin import user_origin
from graphc.graph.variable import GLOBAL_VARIABLES, LOCAL_VARIABLES, TRAINABLE_VARIABLES, Variable, default_array
from graphc.graph.writes import add_write, variable_of
from graphc.ir.node import Node


def assign(ref: Variable, value: Any, name: str | None = None) -> Tensor:
    """Set a variable; the result is the new value.

    Parameters
    ----------
    ref : Variable
    value : Tensor or array_like
        Of the variable's shape and element type; Python numbers are converted.
    name : str, optional

    Returns
    -------
    Tensor
        The new value; other reads in the same run see the old one.

    Raises
    ------
    GraphError
        If shape or element type do not fit.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     v = gc.Variable([1.0, 2.0])
    ...     print(session.run([gc.assign(v, v * 10.0), v]), session.run(v))
    [array([10., 20.], dtype=float32), array([1., 2.], dtype=float32)] [10. 20.]
    """
    return _write("Assign", ref, value, name)


def assign_add(ref: Variable, value: Any, name: str | None = None) -> Tensor:
    """Add to a variable; several of these in one run follow one another in the order they were made."""
    return _write("AssignAdd", ref, value, name, _added)


def assign_sub(ref: Variable, value: Any, name: str | None = None) -> Tensor:
    """Subtract from a variable; several of these in one run follow one another in the order they were made."""
    return _write("AssignSub", ref, value, name, _subtracted)


def _added(held: Node, value: Node) -> Node:
    return held + value


def _subtracted(held: Node, value: Node) -> Node:
    return held - value


def _write(
    kind: str, variable: Variable, value: Any, name: str | None, body: Callable[..., Any] | None = None
) -> Tensor:
    variable_of(variable)
    tensor = value.value() if isinstance(value, Variable) else value
    if not isinstance(tensor, Tensor):
        array = default_array(tensor, variable.dtype if not hasattr(tensor, "dtype") else None)
        tensor = identity(array.astype(variable.dtype.np, casting="same_kind"))
    if tensor.dtype != variable.dtype:
        raise GraphError(
            f"{variable.name} is {variable.dtype.name}: a value of {tensor.dtype.name} cannot be assigned. "
            "Cast it first",
            user_origin(),
        )
    _check_shape(variable, tensor)
    return add_write(kind, variable, [tensor], body, name)


def _check_shape(variable: Variable, tensor: Tensor) -> None:
    want, have = variable.shape.dims, tensor.shape.dims
    if want is None or have is None or not variable.validate_shape:
        return
    clash = any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(want, have, strict=False))
    if len(want) != len(have) or clash:
        raise GraphError(
            f"a value of shape {tensor.shape} cannot be assigned to {variable.name} of shape {variable.shape}",
            user_origin(),
        )


def group(*inputs: Any, name: str | None = None) -> Operation:
    """An operation that is done when all of `inputs` are."""
    listed: Iterable[Any] = inputs[0] if len(inputs) == 1 and isinstance(inputs[0], list | tuple) else inputs
    control = [as_operation(i) for i in listed]
    graph = control[0].graph if control else get_default_graph()
    return graph.add("group", name or "group", (), None, (), {}, [], control)


def no_op(name: str | None = None) -> Operation:
    """An operation that does nothing; it can carry control dependencies."""
    return get_default_graph().add("no_op", name, (), None, (), {}, [])


def global_variables() -> list[Variable]:
    """All variables of the default graph."""
    return list(get_default_graph().get_collection(GLOBAL_VARIABLES))


def trainable_variables() -> list[Variable]:
    """The variables of the default graph that optimizers change by default."""
    return list(get_default_graph().get_collection(TRAINABLE_VARIABLES))


def local_variables() -> list[Variable]:
    """The variables of the default graph that belong to one process, such as the counts of metrics."""
    return list(get_default_graph().get_collection(LOCAL_VARIABLES))


def _initialize(variable: Variable) -> Tensor:
    """Give a variable its initial value again; the result is that value."""
    return assign(variable, variable.initial_value, name=f"{variable.op.name}/initialize")


def variables_initializer(variables: Iterable[Variable] | None, name: str = "init") -> Operation:
    """An operation that gives variables their initial values again."""
    return group(*(v.initializer for v in variables or ()), name=name)


def global_variables_initializer() -> Operation:
    """An operation that gives all variables of the default graph their initial values again."""
    return variables_initializer(global_variables())


def local_variables_initializer() -> Operation:
    """An operation that gives the local variables of the default graph their initial values again."""
    return variables_initializer(local_variables())


def control_dependencies(inputs: Iterable[Any] | None) -> Any:
    """A context in which operations run after `inputs`."""
    return get_default_graph().control_dependencies(inputs)


def name_scope(name: str | None) -> Any:
    """A context that prefixes names."""
    return get_default_graph().name_scope(name)


FUNCTIONS.update(identity=identity, assign=assign, assign_add=assign_add, assign_sub=assign_sub, initialize=_initialize)
