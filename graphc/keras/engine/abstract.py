"""Shapes without values: a layer is traced once in a graph that is thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphc.api.inputs import placeholder
from graphc.graph.graph import Graph
from graphc.graph.operation import Tensor
from graphc.graph.variable import Variable
from graphc.keras.eager import as_tensor, tracing
from graphc.keras.engine.recorded import KerasTensor, Node
from graphc.keras.engine.structure import leaves, mapped

if TYPE_CHECKING:
    from graphc.keras.engine.layer import Layer


def static_shape(value: Any) -> Any:
    """The shape of a tensor or array, None where a size is not known; None for what has none."""
    if isinstance(value, KerasTensor):
        return value.shape
    if isinstance(value, Tensor):
        return None if value.shape.ndims is None else tuple(value.shape.as_list())
    if isinstance(value, Variable):
        return tuple(n if isinstance(n, int) else None for n in value.static_shape)
    return None if value is None else tuple(getattr(value, "shape", ()))


def recorded_call(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Note a call of a layer on recorded inputs, and make its weights.

    Returns
    -------
    structure of KerasTensor
        With the shapes and types that the layer has for inputs of such shapes and types.
    """
    node = Node(layer, args, kwargs)
    with Graph().as_default(), tracing():
        held: dict[int, Tensor] = {}
        given_args, given_kwargs = mapped(lambda v: _stand_in(v, held), (args, dict(kwargs)))
        found = layer._traced(given_args, given_kwargs)
    count = sum(1 for _ in leaves(found))
    numbers = iter(range(count))

    def recorded(value: Any) -> Any:
        if value is None:
            return None
        tensor, number = as_tensor(value), next(numbers)
        name = layer.name if count == 1 else f"{layer.name}_output_{number}"
        return KerasTensor(static_shape(tensor), tensor.dtype, node, name)

    with Graph().as_default(), tracing():
        node.outputs = mapped(recorded, found)
    layer._nodes.append(node)
    return node.outputs


def _stand_in(value: Any, held: dict[int, Tensor]) -> Any:
    """A placeholder for a recorded value: one for each, however often it is given."""
    if not isinstance(value, KerasTensor):
        return value
    if id(value) not in held:
        held[id(value)] = placeholder(value.dtype, value.shape)
    return held[id(value)]


def output_shape(layer: Layer, input_shape: Any) -> Any:
    """The shapes of a layer's outputs for shapes of inputs: a tuple of sizes, or lists and dictionaries of them."""
    with Graph().as_default(), tracing():
        found = layer._traced((_placeholders(input_shape, layer.dtype),), {})
        return mapped(static_shape, found)


def _placeholders(shape: Any, dtype: str) -> Any:
    if isinstance(shape, dict):
        return {k: _placeholders(s, dtype) for k, s in shape.items()}
    if any(isinstance(n, list | tuple) for n in shape):
        return [_placeholders(s, dtype) for s in shape]
    return placeholder(dtype, list(shape))
