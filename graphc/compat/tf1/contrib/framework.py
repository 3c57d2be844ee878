"""``tf.contrib.framework``: variables by scope."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.compat.tf1._binding import namespace

TABLE = """
get_or_create_global_step = ._train.get_or_create_global_step
arg_scope = .contrib._scoping.arg_scope
add_arg_scope = .contrib._scoping.add_arg_scope
smart_cond = .contrib._scoping.smart_cond
get_global_step = ._train.get_global_step
create_global_step = ._train.get_or_create_global_step
arg_scope = .contrib._scoping.arg_scope
add_arg_scope = .contrib._scoping.add_arg_scope
smart_cond = .contrib._scoping.smart_cond
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


def __getattr__(name: str) -> Any:
    return _find(name)
