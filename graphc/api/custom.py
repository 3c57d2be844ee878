"""Operations of one's own: a function over arrays, with the rule of its gradient, called inside the native step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphc.api.convert import as_node, builder
from graphc.api.define import apply, run_body
from graphc.api.shaping import constant
from graphc.graph.errors import GraphError
from graphc.graph.graph import Graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.graph.variable import Variable
from graphc.ir.dtypes import DType, as_dtype, weak_result
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.assume import assume_equal, collect_assumptions
from graphc.ops.context import Lowering, current_lowering, lowering_into
from graphc.ops.custom import UserFunction
from graphc.ops.fingerprint import UnstableError
from graphc.ops.shapes import broadcast_shapes


class CustomOp:
    """An operation made by `custom_op`; calling it on tensors adds it to the graph."""

    def __init__(self, function: UserFunction) -> None:
        self.function = function
        self.__name__ = function.name

    def fingerprint_parts(self) -> str:
        """What identifies it inside other functions."""
        if not self.function.stable:
            raise UnstableError(repr(self))
        return self.function.digest

    def __call__(self, *inputs: Any, name: str | None = None) -> Any:
        """Apply it to tensors, arrays or numbers.

        Returns
        -------
        Tensor or tuple of Tensor
        """
        if current_lowering() is not None:
            return self._body(*inputs)
        return apply(self.function.name, self._body, inputs, {}, name)

    def _body(self, *inputs: Any) -> Node | tuple[Node, ...]:
        like = next((i.dtype for i in inputs if isinstance(i, Node)), None)
        nodes = [as_node(i, weak_result(like, i)) if like and _is_weak(i) else as_node(i) for i in inputs]
        if self.function.elementwise:
            nodes = _broadcast(nodes)
        whole = builder().emit("custom", *nodes, function=self.function)
        if isinstance(whole.type, TensorType):
            return whole
        return tuple(builder().emit("item", whole, index=i) for i in range(len(whole.type.items)))


def custom_op(
    fn: Callable[..., Any], out: Any = None, vjp: Callable[..., Any] | None = None, *, elementwise: bool = False,
    name: str | None = None,
) -> CustomOp:  # fmt: skip
    """Make an operation of a function that Numba can compile.

    It is compiled into the native step. An exception inside makes the call fail with `ExecutionError`, before any
    variable is changed.

    Parameters
    ----------
    fn : callable
        ``fn(*inputs, *results)`` over C-contiguous arrays: inputs are read-only, results are there to be filled in, all
        of their elements; it returns nothing. With `elementwise`, ``fn(*scalars)`` returns the value of one element.
        Either what ``numba.njit`` made, under its options (``parallel`` is not used), or a Python function, compiled
        with bounds checks. It must not keep its arguments, and must depend on nothing but them and constants.
    out : callable or DType, optional
        Types of the results from those of the inputs: ``out(*types)`` returns a type or a pair of element type and
        shape, or a list of these for several results; a type has ``dtype`` and ``shape``, whose sizes may be symbolic.
        By default the type of the first input. An elementwise operation takes an element type.
    vjp : callable, optional
        ``vjp(g, out, *inputs)`` over tensors of a graph: from the gradient `g` of the result `out`, those of the inputs
        (a tensor or a sequence of tensors or None). With several results `g` and `out` are tuples; the gradient of a
        result that nobody uses is zeros. None: the operation has no gradient.
    elementwise : bool
        `fn` is a function of scalars; inputs are broadcast against each other.
    name : str, optional
        That of `fn` if not given.

    Returns
    -------
    CustomOp
        Callable on tensors.

    Raises
    ------
    GraphError
        If `fn` is no Python function and was not made by Numba.

    Examples
    --------
    >>> import graphc as gc
    >>> def cube(x, y):
    ...     for i in range(x.size):
    ...         y[i] = x[i] ** 3
    >>> cubed = gc.custom_op(cube, vjp=lambda g, y, x: 3.0 * g * x * x)
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     x = gc.placeholder(gc.float64, [None])
    ...     y = cubed(x)
    ...     print(session.run([y, gc.gradients(y, x)[0]], {x: [1.0, 2.0]}))
    [array([1., 8.]), array([ 3., 12.])]
    """
    made: Any = fn
    function = getattr(made, "py_func", made)
    if not hasattr(function, "__code__"):
        raise GraphError(f"custom_op takes a Python function or one made by numba.njit, not {fn!r}", user_origin())
    options = {"boundscheck": True}
    if made is not function:
        options = {k: v for k, v in made.targetoptions.items() if k not in ("nopython", "parallel")}
    label = name or function.__name__
    if not label.isidentifier():
        label = "custom"
    pull = _no_gradient(label) if vjp is None else pulled_by(label, vjp)
    infer = _rule(label, out, elementwise)
    return CustomOp(UserFunction(label, function, options, infer, pull, elementwise, depends=(vjp, out)))


def _is_weak(value: Any) -> bool:
    return isinstance(value, bool | int | float)


def _broadcast(nodes: list[Node]) -> list[Node]:
    """Nodes in their common shape."""
    shape = broadcast_shapes(*(n.shape for n in nodes))
    return [n if n.shape == shape else builder().emit("broadcast_to", n, shape=shape) for n in nodes]


def _rule(label: str, out: Any, elementwise: bool) -> Callable[..., tuple[TensorType, ...]]:
    """The type rule of an operation from what the user gave."""

    def infer(*types: TensorType) -> tuple[TensorType, ...]:
        if elementwise:
            dtype = types[0].dtype if out is None else out if isinstance(out, DType) else None
            if dtype is None:
                (result,) = _as_types(label, out(*types))
                dtype = result.dtype
            return (TensorType(dtype, types[0].shape),)
        return _as_types(label, types[0] if out is None else out(*types))

    return infer


def _as_types(label: str, value: Any) -> tuple[TensorType, ...]:
    if isinstance(value, list):
        return tuple(t for v in value for t in _as_types(label, v))
    if isinstance(value, TensorType):
        return (value,)
    if isinstance(value, tuple) and len(value) == 2:
        dtype, shape = value
        return (TensorType(as_dtype(dtype), tuple(shape)),)
    raise TypeError(f"{label}: its rule gives {value!r}; a type, a pair (dtype, shape), or a list of these is needed")


def pulled_by(label: str, vjp: Callable[..., Any]) -> Callable[..., Sequence[Node | None]]:
    """The user's rule over tensors as one over nodes: a graph of its own is built and emitted."""

    def pull(cotangents: Sequence[Node | None], results: Sequence[Node], inputs: Sequence[Node]) -> list[Node | None]:
        held = collect_assumptions()
        target = results[0].builder
        seeds = [target.full(0, r.dtype, r.shape) if g is None else g for g, r in zip(cotangents, results, strict=True)]
        nodes = [*seeds, *results, *inputs]
        graph = Graph()
        with graph.as_default():
            tensors = [_leaf(graph, node) for node in nodes]
            split = len(results)
            gs, outs, xs = tensors[:split], tensors[split : 2 * split], tensors[2 * split :]
            found = vjp(gs[0], outs[0], *xs) if split == 1 else vjp(tuple(gs), tuple(outs), *xs)
            listed = list(found) if isinstance(found, list | tuple) else [found]
            if len(listed) != len(inputs):
                raise GraphError(
                    f"vjp of {label} gives {len(listed)} gradients for {len(inputs)} inputs", user_origin()
                )
            listed = [_checked(label, graph, i, t, x) for i, (t, x) in enumerate(zip(listed, xs, strict=True))]
        for left, right in held:
            assume_equal(left, right)
        values = _emitted(graph, dict(zip(tensors, nodes, strict=True)), target)
        return [None if t is None else values[t] for t in listed]

    return pull


