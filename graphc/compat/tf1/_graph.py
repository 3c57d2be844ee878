"""Graphs that follow TensorFlow 1: names of operations, and no mixing of element types."""

from __future__ import annotations

from typing import Any

import graphc as gc
from graphc.graph.conventions import Conventions
from graphc.graph.errors import GraphError
from graphc.graph.origin import user_origin

CONVENTIONS = Conventions(
    names={
        "divide": "truediv", "negative": "Neg", "matmul": "matmul", "placeholder": "Placeholder", "constant": "Const",
        "getitem": "strided_slice", "less": "Less", "greater": "Greater", "less_equal": "LessEqual",
        "greater_equal": "GreaterEqual", "abs": "Abs", "invert": "LogicalNot", "identity": "Identity",
        "no_op": "NoOp", "group": "group_deps",
    },
    equal_types=frozenset({
        "add", "sub", "mul", "divide", "floordiv", "mod", "maximum", "minimum", "pow", "squared_difference", "matmul",
        "eq", "ne", "lt", "le", "gt", "ge", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
        "add_n", "atan2", "tensordot",
    }),
    explicit_initialization=True,
)  # fmt: skip


def follow_conventions() -> gc.Graph:
    """The default graph, marked as one that follows TensorFlow 1."""
    graph = gc.get_default_graph()
    graph.conventions = CONVENTIONS
    return graph


class Graph(gc.Graph):
    """A graph that follows TensorFlow 1 from the start."""

    def __init__(self) -> None:
        super().__init__()
        self.conventions = CONVENTIONS

    def as_graph_def(self, *args: Any, **kwargs: Any) -> Any:
        """Not available: there are no protocol buffers here.

        Raises
        ------
        NotImplementedError
        """
        raise NotImplementedError("graphs have no GraphDef here: tf.train.export_meta_graph writes a graph to a file")


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> gc.Tensor:
    """A tensor that may be fed, and else is `input`; see `graphc.placeholder_with_default`."""
    follow_conventions()
    return gc.placeholder_with_default(input, shape, name=name or "PlaceholderWithDefault")


def tuple_(tensors: Any, name: str | None = None, control_inputs: Any = None) -> list[Any]:
    """Tensors that are there once all of them are; None stays None."""
    given = [t for t in tensors if t is not None]
    if not given:
        raise GraphError("tf.tuple: at least one tensor is needed", user_origin())
    with gc.control_dependencies([*given, *(control_inputs or ())]):
        return [None if t is None else gc.identity(t) for t in tensors]


def get_default_graph() -> gc.Graph:
    """The graph that operations are added to."""
    return follow_conventions()


def device(device_name_or_function: Any = None) -> Any:
    """Accepted: everything runs on the one device of the session."""
    return gc.get_default_graph().device(device_name_or_function)


def convert_to_tensor(
    value: Any, dtype: Any = None, name: str | None = None, preferred_dtype: Any = None, dtype_hint: Any = None
) -> Any:
    """`value` as a tensor."""
    follow_conventions()
    if isinstance(value, gc.Variable):
        value = value.value()
    if isinstance(value, gc.Tensor):
        if dtype is not None and value.dtype != dtype:
            raise ValueError(
                f"Tensor conversion requested dtype {gc.as_dtype(dtype).name} for {value.name}, which is "
                f"{value.dtype.name}: use tf.cast\n  at {user_origin()}"
            )
        return value
    if isinstance(value, list | tuple) and any(isinstance(v, gc.Tensor | gc.Variable) for v in value):
        return gc.stack(list(value), name=name)
    return gc.constant(value, dtype=dtype, name=name or "Const")


def add_to_collection(name: Any, value: Any) -> None:
    """Append a value to a collection of the default graph."""
    gc.get_default_graph().add_to_collection(name, value)


def get_collection(key: Any, scope: str | None = None) -> list[Any]:
    """The values of a collection of the default graph."""
    return gc.get_default_graph().get_collection(key, scope)


def get_collection_ref(key: Any) -> list[Any]:
    """The list of a collection itself."""
    return gc.get_default_graph().get_collection_ref(key)


def name_scope(name: Any, default_name: str | None = None, values: Any = None) -> Any:
    """A context that prefixes names."""
    return follow_conventions().name_scope(default_name if name is None else name)


def control_dependencies(control_inputs: Any) -> Any:
    """A context in which operations run after others."""
    return follow_conventions().control_dependencies(control_inputs)


class GraphKeys:
    """Names of the standard collections."""

    GLOBAL_VARIABLES = "variables"
    VARIABLES = "variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    LOCAL_VARIABLES = "local_variables"
    MODEL_VARIABLES = "model_variables"
    MOVING_AVERAGE_VARIABLES = "moving_average_variables"
    METRIC_VARIABLES = "metric_variables"
    SUMMARIES = "summaries"
    UPDATE_OPS = "update_ops"
    LOSSES = "losses"
    REGULARIZATION_LOSSES = "regularization_losses"
    GLOBAL_STEP = "global_step"
    TRAIN_OP = "train_op"
    INIT_OP = "init_op"
    WEIGHTS = "weights"
    BIASES = "biases"
    ACTIVATIONS = "activations"
    QUEUE_RUNNERS = "queue_runners"
    TABLE_INITIALIZERS = "table_initializer"
    SAVERS = "savers"
    SAVEABLE_OBJECTS = "saveable_objects"
    ASSET_FILEPATHS = "asset_filepaths"
    COND_CONTEXT = "cond_context"
    WHILE_CONTEXT = "while_context"
    EVAL_STEP = "eval_step"
