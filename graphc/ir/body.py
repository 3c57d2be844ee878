"""Bodies: the closed functions that branches and loops hold."""

from __future__ import annotations

from dataclasses import dataclass

from graphc.ir.node import Node
from graphc.ir.types import TensorType


@dataclass(frozen=True, repr=False)
class Body:
    """A function from tensors to tensors, held by a node as an attribute.

    A body is closed: its nodes refer to its own parameters and to leaves without operands (constants, sizes) only.
    Everything else it needs is an operand of the node that holds it. Its nodes belong to the same builder as that
    node, so equal bodies are equal; sizes in it are the symbols of the program.

    Attributes
    ----------
    parameters : tuple of Node
        ``parameter`` leaves, numbered 0, 1, ... in order.
    results : tuple of Node
    """

    parameters: tuple[Node, ...]
    results: tuple[Node, ...]

    def __post_init__(self) -> None:
        for number, node in enumerate(self.parameters):
            if node.op != "parameter" or node.attrs["index"] != number:
                raise ValueError(f"parameter {number} of a body cannot be {node!r}")

    @property
    def parameter_types(self) -> tuple[TensorType, ...]:
        """Types of the parameters."""
        return tuple(node.tensor for node in self.parameters)

    @property
    def result_types(self) -> tuple[TensorType, ...]:
        """Types of the results."""
        return tuple(node.tensor for node in self.results)

    def __repr__(self) -> str:
        return f"<body {list(self.parameter_types)} -> {list(self.result_types)}>"


def bodies_of(node: Node) -> dict[str, Body]:
    """The bodies that a node holds, by the name of the attribute."""
    return {key: value for key, value in node.attrs.items() if isinstance(value, Body)}