def _no_gradient(label: str) -> Callable[..., Sequence[Node | None]]:
    """The rule of an operation that was given none."""

    def pull(*nodes: Any) -> list[Node | None]:
        raise GraphError(f"{label} has no gradient: give custom_op a vjp, or use stop_gradient")

    return pull


def _leaf(graph: Graph, node: Node) -> Tensor:
    """A tensor of the graph with the type of a node."""
    own = graph.builder.emit("input", index=len(graph.operations), type=node.tensor)
    return graph.add("placeholder", None, (), None, (), {}, [(node.dtype, own)]).outputs[0]


def _checked(label: str, graph: Graph, place: int, value: Any, like: Tensor) -> Tensor | None:
    """A gradient as a tensor of the rule's graph, in the element type of its input."""
    if value is None:
        return None
    if isinstance(value, Variable) or (isinstance(value, Tensor) and value.graph is not graph):
        raise GraphError(
            f"vjp of {label}: gradient {place} is made from {value!r}, which is neither the gradient nor the result "
            "nor an input: pass it as an input",
            user_origin(),
        )
    tensor: Tensor = value if isinstance(value, Tensor) else constant(value, dtype=like.dtype)
    if tensor.dtype != like.dtype:
        raise GraphError(
            f"vjp of {label}: gradient {place} is {tensor.dtype.name}, its input {like.dtype.name}", user_origin()
        )
    return tensor


def _emitted(graph: Graph, values: dict[Tensor, Node], target: Any) -> dict[Tensor, Node]:
    """Nodes of all tensors of the rule's graph, emitted by another builder."""

    def no_symbol(hint: str) -> str:
        raise GraphError("the sizes of a gradient must follow from those of the inputs")

    with lowering_into(Lowering(target, no_symbol)):
        for op in graph.operations:
            if op.outputs and op.outputs[0] not in values:
                found = run_body(op, [values[t] for t in op.inputs])
                values.update(zip(op.outputs, found, strict=True))
    return values
