"""Models that are one layer after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphc.keras.engine.layer import Layer
from graphc.keras.engine.model import Model
from graphc.keras.engine.network import Network
from graphc.keras.engine.recorded import Input, KerasTensor
from graphc.keras.layers.input import InputLayer


class Sequential(Model):
    """One layer after another.

    Parameters
    ----------
    layers : sequence of Layer, optional
        The first may be `keras.Input(shape)`; without it, weights are made when the first inputs are seen.
    name : str, optional

    Examples
    --------
    >>> from graphc.keras import layers
    >>> model = Sequential([Input((4,)), layers.Dense(3, "relu"), layers.Dense(1)])
    >>> model.count_params()
    19
    """

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(name=name, trainable=trainable)
        self._stack: list[Layer] = []
        self._head: KerasTensor | None = None
        self._tail: Any = None
        for layer in layers or ():
            self.add(layer)

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without the input."""
        return [layer for layer in self._stack if not isinstance(layer, InputLayer)]

    @property
    def network(self) -> Network | None:
        """The recorded calls, once the shape of the input is known."""
        if self._network is None and self._head is not None and self._stack:
            self._network = Network(self._head, self._tail)
        return self._network

    def add(self, layer: Any) -> None:
        """Put a layer behind the others.

        Raises
        ------
        ValueError, TypeError
            If it is no layer, its name is taken, or it gives several outputs.
        """
        layer = layer.node.layer if isinstance(layer, KerasTensor) else layer
        if not isinstance(layer, Layer):
            raise TypeError(f"layers of a Sequential are Layer objects, not {layer!r}")
        if layer.name in [each.name for each in self._stack]:
            raise ValueError(f"the model {self.name} has a layer {layer.name!r} already: give another name")
        if isinstance(layer, InputLayer):
            if self._stack:
                raise ValueError(f"the model {self.name} has layers already: its input comes first")
            self._head = self._tail = layer.output
        elif not self._stack:
            self._start(layer)
        if self._tail is not None and not isinstance(layer, InputLayer):
            self._tail = self._through(layer, self._tail)
        self._stack.append(layer)
        self._network, self.built = None, self._tail is not None

    def _start(self, layer: Layer) -> None:
        """The input that the first layer asks for, by arguments of Keras 2 or by being a model."""
        found = old_input(layer)
        network = getattr(layer, "network", None)
        if found is None and network is not None and isinstance(network.inputs, KerasTensor):
            found = Input(batch_shape=network.inputs.shape, dtype=network.inputs.dtype)
        if found is not None:
            self.add(found)

    def _through(self, layer: Layer, value: Any) -> Any:
        found = layer(value)
        if not isinstance(found, KerasTensor):
            raise ValueError(
                f"the layer {layer.name!r} gives several outputs: models of more than one way are made with "
                "keras.Model(inputs, outputs)"
            )
        return found

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer away and return it."""
        if not self.layers:
            raise ValueError(f"the model {self.name} has no layers")
        last = self._stack.pop()
        if self._head is not None:
            self._tail = self._head
            for layer in self.layers:
                self._tail = self._through(layer, self._tail)
        self._network = None
        return last

    def build(self, input_shape: Any = None) -> None:
        """Make the weights for inputs of a shape."""
        if self._tail is not None or input_shape is None:
            return
        head = Input(batch_shape=(None, *tuple(input_shape)[1:]))
        tail: Any = head
        for layer in self._stack:
            tail = self._through(layer, tail)
        self._head, self._tail, self.built = head, tail, True
        self._stack.insert(0, head.node.layer)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The outputs of the last layer."""
        if self.network is not None:
            return self.network.replay(inputs, self.name)
        for layer in self.layers:
            inputs = layer(inputs)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The layers, as Keras 3 writes them."""
        from graphc.keras.engine.connections import described

        shape = None if self._head is None else list(self._head.shape)
        layers = [described(layer) for layer in self._stack]
        return {"name": self.name, "trainable": self.trainable, "layers": layers, "build_input_shape": shape}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """A model with new weights, from what `get_config` returned here or in Keras 3."""
        from graphc.keras.engine.connections import layer_of

        made = cls([layer_of(entry, custom_objects or {}) for entry in config["layers"]], name=config.get("name"))
        if not made.built and config.get("build_input_shape"):
            made.build(config["build_input_shape"])
        return made


def old_input(layer: Layer) -> KerasTensor | None:
    """The input that a layer's arguments of Keras 2 describe: `input_shape`, `input_dim`, `batch_input_shape`."""
    given = layer._old
    dtype, size = given.get("input_dtype"), given.get("batch_size")
    shape, batch_shape, length = (given.get(k) for k in ("input_shape", "batch_input_shape", "input_length"))
    if shape is None and "input_dim" in given:
        shape = (given["input_dim"],) if length is None else (length, given["input_dim"])
    elif shape is None and length is not None:
        shape = (length,)
    if shape is None and batch_shape is None:
        return None
    found: KerasTensor = (
        Input(shape, size, dtype) if batch_shape is None else Input(dtype=dtype, batch_shape=batch_shape)
    )
    return found
