"""Run a nest with the reference, and its kernel on guarded buffers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from graphc.codegen.cpu.nest import compile_nest
from graphc.codegen.cpu.target import HostTarget, host_target
from graphc.loops.reference import KernelFailed, run_call
from graphc.loops.spec import KernelCall, Nest
from graphc.testing.kernels import CompiledKernel, Guarded

Bindings = Mapping[str, int]


class Scalars(HostTarget):
    """The host, with kernels of single elements."""

    @property
    def vector_bits(self) -> int:
        return 32


def scalar_target() -> Scalars:
    host = host_target()
    return Scalars(host.triple, host.cpu, host.features)


def reference(nest: Nest, arrays: Sequence[np.ndarray], bindings: Bindings) -> int:
    """Do what the nest says with flat arrays, in place; the status."""
    try:
        run_call(KernelCall(nest, (), "nest"), arrays, bindings)
    except KernelFailed as failure:
        return int(failure.args[0])
    return 0


class Runner:
    """A compiled nest."""

    def __init__(self, nest: Nest, target: HostTarget | None = None) -> None:
        self.kernel = CompiledKernel(compile_nest(nest, "kernel", target or host_target()), target)
        self.text = self.kernel.kernel

    def raw(self, pointers: Sequence[int], bindings: Bindings, begin: int, end: int) -> int:
        """Run on addresses."""
        return self.kernel.call(self.kernel.words(pointers, bindings), begin, end)

    def run(self, arrays: Sequence[np.ndarray[Any, Any]], bindings: Bindings, parts: int = 1) -> int:
        """Run in parts, the last first, on copies between canaries; the arrays get the results; the status."""
        held = [Guarded(a) for a in arrays]
        pointers, extent = [g.array.ctypes.data for g in held], self.kernel.extent(bindings)
        status = 0
        for begin, end in reversed(list(pairwise(extent * k // parts for k in range(parts + 1)))):
            status = self.raw(pointers, bindings, begin, end) or status
        for a, g in zip(arrays, held, strict=True):
            a[...] = g.array
            assert g.intact(), "written outside of a buffer"
        return status
