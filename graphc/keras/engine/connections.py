"""Networks as configurations, in the form in which Keras 3 writes them, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphc.keras.engine.layer import Layer
from graphc.keras.engine.network import Network
from graphc.keras.engine.recorded import KerasTensor
from graphc.keras.engine.structure import leaves, mapped
from graphc.keras.lookup import plain

TENSOR = "__keras_tensor__"


def described(layer: Layer) -> dict[str, Any]:
    """A layer with its class and configuration."""
    own = type(layer).__module__.startswith("graphc.keras.")
    found = {
        "module": "keras.layers" if own else type(layer).__module__,
        "class_name": type(layer).__name__,
        "config": layer.get_config(),
        "registered_name": None if own else type(layer).__name__,
    }
    return found | ({"build_config": {"input_shape": plain(layer.built_shape)}} if layer.built_shape else {})


def known_layers(custom_objects: Mapping[str, Any]) -> dict[str, Any]:
    """Classes of layers by name; yours come first."""
    from graphc.keras import layers
    from graphc.keras.engine.model import Model
    from graphc.keras.engine.sequential import Sequential
    from graphc.keras.layers import operation
    from graphc.keras.registered import REGISTERED

    listed = [*vars(layers).items(), ("Operation", operation.Operation), ("GetItem", operation.GetItem)]
    listed.append(("Function", operation.Function))
    own = {n: c for n, c in listed if isinstance(c, type) and issubclass(c, Layer)}
    return own | {"Model": Model, "Functional": Model, "Sequential": Sequential} | REGISTERED | dict(custom_objects)


def layer_of(entry: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> Any:
    """The layer that `described` wrote.

    Raises
    ------
    ValueError
        If there is no class of the name.
    """
    name, config = entry["class_name"], entry["config"]
    registered = entry.get("registered_name") or name
    known = known_layers(custom_objects)
    cls = known.get(registered, known.get(registered.rsplit(">", 1)[-1], known.get(name)))
    if cls is None:
        raise ValueError(
            f"there is no layer class {name!r} (for the layer {config.get('name')!r}): give it as "
            f"custom_objects={{{name!r}: ...}}, or register it with keras.utils.register_keras_serializable"
        )
    from graphc.keras.engine.model import Model

    if isinstance(cls, type) and issubclass(cls, Model):
        return cls.from_config(config, custom_objects)
    return cls.from_config(config)


def network_config(model: Any) -> dict[str, Any]:
    """Layers, the calls between them, inputs and outputs of a model."""
    network: Network = model.network
    numbers = _numbers(network)
    layers = []
    for layer in network.layers:
        calls = [n for n in network.nodes if n.layer is layer and network.parents(n)]
        inbound = [
            {"args": _written(list(n.args), numbers), "kwargs": _written(n.kwargs, numbers)}
            for n in calls
        ]  # fmt: skip
        layers.append(described(layer) | {"name": layer.name, "inbound_nodes": inbound})
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": layers,
        "input_layers": mapped(lambda t: list(numbers[id(t)]), network.inputs),
        "output_layers": mapped(lambda t: list(numbers[id(t)]), network.outputs),
    }


def _numbers(network: Network) -> dict[int, tuple[str, int, int]]:
    """Of each recorded tensor: its layer's name, the number of the call, and that of the output."""
    found: dict[int, tuple[str, int, int]] = {}
    calls: dict[Layer, int] = {}
    for node in sorted(network.nodes, key=lambda n: n.order):
        assert node.layer is not None
        number = calls.get(node.layer, 0)
        calls[node.layer] = number + 1
        for index, tensor in enumerate(leaves(node.outputs)):
            found[id(tensor)] = (node.layer.name, number, index)
    for tensor in network.flat_inputs:
        found.setdefault(id(tensor), (tensor.name, 0, 0))
    return found


def _written(value: Any, numbers: Mapping[int, tuple[str, int, int]]) -> Any:
    def leaf(v: Any) -> Any:
        if not isinstance(v, KerasTensor):
            return plain(v)
        config = {"shape": list(v.shape), "dtype": v.dtype, "keras_history": list(numbers[id(v)])}
        return {"class_name": TENSOR, "config": config}

    return mapped(leaf, value)


def read_network(cls: Any, config: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> Any:
    """The model that `network_config` wrote, with new weights.

    Raises
    ------
    ValueError
        If a call needs an output that no other call gives.
    """
    made = {e.get("name", e["config"].get("name")): layer_of(e, custom_objects) for e in config["layers"]}
    values: dict[tuple[str, int, int], Any] = {}
    waiting: list[tuple[str, int, Any]] = []
    for entry in config["layers"]:
        name = entry.get("name", entry["config"].get("name"))
        if not entry["inbound_nodes"]:
            values[name, 0, 0] = made[name].output
        waiting += [(name, i, call) for i, call in enumerate(entry["inbound_nodes"])]
    while waiting:
        ready = [w for w in waiting if all(k in values for k in _needed(w[2]))]
        if not ready:
            raise ValueError(f"the calls of {', '.join(w[0] for w in waiting)} need outputs that no layer gives")
        for name, number, call in ready:
            args, kwargs = _restored(call["args"], values), _restored(call.get("kwargs", {}), values)
            found = made[name](*args, **kwargs)
            values.update({(name, number, i): t for i, t in enumerate(leaves(found))})
        waiting = [w for w in waiting if w not in ready]
    inputs, outputs = (_ends(config[k], values) for k in ("input_layers", "output_layers"))
    return cls(inputs, outputs, name=config.get("name"))


def _history(value: Any) -> tuple[str, int, int] | None:
    if isinstance(value, Mapping) and value.get("class_name") == TENSOR:
        name, node, index = value["config"]["keras_history"]
        return (name, node, index)
    return None


def _needed(value: Any) -> list[tuple[str, int, int]]:
    own = _history(value)
    if own is not None:
        return [own]
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [k for v in inside for k in _needed(v)]


def _restored(value: Any, values: Mapping[tuple[str, int, int], Any]) -> Any:
    own = _history(value)
    if own is not None:
        return values[own]
    if isinstance(value, Mapping):
        return {k: _restored(v, values) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_restored(v, values) for v in value]
    return value


def _ends(entry: Any, values: Mapping[tuple[str, int, int], Any]) -> Any:
    """Inputs or outputs: one entry [name, call, output], or a list or dictionary of them."""
    if isinstance(entry, Mapping):
        return {k: _ends(v, values) for k, v in entry.items()}
    if len(entry) == 3 and isinstance(entry[0], str):
        return values[entry[0], entry[1], entry[2]]
    found = [_ends(e, values) for e in entry]
    return found[0] if len(found) == 1 else found
