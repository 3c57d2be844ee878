"""The user's graph, and which one is the default."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from graphc.graph.context import Context, check_visible
from graphc.graph.conventions import NATIVE, Conventions
from graphc.graph.errors import GraphError
from graphc.graph.operation import Operation, Tensor
from graphc.graph.origin import user_origin
from graphc.ir.dtypes import DType
from graphc.ir.node import Node
from graphc.ops.builder import Builder

_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\-/>]*")


class Graph:
    """A list of named operations, only ever appended to.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default() as g:
    ...     x = gc.placeholder(gc.float32, [None, 2], name="x")
    >>> g.get_tensor_by_name("x:0") is x
    True
    """

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.builder = Builder()
        self.collections: dict[Any, list[Any]] = {}
        self.seed: int | None = None
        self.finalized = False
        self._by_name: dict[str, Operation] = {}
        self._taken: dict[str, int] = {}
        self._scopes: list[str] = []
        self._control: list[tuple[Operation, ...]] = []
        self.conventions: Conventions = NATIVE
        # The session in which a functional graph computes values that are asked for without one.
        self.evaluator: Any = None
        self.foreign_reads: dict[Any, Tensor] = {}
        self._symbols = 0
        self.context: Context | None = None
        self.gradient_overrides: dict[str, str] = {}

    def _repr_svg_(self) -> str:
        from graphc.viz.export import as_svg

        return as_svg(self, "graph")

    @contextmanager
    def recording(self, context: Context | None) -> Iterator[None]:
        """Operations made inside belong to this body of a branch or loop; None: to none."""
        before = self.context, self._control
        self.context, self._control = context, []
        try:
            yield
        finally:
            self.context, self._control = before

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        """Make this the graph that operations are added to."""
        _defaults.stack.append(self)
        try:
            yield self
        finally:
            _defaults.stack.pop()

    @contextmanager
    def name_scope(self, name: str | None) -> Iterator[str]:
        """Prefix the names of operations made inside; the prefix itself is made unique.

        Parameters
        ----------
        name : str or None
            None or ``""`` leaves all scopes; a name ending in ``/`` enters that scope again as it stands.
        """
        if not name:
            scopes: list[str] = []
        elif name.endswith("/"):
            scopes = name[:-1].split("/")
        else:
            scopes = [self.unique_name(name)]
        before, self._scopes = self._scopes, scopes
        try:
            yield "/".join(scopes) + "/" if scopes else ""
        finally:
            self._scopes = before

    @contextmanager
    def control_dependencies(self, inputs: Iterable[Any] | None) -> Iterator[None]:
        """Operations made inside run after `inputs`; None drops all such conditions."""
        before = self._control
        if inputs is None:
            self._control = []
        else:
            ops = tuple(i if isinstance(i, Operation) else as_operation(i) for i in inputs)
            self._control = [*before, ops]
        try:
            yield
        finally:
            self._control = before

    @contextmanager
    def device(self, name: Any) -> Iterator[None]:
        """Accepted for scripts that place operations: everything runs on the one device of the session."""
        yield

    @property
    def current_control_inputs(self) -> tuple[Operation, ...]:
        """The conditions in force."""
        return tuple(dict.fromkeys(op for ops in self._control for op in ops))

    @property
    def current_scope(self) -> str:
        """The name scope in force, without a closing slash."""
        return "/".join(self._scopes)

    def unique_name(self, name: str, mark: bool = True) -> str:
        """The name within the current scope, with ``_1``, ``_2``... when it is taken.

        Raises
        ------
        GraphError
            If it is not a valid name.
        """
        if not _NAME.fullmatch(name):
            raise GraphError(
                f"{name!r} is not a name: use letters, digits, '_', '.', '-' and '/', starting with a letter or digit",
                user_origin(),
            )
        full = "/".join([*self._scopes, name])
        key = full.lower()
        count = self._taken.get(key)
        if count is None:
            if mark:
                self._taken[key] = 1
            return full
        candidate = full
        while candidate.lower() in self._taken:
            candidate = f"{full}_{count}"
            count += 1
        if mark:
            self._taken[key] = count
            self._taken[candidate.lower()] = 1
        return candidate

    def fresh_symbol(self, hint: str) -> str:
        """A new name for a size that is known only at run time."""
        self._symbols += 1
        return f"{hint}.{self._symbols}"

    def add(
        self, type: str, name: str | None, inputs: Sequence[Tensor], body: Callable[..., Any] | None,
        args: tuple[Any, ...], kwargs: dict[str, Any], results: Sequence[tuple[DType, Node | None]],
        control_inputs: Sequence[Operation] = (),
    ) -> Operation:  # fmt: skip
        """Append an operation whose result types are known.

        Raises
        ------
        GraphError
            If the graph is finalized, or an input belongs to another graph.
        """
        origin = user_origin()
        # A variable outlives the body in which it is made.
        context = None if type == "Variable" else self.context
        if self.finalized:
            raise GraphError(f"the graph is finalized: {type} cannot be added", origin)
        for tensor in inputs:
            if tensor.graph is not self:
                raise GraphError(
                    f"{type}: the tensor {tensor.name} belongs to another graph, made at {tensor.op.origin}", origin
                )
            check_visible(tensor, context, origin)
        if name and name.endswith("/"):
            full = name[:-1]
        else:
            full = self.unique_name(name or self.conventions.names.get(type, type))
        control = tuple(dict.fromkeys((*self.current_control_inputs, *control_inputs)))
        op = Operation(self, type, full, tuple(inputs), control, body, args, kwargs, origin, len(self.operations))
        op.context = context
        op.outputs = tuple(Tensor(op, i, dtype, self._tagged(node, op, i)) for i, (dtype, node) in enumerate(results))
        self.operations.append(op)
        self._by_name[full] = op
        return op

    def _tagged(self, node: Node | None, op: Operation, index: int) -> Node | None:
        """The node behind a boundary of its own: equal tensors stay different ones."""
        return None if node is None else self.builder.emit("identity", node, tag=(op.id, index))

    @contextmanager
    def gradient_override_map(self, op_type_map: dict[str, str]) -> Iterator[None]:
        """Names of gradients for kinds of operations made inside, for surfaces that know such."""
        before = self.gradient_overrides
        self.gradient_overrides = {**before, **op_type_map}
        try:
            yield
        finally:
            self.gradient_overrides = before

    def finalize(self) -> None:
        """Refuse further operations."""
        self.finalized = True

    def get_operations(self) -> list[Operation]:
        """All operations in the order they were made."""
        return list(self.operations)

    def get_operation_by_name(self, name: str) -> Operation:
        """An operation by its unique name.

        Raises
        ------
        KeyError
            If there is none; close names are listed.
        """
        if name not in self._by_name:
            raise KeyError(f"no operation {name!r} in this graph{_close(name, self._by_name)}")
        return self._by_name[name]

    def get_tensor_by_name(self, name: str) -> Tensor:
        """A tensor by name, such as ``"dense/matmul:0"``.

        Raises
        ------
        ValueError
            If the name is not of the form ``operation:number``.
        KeyError
            If there is none; close names are listed.
        """
        head, _, number = name.rpartition(":")
        if not head or not number.isdigit():
            raise ValueError(f"{name!r} is no name of a tensor: tensors are called {name + ':0'!r} and so on")
        outputs = self.get_operation_by_name(head).outputs
        if int(number) >= len(outputs):
            raise KeyError(f"the operation {head!r} has {len(outputs)} results, {name!r} is not among them")
        return outputs[int(number)]

    def add_to_collection(self, name: Any, value: Any) -> None:
        """Append a value to a named collection."""
        self.collections.setdefault(name, []).append(value)

    def get_collection(self, name: Any, scope: str | None = None) -> list[Any]:
        """The values of a collection; with `scope`, those whose name starts with it."""
        values = self.collections.get(name, [])
        return [v for v in values if scope is None or re.match(scope, getattr(v, "name", ""))]

    def get_collection_ref(self, name: Any) -> list[Any]:
        """The list of a collection itself: changes of it are changes of the collection."""
        return self.collections.setdefault(name, [])

    def get_all_collection_keys(self) -> list[Any]:
        """Names of the collections that are not empty."""
        return [name for name, values in self.collections.items() if values]

    def clear_collection(self, name: Any) -> None:
        """Empty a collection."""
        self.collections.pop(name, None)

    def as_graph_element(self, value: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:
        """The tensor or operation that a name or an object stands for.

        Raises
        ------
        KeyError
            If there is none of this name.
        GraphError
            If it is neither, or belongs to another graph.
        """
        if isinstance(value, str):
            return self.get_tensor_by_name(value) if ":" in value else self.get_operation_by_name(value)
        found = value if isinstance(value, Operation | Tensor) else getattr(value, "op", value)
        if isinstance(found, Operation) and found is not value:
            found = found.outputs[0]
        kinds = (Tensor,) * allow_tensor + (Operation,) * allow_operation
        if not isinstance(found, kinds):
            raise GraphError(f"{value!r} is no element of a graph", user_origin())
        if found.graph is not self:
            raise GraphError(f"{found.name} is not an element of this graph: it belongs to another one", user_origin())
        return found


def _close(name: str, names: Iterable[str]) -> str:
    import difflib

    found = difflib.get_close_matches(name, list(names), 3)
    return f": did you mean {', '.join(map(repr, found))}?" if found else ""


def as_operation(value: Any) -> Operation:
    """The operation behind a tensor, variable or operation."""
    op = getattr(value, "op", None)
    if isinstance(value, Operation):
        return value
    if isinstance(op, Operation):
        return op
    raise GraphError(f"an operation or a tensor is needed here, not {value!r}", user_origin())


class _Defaults(threading.local):
    def __init__(self) -> None:
        self.stack: list[Graph] = []


_defaults = _Defaults()
_global_graph = Graph()


def get_default_graph() -> Graph:
    """The graph that operations are added to."""
    return _defaults.stack[-1] if _defaults.stack else _global_graph


def reset_default_graph() -> None:
    """Start with an empty default graph.

    Raises
    ------
    GraphError
        Inside ``with graph.as_default()``.
    """
    global _global_graph
    if _defaults.stack:
        raise GraphError("reset_default_graph inside `with graph.as_default()`: leave the block first", user_origin())
    _global_graph = Graph()
