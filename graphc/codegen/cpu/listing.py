"""Kernels as people read them: loops in Python, LLVM, assembly."""

from __future__ import annotations

from graphc.codegen.cpu.kernel import KernelText
from graphc.codegen.cpu.target import HostTarget, host_target
from graphc.loops.spec import Contraction, Convolution, KernelSpec, MultiNest, Nest, SourceKernel


def kernel_listing(spec: KernelSpec) -> dict[str, str]:
    """Texts of a kernel by their kind; those that a kernel does not have are left out.

    Returns
    -------
    dict of str to str
        ``"loops"`` (or ``"source"``), ``"LLVM"`` and ``"assembly"``.
    """
    if isinstance(spec, SourceKernel):
        return {"source": spec.source}
    inner = spec.nest if isinstance(spec, MultiNest) else spec
    if not isinstance(inner, Nest | Contraction | Convolution):
        return {}
    target = host_target()
    text = _compiled(inner, target).ir
    return {"loops": _loops(inner), "LLVM": text, "assembly": _assembly(text, target)}


def _compiled(spec: Nest | Contraction | Convolution, target: HostTarget) -> KernelText:
    if isinstance(spec, Nest):
        from graphc.codegen.cpu.nest import compile_nest

        return compile_nest(spec, "kernel", target)
    if isinstance(spec, Contraction):
        from graphc.codegen.cpu.gemm.kernel import compile_contraction

        return compile_contraction(spec, "kernel", target)
    from graphc.codegen.cpu.conv.kernel import compile_convolution

    return compile_convolution(spec, "kernel", target)


def _loops(spec: Nest | Contraction | Convolution) -> str:
    from graphc.codegen.source.printer import print_contraction, print_convolution, print_nest

    if isinstance(spec, Nest):
        return print_nest(spec, "kernel")
    return print_contraction(spec, "kernel") if isinstance(spec, Contraction) else print_convolution(spec, "kernel")


def _assembly(text: str, target: HostTarget) -> str:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(text)
    machine = llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=target.cpu, features=target.features, opt=2
    )
    return str(machine.emit_assembly(module))
