"""Recorded calls between inputs and outputs, in an order in which they can be done again."""

from __future__ import annotations

from typing import Any

from graphc.api.math import cast
from graphc.api.shaping import expand_dims, squeeze
from graphc.graph.operation import Tensor
from graphc.keras.eager import as_tensor
from graphc.keras.engine.layer import Layer, mask_of, set_mask
from graphc.keras.engine.recorded import KerasTensor, Node
from graphc.keras.engine.structure import leaves, mapped


class Network:
    """The calls of layers that lead from inputs to outputs.

    Parameters
    ----------
    inputs, outputs : structure of KerasTensor

    Attributes
    ----------
    nodes : list of Node
        Calls, each after those that it needs.
    layers : list of Layer
        Those called, deepest first, as Keras lists them.

    Raises
    ------
    ValueError
        If an output needs an input that is not given, or two layers have one name.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.flat_inputs: list[KerasTensor] = [_checked(t, "inputs") for t in leaves(inputs)]
        self.flat_outputs: list[KerasTensor] = [_checked(t, "outputs") for t in leaves(outputs)]
        self._given = {id(t) for t in self.flat_inputs}
        self.nodes: list[Node] = []
        self._ranks: dict[Layer, int] = {}
        self._visit_all()
        self.layers = self._ordered_layers()
        names = [layer.name for layer in self.layers]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"layers of one model have names of their own: there are two called {', '.join(twice)}")

    def tracked_layers(self) -> list[Layer]:
        """The layers."""
        return self.layers

    def parents(self, node: Node) -> list[Node]:
        """Calls whose outputs a call takes."""
        if all(id(t) in self._given for t in leaves(node.outputs)):
            return []
        tensors = [t for t in leaves([node.args, node.kwargs]) if isinstance(t, KerasTensor)]
        return [*dict.fromkeys(t.node for t in tensors)]

    def _visit_all(self) -> None:
        """Depth first, without recursion: networks may be thousands of layers deep."""
        done: set[Node] = set()
        stack = [(t.node, False) for t in reversed(self.flat_outputs)]
        while stack:
            node, expanded = stack.pop()
            if node in done:
                continue
            if expanded:
                done.add(node)
                self.nodes.append(node)
                continue
            assert node.layer is not None
            self._ranks.setdefault(node.layer, len(self._ranks))
            before = self.parents(node)
            if not before and not all(id(t) in self._given for t in leaves(node.outputs)):
                raise ValueError(
                    f"an output of the model needs the input {node.layer.name!r}, which is not among its inputs "
                    f"{', '.join(repr(t.name) for t in self.flat_inputs)}"
                )
            stack.append((node, True))
            stack += [(p, False) for p in reversed(before) if p not in done]

    def _ordered_layers(self) -> list[Layer]:
        depths: dict[Node, int] = {}
        layers: dict[Layer, int] = {}
        for node in reversed(self.nodes):
            assert node.layer is not None
            depth = max(depths.get(node, 0), layers.get(node.layer, 0))
            layers[node.layer] = depths[node] = depth
            for parent in self.parents(node):
                depths[parent] = max(depth + 1, depths.get(parent, 0))
        for tensor in self.flat_inputs:
            if tensor.node.layer is not None and tensor.node.layer not in layers:
                layers[tensor.node.layer] = 0
                self._ranks[tensor.node.layer] = len(self._ranks)
        return sorted(layers, key=lambda layer: (-layers[layer], self._ranks[layer]))

    def replay(self, inputs: Any, owner: str) -> Any:
        """The outputs for values of the inputs, which are tensors of the default graph.

        Parameters
        ----------
        inputs : structure of Tensor
            In the structure of the inputs, or a dictionary by their names.
        owner : str
            The model's name, for messages.

        Raises
        ------
        ValueError
            If number or shapes do not fit.
        """
        values: dict[int, Any] = {}
        for tensor, value in zip(self.flat_inputs, self._matched(inputs, owner), strict=True):
            values[id(tensor)] = fitted(as_tensor(value), tensor, owner)
        for node in self.nodes:
            flat = [*leaves(node.outputs)]
            if all(id(t) in values for t in flat):
                continue
            assert node.layer is not None
            args, kwargs = mapped(
                lambda v: values[id(v)] if isinstance(v, KerasTensor) else v, (node.args, dict(node.kwargs))
            )
            found = [v for v in leaves(node.layer(*args, **kwargs)) if v is not None]
            values.update(zip(map(id, [t for t in flat if t is not None]), found, strict=True))
        return mapped(lambda t: values[id(t)], self.outputs)

    def _matched(self, inputs: Any, owner: str) -> list[Any]:
        names = [t.name for t in self.flat_inputs]
        if isinstance(inputs, dict):
            keys = [*self.inputs] if isinstance(self.inputs, dict) else names
            missing = [n for n in keys if n not in inputs]
            if missing:
                raise ValueError(f"the model {owner} has inputs {', '.join(keys)}: {', '.join(missing)} is not given")
            return [inputs[n] for n in keys]
        flat = [*leaves(inputs)]
        if len(flat) != len(names):
            raise ValueError(
                f"the model {owner} has {len(names)} inputs, {', '.join(names)}: {len(flat)} values were given"
            )
        return flat


def _checked(tensor: Any, what: str) -> KerasTensor:
    if not isinstance(tensor, KerasTensor):
        raise ValueError(
            f"{what} of a model are made by keras.Input and by calling layers on that, not {type(tensor).__name__}"
        )
    return tensor


def fitted(value: Tensor, wanted: KerasTensor, owner: str) -> Tensor:
    """A value in the type of an input; a last axis of size 1 is put in or left out where the rank asks for it.

    Raises
    ------
    ValueError
        If the shape does not fit.
    """
    mask, sizes = mask_of(value), value.shape.as_list() if value.shape.ndims is not None else None
    if sizes is not None:
        if len(sizes) == len(wanted.shape) - 1 and wanted.shape[-1] == 1:
            value = expand_dims(value, -1)
        elif len(sizes) == len(wanted.shape) + 1 and sizes[-1] == 1:
            value = squeeze(value, axis=-1)
        sizes = value.shape.as_list()
        same = len(sizes) == len(wanted.shape) and all(
            None in (a, b) or a == b for a, b in zip(sizes, wanted.shape, strict=True)
        )
        if not same:
            raise ValueError(
                f"the input {wanted.name!r} of the model {owner} has shape {wanted.shape}: a value of shape "
                f"{tuple(sizes)} was given (None is the number of samples, or any size)"
            )
    if value.dtype.name != wanted.dtype:
        value = cast(value, wanted.dtype)
    set_mask(value, mask)
    return value
