"""Classes of yours that files may name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

REGISTERED: dict[str, Any] = {}


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Make a class or function known to `load_model` and `from_config`, as a decorator.

    Parameters
    ----------
    package : str
        Part of the name in files, so that two libraries can use one name.
    name : str, optional
        Instead of the class's own.

    Examples
    --------
    >>> @register_keras_serializable("lesson")
    ... class Scaled: pass
    >>> REGISTERED["Scaled"] is Scaled
    True
    """

    def note(value: Any) -> Any:
        own = name or value.__name__
        REGISTERED[own] = REGISTERED[f"{package}>{own}"] = value
        return value

    return note


@contextmanager
def custom_object_scope(objects: Mapping[str, Any]) -> Iterator[None]:
    """A context in which classes and functions are known by the names given."""
    before = dict(REGISTERED)
    REGISTERED.update(objects)
    try:
        yield
    finally:
        REGISTERED.clear()
        REGISTERED.update(before)
