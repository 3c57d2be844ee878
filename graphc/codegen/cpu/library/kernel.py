"""Operations of linear algebra as kernels."""

from __future__ import annotations

from graphc.codegen.cpu.irtext import Module
from graphc.codegen.cpu.irvalue import constant
from graphc.codegen.cpu.kernel import KernelText
from graphc.codegen.cpu.library import solving, spectral
from graphc.codegen.cpu.library.writer import LibraryWriter
from graphc.loops.spec import LibraryKernel

WRITERS = {**solving.WRITERS, **spectral.WRITERS}


def compile_library(spec: LibraryKernel, name: str) -> KernelText:
    """Write the kernel of an operation that LAPACK does: one matrix after the other, in the order of the batch.

    Parameters
    ----------
    spec : LibraryKernel
    name : str
        Symbol of the kernel.

    Returns
    -------
    KernelText
        Its range is one index: workspaces are for one thread.
    """
    module = Module()
    arguments = {"args": "ptr", "begin": "int64", "end": "int64"}
    with module.function(name, arguments, "int32", noalias=False) as f:
        w = LibraryWriter(module, f, spec.operands[0].dtype, len(spec.operands), len(spec.sizes), spec.flags)
        with f.loop(0, w.sizes[0]) as number:
            w.number = number
            WRITERS[spec.name](w)
        f.ret(constant(0, "int32"))
    return KernelText(name, module.text(), spec.sizes, 1, tuple(w.external))
