"""Calls of functions of Python from within the native step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphc.ir.dims import Dim
from graphc.ir.dtypes import DType, bool_
from graphc.ir.node import Node
from graphc.ir.types import TensorType, TupleType
from graphc.ops.record import OpRecord, register


class PythonCallError(IndexError):
    """What a function of the user raised, or that it returned something else than was declared."""


class PythonFunction:
    """A function that Python runs; two of them are never the same, whatever they compute.

    Parameters
    ----------
    name : str
    function : callable ``(*arrays) -> sequence of array``
    dtypes : sequence of DType
        Of its results.
    """

    def __init__(self, name: str, function: Callable[..., Sequence[Any]], dtypes: Sequence[DType]) -> None:
        self.name = name
        self.function = function
        self.dtypes = tuple(dtypes)

    def __repr__(self) -> str:
        return f"<{self.name} {id(self):x}>"


def _infer(*types: TensorType, function: PythonFunction, shapes: tuple[tuple[Dim, ...], ...]) -> TupleType:
    found = [TensorType(dtype, shape) for dtype, shape in zip(function.dtypes, shapes, strict=True)]
    return TupleType((*found, TensorType(bool_, ())))


def _evaluate(*arrays: Any, function: PythonFunction, shapes: tuple[tuple[int, ...], ...]) -> tuple[Any, ...]:
    # Copies: the function may keep and change what it gets.
    found = function.function(*(np.array(a) for a in arrays))
    for number, (value, shape) in enumerate(zip(found, shapes, strict=True)):
        if np.shape(value) != tuple(shape):
            raise PythonCallError(
                f"{function.name}: result {number} has shape {np.shape(value)}, the step was planned for "
                f"{tuple(shape)}: say with shapes= or set_shape what it has"
            )
    return (*found, True)


def _batch(size: Dim, inputs: Sequence[Node], batched: Sequence[bool], function: PythonFunction, shapes: Any) -> Node:
    raise ValueError(f"{function.name} cannot be computed for many values at once: use map_fn")


register(
    OpRecord(
        "python",
        "user",
        _infer,
        _evaluate,
        batch=_batch,
        effect="host",
        can_fail="the function raised an exception",
        doc="Results of a function of Python, and True as the last one: something to wait for.",
        formula="(*function(*inputs), True)",
        dtypes="biuf",
        differentiable=False,
    )
)
