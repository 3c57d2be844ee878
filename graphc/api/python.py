"""Functions of Python in a graph: called before the native step, on values computed for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphc.api.shaping import constant
from graphc.graph.errors import ExecutionError
from graphc.graph.graph import get_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.shape import TensorShape
from graphc.graph.store import Store
from graphc.graph.variable import Variable
from graphc.ir.dims import symbol
from graphc.ir.dtypes import DType, as_dtype
from graphc.ir.node import Node
from graphc.ir.types import TensorType
from graphc.session.hosted import add_hosted


def py_func(
    func: Callable[..., Any], inp: Sequence[Any], Tout: Any, stateful: bool = True, name: str | None = None,
    shapes: Any = None,
) -> Any:  # fmt: skip
    """Results of a Python function of arrays, as tensors.

    A run that needs them computes the inputs first, calls the function, and feeds what it returns to the step: prefer
    `custom_op`, which is compiled into the step. They have no gradient: for derivatives they are constants.

    Parameters
    ----------
    func : callable
        Takes one array per input; returns an array, or a sequence of arrays if `Tout` is one.
    inp : sequence of Tensor
    Tout : DType or sequence of DType
        Element types of the results; an empty sequence if there are none.
    stateful : bool
        Accepted: the function is called once in every run that needs it, whichever it is.
    name : str, optional
    shapes : shape or sequence of shapes, optional
        Those of the results; without them not even the ranks are known when the graph is built.

    Returns
    -------
    Tensor, list of Tensor, or Operation
        In the form of `Tout`; an operation if that is empty.

    Raises
    ------
    GraphError
        Inside of a loop or branch.

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
    call = _PythonCall(func)
    op = graph.add("py_func", name, tensors, None, (), {"source": call}, results)
    call.op = add_hosted(op)
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


class _PythonCall:
    """The function of one operation."""

    op: Operation

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def draw(self, store: Store, values: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Results for values of the inputs."""
        op = self.op
        try:
            # Copies: the function may keep and change what it gets.
            found = self.function(*(np.array(v) for v in values))
        except Exception as error:
            raise ExecutionError(
                f"py_func {op.name}: {type(error).__name__}: {error}; no variable was changed", op.origin
            ) from error
        listed = list(found) if isinstance(found, list | tuple) and len(op.outputs) != 1 else [found]
        if not op.outputs:
            return []
        if len(op.outputs) == 1 and isinstance(found, list | tuple) and len(found) == 1:
            listed = list(found)
        if len(listed) != len(op.outputs):
            raise ExecutionError(
                f"py_func {op.name} returned {len(listed)} values, declared were {len(op.outputs)}", op.origin
            )
        return [_fitting(op, t, v) for t, v in zip(op.outputs, listed, strict=True)]


def _fitting(op: Operation, tensor: Tensor, value: Any) -> np.ndarray:
    array = np.asarray(value)
    if np.can_cast(array.dtype, tensor.dtype.np, "same_kind"):
        return array.astype(tensor.dtype.np)
    raise ExecutionError(
        f"py_func {op.name} returned {array.dtype}, declared was {tensor.dtype.name}: convert it", op.origin
    )
