"""Training, test and prediction steps: each one native call, made once for each kind of batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphc.api.inputs import placeholder
from graphc.graph.graph import Graph
from graphc.graph.operation import Operation, Tensor
from graphc.keras.eager import tracing
from graphc.keras.engine.recorded import KerasTensor
from graphc.keras.engine.structure import leaves, mapped
from graphc.keras.metrics.metric import WRITES
from graphc.keras.seeds import next_seed
from graphc.layers.normalization import UPDATE_OPS
from graphc.session.function import Function, function

Batch = tuple[Any, Any, Any]


def signature(batch: Batch) -> Any:
    """What a step is made for: the structure of a batch, and of each array type and sizes but the first."""
    x, y, weights = batch
    if isinstance(x, np.ndarray) and isinstance(y, np.ndarray | None) and isinstance(weights, np.ndarray | None):
        return (
            (x.dtype.char, x.shape[1:]), None if y is None else (y.dtype.char, y.shape[1:]),
            None if weights is None else (weights.dtype.char, weights.shape[1:]),
        )  # fmt: skip
    return repr(mapped(lambda a: None if a is None else (a.dtype.char, a.shape[1:]), batch))


def flat_arrays(batch: Batch) -> list[np.ndarray]:
    """The arrays of a batch in order."""
    return [a for a in leaves(batch) if a is not None]


def make_step(model: Any, body: Callable[[Batch], Any], batch: Batch, outputs: bool) -> tuple[Function, Any]:
    """A native step of a body that adds to the graph.

    Parameters
    ----------
    model : Model
    body : callable
        Gets a batch of tensors, and returns a structure of tensors.
    batch : tuple
        Inputs, labels and weights, as arrays, of the kind that the step is for.
    outputs : bool
        Whether the step returns what the body does.

    Returns
    -------
    step : Function
        Takes the arrays of a batch in order.
    structure : object
        What the body returned.
    """
    with Graph().as_default() as graph, tracing(), graph.control_dependencies(None):
        graph.seed = next_seed()
        fed: list[Tensor] = []
        x, y, weights = batch
        data = (_fed(x, fed, model), _fed(y, fed, None), _fed(weights, fed, None))
        found = body(data)
        writes = [op for op in graph.operations if op.type in WRITES and op.context is None]
        extra = [op for op in graph.get_collection(UPDATE_OPS) if isinstance(op, Operation) and op not in writes]
        step = function(fed, found if outputs else (), [*writes, *extra], name=model.name)
    return step, found


def _fed(value: Any, fed: list[Tensor], model: Any) -> Any:
    """Placeholders for the arrays of a part of a batch; sizes that a model leaves open stay open."""
    network = getattr(model, "network", None)
    wanted: dict[int, KerasTensor] = {}
    arrays = [a for a in leaves(value) if a is not None]
    if network is not None and len(network.flat_inputs) == len(arrays) and not isinstance(value, dict):
        wanted = {id(a): t for a, t in zip(arrays, network.flat_inputs, strict=True)}

    def one(array: Any) -> Any:
        if array is None:
            return None
        sizes: list[int | None] = [None, *array.shape[1:]]
        known = wanted.get(id(array))
        if known is not None and len(known.shape) == len(sizes):
            sizes = [None if w is None else n for n, w in zip(sizes, known.shape, strict=True)]
        fed.append(placeholder(array.dtype.name, sizes))
        return fed[-1]

    return mapped(one, value)
