"""Objects by name: what a string, a configuration, a class or a callable stands for."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any


class Configured:
    """An object whose configuration is the arguments of its constructor, kept as attributes of the same names."""

    def get_config(self) -> dict[str, Any]:
        """The arguments with which an equal object is made."""
        names = inspect.signature(type(self).__init__).parameters
        return {n: plain(getattr(self, n)) for n in names if n != "self" and hasattr(self, n)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """An object with the arguments that `get_config` returned; options that are None may be of later versions."""
        known = inspect.signature(cls.__init__).parameters
        return cls(**{k: v for k, v in config.items() if v is not None or k in known})


def plain(value: Any) -> Any:
    """A value as a configuration holds it: numbers, strings, lists, and dictionaries for objects."""
    if hasattr(value, "get_config") and not isinstance(value, type):
        return serialize(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def snake_case(name: str) -> str:
    """``"MeanSquaredError"`` as ``"mean_squared_error"``.

    Examples
    --------
    >>> snake_case("LSTMCell"), snake_case("Conv2DTranspose")
    ('lstm_cell', 'conv2d_transpose')
    """
    split = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", split).lower()


def find(kind: str, known: Mapping[str, Any], identifier: Any) -> Any:
    """The object that an identifier stands for.

    Parameters
    ----------
    kind : str
        What is looked for, for messages.
    known : mapping of str to class or callable
    identifier : None, str, dict, class or callable
        A dictionary has ``class_name`` and ``config``. A class is called without arguments.

    Returns
    -------
    object
        None for None.

    Raises
    ------
    ValueError
        If the name is not known; the message has the names most like it.
    """
    if identifier is None:
        return None
    if isinstance(identifier, Mapping):
        return _from_config(kind, known, identifier)
    if isinstance(identifier, str):
        found = _by_name(kind, known, identifier)
        return found() if isinstance(found, type) else found
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier) or hasattr(identifier, "get_config"):
        return identifier
    raise ValueError(f"{identifier!r} is no {kind}: give a name, a configuration, a class or a callable")


def _by_name(kind: str, known: Mapping[str, Any], name: str) -> Any:
    found = known.get(name) or known.get(snake_case(name)) or known.get(name.lower())
    if found is None:
        near = difflib.get_close_matches(name, known, n=3)
        hint = f": did you mean {' or '.join(map(repr, near))}?" if near else f"; there are {', '.join(sorted(known))}"
        raise ValueError(f"there is no {kind} of the name {name!r}{hint}")
    return found


def _from_config(kind: str, known: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    if "class_name" not in given:
        raise ValueError(f"a configuration of a {kind} has 'class_name' and 'config', not {', '.join(given)}")
    name, config = given["class_name"], given.get("config", {})
    if name == "function":
        name, config = (config if isinstance(config, str) else given.get("registered_name") or config["name"]), {}
    found = _by_name(kind, known, name)
    if not isinstance(found, type):
        return found
    make = getattr(found, "from_config", None)
    return make(config) if make is not None else found(**config)


def serialize(value: Any) -> Any:
    """The configuration of an object, in the form in which Keras 3 writes it; a function is its name.

    Examples
    --------
    >>> from graphc.keras import regularizers
    >>> serialize(regularizers.L2(0.5))["config"]
    {'l2': 0.5}
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if not hasattr(value, "get_config"):
        return getattr(value, "__name__", str(value))
    module = type(value).__module__
    own = module.startswith("graphc.keras.")
    return {
        "module": f"keras.{module.split('.')[2]}" if own else module,
        "class_name": type(value).__name__,
        "config": value.get_config(),
        "registered_name": None if own else type(value).__name__,
    }


def reader(kind: str, known: Mapping[str, Any]) -> Callable[..., Any]:
    """The `deserialize` of one kind of objects: from what `serialize` gave, or from a name."""

    def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """The object that `serialize` described; `custom_objects` are classes and functions of yours by name."""
        return find(kind, {**known, **(custom_objects or {})}, config)

    return deserialize


def to_write(owner: object, method: str) -> NotImplementedError:
    """The error of a class that lacks the method which its users write."""
    return NotImplementedError(f"{type(owner).__name__} has no method {method}: write it in your class")
