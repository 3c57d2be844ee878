"""The builder of programs: emits nodes, infers their types, and keeps one node for equal expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from graphc.ir.constants import Constant
from graphc.ir.dims import Dim
from graphc.ir.dtypes import DType
from graphc.ir.node import Node
from graphc.ir.types import TensorType, Type
from graphc.ops.record import record_of


class Builder:
    """Emits hash-consed nodes.

    Examples
    --------
    >>> from graphc.ir.dtypes import float32
    >>> b = Builder()
    >>> x = b.input(0, TensorType(float32, (3,)))
    >>> b.emit("add", x, 1.0) is x + 1.0
    True
    """

    def __init__(self) -> None:
        self._nodes: dict[tuple[Any, ...], Node] = {}
        self._next = 0
        self.current_origin: frozenset[int] = frozenset()
        self.origins: dict[Node, frozenset[int]] = {}
        # Replacements by rules, in order, when somebody wants to see them: (rule, before, after).
        self.journal: list[tuple[str, Node, Node]] | None = None

    @property
    def next_id(self) -> int:
        """Number of the node that will be created next."""
        return self._next

    def emit(self, op: str, *inputs: Node | bool | int | float, **attrs: Any) -> Node:
        """Emit one node, or find the equal one.

        Parameters
        ----------
        op : str
            Name of a record.
        *inputs : Node or Python scalar
            Operands; a scalar becomes a constant of the last node's element type.
        **attrs
            Hashable parameters.

        Returns
        -------
        Node

        Raises
        ------
        ValueError, TypeError
            From the record's type rule.
        """
        return self._intern(op, tuple([i if isinstance(i, Node) else self._lift(i, inputs) for i in inputs]), attrs)

    def _intern(self, op: str, operands: tuple[Node, ...], attrs: Mapping[str, Any], type: Type | None = None) -> Node:
        """The node for an operation on operands; its type is inferred unless it is known."""
        named = tuple(sorted(attrs.items(), key=lambda item: item[0])) if attrs else ()
        key = (op, tuple([n.id for n in operands]), named)
        found = self._nodes.get(key)
        if found is None:
            type = type or record_of(op).infer(*(n.type for n in operands), **attrs)
            found = Node(op, operands, attrs, type, self._next, self)
            self._next += 1
            self._nodes[key] = found
        if self.current_origin:
            self.origins[found] = self.origins.get(found, frozenset()) | self.current_origin
        return found

    def _lift(self, scalar: bool | int | float, inputs: Iterable[Node | bool | int | float]) -> Node:
        # The last node: the first operand of a choice is its condition.
        like = [i for i in inputs if isinstance(i, Node)][-1]
        return self.constant(scalar, like.dtype)

    def constant(self, value: Any, dtype: DType | None = None) -> Node:
        """An array or scalar constant, converted to `dtype` when it is given."""
        array = np.asarray(value) if dtype is None else np.asarray(value, dtype=dtype.np)
        return self.emit("const", value=Constant(array))

    def full(self, value: float, dtype: DType, shape: tuple[Dim, ...]) -> Node:
        """A tensor filled with one value."""
        scalar = self.constant(value, dtype)
        return self.emit("broadcast_to", scalar, shape=tuple(shape)) if shape else scalar

    def input(self, index: int, type: TensorType) -> Node:
        """The argument number `index` of the program."""
        return self.emit("input", index=index, type=type)

    def variable(self, slot: int, type: TensorType) -> Node:
        """The value of a variable before the call."""
        return self.emit("variable", slot=slot, type=type)

    def parameter(self, index: int, type: TensorType) -> Node:
        """The operand number `index` of a body."""
        return self.emit("parameter", index=index, type=type)

    def rebuild(self, node: Node, inputs: Iterable[Node]) -> Node:
        """The same operation on other operands."""
        operands = tuple(inputs)
        if operands == node.inputs:
            return node
        # The type follows from those of the operands: most rebuilt nodes keep theirs.
        same = all(new.type == old.type for new, old in zip(operands, node.inputs, strict=True))
        return self._intern(node.op, operands, node.attrs, node.type if same else None)
