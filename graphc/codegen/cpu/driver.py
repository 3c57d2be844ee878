"""Link kernels, segments, source kernels and the driver of a step into one object."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphc.codegen.cpu.numba_ir import driver_ir, source_kernel_ir
from graphc.codegen.cpu.target import HostTarget, host_target

__all__ = ["ENTRY", "CodegenError", "ObjectCode", "link"]

#: Symbol of the C entry ``i32 (i64 table, i64 dims)`` of every linked object.
ENTRY = "graphc_step"

# Level of LLVM's instruction selection and scheduling. Measured by `python -m graphc.bench.compile_path`.
EMIT_LEVEL = 2


class CodegenError(Exception):
    """Generated code that LLVM refuses: a fault of graphc, with the text that shows it."""


@dataclass(frozen=True)
class ObjectCode:
    """A relocatable object and how to enter it.

    Attributes
    ----------
    data : bytes
        The object file.
    entry : str
        Symbol of ``i32 (i64 table, i64 dims)``.
    seconds : dict of str to float
        Seconds spent in ``numba`` (driver and source kernels to IR), ``link`` (parse, link, verify), ``optimize`` and
        ``emit``.
    """

    data: bytes
    entry: str
    seconds: dict[str, float] = field(compare=False)


def link(
    kernels_ir: Sequence[str],
    segments_ir: Sequence[str],
    source_kernels: Sequence[tuple[str, str]],
    driver_source: str | None,
    segment_names: Sequence[str],
    target: HostTarget | None = None,
) -> ObjectCode:
    """Compile and link one step.

    Parameters
    ----------
    kernels_ir : sequence of str
        LLVM text of the regular kernels, each ``define i32 @name(ptr %args, i64 %begin, i64 %end)`` with external
        linkage (linking makes it internal), explicit vectors and no reliance on LLVM's vectorisers.
    segments_ir : sequence of str
        LLVM text of the segments (see `segment_ir`).
    source_kernels : sequence of (str, str)
        Name and Python source of each irregular kernel (see `source_kernel_ir`).
    driver_source : str or None
        Python source of ``def step(tab, dims)`` (see `driver_ir`). None for a step without control flow: its one
        segment is named `ENTRY` and is the entry itself, and Numba, whose import takes longer than everything else
        here, is only used for source kernels.
    segment_names : sequence of str
        Segments that the driver calls.
    target : HostTarget, optional
        Machine to generate for; the host if None.

    Returns
    -------
    ObjectCode

    Raises
    ------
    CodegenError
        If LLVM refuses a text.
    SourceError
        If Numba refuses a source.
    """
    import llvmlite.binding as llvm

    host = target or host_target()
    marks = [time.perf_counter()]
    texts: list[tuple[str, str]] = []
    if driver_source is not None:
        texts.append(("driver", driver_ir(driver_source, tuple(segment_names), ENTRY)))
    texts += [(name, source_kernel_ir(name, source)) for name, source in source_kernels]
    marks.append(time.perf_counter())
    texts += [(f"segment {i}", text) for i, text in enumerate(segments_ir)]
    texts += [(f"kernel {i}", text) for i, text in enumerate(kernels_ir)]
    with _linked_module(llvm, texts) as module:
        marks.append(time.perf_counter())
        optimize(llvm, module, host)
        marks.append(time.perf_counter())
        data = host.machine(EMIT_LEVEL).emit_object(module)
    marks.append(time.perf_counter())
    names = ("numba", "link", "optimize", "emit")
    return ObjectCode(data, ENTRY, {name: marks[i + 1] - marks[i] for i, name in enumerate(names)})


@contextlib.contextmanager
def _linked_module(llvm: Any, texts: Iterable[tuple[str, str]]) -> Iterator[Any]:
    """Parse and link all texts in a context of their own, so that nothing outlives the module.

    Everything but the entry becomes internal: LLVM may then drop and specialise it, and no symbol can clash with one
    of the process.
    """
    context = llvm.create_context()
    modules: list[Any] = []
    try:
        for label, text in texts:
            try:
                modules.append(llvm.parse_assembly(text, context))
                if len(modules) > 1:
                    modules[0].link_in(modules[-1])
            except RuntimeError as error:
                raise CodegenError(f"LLVM refused {label}: {error}\n{text}") from error
        linked = modules[0]
        for item in [*linked.functions, *linked.global_variables]:
            if not item.is_declaration and item.name != ENTRY:
                item.linkage = "internal"
        try:
            linked.verify()
        except RuntimeError as error:
            raise CodegenError(f"the linked module is malformed: {error}") from error
        yield linked
    finally:
        # In this order: a module that the garbage collector meets after its context brings the process down.
        for module in modules:
            module.close()
        context.close()


def optimize(llvm: Any, module: Any, host: HostTarget) -> None:
    """Run the few passes that templates rely on: helpers marked alwaysinline, stack slots to registers, dead functions.

    LLVM's standard pipelines cost 1.9 (O1) to 2.5 ms (O3) per kernel against 2.5 for making the machine code, and gain
    nothing on kernels that state their vectors; Numba has already optimised what came from it.
    """
    from llvmlite.binding.newpassmanagers import NewPassManager

    options = llvm.create_pipeline_tuning_options(speed_level=1)
    builder = llvm.create_pass_builder(host.machine(EMIT_LEVEL), options)
    manager = llvm.create_new_module_pass_manager()
    manager.add_always_inliner_pass()
    manager.add_sroa_pass()
    manager.add_global_dead_code_eliminate_pass()
    manager.run(module, builder)
    # llvmlite's class order hides the manager's own disposal, which would keep its passes: 5 to 60 KB for each run.
    NewPassManager._dispose(manager)
    manager.detach()
