"""Operations and tensors of the user's graph: named, only ever appended, never merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from graphc.graph.errors import GraphError
from graphc.graph.operators import Operators
from graphc.graph.origin import Origin, user_origin
from graphc.graph.shape import SymbolicShape, TensorShape
from graphc.ir.dims import symbol
from graphc.ir.dtypes import DType
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.assume import collect_assumptions

if TYPE_CHECKING:
    from graphc.graph.context import Context
    from graphc.graph.graph import Graph


@dataclass(frozen=True, slots=True)
class Ref:
    """The place of an operation's input number `index` inside its arguments."""

    index: int


class Operation:
    """One operation of a graph.

    Attributes
    ----------
    graph : Graph
    type : str
        Name of the function that made it, such as ``"matmul"``.
    name : str
        Unique within the graph.
    inputs : tuple of Tensor
    control_inputs : tuple of Operation
        Operations that must have run before.
    body : callable or None
        Its meaning: a function over nodes. None for those that a session treats itself.
    args, kwargs
        Arguments of `body`, with `Ref` in the place of inputs.
    outputs : tuple of Tensor
    updates : tuple of Operation
        Assignments that belong to it: whenever it runs, they do.
    origin : Origin
        The user's line.
    context : Context or None
        The body of a branch or loop in which it stands.
    effect : bool
        Whether running it does something besides its results, inside of a body: a check, a call of Python.
    """

    __slots__ = (
        "args",
        "body",
        "context",
        "control_inputs",
        "effect",
        "graph",
        "id",
        "inputs",
        "kwargs",
        "name",
        "origin",
        "outputs",
        "type",
        "updates",
    )

    def __init__(
        self, graph: Graph, type: str, name: str, inputs: tuple[Tensor, ...], control_inputs: tuple[Operation, ...],
        body: Callable[..., Any] | None, args: tuple[Any, ...], kwargs: dict[str, Any], origin: Origin, id: int,
    ) -> None:  # fmt: skip
        self.graph = graph
        self.type = type
        self.name = name
        self.inputs = inputs
        self.control_inputs = control_inputs
        self.body = body
        self.args = args
        self.kwargs = kwargs
        self.origin = origin
        self.id = id
        self.outputs: tuple[Tensor, ...] = ()
        self.updates: tuple[Operation, ...] = ()
        self.context: Context | None = None
        self.effect = False

    def run(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> None:
        """Run this operation in the given or the default session."""
        from graphc.session.current import default_session

        default_session(session).run(self, feed_dict)

    @property
    def device(self) -> str:
        """Where scripts asked it to run: everything runs on the one device of the session."""
        return ""

    def values(self) -> tuple[Tensor, ...]:
        """Its results."""
        return self.outputs

    def __repr__(self) -> str:
        return f"<graphc.Operation {self.name!r} type={self.type}>"


class Tensor(Operators):
    """One result of an operation.

    Attributes
    ----------
    op : Operation
    index : int
        Which of its results.
    dtype : DType
    label : str or None
        What the user calls it; need not be unique.
    node : Node or None
        The tensor in the graph's own builder, from which shapes are known before any run; None if its rank is unknown.
    """

    __slots__ = ("__weakref__", "_tag", "dtype", "index", "label", "node", "op", "static")

    def __init__(self, op: Operation, index: int, dtype: DType, node: Node | None) -> None:
        self.op = op
        self.index = index
        self.dtype = dtype
        self.node = node
        self.static: tuple[int | None, ...] | None = None
        self.label: str | None = None
        self._tag: SimpleNamespace | None = None

    @property
    def tag(self) -> SimpleNamespace:
        """Room for notes of your own."""
        if self._tag is None:
            self._tag = SimpleNamespace()
        return self._tag

    @property
    def graph(self) -> Graph:
        """The graph it belongs to."""
        return self.op.graph

    @property
    def name(self) -> str:
        """Name of the operation and number of the result, ``"dense/matmul:0"``."""
        return f"{self.op.name}:{self.index}"

    @name.setter
    def name(self, label: str | None) -> None:
        """Give it a label, by which functions take it as a keyword; its unique name stays."""
        self.label = label

    @property
    def shape(self) -> TensorShape:
        """What is known of its shape."""
        kind = TensorShape if not self.op.graph.conventions.functional else SymbolicShape.of(self)
        if self.node is None:
            return kind(self.static)
        if self.static is None:
            return kind(self.node.shape)
        return kind([s if s is not None else d for s, d in zip(self.static, self.node.shape, strict=True)])

    def get_shape(self) -> TensorShape:
        """What is known of its shape."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Add what is known of the shape; a run in which it turns out otherwise fails.

        Raises
        ------
        GraphError
            If it contradicts what is known already.
        """
        try:
            merged = self.shape.merge_with(shape)
        except ValueError:
            raise GraphError(
                f"{self.name} has shape {self.shape}: it cannot have {TensorShape(shape)}", user_origin()
            ) from None
        if merged.dims is None:
            return
        self.static = tuple(d if isinstance(d, int) else None for d in merged.dims)
        builder = self.graph.builder
        if self.node is not None:
            dims = tuple(want if isinstance(want, int) else have for want, have in zip(merged.dims, self.node.shape,
                                                                                      strict=True))  # fmt: skip
            if dims != self.node.shape:
                self.node = builder.emit("reshape", self.node, shape=dims)
                collect_assumptions()
        elif not self.op.inputs:
            sizes = tuple(d if isinstance(d, int) else symbol(self.graph.fresh_symbol(self.op.name))
                          for d in merged.dims)  # fmt: skip
            leaf = builder.emit("input", index=self.op.id, type=TensorType(self.dtype, sizes))
            self.node = builder.emit("identity", leaf, tag=(self.op.id, self.index))

    @property
    def device(self) -> str:
        """Where scripts asked it to run: everything runs on the one device of the session."""
        return ""

    @property
    def value_index(self) -> int:
        """Which of its operation's results it is."""
        return self.index

    def consumers(self) -> list[Operation]:
        """Operations that have this tensor as an input."""
        return [op for op in self.graph.operations if self in op.inputs]

    def eval(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> Any:
        """Its value in the given or the default session."""
        from graphc.session.current import default_session

        return default_session(session, self.graph).run(self, feed_dict)

    def __iter__(self) -> Any:
        size = self.shape.dims[0] if self.shape.dims else None
        if not isinstance(size, int):
            raise TypeError(
                f"the tensor {self.name} of shape {self.shape} cannot be iterated: its first size is unknown"
            )
        return (self[i] for i in range(size))

    def __repr__(self) -> str:
        return f"<graphc.Tensor {self.name!r} shape={self.shape} dtype={self.dtype.name}>"
