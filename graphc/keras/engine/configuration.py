"""Configurations of layers: the arguments of the constructor, as Keras 3 writes them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from graphc.ir.dtypes import DType
from graphc.keras.lookup import plain

# What Keras writes into configurations and nothing here depends on.
IGNORED = ("quantization_config", "batch_input_shape", "synchronized", "renorm", "renorm_clipping", "renorm_momentum",
           "build_config", "ragged", "sparse", "optional", "flash_attention", "autocast")  # fmt: skip


def _signature(cls: Any) -> inspect.Signature:
    return inspect.signature(vars(cls).get("__init__") or cls.__init__)


def arguments_of(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by the names that the constructor has for them; nothing where they do not fit it."""
    try:
        bound = _signature(cls).bind_partial(None, *args, **kwargs)
    except TypeError:
        return {}
    found = dict(bound.arguments)
    for name, parameter in _signature(cls).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            found.update(found.pop(name, {}))
        elif parameter.kind is parameter.VAR_POSITIONAL:
            found.pop(name, None)
    found.pop("self", None)
    return found


def configuration(layer: Any) -> dict[str, Any]:
    """The configuration of a layer: its name, whether it trains, its type, and the arguments of its constructor.

    Arguments that only a base class has are those that were given. An argument is read from the attribute of its
    name where there is one, so that what was given as a string is
    written as the object that it stands for.
    """
    names = [*_signature(type(layer)).parameters, *layer._arguments]
    found = {"name": layer.name, "trainable": layer.trainable, "dtype": layer.dtype}
    for name in dict.fromkeys(names):
        if name in ("self", "args", "kwargs", "options", "old", "weights", *found):
            continue
        if hasattr(layer, name):
            value = getattr(layer, name)
        elif name in layer._arguments:
            value = layer._arguments[name]
        else:
            continue
        found[name] = value.name if isinstance(value, DType) else _written(value)
    return found


def _written(value: Any) -> Any:
    if callable(value) and not hasattr(value, "get_config"):
        return getattr(value, "__name__", str(value))
    return plain(value)


def read_configuration(cls: type, config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a constructor in a configuration, which may be one that Keras 3 wrote."""
    found = {k: v for k, v in config.items() if k not in IGNORED or _takes(cls, k)}
    dtype = found.get("dtype")
    if isinstance(dtype, Mapping):
        found["dtype"] = dtype["config"]["name"]
    return found


def _takes(cls: type, name: str) -> bool:
    return any(name in _signature(c).parameters for c in cls.__mro__ if "__init__" in vars(c) and c is not object)
