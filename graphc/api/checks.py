"""Operations that watch a step: values that must be finite, conditions that must hold, values that are printed."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphc.api.convert import as_node, builder
from graphc.api.define import apply, operation
from graphc.api.shaping import identity
from graphc.api.state import no_op
from graphc.graph.graph import Graph, get_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.origin import user_origin
from graphc.graph.store import Store
from graphc.graph.variable import Variable
from graphc.ir.node import Node
from graphc.session.hosted import add_hosted


@operation("check_numerics")
def check_numerics(tensor: Any, message: str = "") -> Node:
    """The tensor itself; a run fails, before any variable changes, where an element is NaN or infinite."""
    return builder().emit("check_finite", as_node(tensor), message=message or "check_numerics")


def _holds(condition: Any, message: str) -> Node:
    emit = builder().emit
    node = as_node(condition)
    if node.rank:
        node = emit("all", node, axes=tuple(range(node.rank)), keepdims=False)
    return emit("check_true", node, message=message)


def _finite(tensor: Any, message: str) -> Node:
    return _holds(builder().emit("isfinite", as_node(tensor)), message)


class _Watched:
    """A sink that only makes a session compute its inputs: the checks are part of the native step."""

    def accept(self, store: Store, values: Sequence[np.ndarray]) -> None:
        """Nothing is left to do: the step has succeeded."""


def assert_that(condition: Any, data: Sequence[Any] = (), message: str = "", name: str | None = None) -> Operation:
    """An operation that fails the run, before any variable changes, unless a condition holds everywhere.

    Parameters
    ----------
    condition : Tensor of bool
    data : sequence of Tensor, optional
        Tensors that the message names.
    message : str, optional
    name : str, optional

    Returns
    -------
    Operation
        Fetch it, or make others depend on it with ``control_dependencies``. Inside the body of a loop or branch nothing
        is checked, with a warning.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     x = gc.placeholder(gc.float32, [None])
    ...     with gc.control_dependencies([gc.assert_that(x > 0.0, message="x must be positive")]):
    ...         root = gc.sqrt(x)
    ...     print(session.run(root, {x: [4.0, 9.0]}))
    [2. 3.]
    """
    graph = get_default_graph()
    if graph.context is not None:
        warnings.warn(
            f"assert_that: nothing is checked inside a loop or branch; check_numerics is\n  at {user_origin()}",
            stacklevel=2,
        )
        return no_op(name=name)
    named = ", ".join(d.name if isinstance(d, Tensor | Variable) else repr(d) for d in data)
    text = message or "an assertion does not hold" + (f": {named}" if named else "")
    held = apply("check_true", _holds, (condition, text), {}, None)
    sink = graph.add("assert_that", name, [held], None, (), {"sink": _Watched()}, [])
    return add_hosted(sink)


def add_check_numerics_ops(graph: Graph | None = None) -> Operation:
    """An operation that fails the run if any float tensor made so far, gradients included, is NaN or infinite.

    Parameters
    ----------
    graph : Graph, optional
        The default graph if not given.

    Returns
    -------
    Operation
        Fetch it along with the step. Needs every placeholder that a tensor of the graph depends on.
    """
    graph = graph or get_default_graph()
    checks = []
    for op in list(graph.get_operations()):
        if op.context is None and op.type not in ("placeholder", "Const"):
            checks += [
                apply("check_true", _finite, (t, f"{t.name} holds NaN or infinity, made at {op.origin}"), {}, None)
                for t in op.outputs
                if t.dtype.is_floating
            ]
    return add_hosted(graph.add("add_check_numerics_ops", None, checks, None, (), {"sink": _Watched()}, []))


class _Printer:
    """A sink that prints its inputs to the standard error stream, as long as runs are to be printed.

    Parameters
    ----------
    message : str
    first_n : int
        How many runs are printed; negative for all.
    summarize : int
        How many elements of each tensor.
    """

    def __init__(self, message: str, first_n: int, summarize: int) -> None:
        self.message = message
        self.left = first_n
        self.summarize = summarize

    def accept(self, store: Store, values: Sequence[np.ndarray]) -> None:
        """Print a line."""
        if self.left == 0:
            return
        self.left -= self.left > 0
        print(self.message + "".join(f"[{self._elements(v)}]" for v in values), file=sys.stderr)

    def _elements(self, value: Any) -> str:
        flat = np.asarray(value).reshape(-1)
        shown = flat if self.summarize < 0 else flat[: self.summarize]
        return " ".join(str(v) for v in shown) + ("..." if len(shown) < len(flat) else "")


def Print(
    input_: Any, data: Sequence[Any], message: str = "", first_n: int = -1, summarize: int = 3, name: str | None = None
) -> Tensor:
    """The tensor itself; whenever it is computed, `data` is printed to the standard error stream after the step.

    Parameters
    ----------
    input_ : Tensor
    data : sequence of Tensor
        What is printed.
    message : str
        Printed first.
    first_n : int
        Only so many runs are printed; all if negative.
    summarize : int
        Elements printed of each tensor; all if negative.
    name : str, optional

    Returns
    -------
    Tensor
        Inside the body of a loop or branch nothing is printed, with a warning: the whole loop is one native call.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     x = gc.Print(gc.constant([1.0, 2.0]), ["seen"], message="x: ")
    ...     print(session.run(x + 1.0))
    [2. 3.]
    """
    graph = get_default_graph()
    if graph.context is not None:
        warnings.warn(f"Print: nothing is printed from inside a loop or branch\n  at {user_origin()}", stacklevel=2)
        return identity(input_, name=name)  # type: ignore[no-any-return]
    labels = "".join(d for d in data if isinstance(d, str))
    tensors = [identity(d) for d in data if not isinstance(d, str)]
    sink = graph.add("Print", None, tensors, None, (), {"sink": _Printer(message + labels, first_n, summarize)}, [])
    with graph.control_dependencies([add_hosted(sink)]):
        return identity(input_, name=name)  # type: ignore[no-any-return]
