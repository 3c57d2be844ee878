"""Functions of Python in a graph: called from within the native step, or before it where it decides on their shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphc.api.convert import builder
from graphc.api.shaping import constant
from graphc.graph.errors import ExecutionError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Operation, Ref, Tensor
from graphc.graph.shape import TensorShape
from graphc.graph.store import Store
from graphc.graph.variable import Variable
from graphc.ir.dims import Dim, symbol
from graphc.ir.dtypes import DType, as_dtype, bool_
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.ops.context import current_lowering
from graphc.ops.control import items
from graphc.ops.python_call import PythonCallError, PythonFunction
from graphc.session.hosted import add_hosted


def py_func(
    func: Callable[..., Any], inp: Sequence[Any], Tout: Any, stateful: bool = True, name: str | None = None,
    shapes: Any = None,
) -> Any:  # fmt: skip
    """Results of a Python function of arrays, as tensors.

    Where the shapes of the results are known (`shapes`, or ``set_shape`` of the results), the native step calls the
    function, which takes tens of microseconds. Otherwise a run that needs them computes the inputs first, calls the
    function, and feeds what it returns to the step. `custom_op` is compiled into the step. They have no gradient: for
    derivatives they are constants.

    Parameters
    ----------
    func : callable
        Takes one array per input; returns an array, or a sequence of arrays if `Tout` is one.
    inp : sequence of Tensor
    Tout : DType or sequence of DType
        Element types of the results; an empty sequence if there are none.
    stateful : bool
        The function is called once in every run that needs it, whichever it is; inside of a loop or branch, once
        whenever a step comes to it. A loop whose number of steps depends on the results and which is differentiated
        needs ``maximum_iterations`` for that.
    name : str, optional
    shapes : shape or sequence of shapes, optional
        Those of the results; without them not even the ranks are known when the graph is built. Inside of a loop or
        branch, what is not given is taken from the first input; a call that returns another shape fails.

    Returns
    -------
    Tensor, list of Tensor, or Operation
        In the form of `Tout`; an operation if that is empty.

    Examples
    --------
    >>> import numpy as np, graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     x = gc.placeholder(gc.float32, [None])
    ...     y = gc.py_func(lambda a: np.sort(a)[::-1], [x * 2.0], gc.float32, shapes=[None])
    ...     print(session.run(y + 1.0, {x: [1.0, 3.0, 2.0]}))
    [7. 5. 3.]
    """
    single = not isinstance(Tout, list | tuple)
    types = [as_dtype(t) for t in ([Tout] if single else Tout)]
    given: Sequence[Any] = [None] * len(types) if shapes is None else [shapes] if single else shapes
    tensors = [
        v.value() if isinstance(v, Variable) else v if isinstance(v, Tensor) else constant(v) for v in inp
    ]  # fmt: skip
    graph = tensors[0].graph if tensors else get_default_graph()
    results = [(t, result_node(t, s, i)) for i, (t, s) in enumerate(zip(types, given, strict=True))]
    call = PythonCall(func)
    inside = graph.context is not None
    if inside and not results:
        results = [(bool_, graph.builder.constant(np.True_))]
    refs = tuple(Ref(i) for i in range(len(tensors)))
    body = _emit if results else None
    op = graph.add("py_func", name, tensors, body, refs, {"source": call}, results)
    call.bind(op, [] if inside and not types else op.outputs)
    if inside:
        op.effect = True
    else:
        add_hosted(op)
    if single:
        return op.outputs[0]
    return list(op.outputs) if types else op


def result_node(dtype: DType, shape: Any, place: int) -> Node | None:
    """An abstract value of a result whose shape is given as far as it is known; None without a rank."""
    sizes = None if shape is None else TensorShape(shape)
    if sizes is None or sizes.dims is None:
        return None
    graph = get_default_graph()
    dims = tuple(symbol(graph.fresh_symbol("result")) if s is None else s for s in sizes.as_list())
    # Placeholders count up from 0; these are different ones.
    index = -2 - 64 * len(graph.operations) - place
    return graph.builder.emit("input", index=index, type=TensorType(dtype, dims))


def _emit(*inputs: Node, source: PythonCall) -> list[Node]:
    """The call from within a step."""
    whole = builder().emit("python", *inputs, function=source.record, shapes=source.shapes(inputs))
    *found, done = items(whole)
    lowering = current_lowering()
    if lowering is not None and lowering.inside:
        lowering.effects.append(done)
    return found or [done]


class PythonCall:
    """The function of one operation."""

    op: Operation
    record: PythonFunction
    results: Sequence[Tensor]

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def bind(self, op: Operation, results: Sequence[Tensor]) -> None:
        """Say whose it is, and which tensors it gives values to."""
        self.op, self.results = op, results
        self.record = PythonFunction(f"py_func {op.name}", self.call, [t.dtype for t in results])

    @property
    def in_step(self) -> bool:
        """Whether a step can be planned before the function is called."""
        return bool(self.results) and all(t.shape.is_fully_defined() for t in self.results)

    def shapes(self, inputs: Sequence[Node]) -> tuple[tuple[Dim, ...], ...]:
        """Those of the results: what is not said is as in the first input.

        Raises
        ------
        ValueError
            If there is nothing to take it from.
        """
        return tuple(_completed(t, inputs[0] if inputs else None) for t in self.results)

    def draw(self, store: Store, values: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Results for values of the inputs."""
        try:
            return self.call(*(np.array(v) for v in values))
        except PythonCallError as error:
            raise ExecutionError(f"{error}; no variable was changed", self.op.origin) from error.__cause__

    def call(self, *values: np.ndarray) -> list[np.ndarray]:
        """Results for values of the inputs, which the function may keep and change.

        Raises
        ------
        PythonCallError
            If the function raises, or returns something else than was declared.
        """
        name, results = f"py_func {self.op.name}", self.results
        try:
            found = self.function(*values)
        except Exception as error:
            raise PythonCallError(f"{name}: {type(error).__name__}: {error}") from error
        listed = list(found) if isinstance(found, list | tuple) and len(results) != 1 else [found]
        if not results:
            return []
        if len(results) == 1 and isinstance(found, list | tuple) and len(found) == 1:
            listed = list(found)
        if len(listed) != len(results):
            raise PythonCallError(f"{name} returned {len(listed)} values, declared were {len(results)}")
        return [_fitting(name, t, v) for t, v in zip(results, listed, strict=True)]


def _completed(tensor: Tensor, like: Node | None) -> tuple[Dim, ...]:
    """The shape of a result, with sizes of a node where it does not say any."""
    known = tensor.shape.dims
    if known is None and like is not None:
        return like.shape
    sizes = tuple(d for d in known or () if isinstance(d, int))
    if known is not None and len(sizes) == len(known):
        return sizes
    if known is None or like is None or like.rank != len(known):
        raise ValueError(f"the shape of {tensor.name} must be known here: give shapes=, or use set_shape")
    return tuple(d if isinstance(d, int) else other for d, other in zip(known, like.shape, strict=True))


def _fitting(name: str, tensor: Tensor, value: Any) -> np.ndarray:
    array = np.asarray(value)
    if np.can_cast(array.dtype, tensor.dtype.np, "same_kind"):
        return array.astype(tensor.dtype.np)
    raise PythonCallError(f"{name} returned {array.dtype}, declared was {tensor.dtype.name}: convert it")
