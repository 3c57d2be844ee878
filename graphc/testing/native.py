"""Run LLVM IR text in this process: for tests and micro-benchmarks of single kernels."""

from __future__ import annotations

import ctypes
from typing import Any


class Native:
    """Machine code compiled from IR text for the host CPU.

    Examples
    --------
    >>> code = Native("define i64 @twice(i64 %x) { %y = add i64 %x, %x ret i64 %y }")
    >>> code.function("twice", ctypes.c_int64, result=ctypes.c_int64)(21)
    42
    """

    def __init__(self, text: str, *, optimise: bool = True) -> None:
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        features = llvm.get_host_cpu_features().flatten() + ",-prefer-256-bit"
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=features, opt=3, jit=True
        )
        module = llvm.parse_assembly(text)
        module.verify()
        if optimise:
            options = llvm.create_pipeline_tuning_options(3)
            options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = False
            llvm.create_pass_builder(machine, options).getModulePassManager().run(
                module, llvm.create_pass_builder(machine, options)
            )
        self.assembly = machine.emit_assembly(module)
        self._engine = llvm.create_mcjit_compiler(module, machine)
        self._engine.finalize_object()

    def function(self, name: str, *arguments: Any, result: Any = None) -> Any:
        """The function `name` as a ctypes callable, which keeps this object alive."""
        callable_: Any = ctypes.CFUNCTYPE(result, *arguments)(self._engine.get_function_address(name))
        callable_.owner = self
        return callable_
