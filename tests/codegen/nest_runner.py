"""Evaluate a nest with NumPy over its whole index space, and run its kernel on guarded buffers."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from graphc.codegen.cpu.kernel import KernelText
from graphc.codegen.cpu.nest import compile_nest
from graphc.codegen.cpu.target import host_target
from graphc.ir.dims import Dim, substitute
from graphc.loops.expr import Affine, Expr, postorder
from graphc.loops.spec import Nest
from graphc.ops.record import record_of
from graphc.testing.native import Native

Bindings = Mapping[str, int]
GUARD = 64


@dataclass(frozen=True)
class Width:
    """A target of a given vector width; 4 bytes make scalar kernels."""

    vector_bits: int


def size_of(dim: Dim, bindings: Bindings) -> int:
    return int(substitute(dim, dict(bindings)))  # type: ignore[arg-type]


def reference(nest: Nest, arrays: Sequence[np.ndarray], bindings: Bindings) -> int:
    """Do what the nest says with flat arrays, in place; the status."""
    shape = tuple(size_of(a.size, bindings) for a in nest.axes)
    grid = np.indices(shape, sparse=True, dtype=np.int64) if shape else ()
    reduced = tuple(k for k, a in enumerate(nest.axes) if a.reduce)
    values: dict[Expr, Any] = {}

    def place(offset: Affine) -> np.ndarray:
        total = np.int64(size_of(offset.base, bindings))
        for index, coefficient in zip(grid, offset.coefficients, strict=True):
            total = total + index * size_of(coefficient, bindings)
        return np.broadcast_to(total, shape)

    def value(expr: Expr) -> Any:
        args = [None if a is None else values[a] for a in expr.args]
        if expr.op == "const":
            return np.asarray(expr.payload, expr.dtype)
        if expr.op == "size":
            return np.int64(size_of(expr.payload, bindings))
        if expr.op == "index":
            return np.broadcast_to(grid[expr.payload], shape)
        if expr.op == "load":
            operand, offset = expr.payload
            dynamic, guard = (*args, None, None)[:2]
            where = np.broadcast_to(place(offset) + (0 if dynamic is None else dynamic), shape)
            inside = np.broadcast_to(True if guard is None else guard, shape)
            out = np.zeros(shape, expr.dtype)
            out[inside] = arrays[operand][where[inside]]
            return out
        if expr.op == "reduce":
            return fold(expr.payload, np.broadcast_to(args[0], shape), expr.dtype)
        attrs = dict(expr.payload or ())
        return record_of(expr.op).evaluate(*args, **attrs)

    def fold(kind: str, x: np.ndarray, dtype: str) -> np.ndarray:
        kept = tuple(1 if k in reduced else s for k, s in enumerate(shape))
        if kind in ("argmax", "argmin"):
            flat = x.reshape(*(s for k, s in enumerate(shape) if k not in reduced), -1)
            return getattr(np, kind)(flat, -1).reshape(kept).astype(dtype)
        if kind in ("max", "min"):
            lowest = x.dtype.type(np.finfo(x.dtype).min if x.dtype.kind == "f" else np.iinfo(x.dtype).min)
            highest = np.finfo(x.dtype).max if x.dtype.kind == "f" else np.iinfo(x.dtype).max
            edge = {
                "max": -np.inf if x.dtype.kind == "f" else lowest,
                "min": np.inf if x.dtype.kind == "f" else highest,
            }
            return getattr(np, kind)(x, axis=reduced, keepdims=True, initial=edge[kind])
        if kind in ("any", "all"):
            return getattr(np, kind)(x, axis=reduced, keepdims=True)
        if x.dtype.kind == "f":
            return getattr(np, kind)(x.astype("f8"), axis=reduced, keepdims=True).astype(x.dtype)
        return getattr(np, kind)(x, axis=reduced, keepdims=True, dtype=x.dtype)

    with np.errstate(all="ignore"):
        for expr in postorder((*(c.expr for c in nest.checks), *(s.expr for s in nest.stores))):
            values[expr] = value(expr)
    for check in nest.checks:
        if not np.all(np.broadcast_to(values[check.expr], shape)):
            return check.status
    for store in nest.stores:
        where = place(store.offset)
        arrays[store.operand][where.ravel()] = np.broadcast_to(values[store.expr], shape).ravel()
    return 0


class Runner:
    """A compiled nest."""

    def __init__(self, nest: Nest, target: Any = None) -> None:
        self.nest = nest
        self.text: KernelText = compile_nest(nest, "kernel", target or host_target())
        self._native = Native(self.text.ir)
        p, n = ctypes.c_void_p, ctypes.c_int64
        self._call = self._native.function("kernel", p, n, n, result=ctypes.c_int32)

    def words(self, pointers: Sequence[int], bindings: Bindings) -> np.ndarray:
        sizes = [size_of(d, bindings) for d in self.text.sizes]
        return np.array([*pointers, *sizes], np.int64)

    def raw(self, words: np.ndarray, begin: int, end: int) -> int:
        status: int = self._call(words.ctypes.data, begin, end)
        return status

    def run(self, arrays: Sequence[np.ndarray], bindings: Bindings, parts: int = 1) -> int:
        """Run on copies between canaries, at odd addresses; the arrays get the results."""
        held, pointers = [], []
        for k, a in enumerate(arrays):
            block = np.full(a.nbytes + 2 * GUARD + 64, 0xAB, np.uint8)
            start = GUARD + (k * a.itemsize) % 32
            start += -(block.ctypes.data + start) % a.itemsize
            block[start : start + a.nbytes] = a.view(np.uint8)
            held.append((block, start))
            pointers.append(block.ctypes.data + start)
        words = self.words(pointers, bindings)
        extent = size_of(self.text.extent, bindings)
        edges = [extent * k // parts for k in range(parts + 1)]
        status = 0
        for begin, end in reversed(list(pairwise(edges))):
            status = self.raw(words, begin, end) or status
        for a, (block, start) in zip(arrays, held, strict=True):
            a.view(np.uint8)[...] = block[start : start + a.nbytes]
            assert (block[:start] == 0xAB).all(), "written before the buffer"
            assert (block[start + a.nbytes :] == 0xAB).all(), "written behind the buffer"
        return status
