"""Calls back into Python from a native step: nodes without native code run by their NumPy reference."""

from __future__ import annotations

import ctypes
from math import prod
from typing import Any

import numpy as np

from graphc.codegen.cpu.host import HOST_CALLBACK
from graphc.interp.evaluate import evaluate_node
from graphc.ir.dtypes import BY_NAME
from graphc.ir.types import TensorType
from graphc.loops.spec import Buffer, KernelCall
from graphc.session.build import Built
from graphc.session.encode import Formulas

FAILED = 2


class HostCalls:
    """The callback of one executable.

    Parameters
    ----------
    built : Built
    """

    def __init__(self, built: Built) -> None:
        self.calls = built.hosts
        assert built.program is not None
        self.names = Formulas(built.program).names
        self._error: BaseException | None = None
        prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int64, ctypes.c_int64)
        self._callback = prototype(self._run) if built.hosts else None

    def externals(self) -> dict[str, int]:
        """Addresses that the program needs."""
        if self._callback is None:
            return {}
        return {HOST_CALLBACK: ctypes.cast(self._callback, ctypes.c_void_p).value or 0}

    def take_error(self) -> BaseException | None:
        """The exception of the last failed call, once."""
        error, self._error = self._error, None
        return error

    def _run(self, number: int, address: int) -> int:
        try:
            self._evaluate(self.calls[number], address)
        except BaseException as error:
            self._error = error
            return FAILED
        return 0

    def _evaluate(self, call: KernelCall, address: int) -> None:
        count = len(call.buffers)
        words = (ctypes.c_int64 * (count + len(self.names))).from_address(address)
        listed = words[:]
        bindings = dict(zip(self.names, listed[count:], strict=True))
        operands: list[np.ndarray] = []
        results: list[np.ndarray] = []
        for buffer, place, operand in zip(call.buffers, listed, call.spec.operands, strict=False):
            (operands if operand.access == "in" else results).append(_view(buffer, place, bindings))
        value: Any = evaluate_node(call.spec.node, operands, bindings)  # type: ignore[union-attr]
        for target, found in zip(results, value if isinstance(value, tuple) else (value,), strict=True):
            target[...] = found


def _view(buffer: Buffer, address: int, bindings: dict[str, int]) -> np.ndarray:
    dtype = BY_NAME[buffer.dtype].np
    if all(type(size) is int for size in buffer.shape):
        shape: tuple[int, ...] = buffer.shape  # type: ignore[assignment]
    else:
        shape = TensorType(BY_NAME[buffer.dtype], buffer.shape).concrete(bindings)
    size = prod(shape) * dtype.itemsize
    if not size:
        return np.empty(shape, dtype)
    # `ctypeslib.as_array` makes the same array in ten times the time.
    block = memoryview((ctypes.c_uint8 * size).from_address(address))
    return np.frombuffer(block, dtype).reshape(shape)
