"""Run a nest with the reference, and its kernel on guarded buffers."""

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
from graphc.loops.reference import KernelFailed, run_call
from graphc.loops.spec import KernelCall, Nest
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
    try:
        run_call(KernelCall(nest, (), "nest"), arrays, bindings)
    except KernelFailed as failure:
        return int(failure.args[0])
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
