"""Short names for the inputs of rules' examples."""

from __future__ import annotations

from graphc.ir.dtypes import BY_NAME
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder


def sample(b: Builder, *shape: int, index: int = 0, dtype: str = "float32") -> Node:
    """Input number `index`: float32, of shape (5,) unless a shape is given."""
    return b.input(index, TensorType(BY_NAME[dtype], shape or (5,)))


def sample_scalar(b: Builder, *, index: int = 0, dtype: str = "float32") -> Node:
    """Input number `index` of rank 0."""
    return b.input(index, TensorType(BY_NAME[dtype], ()))
