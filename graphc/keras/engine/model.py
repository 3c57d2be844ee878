"""Models: layers with inputs and outputs that can be trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphc.keras.engine.layer import Layer
from graphc.keras.engine.network import Network
from graphc.keras.engine.recorded import Input, KerasTensor
from graphc.keras.engine.tracking import sublayers
from graphc.keras.engine.trainer import Trainer


class Model(Trainer, Layer):
    """Layers from inputs to outputs, or a class of yours with `call`.

    Parameters
    ----------
    inputs, outputs : structure of KerasTensor, optional
        What `keras.Input` gives, and what layers called on that give.
    name : str, optional
    trainable : bool

    Examples
    --------
    >>> import numpy as np
    >>> from graphc.keras import layers
    >>> x = Input((2,))
    >>> model = Model(x, layers.Dense(1, kernel_initializer="ones")(x))
    >>> model.predict(np.float32([[1.0, 2.0]]), verbose=0)
    array([[3.]], dtype=float32)
    """

    _network: Network | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = dict(zip(("inputs", "outputs", "name"), args, strict=False))
        twice = [k for k in given if k in kwargs]
        if len(args) > 3 or twice:
            raise TypeError("Model(inputs, outputs, name=None) takes each argument once")
        given |= {k: kwargs.pop(k) for k in ("inputs", "outputs", "name", "input", "output") if k in kwargs}
        inputs, outputs = (given.get(k, given.get(k[:-1])) for k in ("inputs", "outputs"))
        if (inputs is None) != (outputs is None):
            raise ValueError("a model has inputs and outputs: give both, or write a class with the method call")
        super().__init__(name=given.get("name"), **kwargs)
        self._trainer: Any = None
        self.stop_training = False
        if inputs is not None:
            self._network = Network(inputs, outputs)
            self.built = True

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once."""
        return sublayers(self)

    @property
    def network(self) -> Network | None:
        """The recorded calls, None for a class with a `call` of its own."""
        return self._network

    @property
    def inputs(self) -> list[KerasTensor]:
        """The recorded inputs."""
        return self._recorded().flat_inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The recorded outputs."""
        return self._recorded().flat_outputs

    @property
    def input(self) -> Any:
        """The recorded inputs in their structure."""
        return self._recorded().inputs

    @property
    def output(self) -> Any:
        """The recorded outputs in their structure."""
        return self._recorded().outputs

    def _recorded(self) -> Network:
        network = self.network
        if network is None:
            raise AttributeError(
                f"the model {self.name} has no recorded inputs and outputs: it was not made of keras.Input, and "
                "computes in its method call"
            )
        return network

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs."""
        return [t.name for t in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs, those of the layers that give them."""
        network = self.network
        return [] if network is None else output_names(network)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The outputs for inputs."""
        if self.network is None:
            raise NotImplementedError(
                f"the model {type(self).__name__} has no inputs and outputs: write call(self, inputs) in its class"
            )
        return self.network.replay(inputs, self.name)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: outputs carry the masks that the layers gave them."""
        return None

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or number.

        Raises
        ------
        ValueError
            If there is none.
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer takes a name or an index")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(f"the model {self.name} has {len(self.layers)} layers: there is no layer {index}")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"the model {self.name} has no layer {name!r}: there are {', '.join(layer.name for layer in self.layers)}"
        )

    def summary(
        self, line_length: int | None = None, positions: Any = None, print_fn: Any = None, expand_nested: bool = False,
        show_trainable: bool = False, layer_range: Any = None,
    ) -> None:  # fmt: skip
        """Print a table of the layers, the shapes of their outputs, and how many numbers their weights hold."""
        from graphc.keras.engine.summary import print_summary

        print_summary(self, line_length, print_fn, expand_nested, show_trainable)

    def save(self, filepath: Any, overwrite: bool = True, include_optimizer: bool = True, **old: Any) -> None:
        """Write the model to a file, from which `keras.models.load_model` reads it."""
        from graphc.keras.engine.saving import save_model

        save_model(self, filepath, overwrite, include_optimizer)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights to a file."""
        from graphc.keras.engine.saving import save_weights

        save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: Any, by_name: bool = False, skip_mismatch: bool = False, **old: Any) -> None:
        """Set the weights to those of a file."""
        from graphc.keras.engine.saving import load_weights

        load_weights(self, filepath, by_name, skip_mismatch)

    def to_json(self, **options: Any) -> str:
        """The configuration as JSON, from which `keras.models.model_from_json` makes a model with new weights."""
        from graphc.keras.engine.saving import to_json

        return to_json(self, **options)

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of a shape; a call or `fit` does so as well."""
        if not self.built and input_shape is not None and self.network is None:
            if any(isinstance(s, list | tuple) for s in input_shape):
                self([Input(batch_shape=s) for s in input_shape])
            else:
                self(Input(batch_shape=input_shape))

    def _build(self, args: Any, kwargs: dict[str, Any]) -> None:
        if type(self).build is Model.build:
            # The layers are built by the call itself.
            self.built = True
            return
        super()._build(args, kwargs)

    def get_config(self) -> dict[str, Any]:
        """The layers and how they are connected, as Keras 3 writes them."""
        from graphc.keras.engine.connections import network_config

        if self.network is None or type(self).__init__ is not Model.__init__:
            return super().get_config()
        return network_config(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """A model with new weights, from what `get_config` returned here or in Keras 3."""
        from graphc.keras.engine.connections import read_network

        if "layers" in config and "input_layers" in config:
            return read_network(cls, config, custom_objects or {})
        return super().from_config(config)


Functional = Model


def output_names(network: Network) -> list[str]:
    """Names of the outputs of a network: those of the layers that give them."""
    if isinstance(network.outputs, dict):
        return [*network.outputs]
    names = [t.node.layer.name if t.node.layer is not None else t.name for t in network.flat_outputs]
    return [n if names.count(n) == 1 else f"{n}_{names[:i].count(n)}" for i, n in enumerate(names)]
