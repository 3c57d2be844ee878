"""Pairwise summation of block sums: the error of a long sum grows with the logarithm of the number of blocks.

Block sums arrive one after another. Slot j of a stack holds the sum of 2**j consecutive blocks; block number k is added
to the slots 0 .. t - 1, t the trailing ones of k, and the result goes to slot t, as a binary counter carries. At the
end the slots of the set bits of the count are added, the lowest first. (The cascade of N. J. Higham, "The accuracy of
floating point summation", SIAM J. Sci. Comput. 14, 1993.)
"""

from __future__ import annotations

from collections.abc import Callable

from graphc.codegen.cpu.irtext import Function
from graphc.codegen.cpu.irvalue import Value, constant, llvm_type, size_of
from graphc.codegen.cpu.nest.kernel import Kernel

LEVELS = 48
"""Slots of a stack: enough for 2**48 blocks."""


class BlockTree:
    """The stack of one reduction.

    Parameters
    ----------
    kernel
        The kernel.
    name
        Name of the stack's memory; one per running reduction.
    dtype, lanes
        Of a block sum.
    """

    def __init__(self, kernel: Kernel, name: str, dtype: str, lanes: int) -> None:
        self.kernel, self.dtype, self.lanes = kernel, dtype, lanes
        self.stack = kernel.slot(name, LEVELS * size_of(dtype) * lanes)
        # Vectors go through memory: a vector argument would tie the helper to one calling convention.
        self._block = kernel.slot(f"block_{dtype}_{lanes}", size_of(dtype) * lanes)

    def push(self, number: Value, block: Value) -> None:
        """Add the sum of block `number`."""
        self.kernel.f.store(block, self._block)
        self._call(_write_push, "push", number)

    def total(self, count: Value) -> Value:
        """The sum of all `count` blocks (at least one)."""
        self._call(_write_total, "total", count)
        return self.kernel.f.load(self._block, self.dtype, self.lanes)

    def _call(self, write: Callable[[Function, str, int], None], action: str, number: Value) -> None:
        module, name = self.kernel.f.module, f"pairwise_{action}_{self.dtype}_{self.lanes}"
        if not module.defines(name):
            arguments = {"stack": "ptr", "number": "int64", "block": "ptr"}
            with module.function(name, arguments, shared=True, noinline=True) as f:
                write(f, self.dtype, self.lanes)
        self.kernel.f.call(name, [self.stack, number, self._block])


def _trailing_zeros(f: Function, value: Value) -> Value:
    f.module.declare("llvm.cttz.i64", "i64", ["i64", "i1"])
    return f.emit(f"call i64 @llvm.cttz.i64({value!r}, i1 false)", "int64")


def _slot(f: Function, level: Value, dtype: str, lanes: int) -> Value:
    return f.emit(f"getelementptr {llvm_type(dtype, lanes)}, {f.args[0]!r}, {level!r}", "ptr")


def _write_push(f: Function, dtype: str, lanes: int) -> None:
    _, number, block = f.args
    level = _trailing_zeros(f, f.binary("xor", number, constant(-1, "int64")))
    with f.loop_carried(0, level, 1, [f.load(block, dtype, lanes)]) as loop:
        lower = f.load(_slot(f, loop.index, dtype, lanes), dtype, lanes)
        loop.update(f.binary("add", lower, loop.values[0]))
    f.store(loop.values[0], _slot(f, level, dtype, lanes))


def _write_total(f: Function, dtype: str, lanes: int) -> None:
    _, count, out = f.args

    def without_lowest(bits: Value) -> Value:
        return f.binary("and", bits, f.binary("sub", bits, constant(1, "int64")))

    first = f.load(_slot(f, _trailing_zeros(f, count), dtype, lanes), dtype, lanes)
    f.module.declare("llvm.ctpop.i64", "i64", ["i64"])
    slots = f.emit(f"call i64 @llvm.ctpop.i64({count!r})", "int64")
    with f.loop_carried(1, slots, 1, [without_lowest(count), first]) as loop:
        bits, total = loop.values
        slot = f.load(_slot(f, _trailing_zeros(f, bits), dtype, lanes), dtype, lanes)
        loop.update(without_lowest(bits), f.binary("add", slot, total))
    f.store(loop.values[1], out)
