"""What a Python function depends on, as a digest: two functions of equal digest compute the same."""

from __future__ import annotations

import builtins
import functools
import hashlib
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

#: Packages whose attributes do not change while a program lives: their versions are part of every key.
_STABLE = {"builtins", "cmath", "graphc", "math", "numba", "numpy", "operator"}


class UnstableError(Exception):
    """A function depends on something whose content cannot be told."""


def fingerprint(function: Any) -> str:
    """The digest of a function: its code, defaults, closure, and the globals it uses, followed recursively.

    Parameters
    ----------
    function : callable
        A Python function, or what Numba made of one.

    Returns
    -------
    str

    Raises
    ------
    UnstableError
        If it uses an object other than functions, numbers, strings, arrays, containers of these, and attributes of
        NumPy, Numba, graphc or the standard mathematics modules.

    Examples
    --------
    >>> fingerprint(lambda x: x + 1) == fingerprint(lambda x: x + 1), fingerprint(lambda x: x + 2)[:0]
    (True, '')
    """
    digest = hashlib.sha256()
    for part in _parts(function, set()):
        digest.update(f"{len(part)} ".encode() + part)
    return digest.hexdigest()[:32]


def _parts(value: Any, seen: set[int]) -> Iterator[bytes]:
    """The content of a value, piece by piece."""
    if hasattr(value, "fingerprint_parts"):
        value = value.fingerprint_parts()
    if hasattr(value, "py_func") and hasattr(value, "targetoptions"):
        value = (value.py_func, sorted(value.targetoptions.items()))
    yield type(value).__qualname__.encode()
    if isinstance(value, types.FunctionType):
        yield from _function_parts(value, seen)
    elif isinstance(value, types.CodeType):
        yield from _code_parts(value, seen)
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        yield f"{value.dtype.str} {value.shape}".encode()
        yield value.tobytes()
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _parts(item, seen)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _parts((key, item), seen)
    elif isinstance(value, frozenset):
        yield from _parts(sorted(value, key=repr), seen)
    elif isinstance(value, functools.partial):
        yield from _parts((value.func, value.args, value.keywords), seen)
    elif isinstance(
        value, bool | int | float | complex | str | bytes | None | types.EllipsisType | np.generic | np.dtype
    ):
        yield repr(value).encode()
    else:
        yield _name(value).encode()


def _name(value: Any) -> str:
    """The full name of something that belongs to a stable package."""
    if isinstance(value, types.ModuleType):
        name = value.__name__
    else:
        module = getattr(value, "__module__", None) or getattr(type(value), "__module__", "")
        name = f"{module}.{getattr(value, '__qualname__', None) or getattr(value, '__name__', repr(value))}"
    if name.partition(".")[0] not in _STABLE or " at 0x" in name:
        raise UnstableError(f"{value!r}, of type {type(value).__name__}")
    return name


def _function_parts(function: types.FunctionType, seen: set[int]) -> Iterator[bytes]:
    if id(function) in seen:
        return
    seen.add(id(function))
    if (function.__module__ or "").partition(".")[0] in _STABLE:
        yield f"{function.__module__}.{function.__qualname__}".encode()
        return
    code = function.__code__
    yield from _code_parts(code, seen)
    yield from _parts((function.__defaults__, function.__kwdefaults__), seen)
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        yield name.encode()
        yield from _parts(cell.cell_contents, seen)
    for name in sorted(_names(code)):
        if name in function.__globals__:
            yield name.encode()
            yield from _parts(function.__globals__[name], seen)
        elif hasattr(builtins, name):
            yield name.encode()


def _names(code: types.CodeType) -> set[str]:
    """Names that the code, or code inside it, may look up."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _names(constant)
    return found


def _code_parts(code: types.CodeType, seen: set[int]) -> Iterator[bytes]:
    yield code.co_code
    yield f"{code.co_argcount} {code.co_kwonlyargcount} {code.co_flags}".encode()
    yield " ".join((*code.co_names, *code.co_varnames, *code.co_freevars)).encode()
    for constant in code.co_consts:
        yield from _parts(constant, seen)
