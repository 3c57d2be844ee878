"""Arguments of operations as JSON, and back; no code is read from a file, only names of graphc's own functions.

JSON's own values stand for themselves; everything else is an object with one key, which says what it is.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from graphc.api.define import BODIES
from graphc.graph.operation import Ref
from graphc.graph.shape import Dimension, TensorShape
from graphc.graph.variable import Variable
from graphc.ir.constants import Constant
from graphc.ir.dtypes import DType, as_dtype

# Where functions over nodes are defined: bodies of operations, other functions, and functions inside of functions.
_OPERATIONS = (
    "graphc.api.", "graphc.linalg.", "graphc.nn.", "graphc.rnn.", "graphc.layers.", "graphc.losses.", "graphc.keras.",
    "graphc.compat.",
)  # fmt: skip
_PRIVATE = ("graphc.api.gradient", "graphc.api.state")
_NESTED = ("graphc.api.random", "graphc.api.random_laws", "graphc.api.scatter", "graphc.api.state")


class UnwritableError(ValueError):
    """A value that cannot be written."""


def encode(value: Any) -> Any:
    """A value as JSON.

    Raises
    ------
    UnwritableError
        If it has no form in JSON.
    """
    if isinstance(value, np.ndarray | np.generic) and not isinstance(value, Constant):
        return {"array": _encode_array(np.asarray(value)), "scalar": isinstance(value, np.generic)}
    if value is None or isinstance(value, bool | int) or (isinstance(value, str) and not isinstance(value, DType)):
        return value
    for kind, key, form in _FORMS:
        if isinstance(value, kind):
            return {key: form(value)}
    raise UnwritableError(f"{value!r} of type {type(value).__name__} cannot be written to a file")


def _dictionary(value: dict[Any, Any]) -> Any:
    return [[encode(k), encode(v)] for k, v in value.items()]


def _items(value: Any) -> Any:
    if hasattr(value, "_fields"):
        raise UnwritableError(f"the named tuple {value!r} cannot be written to a file")
    return [encode(v) for v in value]


_FORMS: tuple[tuple[Any, str, Callable[[Any], Any]], ...] = (
    (float, "float", float.hex),
    (list, "list", _items),
    (tuple, "tuple", _items),
    (dict, "dict", _dictionary),
    (slice, "slice", lambda v: [encode(p) for p in (v.start, v.stop, v.step)]),
    (Ref, "ref", lambda v: v.index),
    (DType, "dtype", lambda v: v.name),
    (Constant, "constant", lambda v: _encode_array(v.array)),
    (TensorShape, "shape", lambda v: v.as_list() if v.ndims is not None else None),
    (Dimension, "dimension", lambda v: v.value),
    (Variable, "variable", lambda v: v.op.name),
    (types.EllipsisType, "ellipsis", lambda v: True),
    (types.FunctionType, "function", lambda v: encode_function(v)),
)


def _encode_array(array: np.ndarray) -> dict[str, Any]:
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    return {"dtype": as_dtype(array.dtype).name, "shape": list(array.shape),
            "data": base64.b64encode(little.tobytes()).decode()}  # fmt: skip


def _decode_array(form: dict[str, Any]) -> np.ndarray:
    dtype = as_dtype(form["dtype"]).np
    stored = np.frombuffer(base64.b64decode(form["data"], validate=True), dtype.newbyteorder("<"))
    return stored.astype(dtype).reshape([int(n) for n in form["shape"]])


def decode(form: Any, variables: dict[str, Variable]) -> Any:
    """The value of JSON; variables by name.

    Raises
    ------
    ValueError
        If it is not of the form that `encode` makes.
    """
    if form is None or isinstance(form, bool | int | str):
        return form
    if not isinstance(form, dict) or not form:
        raise ValueError(f"{form!r} is no value of a graph file")
    key, inner = next(iter(form.items()))
    if key in ("list", "tuple"):
        found = [decode(v, variables) for v in inner]
        return found if key == "list" else tuple(found)
    if key == "dict":
        return {decode(k, variables): decode(v, variables) for k, v in inner}
    if key == "slice":
        return slice(*(decode(v, variables) for v in inner))
    if key == "variable":
        return variables[inner]
    if key == "function":
        return decode_function(inner, variables)
    plain: dict[str, Callable[[Any], Any]] = {
        "float": float.fromhex, "ref": Ref, "dtype": as_dtype, "constant": lambda v: Constant(_decode_array(v)),
        "shape": TensorShape, "dimension": Dimension, "ellipsis": lambda v: ...,
        "array": lambda v: _decode_array(v)[()] if form.get("scalar") else _decode_array(v),
    }  # fmt: skip
    if key not in plain:
        raise ValueError(f"a graph file has no values of kind {key!r}")
    return plain[key](inner)


def encode_function(function: Any) -> dict[str, Any]:
    """One of graphc's own functions over nodes by its name, with the values that it holds.

    Raises
    ------
    UnwritableError
        If it is another function.
    """
    for name, body in BODIES.items():
        if body is function and name.startswith(_OPERATIONS):
            return {"name": name}
    path, module = getattr(function, "__qualname__", repr(function)), getattr(function, "__module__", "")
    form: dict[str, Any] = {"name": f"{module}:{path}"}
    found = None
    if isinstance(function, types.FunctionType):
        if "<locals>" in path:
            cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
            form["holds"] = {key: encode(cell.cell_contents) for key, cell in cells}
        with contextlib.suppress(ValueError):
            found = decode_function(form, _AnyVariable())
    if found is None or found.__code__ is not function.__code__:
        raise UnwritableError(f"{path} of {module} is not one of graphc's own functions")
    return form


class _AnyVariable(dict[str, Variable]):
    """For a trial: any name is accepted."""

    def __missing__(self, key: str) -> Any:
        return None


def decode_function(form: dict[str, Any], variables: dict[str, Variable]) -> Any:
    """One of graphc's own functions over nodes.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    module, _, path = form["name"].partition(":")
    outer, *inner = path.split(".<locals>.")
    if not module.startswith(_OPERATIONS):
        raise ValueError(f"{module} holds no operations")
    try:
        loaded = importlib.import_module(module)
    except ImportError:
        raise ValueError(f"there is no {module}: the file was written by another version") from None
    if form["name"] in BODIES:
        return BODIES[form["name"]]
    found = vars(loaded).get(outer)
    if not inner:
        if module in _PRIVATE and outer.startswith("_") and isinstance(found, types.FunctionType):
            return found
        raise ValueError(f"{outer} of {module} is no operation")
    if module not in _NESTED or not isinstance(found, types.FunctionType):
        raise ValueError(f"{outer} of {module} has no operations inside")
    code = found.__code__
    for name in inner:
        parts = [c for c in code.co_consts if isinstance(c, types.CodeType) and c.co_name == name]
        if len(parts) != 1:
            raise ValueError(f"there is no {path} in {module}: the file was written by another version")
        (code,) = parts
    holds = form.get("holds", {})
    if set(holds) != set(code.co_freevars):
        raise ValueError(f"{path} holds {sorted(code.co_freevars)}, not {sorted(holds)}")
    cells = tuple(types.CellType(decode(holds[name], variables)) for name in code.co_freevars)
    made = types.FunctionType(code, found.__globals__, inner[-1], None, cells)
    made.__qualname__, made.__module__ = path, module
    return made
