"""Layers around layers: both directions, and every step."""

from __future__ import annotations

from typing import Any

from graphc.api.arrays import reverse
from graphc.api.shaping import concat, reshape, shape
from graphc.keras.engine.layer import Layer, mask_of, set_mask

MERGES = ("concat", "sum", "mul", "ave", None)


class Bidirectional(Layer):
    """A recurrent layer in both directions.

    Parameters
    ----------
    layer : RNN
    merge_mode : str or None
        ``"concat"``, ``"sum"``, ``"mul"``, ``"ave"``; None: both outputs.
    backward_layer : RNN, optional
        For the other direction; one like `layer` if not given.
    """

    supports_masking = True

    def __init__(self, layer: Any, merge_mode: Any = "concat", backward_layer: Any = None, **options: Any) -> None:
        if "weights" not in options:
            options = layer._old | options
        super().__init__(**options)
        if merge_mode not in MERGES:
            raise ValueError(f"merge_mode is one of {', '.join(map(repr, MERGES))}, not {merge_mode!r}")
        self.merge_mode = merge_mode
        self.forward_layer = _copy(layer, f"forward_{layer.name}", layer.go_backwards)
        other = layer if backward_layer is None else backward_layer
        turned = not layer.go_backwards if backward_layer is None else backward_layer.go_backwards
        self.backward_layer = _copy(other, f"backward_{other.name}", turned)
        if self.forward_layer.go_backwards == self.backward_layer.go_backwards:
            raise ValueError("the two layers of a Bidirectional go in different directions: set go_backwards of one")

    @property
    def return_sequences(self) -> bool:
        """Whether the outputs of all steps are returned."""
        found: bool = self.forward_layer.return_sequences
        return found

    def build(self, input_shape: Any) -> None:
        """Make the weights of both."""
        for layer in (self.forward_layer, self.backward_layer):
            layer.build(input_shape)
            layer.built = True

    def call(self, inputs: Any, initial_state: Any = None, mask: Any = None, training: Any = None) -> Any:
        """The outputs of both, merged, and their states if asked for."""
        first, second = None, None
        if initial_state is not None:
            half = len(initial_state) // 2
            first, second = initial_state[:half], initial_state[half:]
        there = self.forward_layer(inputs, initial_state=first, mask=mask, training=training)
        back = self.backward_layer(inputs, initial_state=second, mask=mask, training=training)
        states: list[Any] = []
        if self.forward_layer.return_state:
            there, back, states = there[0], back[0], [*there[1:], *back[1:]]
        if self.return_sequences:
            back = reverse(back, [1])
        merged = _merged(self.merge_mode, there, back)
        if not states:
            return merged
        return [*(merged if isinstance(merged, list) else [merged]), *states]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the inputs where all outputs are returned."""
        return mask if self.return_sequences else None

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal layer is made."""
        from graphc.keras.engine.connections import described

        return {
            "name": self.name, "trainable": self.trainable, "dtype": self.dtype, "merge_mode": self.merge_mode,
            "layer": described(self.forward_layer), "backward_layer": described(self.backward_layer),
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """A layer with the arguments that `get_config` returned, here or in Keras 3."""
        return super().from_config(_with_layers(config))


def _with_layers(config: Any) -> dict[str, Any]:
    from graphc.keras.engine.connections import layer_of

    found = dict(config)
    for name in ("layer", "backward_layer"):
        if isinstance(found.get(name), dict):
            found[name] = layer_of(found[name], {})
    return found


def _copy(layer: Any, name: str, go_backwards: bool) -> Any:
    config = layer.get_config() | {"go_backwards": go_backwards}
    config["name"] = layer.name if layer.name.startswith(("forward_", "backward_")) else name
    return type(layer).from_config(config)


def _merged(mode: str | None, a: Any, b: Any) -> Any:
    if mode is None:
        return [a, b]
    if mode == "concat":
        return concat([a, b], -1)
    return a * b if mode == "mul" else a + b if mode == "sum" else (a + b) / 2.0


class TimeDistributed(Layer):
    """A layer applied to every step.

    Parameters
    ----------
    layer : Layer
    """

    supports_masking = True

    def __init__(self, layer: Any, **options: Any) -> None:
        super().__init__(**(layer._old | options))
        self.layer = layer

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The results for all steps."""
        sizes, open_sizes = inputs.shape.as_list(), shape(inputs)
        if len(sizes) < 3:
            raise ValueError(f"the layer {self.name} takes inputs with 3 axes or more, not of shape {tuple(sizes)}")
        rows = reshape(inputs, [-1, *sizes[2:]])
        found = self.layer(rows, training=training)
        after = found.shape.as_list()[1:]
        steps = open_sizes[1] if sizes[1] is None else sizes[1]
        result = reshape(found, [-1 if sizes[1] is not None else open_sizes[0], steps, *after])
        set_mask(result, mask_of(inputs))
        return result

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal layer is made."""
        from graphc.keras.engine.connections import described

        return {"name": self.name, "trainable": self.trainable, "dtype": self.dtype, "layer": described(self.layer)}

    @classmethod
    def from_config(cls, config: Any) -> Any:
        """A layer with the arguments that `get_config` returned, here or in Keras 3."""
        return super().from_config(_with_layers(config))
