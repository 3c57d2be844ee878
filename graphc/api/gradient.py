"""Gradients as part of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphc.api.convert import as_node, builder
from graphc.api.define import apply
from graphc.autodiff.reverse import connected
from graphc.graph.errors import GraphError
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import Variable, read_of
from graphc.ir.node import Node


def gradients(
    ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients", stop_gradients: Any = None
) -> list[Tensor | None]:
    """Gradients of the sum of `ys` with respect to each of `xs`.

    Parameters
    ----------
    ys : Tensor or sequence of Tensor
    xs : Tensor, Variable or sequence of these
    grad_ys : sequence of Tensor or None, optional
        Cotangents of `ys`, ones where not given.
    name : str
    stop_gradients : sequence of Tensor, optional
        Tensors taken to be constant.

    Returns
    -------
    list of Tensor or None
        One per `x`, of its shape; None where no `y` depends on it differentiably.

    Raises
    ------
    GraphError
        If a `y` or an `x` is no tensor or variable of one graph, or a `y` is not floating.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     x = gc.placeholder(gc.float32, [])
    ...     (slope,) = gc.gradients(x * x * x, x)
    ...     print(session.run(slope, {x: 2.0}))
    12.0
    """
    ys, xs, stop = _tensors(ys, "ys"), _tensors(xs, "xs"), _tensors(stop_gradients or [], "stop_gradients")
    seeds = [None] * len(ys) if grad_ys is None else list(grad_ys) if isinstance(grad_ys, list | tuple) else [grad_ys]
    if len(seeds) != len(ys):
        raise GraphError(f"{len(ys)} ys but {len(seeds)} grad_ys", user_origin())
    for y in ys:
        if not y.dtype.is_floating:
            raise GraphError(f"{y.name} is {y.dtype.name}: only floating tensors have gradients", user_origin())
    reached = _reached(ys, xs, stop)
    wanted = [x for x, hit in zip(xs, reached, strict=True) if hit]
    if not wanted:
        return [None] * len(xs)
    found = iter(apply("gradients", _gradients, (ys, wanted, seeds, stop), {}, name))
    return [next(found) if hit else None for hit in reached]


def _gradients(ys: list[Node], xs: list[Node], seeds: list[Any], stop: list[Node]) -> list[Node]:
    given = tuple(s is not None for s in seeds)
    cotangents = [as_node(s, y.dtype) for s, y in zip(seeds, ys, strict=True) if s is not None]
    whole = builder().emit("gradient", *ys, *xs, *cotangents, *stop, ys=len(ys), xs=len(xs), given=given)
    return [builder().emit("item", whole, index=i) for i in range(len(xs))]


def _tensors(values: Any, what: str) -> list[Tensor]:
    listed: Sequence[Any] = values if isinstance(values, list | tuple) else [values]
    found = [v.op.outputs[0] if isinstance(v, Variable) else v for v in listed]
    for value in found:
        if not isinstance(value, Tensor):
            raise GraphError(f"{what} must be tensors or variables, not {value!r}", user_origin())
    return found


def _reached(ys: list[Tensor], xs: list[Tensor], stop: list[Tensor]) -> list[bool]:
    """Which xs a y depends on: exactly where ranks are known, else by the operations in between."""
    everything = [*ys, *xs, *stop]
    if all(t.node is not None for t in everything):
        roots = [_root(x) for x in xs]
        path = connected([_node(y) for y in ys], roots, [_node(s) for s in stop])
        return [x.dtype.is_floating and root in path for x, root in zip(xs, roots, strict=True)]
    below: set[Tensor] = set()
    stack = [y for y in ys if y not in stop]
    while stack:
        tensor = stack.pop()
        if tensor in below or not tensor.dtype.is_floating:
            continue
        below.add(tensor)
        if tensor.op.type != "stop_gradient" and tensor not in stop:
            stack.extend(tensor.op.inputs)
    return [x in below for x in xs]


def _node(tensor: Tensor) -> Node:
    assert tensor.node is not None
    return tensor.node


def _root(x: Tensor) -> Node:
    """The node whose users are those of `x`: for a variable the leaf that all of its reads share."""
    node = _node(x)
    return node.inputs[0] if read_of(x.op) is not None else node
