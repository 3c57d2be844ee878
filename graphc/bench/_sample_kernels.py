"""Kernels of the size and style that templates emit, as text IR, for measuring the compile path."""

from __future__ import annotations

import struct

__all__ = ["chain_kernel", "polynomial_kernel"]

_LANES, _UNROLL = 16, 4


def _loop(name: str, inputs: int, body: list[str]) -> str:
    """An elementwise kernel over ``begin <= i < end``, vectors of 16 floats four at a time; no tail."""
    lines = [f"define i32 @{name}(ptr %args, i64 %begin, i64 %end) noinline nounwind {{", "entry:"]
    for slot in range(inputs + 1):
        lines += [f"  %q{slot} = getelementptr i64, ptr %args, i64 {slot}", f"  %p{slot} = load ptr, ptr %q{slot}"]
    lines += ["  br label %loop", "loop:", "  %i = phi i64 [ %begin, %entry ], [ %next, %loop ]"]
    for copy in range(_UNROLL):
        lines.append(f"  %j{copy} = add i64 %i, {copy * _LANES}")
        for slot in range(inputs + 1):
            lines.append(f"  %e{slot}.{copy} = getelementptr float, ptr %p{slot}, i64 %j{copy}")
            if slot < inputs:
                lines.append(f"  %x{slot}.{copy} = load <16 x float>, ptr %e{slot}.{copy}, align 4")
        lines += [line.replace("$", f".{copy}") for line in body]
        lines.append(f"  store <16 x float> %y.{copy}, ptr %e{inputs}.{copy}, align 4")
    lines += [f"  %next = add nuw nsw i64 %i, {_LANES * _UNROLL}", "  %more = icmp slt i64 %next, %end"]
    return "\n".join([*lines, "  br i1 %more, label %loop, label %exit", "exit:", "  ret i32 0", "}", ""])


def _literal(value: float) -> str:
    (rounded,) = struct.unpack("<f", struct.pack("<f", value))
    (bits,) = struct.unpack("<Q", struct.pack("<d", rounded))  # LLVM writes floats as the bits of a double
    return f"splat (float 0x{bits:016X})"


def chain_kernel(name: str, constant: float) -> str:
    """``y = a * b + constant``."""
    return _loop(name, 2, [
        "  %m$ = fmul contract <16 x float> %x0$, %x1$",
        f"  %y$ = fadd contract <16 x float> %m$, {_literal(constant)}",
    ])  # fmt: skip


def polynomial_kernel(name: str, degree: int) -> str:
    """A polynomial with exactly representable coefficients: the work of one transcendental function."""
    body = [f"  %h0$ = fmul contract <16 x float> %x0$, {_literal(0.5)}"]
    for k in range(1, degree + 1):
        target = "%y$" if k == degree else f"%h{k}$"
        body.append(
            f"  {target} = call <16 x float> @llvm.fma.v16f32(<16 x float> %h{k - 1}$, <16 x float> %x0$, "
            f"<16 x float> {_literal(1.0 / 2**k)})"
        )
    return "declare <16 x float> @llvm.fma.v16f32(<16 x float>, <16 x float>, <16 x float>)\n" + _loop(name, 1, body)
