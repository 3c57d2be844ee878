"""Operations that watch a step: values that must be finite, conditions that must hold, values that are printed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphc.api.convert import as_node, builder
from graphc.api.define import apply, operation
from graphc.api.shaping import identity
from graphc.graph.graph import Graph, get_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.store import Store
from graphc.graph.variable import Variable
from graphc.ir.node import Node
from graphc.ops.context import current_lowering
from graphc.ops.python_call import PythonFunction
from graphc.session.hosted import add_hosted, watched


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


def _held_in_body(condition: Any, message: str) -> Node:
    """The check as an effect of a body: it is made whether or not a result depends on it."""
    found = _holds(condition, message)
    _noted(found)
    return found


def _noted(done: Node) -> None:
    lowering = current_lowering()
    assert lowering is not None
    lowering.effects.append(done)


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
        Fetch it, or make others depend on it with ``control_dependencies``. Inside the body of a loop or branch it is
        checked in every step that comes to what depends on it.

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
    named = ", ".join(d.name if isinstance(d, Tensor | Variable) else repr(d) for d in data)
    text = message or "an assertion does not hold" + (f": {named}" if named else "")
    if graph.context is None:
        return watched("assert_that", [apply("check_true", _holds, (condition, text), {}, None)], name)
    held: Tensor = apply("assert_that", _held_in_body, (condition, text), {}, name)
    held.op.effect = True
    return held.op


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
    with graph.as_default():
        return watched("add_check_numerics_ops", checks)


def _print_in_body(values: list[Node], function: PythonFunction) -> Node:
    whole = builder().emit("python", *values, function=function, shapes=())
    done = builder().emit("item", whole, index=0)
    _noted(done)
    return done


class _Printer:
    """Prints its inputs to the standard error stream, as long as they are to be printed.

    Parameters
    ----------
    message : str
    first_n : int
        How many times; negative for always.
    summarize : int
        How many elements of each tensor.
    """

    def __init__(self, message: str, first_n: int, summarize: int) -> None:
        self.message = message
        self.left = first_n
        self.summarize = summarize

    def accept(self, store: Store, values: Sequence[np.ndarray]) -> None:
        """Print a line after a run."""
        self.show(*values)

    def show(self, *values: np.ndarray) -> tuple[()]:
        """Print a line."""
        if self.left == 0:
            return ()
        self.left -= self.left > 0
        print(self.message + "".join(f"[{self._elements(v)}]" for v in values), file=sys.stderr)
        return ()

    def _elements(self, value: Any) -> str:
        flat = np.asarray(value).reshape(-1)
        shown = flat if self.summarize < 0 else flat[: self.summarize]
        return " ".join(str(v) for v in shown) + ("..." if len(shown) < len(flat) else "")


def Print(
    input_: Any, data: Sequence[Any], message: str = "", first_n: int = -1, summarize: int = 3, name: str | None = None
) -> Tensor:
    """The tensor itself; whenever it is computed, `data` is printed to the standard error stream.

    Parameters
    ----------
    input_ : Tensor
    data : sequence of Tensor
        What is printed.
    message : str
        Printed first.
    first_n : int
        Only so many times something is printed; always if negative.
    summarize : int
        Elements printed of each tensor; all if negative.
    name : str, optional

    Returns
    -------
    Tensor
        A line is printed after the run; inside of a loop or branch at once, whenever a step comes to it, by a call from
        the native loop, of some tens of microseconds.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     x = gc.Print(gc.constant([1.0, 2.0]), ["seen"], message="x: ")
    ...     print(session.run(x + 1.0))
    [2. 3.]
    """
    graph = get_default_graph()
    labels = "".join(d for d in data if isinstance(d, str))
    tensors = [identity(d) for d in data if not isinstance(d, str)]
    printer = _Printer(message + labels, first_n, summarize)
    if graph.context is None:
        shown = add_hosted(graph.add("Print", None, tensors, None, (), {"sink": printer}, []))
    else:
        function = PythonFunction("Print", printer.show, ())
        shown = apply("Print", _print_in_body, (tensors, function), {}, None).op
        shown.effect = True
    with graph.control_dependencies([shown]):
        return identity(input_, name=name)  # type: ignore[no-any-return]
