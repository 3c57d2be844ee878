"""Run one kernel text on NumPy arrays, between guard bytes."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from graphc.codegen.cpu.driver import EMIT_LEVEL, optimize
from graphc.codegen.cpu.kernel import KernelText
from graphc.codegen.cpu.target import HostTarget, host_target
from graphc.ir.dims import Dim, substitute

_GUARD = 256
_CANARY = 0xA5


def avx2_target() -> HostTarget:
    """The host without AVX-512, as a processor of 2013 that has AVX2 and FMA."""
    host = host_target()
    kept = [name for name in host.features.split(",") if not name.lstrip("+-").startswith("avx512")]
    kept = [name for name in kept if name.lstrip("+-") not in ("gfni", "vaes", "vpclmulqdq")]
    return replace(host, cpu="haswell", features=",".join(kept))


def generic_target() -> HostTarget:
    """The least that every processor of the host's kind can do."""
    return replace(host_target(), cpu="x86-64", features="")


class Guarded:
    """A copy of an array with known bytes before and after it."""

    def __init__(self, array: Any) -> None:
        array = np.ascontiguousarray(array)
        self._bytes = np.full(array.nbytes + 2 * _GUARD, _CANARY, np.uint8)
        self.array = self._bytes[_GUARD : _GUARD + array.nbytes].view(array.dtype).reshape(array.shape)
        self.array[...] = array

    def intact(self) -> bool:
        """Whether the bytes around the array are as they were."""
        edges = (self._bytes[:_GUARD], self._bytes[_GUARD + self.array.nbytes :])
        return all((edge == _CANARY).all() for edge in edges)


class CompiledKernel:
    """Machine code of one kernel text.

    Parameters
    ----------
    kernel : KernelText
    target : HostTarget, optional
        The host if None.
    """

    def __init__(self, kernel: KernelText, target: HostTarget | None = None) -> None:
        import llvmlite.binding as llvm

        self.kernel = kernel
        host = target or host_target()
        module = llvm.parse_assembly(kernel.ir, llvm.create_context())
        module.verify()
        optimize(llvm, module, host)
        self._engine = llvm.create_mcjit_compiler(module, host.machine(EMIT_LEVEL))
        self._engine.finalize_object()
        self.address: int = self._engine.get_function_address(kernel.name)
        self._call = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(self.address)

    def words(self, pointers: Sequence[int], bindings: Mapping[str, int], external: Sequence[int] = ()) -> Any:
        """The array behind ``args``."""
        return np.array([*pointers, *(_integer(d, bindings) for d in self.kernel.sizes), *external], np.int64)

    def extent(self, bindings: Mapping[str, int]) -> int:
        """Size of the kernel's range."""
        return _integer(self.kernel.extent, bindings)

    def call(self, words: Any, begin: int, end: int) -> int:
        """Do a part of the range on prepared words; gives the status."""
        return int(self._call(words.ctypes.data, begin, end))

    def run(self, arrays: Sequence[Any], bindings: Mapping[str, int], *, parts: int = 1) -> list[Any]:
        """Run on copies of arrays, in some parts, last part first; gives the copies.

        Raises
        ------
        AssertionError
            If the kernel fails or writes outside its operands.
        """
        guarded = [Guarded(array) for array in arrays]
        words = self.words([g.array.ctypes.data for g in guarded], bindings)
        extent = self.extent(bindings)
        edges = [extent * part // parts for part in range(parts + 1)]
        for begin, end in reversed(list(pairwise(edges))):
            status = self.call(words, begin, end)
            assert status == 0, f"{self.kernel.name} returned {status}"
        for position, g in enumerate(guarded):
            assert g.intact(), f"{self.kernel.name} wrote outside operand {position}"
        return [g.array for g in guarded]


def _integer(dim: Dim, bindings: Mapping[str, int]) -> int:
    value = substitute(dim, dict(bindings))
    assert isinstance(value, int), f"no value for {dim}"
    return value
