"""Gradients as part of the graph."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from graphc.api.convert import as_node, builder
from graphc.api.define import apply
from graphc.api.shaping import zeros_like
from graphc.autodiff.reverse import connected
from graphc.graph.errors import GraphError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import Variable, leaf_in, read_of
from graphc.ir.dtypes import float64
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


def grad(
    cost: Any, wrt: Any, consider_constant: Any = None, disconnected_inputs: str = "raise", known_grads: Any = None,
    name: str = "grad",
) -> Any:  # fmt: skip
    """Gradients of a scalar.

    Parameters
    ----------
    cost : Tensor or None
        Of rank 0. None: only `known_grads` count.
    wrt : Tensor, Variable or sequence of these
    consider_constant : sequence of Tensor, optional
        Tensors taken to be constant.
    disconnected_inputs : str
        What to do where the cost does not depend on a `wrt`: ``"raise"``, or zeros with a warning (``"warn"``) or
        without (``"ignore"``).
    known_grads : mapping of Tensor to Tensor, optional
        Gradients of the cost that are known already, and are not computed again.
    name : str

    Returns
    -------
    Tensor or list of Tensor
        One for a single `wrt`, else a list; each of the shape of its `wrt`.

    Raises
    ------
    GraphError
        If the cost is no scalar, or does not depend on a `wrt`.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     x = gc.placeholder(gc.float32, [2])
    ...     print(session.run(gc.grad(gc.reduce_sum(x * x), x), {x: [1.0, 2.0]}))
    [2. 4.]
    """
    if disconnected_inputs not in ("raise", "warn", "ignore"):
        raise GraphError(
            f"disconnected_inputs is 'raise', 'warn' or 'ignore', not {disconnected_inputs!r}", user_origin()
        )
    xs, constants = _tensors(wrt, "wrt"), _tensors(consider_constant or [], "consider_constant")
    known = dict(known_grads or {})
    given = _tensors(list(known), "known_grads")
    found: list[Tensor | None] = [None] * len(xs)
    if cost is not None:
        (top,) = _tensors(cost, "cost")
        if top.shape.ndims:
            raise GraphError(f"grad: the cost {top.name} must be a scalar, its shape is {top.shape}", user_origin())
        found = gradients(top, xs, name=name, stop_gradients=[*constants, *given])
    if given:
        through = gradients(given, xs, grad_ys=list(known.values()), name=name, stop_gradients=constants)
        found = [_sum(a, b) for a, b in zip(found, through, strict=True)]
    slopes = [_connected(x, g, disconnected_inputs) for x, g in zip(xs, found, strict=True)]
    return slopes if isinstance(wrt, list | tuple) else slopes[0]


def _sum(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    if one is None or other is None:
        return one if other is None else other
    total: Tensor = one + other
    return total


def _connected(x: Tensor, slope: Tensor | None, action: str) -> Tensor:
    if slope is not None:
        return slope
    message = f"the cost does not depend differentiably on {x.label or x.name}"
    if action == "raise":
        raise GraphError(
            f"grad: {message}, made at {x.op.origin}\nleave it out, or say disconnected_inputs='ignore' for zeros",
            user_origin(),
        )
    if action == "warn":
        warnings.warn(message, stacklevel=3)
    zeros: Tensor = zeros_like(x, dtype=None if x.dtype.is_floating else float64)
    return zeros


def _gradients(ys: list[Node], xs: list[Node], seeds: list[Any], stop: list[Node]) -> list[Node]:
    given = tuple(s is not None for s in seeds)
    cotangents = [as_node(s, y.dtype) for s, y in zip(seeds, ys, strict=True) if s is not None]
    whole = builder().emit("gradient", *ys, *xs, *cotangents, *stop, ys=len(ys), xs=len(xs), given=given)
    return [builder().emit("item", whole, index=i) for i in range(len(xs))]


def _tensors(values: Any, what: str) -> list[Tensor]:
    listed: Sequence[Any] = values if isinstance(values, list | tuple) else [values]
    graph = get_default_graph()
    found = [leaf_in(graph, v) if isinstance(v, Variable) else v for v in listed]
    for value in found:
        if not isinstance(value, Tensor):
            raise GraphError(f"{what} must be tensors or variables, not {value!r}", user_origin())
    return found


def _reached(ys: list[Tensor], xs: list[Tensor], stop: list[Tensor]) -> list[bool]:
    """Which xs a y depends on: exactly where ranks are known, else by the operations in between."""
    if _ranks_known([*ys, *xs, *stop]):
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
        if tensor.op.type not in ("stop_gradient", "py_func") and tensor not in stop:
            stack.extend(tensor.op.inputs)
    return [x in below for x in xs]


def _ranks_known(tensors: list[Tensor]) -> bool:
    """Whether the ranks of all that these are made from are known: else nodes do not show what depends on what."""
    seen: set[Tensor] = set()
    stack = list(tensors)
    while stack:
        tensor = stack.pop()
        if tensor.node is None:
            return False
        if tensor not in seen:
            seen.add(tensor)
            stack.extend(tensor.op.inputs)
    return True


def _node(tensor: Tensor) -> Node:
    assert tensor.node is not None
    return tensor.node


def _root(x: Tensor) -> Node:
    """The node whose users are those of `x`: for a variable the leaf that all of its reads share."""
    node = _node(x)
    return node.inputs[0] if read_of(x.op) is not None else node


def jacobian(y: Any, x: Any, name: str = "jacobian") -> Tensor:
    """Derivatives of all elements of `y` by all elements of `x`, in one vectorized backward pass.

    Parameters
    ----------
    y, x : Tensor or Variable
        Floating, of any shape.

    Returns
    -------
    Tensor
        Of shape ``y.shape + x.shape``; zeros where `y` does not depend on `x`.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     x = gc.placeholder(gc.float32, [2])
    ...     print(session.run(gc.jacobian(x * x, x), {x: [1.0, 2.0]}))
    [[2. 0.]
     [0. 4.]]
    """
    (top,), (base,) = _tensors(y, "y"), _tensors(x, "x")
    for tensor in (top, base):
        if not tensor.dtype.is_floating:
            raise GraphError(
                f"{tensor.name} is {tensor.dtype.name}: only floating tensors have derivatives", user_origin()
            )
    result: Tensor = apply("jacobian", _jacobian, (top, base), {}, name)
    return result


def _jacobian(y: Node, x: Node) -> Node:
    return builder().emit("jacobian", y, x)


def hessian(y: Any, x: Any, name: str = "hessian") -> Tensor:
    """Second derivatives of a scalar: the Jacobian of the gradient, of shape ``x.shape + x.shape``.

    Raises
    ------
    GraphError
        If `y` does not depend on `x`.
    """
    (slope,) = gradients(y, x)
    if slope is None:
        raise GraphError("hessian: y does not depend differentiably on x", user_origin())
    return jacobian(slope, x, name)


def hvp(y: Any, xs: Any, vs: Any, name: str = "hvp") -> list[Tensor | None]:
    """Products of the Hessian of a scalar with vectors, without the Hessian itself.

    Parameters
    ----------
    y : Tensor
    xs : Tensor, Variable or sequence of these
    vs : sequence of Tensor
        One per `x`, of its shape.

    Returns
    -------
    list of Tensor or None
        One per `x`.

    Notes
    -----
    Pearlmutter, Fast exact multiplication by the Hessian, 1994.
    """
    vectors = list(vs) if isinstance(vs, list | tuple) else [vs]
    slopes = gradients(y, xs, name=name)
    pairs = [(g, v) for g, v in zip(slopes, vectors, strict=True) if g is not None]
    if not pairs:
        return [None] * len(slopes)
    return gradients([g for g, _ in pairs], xs, grad_ys=[v for _, v in pairs], name=name)


def jvp(ys: Any, xs: Any, vs: Any, name: str = "jvp") -> list[Tensor | None]:
    """Derivatives of `ys` when `xs` move along `vs`: Jacobian-vector products.

    Returns
    -------
    list of Tensor or None
        One per `y`, of its shape; None where it does not depend on the `xs`.

    Notes
    -----
    A vector-Jacobian product is linear in its cotangent; its own product with `vs` is this one
    (Townsend, A new trick for calculating Jacobian vector products, 2017).
    """
    tops = _tensors(ys, "ys")
    vectors = list(vs) if isinstance(vs, list | tuple) else [vs]
    cotangents = [zeros_like(y) for y in tops]
    products = gradients(tops, xs, grad_ys=cotangents, name=name)
    pairs = [(g, v) for g, v in zip(products, vectors, strict=True) if g is not None]
    if not pairs:
        return [None] * len(tops)
    return gradients([g for g, _ in pairs], cotangents, grad_ys=[v for _, v in pairs], name=name)
