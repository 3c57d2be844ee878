"""What Theano's scripts take for granted: ``config``, graphs without sessions, and errors for what is not there."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import graphc as gc
from graphc.graph.conventions import Conventions

CONVENTIONS = Conventions(functional=True)


class Settings:
    """Settings by name; those that graphc has no use for can be set and read all the same."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = Settings()
        setattr(self, name, found)
        return found

    def __bool__(self) -> bool:
        return bool(vars(self))


class Config(Settings):
    """``theano.config``; ``floatX`` is the element type of what is made without one."""

    def __init__(self) -> None:
        flags = dict(f.split("=", 1) for f in os.environ.get("THEANO_FLAGS", "").split(",") if "=" in f)
        self.floatX = flags.get("floatX", "float64")
        self.device = "cpu"
        self.mode = self.linker = ""
        self.compute_test_value = "off"

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "floatX" and value not in ("float32", "float64"):
            raise ValueError(f"config.floatX is 'float32' or 'float64', not {value!r}")
        super().__setattr__(name, value)


config = Config()


def follow_conventions() -> gc.Graph:
    """The default graph, marked as one of a Theano script: shapes are tensors, values need no session."""
    graph = gc.get_default_graph()
    graph.conventions = CONVENTIONS
    return graph


def absent(label: str, missing: Mapping[str, str], there: Callable[[], Iterable[str]]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a module: what to use instead of a name that is not there.

    Parameters
    ----------
    label : str
        What users call the module.
    missing : mapping of str to str
        Names out of scope, and what to use instead.
    there : callable
        Gives the names that the module has.
    """

    def find(name: str) -> Any:
        if name in missing:
            raise NotImplementedError(f"{label}.{name} is out of graphc's scope: {missing[name]}")
        close = difflib.get_close_matches(name, [n for n in there() if not n.startswith("_")], 3)
        hint = f": did you mean {', '.join(close)}?" if close else ""
        raise AttributeError(f"graphc.compat.theano has no {label}.{name}{hint} docs/theano.md lists what there is")

    return find
