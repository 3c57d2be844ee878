"""Arrays of tensors that loops write element by element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphc.api.arrays import gather
from graphc.api.control.record import as_tensor
from graphc.api.convert import as_node, builder, promote_all
from graphc.api.define import operation
from graphc.api.shaping import reshape, shape, zeros
from graphc.graph.context import Context
from graphc.graph.errors import GraphError
from graphc.graph.graph import Graph, get_default_graph
from graphc.graph.operation import Tensor
from graphc.graph.origin import user_origin
from graphc.ir.dims import Dim
from graphc.ir.dtypes import as_dtype
from graphc.ir.node import Node
from graphc.ir.types import TensorType


@operation("tensor_array_write")
def _write(data: Any, index: Any, value: Any) -> Node:
    """The array with one element exchanged."""
    whole, new = promote_all((data, value))
    return builder().emit("scatter", whole, as_node(index), new, axis=0, batch_dims=0, mode="set")


class TensorArray:
    """Tensors of one shape and element type, by number; each write gives a new array.

    Parameters
    ----------
    dtype : DType
    size : int or Tensor, optional
        Number of elements.
    dynamic_size : bool
        Accepted with a size that is enough: arrays do not grow.
    element_shape : sequence of int, optional
        Taken from the first write, or the first ``unstack``, if not given.
    clear_after_read, tensor_array_name, infer_shape, colocate_with_first_write_call, name
        Accepted without effect.

    Raises
    ------
    GraphError
        If an element is read before any was written, or the size is not given.

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session(mode="interpret") as session:
    ...     squares = gc.TensorArray(gc.int32, size=4)
    ...     _, squares = gc.while_loop(lambda i, a: i < 4, lambda i, a: (i + 1, a.write(i, i * i)), (0, squares))
    ...     print(session.run(squares.stack()))
    [0 1 4 9]
    """

    def __init__(
        self, dtype: Any, size: Any = None, dynamic_size: bool = False, clear_after_read: bool | None = None,
        tensor_array_name: str | None = None, infer_shape: bool = True, element_shape: Any = None,
        colocate_with_first_write_call: bool = True, name: str | None = None,
    ) -> None:  # fmt: skip
        self.dtype = as_dtype(dtype)
        self._size = size
        self._cell: list[Tensor] = []
        self._later: Later | None = None
        if element_shape is not None and all(d is not None for d in element_shape):
            self._cell = [zeros([self._known_size(), *element_shape], self.dtype)]

    def _known_size(self) -> Any:
        if self._size is None or (isinstance(self._size, int) and self._size == 0):
            raise GraphError("TensorArray: arrays do not grow: give the size, or a bound of it", user_origin())
        return self._size

    def _with(self, data: Tensor) -> TensorArray:
        found = TensorArray(self.dtype, self._size)
        found._cell = [data]
        return found

    @property
    def flow(self) -> Tensor:
        """All elements along a first axis.

        Raises
        ------
        GraphError
            If nothing was written yet.
        """
        if self._later is not None and self._later.made:
            return self._later.made[0]
        if not self._cell:
            raise GraphError("TensorArray: nothing was written to it yet", user_origin())
        return self._cell[0]

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with the element `index` set; use the result, the array itself stays as it is."""
        value = as_tensor(value, self.dtype)
        if not self._cell and not (self._later is not None and self._later.made):
            if self._later is not None:
                self._later.make(self, value)
            else:
                self._cell = [_empty(self, value, get_default_graph())]
        return self._with(_write(self.flow, index, value, name=name))

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """One element."""
        found: Tensor = gather(self.flow, index, name=name)
        return found

    def stack(self, name: str | None = None) -> Tensor:
        """All elements along a new first axis."""
        return self.flow

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """Some elements along a new first axis."""
        found: Tensor = gather(self.flow, indices, name=name)
        return found

    def concat(self, name: str | None = None) -> Tensor:
        """All elements one behind the other along their first axis."""
        rest = shape(self.flow)[2:]
        static = self.flow.shape.as_list()[2:]
        found: Tensor = reshape(self.flow, [-1, *(s if s is not None else rest[i] for i, s in enumerate(static))])
        return found

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """An array of the rows of a tensor."""
        return self._with(as_tensor(value, self.dtype))

    def size(self, name: str | None = None) -> Any:
        """Number of elements."""
        return shape(self._cell[0])[0] if self._cell else as_tensor(self._known_size())

    def identity(self) -> TensorArray:
        """The array itself."""
        return self

    def close(self, name: str | None = None) -> None:
        """Accepted: nothing is held outside of the graph."""

    def flow_parts(self) -> tuple[list[Any], Callable[[Sequence[Any]], TensorArray]]:
        """Its tensor, as a part of structures that go into and out of bodies."""
        if self._cell or (self._later is not None and self._later.made):
            return [self.flow], lambda values: self._with(values[0])
        return [Later(self) if self._later is None else self._later], self._rebuilt

    def _rebuilt(self, values: Sequence[Any]) -> TensorArray:
        if not isinstance(values[0], Later):
            return self._with(values[0])
        found = TensorArray(self.dtype, self._size)
        found._later = values[0]
        return found


