"""Another gradient for something that is computed already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphc.api.convert import as_node, builder
from graphc.api.custom import pulled_by
from graphc.api.define import apply
from graphc.graph.operation import Tensor
from graphc.ir.node import Node
from graphc.ops.custom import UserFunction


def with_gradient(result: Any, inputs: Sequence[Any], vjp: Callable[..., Any], name: str | None = None) -> Tensor:
    """The tensor `result`, with a gradient of your own.

    Parameters
    ----------
    result : Tensor
        Its own gradient is not looked at: it may be what `py_func` returns.
    inputs : sequence of Tensor
        What the gradient goes to.
    vjp : callable
        ``vjp(g, result, *inputs)`` over tensors of a graph: from the gradient `g` of the result, those of the inputs (a
        tensor or a sequence of tensors or None). It must use nothing but its arguments and constants. `py_func` inside
        of it gives results of the shape of its first input if nothing else is said.
    name : str, optional

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import numpy as np, graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     x = gc.placeholder(gc.float32, [2])
    ...     steps = gc.with_gradient(gc.floor(x), [x], lambda g, y, x: g)
    ...     print(session.run([steps, gc.gradients(steps * 3.0, x)[0]], {x: [1.5, 2.5]}))
    [array([1., 2.], dtype=float32), array([3., 3.], dtype=float32)]
    """
    label = "with_gradient"
    function = UserFunction(label, vjp, {}, lambda *types: (types[0],), pulled_by(label, vjp))

    def body(y: Any, xs: Sequence[Any]) -> Node:
        return builder().emit("override", as_node(y), *map(as_node, xs), function=function)

    found: Tensor = apply(label, body, (result, list(inputs)), {}, name)
    return found
