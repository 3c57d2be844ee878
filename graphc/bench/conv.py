"""GFLOP/s of convolutions and their gradients on one thread: ``python -m graphc.bench.conv [docs/kernels-conv.md]``."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphc.bench.gemm import best_time, fill_in
from graphc.codegen.cpu.conv.kernel import compile_convolution
from graphc.codegen.cpu.target import HostTarget, host_target
from graphc.ir.dims import row_major_strides
from graphc.loops.expr import Affine, Expr
from graphc.loops.spec import Convolution, Operand, Store
from graphc.testing.kernels import CompiledKernel

Ints = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """x [n, *spatial, c], w [*window, c, o], strides and symmetric padding."""

    x: Ints
    w: Ints
    stride: int
    padding: int

    @property
    def y(self) -> Ints:
        """Shape of the result."""
        image = ((n + 2 * self.padding - k) // self.stride + 1 for n, k in zip(self.x[1:-1], self.w[:-2], strict=True))
        return (self.x[0], *image, self.w[-1])


CASES = [
    Case((2, 56, 56, 64), (3, 3, 64, 64), 1, 1),
    Case((2, 56, 56, 64), (1, 1, 64, 256), 1, 0),
    Case((2, 28, 28, 128), (3, 3, 128, 128), 2, 1),
    Case((2, 7, 7, 512), (3, 3, 512, 512), 1, 1),
    Case((1, 224, 224, 3), (7, 7, 3, 64), 2, 3),
    Case((32, 28, 28, 1), (5, 5, 1, 6), 1, 2),
    Case((32, 14, 14, 6), (5, 5, 6, 16), 1, 0),
    Case((2, 1000, 64), (5, 64, 64), 1, 2),
]


def specs(case: Case) -> list[tuple[str, Convolution, tuple[Ints, Ints, Ints]]]:
    """The convolution and its gradients as the scheduler states them, with the shapes of their operands."""
    axes = len(case.x) - 2
    of_x, of_w, of_y = (row_major_strides(shape) for shape in (case.x, case.w, case.y))
    ones, strides = (1,) * axes, (case.stride,) * axes
    total = Expr("accumulator", (), "float32")
    operands = tuple(Operand("float32", access) for access in ("in", "in", "out"))

    def stores(coefficients: Any) -> tuple[Store, ...]:
        return (Store(2, Affine(0, tuple(coefficients)), total, False),)

    forward = Convolution(
        case.x[0], case.x[-1], case.w[-1], case.x[1:-1], case.w[:-2], case.y[1:-1], strides, ones, ones,
        (case.padding,) * axes, 1, 1, Affine(0, of_x), Affine(0, of_w), operands, stores(of_y), "float32",
    )  # fmt: skip
    last = sum((k - 1) * s for k, s in zip(case.w[:-2], of_w, strict=False))
    images = replace(
        forward, channels=case.w[-1], features=case.x[-1], image=case.y[1:-1], output=case.x[1:-1], strides=ones,
        image_dilation=strides, low=tuple(k - 1 - case.padding for k in case.w[:-2]), left=Affine(0, of_y),
        right=Affine(last, (*(-s for s in of_w[:-2]), of_w[-1], of_w[-2])), stores=stores(of_x),
    )  # fmt: skip
    window = replace(
        forward, batch=case.x[-1], channels=case.x[0], window=case.y[1:-1], output=case.w[:-2], strides=ones,
        window_dilation=strides, left=Affine(0, (of_x[-1], *of_x[1:-1], of_x[0])),
        right=Affine(0, (*of_y[1:-1], of_y[0], of_y[-1])), stores=stores((of_w[-2], *of_w[:-2], of_w[-1])),
    )  # fmt: skip
    return [
        ("forward", forward, (case.x, case.w, case.y)),
        ("gradient of x", images, (case.y, case.w, case.x)),
        ("gradient of w", window, (case.x, case.y, case.w)),
    ]


def table(target: HostTarget) -> str:
    """The results as a Markdown table."""
    lines = ["| x | w | stride | | GFLOP/s | ms | compile, ms |", "|---|---|---|---|---|---|---|"]
    for case in CASES:
        flops = 2.0 * np.prod(case.y) * np.prod(case.w[:-1])
        for label, spec, shapes in specs(case):
            start = time.thread_time()
            kernel = CompiledKernel(compile_convolution(spec, "kernel", target), target)
            milliseconds = (time.thread_time() - start) * 1e3
            arrays = [np.random.default_rng(0).standard_normal(shape, np.float32) for shape in shapes]
            words, end = kernel.words([a.ctypes.data for a in arrays], {}), kernel.extent({})

            def run(times: int, kernel: Any = kernel, words: Any = words, end: int = end) -> None:
                for _ in range(times):
                    kernel.call(words, 0, end)

            seconds = best_time(run, flops)
            x, w = ("x".join(map(str, shape)) for shape in (case.x, case.w))
            lines.append(
                f"| {x} | {w} | {case.stride} | {label} | {flops / seconds * 1e-9:.1f} | {seconds * 1e3:.2f} | "
                f"{milliseconds:.0f} |"
            )
            print(lines[-1], flush=True)
    return "\n".join(lines)


if __name__ == "__main__":
    results = table(host_target())
    if len(sys.argv) > 1:
        fill_in(sys.argv[1], results)
