"""Kernels without native code: a call back into Python, which runs the NumPy reference on views of the buffers."""

from __future__ import annotations

from graphc.codegen.cpu.kernel import KernelText
from graphc.ir.dims import Dim

# The function ``i32 (i64 number, ptr args)`` that host kernels call.
HOST_CALLBACK = "graphc_host_callback"


def host_kernel(name: str, number: int, operands: int, symbols: tuple[Dim, ...]) -> KernelText:
    """The kernel that calls back with its number and its argument words: operand pointers, then symbol values."""
    slot = operands + len(symbols)
    text = f"""define i32 @{name}(ptr %args, i64 %begin, i64 %end) {{
  %slot = getelementptr i64, ptr %args, i64 {slot}
  %address = load i64, ptr %slot, align 8
  %function = inttoptr i64 %address to ptr
  %status = call i32 %function(i64 {number}, ptr %args)
  ret i32 %status
}}
"""
    return KernelText(name, text, symbols, 1, (HOST_CALLBACK,))
