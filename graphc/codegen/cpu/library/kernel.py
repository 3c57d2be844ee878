"""Operations of linear algebra as kernels."""

from __future__ import annotations

from graphc.codegen.cpu.irtext import Module
from graphc.codegen.cpu.irvalue import constant
from graphc.codegen.cpu.kernel import KernelText
from graphc.codegen.cpu.library import solving, spectral
from graphc.codegen.cpu.library.writer import LibraryWriter
from graphc.loops.spec import LibraryKernel

WRITERS = {**solving.WRITERS, **spectral.WRITERS}
#: Operations that several threads can do for several matrices: the others keep workspaces.
WITHOUT_WORKSPACE = frozenset(
    [
        "triangular_solve", "cholesky", "cholesky_solve", "cholesky_inverse", "cholesky_logdet", "lu_solve", "lu_det",
        "lu_slogdet",
    ]
)  # fmt: skip


def compile_library(spec: LibraryKernel, name: str) -> KernelText:
    """Write the kernel of an operation that LAPACK does.

    Parameters
    ----------
    spec : LibraryKernel
    name : str
        Symbol of the kernel.

    Returns
    -------
    KernelText
        Its range is over the matrices, unless they share a workspace.
    """
    module = Module()
    arguments = {"args": "ptr", "begin": "int64", "end": "int64"}
    with module.function(name, arguments, "int32", noalias=False) as f:
        w = LibraryWriter(module, f, spec.operands[0].dtype, len(spec.operands), len(spec.sizes), spec.flags)
        shared = spec.name in WITHOUT_WORKSPACE
        first, last = f.args[1:] if shared else (constant(0, "int64"), w.sizes[0])
        with f.loop(first, last) as number:
            w.number = number
            WRITERS[spec.name](w)
        f.ret(constant(0, "int32"))
    return KernelText(name, module.text(), spec.sizes, spec.sizes[0] if shared else 1, tuple(w.external))
