"""Source of a user's functions for an exported module, with the constants and functions that they use."""

from __future__ import annotations

import builtins
import inspect
import math
import textwrap
from collections.abc import Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

_MODULES = {"numpy": "np", "math": "math"}


class ExportError(ValueError):
    """Something that cannot be written as a standalone module."""


class UserSources:
    """Functions in the order in which a module defines them.

    Attributes
    ----------
    lines : list of str
        Definitions: constants and decorated functions.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._defined: dict[str, Any] = {}

    @property
    def names(self) -> set[str]:
        """Everything that is defined."""
        return set(self._defined)

    def add(self, function: FunctionType, options: Mapping[str, Any]) -> str:
        """Define a function and all that it uses; its name in the module.

        Parameters
        ----------
        function : function
        options : Mapping
            Those of ``numba.njit``.

        Raises
        ------
        ExportError
            If its source cannot be found, or it uses something that has no source.
        """
        name = function.__name__
        if self._known(name, function):
            return name
        closure = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        used = {n: cell.cell_contents for n, cell in closure.items()}
        used |= {n: function.__globals__[n] for n in sorted(_names(function.__code__)) if n in function.__globals__}
        for other, value in used.items():
            self._define(function, other, value)
        try:
            source = textwrap.dedent(inspect.getsource(function))
        except (OSError, TypeError) as error:
            raise ExportError(f"the source of {name} is not known: {error}") from None
        start = source.find("def ")
        if start < 0 or name == "<lambda>":
            raise ExportError(f"{name} cannot be exported: write it with def")
        given = ", ".join(f"{k}={v!r}" for k, v in sorted(options.items()) if v and k not in ("nopython", "parallel"))
        self.lines += [f"@njit({given})" if given else "@njit", source[start:].rstrip(), "", ""]
        return name

    def _known(self, name: str, value: Any) -> bool:
        """Whether a name is defined already; it is entered if not."""
        if name in self._defined:
            same = self._defined[name] is value or (not callable(value) and repr(self._defined[name]) == repr(value))
            if not same:
                raise ExportError(f"two functions use the name {name!r} for different things: rename one")
            return True
        self._defined[name] = value
        return False

    def _define(self, user: FunctionType, name: str, value: Any) -> None:
        options = getattr(value, "targetoptions", {})
        value = getattr(value, "py_func", value)
        if isinstance(value, ModuleType) and _MODULES.get(value.__name__) == name:
            return
        if isinstance(value, FunctionType) and value.__name__ == name:
            self.add(value, options)
        elif isinstance(value, ModuleType) and value.__name__ in _MODULES:
            if not self._known(name, value):
                self.lines += [f"{name} = {_MODULES[value.__name__]}", ""]
        elif isinstance(value, bool | int | str | np.generic | np.ndarray | float):
            if not self._known(name, value):
                self.lines += [f"{name} = {value_text(value)}", ""]
        elif getattr(builtins, name, None) is not value:
            raise ExportError(f"{user.__name__} cannot be exported: it uses {name}, {type(value).__name__} {value!r}")


def _names(code: CodeType) -> set[str]:
    inner = (c for c in code.co_consts if isinstance(c, CodeType))
    return set(code.co_names).union(*map(_names, inner))


def value_text(value: Any) -> str:
    """A number, string or array as an expression."""
    if isinstance(value, np.ndarray):
        return f"np.array({_nested(value.tolist())}, np.{value.dtype.name.replace('bool', 'bool_')})"
    if isinstance(value, np.generic):
        return f"np.{value.dtype.name.replace('bool', 'bool_')}({_nested(value.item())})"
    return _nested(value)


def _nested(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_nested, value))}]"
    if isinstance(value, float) and not math.isfinite(value):
        return "np.nan" if math.isnan(value) else "np.inf" if value > 0 else "-np.inf"
    return repr(value)
