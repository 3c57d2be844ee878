"""Nodes of the lowered program: immutable, hash-consed, one value each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from graphc.ir.dtypes import DType
from graphc.ir.types import Shape, TensorType, Type


class Emitter(Protocol):
    """What a node needs of the builder that made it: emitting further nodes."""

    def emit(self, op: str, *inputs: Node | bool | int | float, **attrs: Any) -> Node:
        """Emit a node; Python scalars become constants of the last node's element type."""
        ...

    def constant(self, value: Any, dtype: DType | None = None) -> Node:
        """An array or scalar constant."""
        ...

    def full(self, value: float, dtype: DType, shape: Shape) -> Node:
        """A tensor filled with one value."""
        ...


class Node:
    """One value of a program.

    Attributes
    ----------
    op : str
        Name of the operation's record.
    inputs : tuple of Node
        Operands.
    attrs : Mapping
        Parameters; every value is hashable.
    type : TensorType or TupleType
        Element type and shape (`dtype`, `shape` and `rank` are shorthands for a tensor).
    id : int
        Creation number; inputs always have smaller ones, so ascending ids are a topological order.
    """

    __slots__ = ("__weakref__", "attrs", "builder", "id", "inputs", "op", "type")

    def __init__(
        self, op: str, inputs: tuple[Node, ...], attrs: Mapping[str, Any], type: Type, id: int, builder: Emitter
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.attrs = attrs
        self.type = type
        self.id = id
        self.builder = builder

    @property
    def tensor(self) -> TensorType:
        """The type, for a node that is one tensor."""
        if not isinstance(self.type, TensorType):
            raise TypeError(f"{self!r} is a tuple: take an item of it")
        return self.type

    @property
    def dtype(self) -> DType:
        """Element type."""
        return self.tensor.dtype

    @property
    def shape(self) -> Shape:
        """Dimensions."""
        return self.tensor.shape

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self.tensor.shape)

    def __repr__(self) -> str:
        return f"%{self.id}:{self.op}:{self.type!r}"

    def __add__(self, other: Node | float) -> Node:
        return self.builder.emit("add", self, other)

    def __radd__(self, other: float) -> Node:
        return self.builder.emit("add", self, other)

    def __sub__(self, other: Node | float) -> Node:
        return self.builder.emit("sub", self, other)

    def __rsub__(self, other: float) -> Node:
        return self.builder.emit("sub", other, self)

    def __mul__(self, other: Node | float) -> Node:
        return self.builder.emit("mul", self, other)

    def __rmul__(self, other: float) -> Node:
        return self.builder.emit("mul", self, other)

    def __truediv__(self, other: Node | float) -> Node:
        return self.builder.emit("div", self, other)

    def __rtruediv__(self, other: float) -> Node:
        return self.builder.emit("div", other, self)

    def __neg__(self) -> Node:
        return self.builder.emit("neg", self)
