"""Values that a session computes itself, beside the native step: names of variables, strings, states of variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import graphc as gc
from graphc.compat.tf1._graph import follow_conventions
from graphc.session.current import default_session

# The key under which a graph keeps the tensors that tell about the session that runs them.
STATUS = "graphc.status"


class HostValue:
    """Something that can be fetched but takes no part in the native step.

    Parameters
    ----------
    compute : callable
        From the session, the value.
    dtype, name
        What it says of itself.
    """

    def __init__(self, compute: Callable[[Any], Any], name: str, dtype: str = "string") -> None:
        self.compute, self.name, self.dtype = compute, name, dtype
        self.shape = gc.TensorShape([])

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Its value in the given or the default session."""
        return default_session(session).run(self, feed_dict)

    def get_shape(self) -> gc.TensorShape:
        """Its shape."""
        return self.shape

    def __repr__(self) -> str:
        return f"<tf.Tensor {self.name!r} dtype={self.dtype}>"


def without_hosted(fetches: Any, found: list[HostValue]) -> Any:
    """Fetches with an empty list in the place of every host value, which `found` collects."""
    if isinstance(fetches, HostValue):
        found.append(fetches)
        return []
    if isinstance(fetches, dict):
        return {key: without_hosted(value, found) for key, value in fetches.items()}
    if isinstance(fetches, list | tuple) and not hasattr(fetches, "_fields"):
        return type(fetches)(without_hosted(f, found) for f in fetches)
    return fetches


def with_hosted(values: Any, fetches: Any, session: Any) -> Any:
    """Fetched values with those of the host values put in."""
    if isinstance(fetches, HostValue):
        return fetches.compute(session)
    if isinstance(fetches, dict):
        return {key: with_hosted(values[key], value, session) for key, value in fetches.items()}
    if isinstance(fetches, list | tuple) and not hasattr(fetches, "_fields"):
        return type(fetches)(with_hosted(v, f, session) for v, f in zip(values, fetches, strict=True))
    return values


def string_constant(value: Any, name: str | None = None) -> HostValue:
    """Text as something to fetch: bytes, or an array of bytes."""
    encoded = np.array(value, dtype=object)
    flat = [v.encode() if isinstance(v, str) else v for v in encoded.reshape(-1)]
    result: Any = flat[0] if encoded.ndim == 0 else np.array(flat, dtype=object).reshape(encoded.shape)
    return HostValue(lambda session: result, f"{name or 'Const'}:0")


def is_variable_initialized(variable: gc.Variable, name: str | None = None) -> gc.Tensor:
    """Whether a variable has a value in the session that runs this."""
    flag: gc.Tensor = variables_initialized([variable], name or "IsVariableInitialized")[0]
    return flag


def variables_initialized(variables: list[gc.Variable], name: str) -> gc.Tensor:
    """For each variable whether it has a value in the session that runs this."""
    graph = follow_conventions()
    with graph.name_scope(None):
        tensor = gc.placeholder("bool", [len(variables)], name=name)
    status: Any = graph.collections.setdefault(STATUS, {})  # type: ignore[arg-type]
    status[tensor] = lambda session: np.array([v in session.store for v in variables], dtype=bool)
    return tensor


def report_uninitialized_variables(var_list: Any = None, name: str = "report_uninitialized_variables") -> HostValue:
    """Names of the variables that have no value in the session that runs this."""
    graph = follow_conventions()

    def compute(session: Any) -> np.ndarray:
        listed = [*graph.get_collection("variables"), *graph.get_collection("local_variables")]
        wanted = listed if var_list is None else list(var_list)
        return np.array([v.op.name.encode() for v in wanted if v not in session.store], dtype=object)

    return HostValue(compute, f"{name}:0")
