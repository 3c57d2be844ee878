"""What a CPU template hands to the assembler: the text of one kernel and how to call it."""

from __future__ import annotations

from dataclasses import dataclass

from graphc.ir.dims import Dim


@dataclass(frozen=True, slots=True)
class KernelText:
    """One kernel, ``i32 @name(ptr %args, i64 %begin, i64 %end)``, in LLVM text.

    ``args`` points to 64-bit words: first a pointer for every operand of the spec, in order; then the values of
    `sizes`; then the addresses of `external`. The kernel does the part ``begin <= i < end`` of a range of `extent`
    indices; parts may run in any order and on several threads at once. It returns 0, or the status of the check that
    failed.

    Attributes
    ----------
    name : str
    ir : str
        A complete LLVM module in text form. Helper functions in it are ``linkonce_odr`` (shared by name with other
        kernels of the program) or ``internal``.
    sizes : tuple of Dim
        Dimensions that are known only at run time and that the kernel reads, after the operand pointers.
    extent : Dim
        Size of the range that ``begin`` and ``end`` divide.
    external : tuple of str
        Functions outside the program whose addresses follow the sizes.
    work : Dim
        Arithmetic operations of the whole range, for reports and for deciding whether to split it.
    """

    name: str
    ir: str
    sizes: tuple[Dim, ...]
    extent: Dim
    external: tuple[str, ...] = ()
    work: Dim = 0
