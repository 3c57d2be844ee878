"""Bodies of branches and loops while they are recorded: what belongs to one, and what it needs from outside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphc.graph.errors import GraphError
from graphc.graph.origin import Origin

if TYPE_CHECKING:
    from graphc.graph.operation import Operation, Tensor


class Context:
    """The inside of a branch or loop.

    Attributes
    ----------
    kind : str
        Such as ``"while_loop"``.
    outer : Context or None
        The body in which it stands itself.
    origin : Origin
        The user's line that made the branch or loop.
    """

    __slots__ = ("kind", "origin", "outer")

    def __init__(self, kind: str, outer: Context | None, origin: Origin) -> None:
        self.kind = kind
        self.outer = outer
        self.origin = origin

    def within(self, other: Context | None) -> bool:
        """Whether this is `other` or lies inside of it."""
        context: Context | None = self
        while context is not None and context is not other:
            context = context.outer
        return context is other


def check_visible(tensor: Tensor, context: Context | None, origin: Origin) -> None:
    """Refuse the use of a tensor outside of the body in which it was made.

    Raises
    ------
    GraphError
    """
    made = tensor.op.context
    if made is None or (context is not None and context.within(made)):
        return
    raise GraphError(
        f"{tensor.name} was made inside of the {made.kind} at {made.origin}\n"
        f"  by {tensor.op.origin}\n"
        "outside of it there is no such value: return it from the function that makes the body",
        origin,
    )


def check_fetchable(op: Operation, what: str, origin: Origin) -> None:
    """Refuse to feed or fetch something inside of a body, which has many values or none in a run.

    Raises
    ------
    GraphError
    """
    if op.context is not None:
        raise GraphError(
            f"{op.name} cannot be {what}: it is inside of the {op.context.kind} at {op.context.origin}, "
            "where it has many values in a run, or none. Return it from the body, and fetch the result",
            origin,
        )


@dataclass(frozen=True)
class Recorded:
    """A recorded body.

    Attributes
    ----------
    context : Context
    parameters : tuple of Tensor
    results : tuple of Tensor
    operations : tuple of Operation
        What the results need inside of the body, in the order it was made.
    captures : tuple of Tensor
        What it needs from outside.
    before : tuple of Operation
        Operations outside that must have run.
    written, read : tuple of Variable
        Variables that operations inside assign to, and others of which a read stands inside.
    """

    context: Context
    parameters: tuple[Tensor, ...]
    results: tuple[Tensor, ...]
    operations: tuple[Operation, ...]
    captures: tuple[Tensor, ...]
    before: tuple[Operation, ...]
    written: tuple[Any, ...]
    read: tuple[Any, ...]

    @property
    def effect(self) -> bool:
        """Whether something inside must be done even where no one uses its results."""
        return any(op.effect for op in self.operations)


def recorded(
    context: Context, parameters: Iterable[Tensor], results: Iterable[Tensor], effects: Iterable[Operation] = ()
) -> Recorded:
    """What a body consists of, from its results and further operations that must run."""
    results = tuple(results)
    inner: dict[int, Operation] = {}
    outer: dict[Operation, None] = {}
    stack = [*(t.op for t in results if t.op.context is context), *effects]
    while stack:
        op = stack.pop()
        if op.context is not context:
            outer[op] = None
        elif op.id not in inner:
            inner[op.id] = op
            stack.extend(t.op for t in op.inputs if t.op.context is context)
            stack.extend((*op.control_inputs, *op.updates))
    operations = tuple(inner[i] for i in sorted(inner) if inner[i].type != "parameter")
    named = [(op, op.kwargs.get("variable")) for op in operations]
    written = tuple(dict.fromkeys(v for op, v in named if v is not None and op.type != "Read"))
    read = tuple(dict.fromkeys(v for op, v in named if op.type == "Read" and v not in written))
    used = dict.fromkeys(t for op in operations for t in op.inputs) | dict.fromkeys(results)
    captures = [t for t in used if t.op.context is not context and not _reads(t, written)]
    return Recorded(context, tuple(parameters), results, operations, tuple(captures), tuple(outer), written, read)


def _reads(tensor: Tensor, variables: Iterable[Any]) -> bool:
    """Whether a tensor is the plain read of one of these variables."""
    return tensor.op.type == "Variable" and tensor.op.kwargs["variable"] in variables
