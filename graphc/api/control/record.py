"""Recording of bodies: a Python function of tensors is called once, and what it makes belongs to the branch or loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from graphc.api.define import apply
from graphc.api.shaping import constant, identity
from graphc.api.state import assign
from graphc.graph.context import Context, Recorded
from graphc.graph.errors import GraphError
from graphc.graph.graph import Graph, get_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.origin import Origin, user_origin
from graphc.graph.variable import Variable
from graphc.ir.dtypes import DType
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.assume import assume_equal
from graphc.ops.context import current_lowering
from graphc.session.bodies import Slot
from graphc.session.hosted import watched


def as_tensor(value: Any, like: DType | None = None) -> Tensor:
    """A tensor, variable, number or array as a tensor; Python numbers take the element type `like`."""
    if isinstance(value, Variable):
        return value.value()
    if isinstance(value, Tensor):
        return value
    weak = isinstance(value, bool | int | float) and not isinstance(value, np.generic)
    fits = like is not None and weak and (like.is_floating or like.kind == np.asarray(value).dtype.kind)
    result: Tensor = constant(value, dtype=like) if fits else identity(value)
    return result


class Recorder:
    """Records the bodies of one branch or loop.

    Parameters
    ----------
    kind : str
        For names and messages.
    name : str, optional
        Name scope of the operations.
    """

    def __init__(self, kind: str, name: str | None) -> None:
        self.kind = kind
        self.name = name or kind
        self.origin: Origin = user_origin()
        self.graph: Graph = get_default_graph()

    def parameter(self, like: Tensor | TensorType, name: str, drop: int = 0) -> Tensor:
        """A tensor inside of the body in force with the type of another one, less `drop` leading axes."""
        if isinstance(like, TensorType):
            dtype, type = like.dtype, like
        else:
            dtype = like.dtype
            type = None if like.node is None else like.node.tensor  # type: ignore[assignment]
            if drop and type is not None and type.rank < drop:
                raise GraphError(
                    f"{self.kind}: {like.name} of shape {like.shape} has no axis to take slices along", self.origin
                )
        node = None
        if type is not None:
            node = self.graph.builder.parameter(0, type.with_shape(type.shape[drop:]))
        return self.graph.add("parameter", name, (), None, (), {}, [(dtype, node)]).outputs[0]

    def new_context(self) -> Context:
        """A body within the one in force."""
        return Context(self.kind, self.graph.context, self.origin)

    def inside(self, context: Context) -> Any:
        """Make operations belong to a body."""
        return self.graph.recording(context)


def outside_needs(bodies: Iterable[Recorded]) -> tuple[list[Tensor], list[Variable], list[Operation]]:
    """What several bodies need: captured tensors, variables written or read, operations that come before."""
    bodies = list(bodies)
    written = dict.fromkeys(v for body in bodies for v in body.written)
    read = dict.fromkeys(v for body in bodies for v in body.read if v not in written)
    captures = dict.fromkeys(t for body in bodies for t in body.captures)
    # What one body writes and another only reads is a value that changes: not a capture.
    kept = [t for t in captures if not (t.op.type == "Variable" and t.op.kwargs["variable"] in written)]
    return kept, [*written, *read], list(dict.fromkeys(op for body in bodies for op in body.before))


def written_by(bodies: Iterable[Recorded]) -> list[Variable]:
    """Variables that some of the bodies assign to."""
    return list(dict.fromkeys(v for body in bodies for v in body.written))


def append(
    recorder: Recorder,
    bodies: Sequence[Recorded],
    body: Callable[..., list[Node]],
    operands: Sequence[Any],
    handed: Sequence[Variable] = (),
) -> tuple[Operation, list[Tensor]]:
    """Append the branch or loop itself.

    Parameters
    ----------
    recorder : Recorder
    bodies : sequence of Recorded
    body : callable ``(operands, captures, states) -> list of Node``
        Its meaning: nodes of its results, then the last value of every written variable, and, if a body has effects,
        a boolean that is there when they are done.
        `captures` and `states` are pairs of tensor or variable and node.
    operands : sequence
    handed : sequence of Variable
        Written variables that the branch or loop does not assign.

    Returns
    -------
    (Operation, list of Tensor)
        Results come without those of the variables.
    """
    captures, variables, before = outside_needs(bodies)
    written = written_by(bodies)
    reads = [v.value() for v in variables]

    def run(operands: list[Any], captured: list[Node], read: list[Node]) -> list[Node]:
        return body(operands, list(zip(captures, captured, strict=True)), list(zip(variables, read, strict=True)))

    control = [op for op in before if op not in recorder.graph.current_control_inputs]
    with recorder.graph.control_dependencies(control):
        apply(recorder.kind, run, (list(operands), captures, reads), {}, recorder.name)
    op = recorder.graph.operations[-1]
    op.effect = any(part.effect for part in bodies)
    last = len(op.outputs) - op.effect
    with recorder.graph.control_dependencies(None):
        first = last - len(written)
        pairs = zip(written, op.outputs[first:last], strict=True)
        op.updates = tuple(assign(v, t).op for v, t in pairs if v not in handed)
        if op.effect and op.context is None:
            op.updates += (watched("effects", op.outputs[last:]),)
    return op, list(op.outputs[:first])


def slots(values: Iterable[tuple[Any, Node]], fixed: bool) -> list[Slot]:
    """Parameters for tensors or variables that have these nodes as values, all the time if `fixed`."""
    return [(meaning, node.tensor, node if fixed else None) for meaning, node in values]


def fitted(node: Node, type: TensorType, what: str, origin: Origin) -> Node:
    """A node with the type that it must have; unknown sizes are taken to be equal.

    Raises
    ------
    GraphError
        With `what` and the line `origin` if element type, rank or a known size differ.
    """
    if node.tensor == type:
        return node
    message = f"{what} has type {type!r} before and {node.type!r} after: "
    if node.dtype != type.dtype:
        raise GraphError(f"{message}element types must stay: cast one of them", origin)
    if node.rank != type.rank:
        raise GraphError(f"{message}shapes must stay, broadcasting included", origin)
    for have, want in zip(node.shape, type.shape, strict=True):
        try:
            assume_equal(want, have)
        except ValueError:
            raise GraphError(f"{message}shapes must stay the same", origin) from None
    return node.builder.emit("reshape", node, shape=type.shape)


def noted(found: list[Node], effect: bool) -> list[Node]:
    """The results of a branch or loop, of which the last says that its effects are done, if it has any."""
    if effect:
        lowering().effects.append(found[-1])
    return found


def lowering() -> Any:
    """The lowering in progress."""
    found = current_lowering()
    assert found is not None
    return found
