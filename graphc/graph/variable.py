"""Variables: named state that a step reads and writes. Values live in a store."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from graphc.graph.errors import GraphError
from graphc.graph.graph import Graph, get_default_graph
from graphc.graph.operation import Operation, Tensor
from graphc.graph.operators import FUNCTIONS, Operators
from graphc.graph.origin import user_origin
from graphc.graph.shape import SymbolicShape, TensorShape
from graphc.ir.dims import Dim, symbol
from graphc.ir.dtypes import DType, as_dtype
from graphc.ir.types import TensorType

if TYPE_CHECKING:
    from graphc.graph.store import Store

GLOBAL_VARIABLES = "variables"
TRAINABLE_VARIABLES = "trainable_variables"
LOCAL_VARIABLES = "local_variables"
MODEL_VARIABLES = "model_variables"


class Variable(Operators):
    """State of a model.

    Parameters
    ----------
    initial_value : array_like, Tensor or callable
        A callable is asked for one of the others. NumPy arrays keep their element type; Python floats are float32,
        integers int32.
    trainable : bool
        Whether optimizers change it by default.
    name : str, optional
    dtype : DType, optional
        Element type to convert `initial_value` to.
    validate_shape : bool
        False: the shape may change by assignments.

    Raises
    ------
    GraphError
        If the initial value has no fully known shape (unless `validate_shape` is False).

    Examples
    --------
    >>> import graphc as gc
    >>> with gc.Graph().as_default(), gc.Session() as session:
    ...     w = gc.Variable([1.0, 2.0], name="w")
    ...     print(session.run(w * 2.0))
    [2. 4.]
    """

    def __init__(
        self, initial_value: Any, trainable: bool = True, name: str | None = None, dtype: Any = None,
        validate_shape: bool = True, collections: list[str] | None = None,
    ) -> None:  # fmt: skip
        graph = get_default_graph()
        origin = user_origin()
        if callable(initial_value) and not isinstance(initial_value, Tensor | Variable):
            with graph.recording(None):
                initial_value = initial_value()
        self.initial_value = _initial(initial_value, dtype)
        self.dtype: DType = as_dtype(self.initial_value.dtype)
        self.label: str | None = None
        self.trainable = trainable
        self.validate_shape = validate_shape
        shape = self._static_shape(graph)
        if any(not isinstance(d, int) for d in shape) and validate_shape:
            raise GraphError(
                f"a variable needs an initial value of known shape, not {TensorShape(shape)}; "
                "or say validate_shape=False",
                origin,
            )
        self.static_shape = shape
        self.collections = tuple([GLOBAL_VARIABLES] if collections is None else collections)
        self._initializer: Operation | None = None
        node = graph.builder.emit("variable", slot=len(graph.operations), type=TensorType(self.dtype, shape))
        self.op: Operation = graph.add("Variable", name, (), None, (), {"variable": self}, [(self.dtype, node)])
        for collection in self.collections:
            graph.add_to_collection(collection, self)
        if trainable and TRAINABLE_VARIABLES not in self.collections:
            graph.add_to_collection(TRAINABLE_VARIABLES, self)

    def _static_shape(self, graph: Graph) -> tuple[Dim, ...]:
        value = self.initial_value
        if not self.validate_shape:
            rank = value.ndim if isinstance(value, np.ndarray) else value.shape.ndims
            if rank is None:
                raise GraphError("a variable needs an initial value of known rank", user_origin())
            return tuple(symbol(graph.fresh_symbol("variable")) for _ in range(rank))
        if isinstance(value, np.ndarray):
            return tuple(value.shape)
        dims = value.shape.dims
        return (symbol("rank"),) if dims is None else tuple(d if isinstance(d, int) else symbol("?") for d in dims)

    @property
    def graph(self) -> Graph:
        """The graph in which it was made."""
        return self.op.graph

    @property
    def name(self) -> str:
        """Its unique name, ``"w:0"``."""
        return f"{self.op.name}:0"

    @name.setter
    def name(self, label: str | None) -> None:
        """Give it a label; its unique name stays."""
        self.label = label

    @property
    def shape(self) -> TensorShape:
        """Its shape."""
        if self.op.graph.conventions.functional:
            return SymbolicShape(self, self.static_shape)
        return TensorShape(self.static_shape)

    def get_shape(self) -> TensorShape:
        """Its shape."""
        return self.shape

    @property
    def needs_initializer(self) -> bool:
        """Whether a strict store asks for a write before the first read; not for counters of random operations."""
        return GLOBAL_VARIABLES in self.collections or LOCAL_VARIABLES in self.collections

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Refuse a value of another shape.

        Raises
        ------
        GraphError
        """
        if self.validate_shape and tuple(shape) != self.static_shape:
            raise GraphError(
                f"the variable {self.name} has shape {self.shape}: a value of shape {shape} cannot be assigned",
                self.op.origin,
            )

    def value(self) -> Tensor:
        """The variable as a tensor.

        Reads see the value before the run; inside ``control_dependencies`` a new read is made that comes after those
        operations.
        """
        graph = get_default_graph()
        if graph.current_control_inputs:
            return self.read_value()
        return leaf_in(graph, self)

    def read_value(self) -> Tensor:
        """A new read of the variable, ordered by the control dependencies in force."""
        graph = get_default_graph()
        # Variables of other graphs have no slot in this one: each is a leaf of its own while it lives.
        slot = self.op.id if graph is self.graph else -1 - id(self)
        node = graph.builder.emit("variable", slot=slot, type=TensorType(self.dtype, self.static_shape))
        return graph.add(
            "Read", f"{self.op.name}/read", (), None, (), {"variable": self}, [(self.dtype, node)]
        ).outputs[0]

    def initialized_value(self) -> Tensor:
        """The variable's value for use in the initial value of another one.

        It is initialised on first use; where that is not so, this is its initial value.
        """
        if self.graph.conventions.explicit_initialization:
            initial: Tensor = FUNCTIONS["identity"](self.initial_value)
            return initial
        return self.value()

    def compute_initial_value(self, store: Store) -> np.ndarray:
        """The initial value, computed by the interpreter if it is a tensor."""
        if isinstance(self.initial_value, np.ndarray):
            return self.initial_value
        from graphc.session.initial import evaluate_initial

        return evaluate_initial(self.initial_value, store)

    def eval(self, session: Any = None) -> Any:
        """Its value in the given or the default session."""
        from graphc.session.current import default_session

        return default_session(session).run(self)

    def load(self, value: Any, session: Any = None) -> None:
        """Set its value in a session."""
        from graphc.session.current import default_session

        default_session(session).store.save(self, value)

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """`graphc.assign` to this variable."""
        return FUNCTIONS["assign"](self, value, name=name)

    def assign_add(self, delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """`graphc.assign_add` to this variable."""
        return FUNCTIONS["assign_add"](self, delta, name=name)

    def assign_sub(self, delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        """`graphc.assign_sub` from this variable."""
        return FUNCTIONS["assign_sub"](self, delta, name=name)

    def count_up_to(self, limit: int) -> Any:
        """`graphc.count_up_to` of this variable."""
        return FUNCTIONS["count_up_to"](self, limit)

    @property
    def initializer(self) -> Operation:
        """The operation that gives it its initial value again."""
        if self._initializer is None:
            with self.graph.as_default(), self.graph.control_dependencies(None), self.graph.name_scope(None):
                self._initializer = FUNCTIONS["initialize"](self).op
        return self._initializer

    def set_shape(self, shape: Any) -> None:
        """Refuse a shape that is not this variable's."""
        self.shape.merge_with(shape)

    @property
    def device(self) -> str:
        """Where scripts asked it to live: everything is on the one device of the session."""
        return ""

    def __iter__(self) -> Any:
        return iter(self.value())

    def __repr__(self) -> str:
        return f"<graphc.Variable {self.name!r} shape={self.shape} dtype={self.dtype.name}>"


def _initial(value: Any, dtype: Any) -> Any:
    wanted = None if dtype is None else as_dtype(dtype)
    if isinstance(value, Variable):
        value = value.value()
    if isinstance(value, Tensor):
        if wanted is not None and wanted != value.dtype:
            raise GraphError(
                f"the initial value is {value.dtype.name}, not {wanted.name}: cast it first", user_origin()
            )
        return value
    return default_array(value, wanted)


def default_array(value: Any, dtype: DType | None = None) -> np.ndarray:
    """An array in the language's default types: Python floats are float32, integers int32; NumPy's keep their own.

    Raises
    ------
    TypeError
        If the elements are neither numbers nor booleans.
    """
    array = np.array(value)
    if dtype is None and not isinstance(value, np.ndarray | np.generic) and not _has_numpy(value):
        if array.dtype == np.float64:
            dtype = as_dtype("float32")
        elif array.dtype == np.int64 and (array.size == 0 or (array.min() >= -(2**31) and array.max() < 2**31)):
            dtype = as_dtype("int32" if array.size else "float32")
    if dtype is not None:
        return np.array(array, dtype=dtype.np)
    as_dtype(array.dtype)
    return array.astype(array.dtype.newbyteorder("="))


def _has_numpy(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_has_numpy(v) for v in value)
    return isinstance(value, np.ndarray | np.generic)


def leaf_in(graph: Graph, variable: Variable) -> Tensor:
    """The tensor that stands for a variable in a graph, made on first use: a variable belongs to no one graph."""
    if graph is variable.graph:
        return variable.op.outputs[0]
    reads: dict[Variable, Tensor] = graph.foreign_reads
    if variable not in reads:
        node = graph.builder.emit(
            "variable", slot=-1 - id(variable), type=TensorType(variable.dtype, variable.static_shape)
        )
        op = graph.add("Variable", variable.op.name, (), None, (), {"variable": variable}, [(variable.dtype, node)])
        reads[variable] = op.outputs[0]
    return reads[variable]


def read_of(op: Operation) -> Variable | None:
    """The variable that an operation reads, if it is a read."""
    found: Callable[..., Any] | Variable | None = op.kwargs.get("variable") if op.type in ("Variable", "Read") else None
    return found if isinstance(found, Variable) else None
