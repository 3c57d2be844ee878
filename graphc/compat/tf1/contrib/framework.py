"""``tf.contrib.framework``: variables by scope."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.compat.tf1._binding import namespace

TABLE = """
get_or_create_global_step = ._train.get_or_create_global_step
get_global_step = ._train.get_global_step
create_global_step = ._train.get_or_create_global_step
"""

MISSING: dict[str, str] = {"nest": "Python's own lists, tuples and dictionaries are fetched as they are"}

_find = namespace("tf.contrib.framework", TABLE, (), MISSING)


def get_variables(scope: Any = None, suffix: str | None = None, collection: str = "variables") -> list[gc.Variable]:
    """The variables of a collection under a scope."""
    label = getattr(scope, "name", scope)
    found = gc.get_default_graph().get_collection(collection, label)
    return [v for v in found if suffix is None or v.op.name.endswith(suffix)]


get_model_variables = get_variables_to_restore = get_variables


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[gc.Variable]:
    """The trainable variables under a scope."""
    return get_variables(scope, suffix, "trainable_variables")


def arg_scope(*args: Any, **kwargs: Any) -> Any:
    """Not available: pass the arguments to each function.

    Raises
    ------
    NotImplementedError
    """
    raise NotImplementedError("arg_scope: pass the arguments to each function, or use functools.partial")


def __getattr__(name: str) -> Any:
    return _find(name)