class Later:
    """The place of an array in a loop whose elements get their shape from the first write inside."""

    def __init__(self, array: TensorArray) -> None:
        self.array = array
        self.made: list[Tensor] = []
        self.context: Context | None = None
        self.element: Tensor | None = None

    def inside(self, context: Context) -> Later:
        """The place, inside of a body."""
        found = Later(self.array)
        found.context = context
        return found

    def make(self, array: TensorArray, value: Tensor) -> None:
        """Make the parameter of the body, for elements like `value`."""
        graph = value.graph
        if value.node is None:
            raise GraphError("TensorArray: give element_shape=, the rank of what is written is unknown", user_origin())
        self.element = value
        with graph.recording(self.context):
            # The first size is that of the array outside, which is not needed to find other types.
            first = self.array._known_size()
            size: Dim = first if isinstance(first, int) else _length(first)
            node = graph.builder.parameter(0, TensorType(array.dtype, (size, *value.node.shape)))
            op = graph.add("parameter", "carried", (), None, (), {}, [(array.dtype, node)])
        self.made.append(op.outputs[0])

    def first(self, graph: Graph) -> Tensor:
        """The array before the loop.

        Raises
        ------
        GraphError
            If the loop does not write to it.
        """
        if self.element is None:
            raise GraphError("TensorArray: the loop does not write to it: give element_shape=", user_origin())
        return _empty(self.array, self.element, graph)


def _length(size: Tensor) -> Dim:
    filled: Tensor = zeros(reshape(size, [1]))
    assert filled.node is not None
    return filled.node.shape[0]


def _empty(array: TensorArray, value: Tensor, graph: Graph) -> Tensor:
    """Zeros for all elements; unknown sizes are those of tensors that are there."""
    if value.node is None:
        raise GraphError("TensorArray: give element_shape=, the rank of what is written is unknown", user_origin())
    sizes = [d if isinstance(d, int) else _measured(d, graph) for d in value.node.shape]
    found: Tensor = zeros([array._known_size(), *sizes], array.dtype)
    return found


def _measured(size: Dim, graph: Graph) -> Tensor:
    """A size, from some tensor outside of the loop that has it."""
    for op in graph.operations:
        if op.context is not None and (graph.context is None or not graph.context.within(op.context)):
            continue
        for tensor in op.outputs:
            if tensor.node is not None and size in tensor.node.shape:
                found: Tensor = shape(tensor)[tensor.node.shape.index(size)]
                return found
    raise GraphError(
        f"TensorArray: the size {size} of what is written is not known outside of the loop: give element_shape=",
        user_origin(),
    )
