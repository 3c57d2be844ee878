"""``tf.compat.v1``: ``tf`` itself."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def disable_eager_execution() -> None:
    """Nothing to do: graphs are defined, then run."""


def disable_v2_behavior() -> None:
    """Nothing to do: these are the first version's names."""


enable_resource_variables = disable_resource_variables = disable_control_flow_v2 = disable_v2_tensorshape = (
    disable_eager_execution
)


def __getattr__(name: str) -> Any:
    return getattr(import_module("graphc.compat.tf1"), name)
