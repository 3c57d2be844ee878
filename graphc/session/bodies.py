"""Specialisation of bodies: the recorded inside of a branch or loop becomes a function over nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphc.graph.context import Recorded
from graphc.graph.operation import Operation, Tensor
from graphc.graph.variable import Variable
from graphc.ir.body import Body
from graphc.ir.dims import Dim
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.context import Lowering
from graphc.session.lower import Lowerer

Slot = tuple["Tensor | Variable | None", TensorType, "Node | None"]
"""What a parameter of a body stands for: a tensor, or a variable's value, or nothing that the user sees; its type; and
the node outside whose value it has all the time, if there is one."""


@dataclass(frozen=True)
class Lowered:
    """A body as nodes.

    Attributes
    ----------
    parameters, results : tuple of Node
    written : Mapping of Variable to Node
        The value of each written variable at the end.
    done : Node
        A boolean that is there when its effects are done.
    """

    parameters: tuple[Node, ...]
    results: tuple[Node, ...]
    written: Mapping[Variable, Node]
    done: Node

    def body(self, results: Sequence[Node]) -> Body:
        """The body with these results."""
        return Body(self.parameters, tuple(results))


class _BodyLowering(Lowering):
    """A lowering inside of a body: sizes may depend on what is known outside only."""

    def __init__(self, outer: Lowering, same: Mapping[Node, Node]) -> None:
        super().__init__(outer.builder, outer.fresh_symbol)
        self.outer = outer
        self.same = same
        self.differentiates = outer.differentiates
        self.inside = True

    def _derive(self, node: Node, most: Dim | None) -> tuple[Dim, ...]:
        return self.outer.dims_of(self.same[node]) if node in self.same else super()._derive(node, most)

    def _measured(self, node: Node, most: Dim | None) -> tuple[Dim, ...]:
        raise ValueError(
            "a size depends on values that are computed inside of a branch or loop: sizes must be known before it "
            "starts. Keep the full size and leave elements out by value, as in reduce_sum(where(mask, x, 0)), or take "
            "what depends on the size out of the branch or loop"
        )


class _BodyLowerer(Lowerer):
    """Lowers the operations of one body; variables are parameters, or values that operations have written."""

    def __init__(self, lowering: Lowering, values: Mapping[Tensor, Node], state: Mapping[Variable, Node]) -> None:
        super().__init__((), ())
        self.builder = lowering.builder
        self.lowering = lowering
        self.guards = lowering.guards
        self.values = dict(values)
        self.state = state

    def _initial(self, variable: Variable) -> Node:
        return self.state[variable]

    def _slot(self, variable: Variable) -> int:
        if variable not in self.variables:
            self.variables[variable] = len(self.variables)
            self.types.append(self.state[variable].tensor)
        return self.variables[variable]

    def run_body(self, operations: Sequence[Operation]) -> None:
        """Emit the nodes of all operations; the origin in force stays."""
        origin = self.builder.current_origin
        self.mark_boundaries(operations)
        try:
            for op in operations:
                self.lower_operation(op, set())
        finally:
            self.builder.current_origin = origin


def lower_body(recorded: Recorded, slots: Sequence[Slot], outer: Lowering) -> Lowered:
    """The nodes of a recorded body.

    Parameters
    ----------
    recorded : Recorded
    slots : sequence of Slot
        One per parameter; every tensor that the body needs has one.
    outer : Lowering
        In which the branch or loop stands.
    """
    builder = outer.builder
    parameters = tuple(builder.parameter(i, type) for i, (_, type, _) in enumerate(slots))
    values: dict[Tensor, Node] = {}
    state: dict[Variable, Node] = {}
    same: dict[Node, Node] = {}
    for (meaning, _, outside), node in zip(slots, parameters, strict=True):
        if isinstance(meaning, Variable):
            state[meaning] = node
        elif meaning is not None:
            values[meaning] = node
        if outside is not None:
            same[node] = outside
    for tensor in {t for op in recorded.operations for t in op.inputs}.union(recorded.results) - values.keys():
        if tensor.op.type == "Variable":
            values[tensor] = state[tensor.op.kwargs["variable"]]
    lowering = _BodyLowering(outer, same)
    lowerer = _BodyLowerer(lowering, values, state)
    lowerer.run_body(recorded.operations)
    outer.guards += lowering.guards
    results = tuple(lowerer.values[t] for t in recorded.results)
    written = {v: lowerer.written[op] for v, op in lowerer.latest.items()}
    return Lowered(parameters, results, written, lowering.done())
