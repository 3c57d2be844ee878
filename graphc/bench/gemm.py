"""GFLOP/s of matrix products against OpenBLAS on one thread: ``python -m graphc.bench.gemm [docs/kernels-gemm.md]``."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from graphc.codegen.cpu.gemm.kernel import compile_contraction
from graphc.codegen.cpu.target import HostTarget, host_target
from graphc.ir.dims import Dim, symbol
from graphc.loops.expr import Affine, Expr, load
from graphc.loops.spec import Contraction, Operand, Store
from graphc.testing.kernels import CompiledKernel
from graphc.testing.native import Native


@dataclass(frozen=True)
class Case:
    """One product: sizes (the batch is symbolic for the kernel), which operands are transposed, and its epilogue."""

    label: str
    rows: int
    depth: int
    columns: int
    left: str = "n"
    right: str = "n"
    epilogue: str = "store"
    batch: str = "rows"


def _mlp(name: str, batch: int, sizes: tuple[int, ...]) -> list[Case]:
    cases = []
    pairs = list(pairwise(sizes))
    for inputs, outputs in pairs:
        cases.append(Case(f"{name} forward", batch, inputs, outputs, epilogue="bias, relu"))
    for inputs, outputs in pairs[1:]:
        cases.append(Case(f"{name} data gradient", batch, outputs, inputs, right="t", epilogue="mask"))
    for inputs, outputs in pairs:
        cases.append(
            Case(f"{name} weight gradient", inputs, batch, outputs, left="t", epilogue="update", batch="depth")
        )
    return cases


CASES = [
    Case("matvec", 8, 8, 1, batch=""),
    Case("matvec", 256, 256, 1, batch=""),
    Case("vecmat", 1, 256, 256, batch=""),
    *(Case("square", n, n, n, batch="") for n in (8, 16, 32, 64, 128, 256, 512, 1024)),
    *_mlp("mlp_small", 32, (784, 128, 64, 10)),
    *_mlp("mlp_big", 512, (1024, 2048, 2048, 10)),
]


def contraction(case: Case, dtype: str = "float32") -> Contraction:
    """The spec of a case; operands are A, B, C, bias or mask."""
    sizes: dict[str, Dim] = {"rows": case.rows, "depth": case.depth, "columns": case.columns}
    if case.batch:
        sizes[case.batch] = symbol("n")
    rows, depth, columns = sizes["rows"], sizes["depth"], sizes["columns"]
    left = Affine(0, (1, 0, rows) if case.left == "t" else (depth, 0, 1))
    right = Affine(0, (0, depth, 1) if case.right == "t" else (0, 1, columns))
    total = Expr("accumulator", (), dtype)
    place = Affine(0, (columns, 1))
    zero = Expr("const", (), dtype, 0.0)
    value, access = total, "out"
    if case.epilogue == "bias, relu":
        biased = Expr("add", (total, load(3, Affine(0, (0, 1)), dtype)), dtype, ())
        value = Expr("maximum", (biased, zero), dtype, ())
    elif case.epilogue == "mask":
        positive = Expr("gt", (load(3, place, dtype), zero), "bool", ())
        value = Expr("select", (positive, total, zero), dtype, ())
    elif case.epilogue == "update":
        step = Expr("mul", (Expr("const", (), dtype, 0.01), total), dtype, ())
        value, access = Expr("sub", (load(2, place, dtype), step), dtype, ()), "inout"
    operands = (Operand(dtype, "in"), Operand(dtype, "in"), Operand(dtype, access), Operand(dtype, "in"))
    return Contraction((), rows, columns, depth, left, right, operands, (Store(2, place, value, False),), dtype)


_REPEAT = """
define void @kernel(ptr %f, ptr %args, i64 %end, i64 %times) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  call i32 %f(ptr %args, i64 0, i64 %end)
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %times
  br i1 %more, label %loop, label %done
done:
  ret void
}
define void @blas(ptr %f, ptr %w, i64 %times) {
entry:
  %p.ta = getelementptr i64, ptr %w, i64 0
  %p.tb = getelementptr i64, ptr %w, i64 1
  %p.m = getelementptr i64, ptr %w, i64 2
  %p.n = getelementptr i64, ptr %w, i64 3
  %p.k = getelementptr i64, ptr %w, i64 4
  %p.lda = getelementptr i64, ptr %w, i64 5
  %p.ldb = getelementptr i64, ptr %w, i64 6
  %p.a = getelementptr i64, ptr %w, i64 7
  %p.b = getelementptr i64, ptr %w, i64 8
  %p.c = getelementptr i64, ptr %w, i64 9
  %ta = load i32, ptr %p.ta
  %tb = load i32, ptr %p.tb
  %m = load i32, ptr %p.m
  %n = load i32, ptr %p.n
  %k = load i32, ptr %p.k
  %lda = load i32, ptr %p.lda
  %ldb = load i32, ptr %p.ldb
  %a = load ptr, ptr %p.a
  %b = load ptr, ptr %p.b
  %c = load ptr, ptr %p.c
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  call void %f(i32 101, i32 %ta, i32 %tb, i32 %m, i32 %n, i32 %k, float 1.0, ptr %a, i32 %lda, ptr %b, i32 %ldb, float 0.0, ptr %c, i32 %n)
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %times
  br i1 %more, label %loop, label %done
done:
  ret void
}
"""  # noqa: E501


def best_time(call: Callable[[int], None], flops: float) -> float:
    """Seconds of one call: the best of 50 rounds of about 1 ms, in time of the processor, not of the clock."""
    times = max(1, round(0.001 * 80e9 / flops))
    call(times)
    rounds = []
    for _ in range(50):
        start = time.thread_time()
        call(times)
        rounds.append((time.thread_time() - start) / times)
    return min(rounds)


def _openblas() -> Any:
    """``cblas_sgemm`` of the OpenBLAS that comes as a dependency, limited to one thread."""
    import scipy_openblas32

    library = ctypes.CDLL(f"{scipy_openblas32.get_lib_dir()}/libscipy_openblas.so")
    library.scipy_openblas_set_num_threads(1)
    return ctypes.cast(library.scipy_cblas_sgemm, ctypes.c_void_p).value


def measure(case: Case, repeat: Native, blas: int, target: HostTarget) -> tuple[float, float, float]:
    """GFLOP/s of the kernel (with its epilogue), of OpenBLAS (without), and milliseconds to compile the kernel."""
    start = time.thread_time()
    kernel = CompiledKernel(compile_contraction(contraction(case), "kernel", target), target)
    compile_time = time.thread_time() - start
    rng = np.random.default_rng(0)
    shapes = [(case.rows, case.depth), (case.depth, case.columns)]
    shapes = [s[::-1] if t == "t" else s for s, t in zip(shapes, (case.left, case.right), strict=True)]
    a, b = (rng.standard_normal(s, np.float32) for s in shapes)
    c, extra = (np.zeros((case.rows, case.columns), np.float32) for _ in range(2))
    n = {"rows": case.rows, "depth": case.depth, "": 0}[case.batch]
    words = kernel.words([x.ctypes.data for x in (a, b, c, extra)], {"n": n})
    end, flops = kernel.extent({"n": n}), 2.0 * case.rows * case.depth * case.columns
    run = repeat.function("kernel", *[ctypes.c_void_p] * 2, ctypes.c_int64, ctypes.c_int64)
    own = best_time(lambda times: run(kernel.address, words.ctypes.data, end, times), flops)
    flags = [112 if t == "t" else 111 for t in (case.left, case.right)]
    leading = [a.shape[1], b.shape[1]]
    sizes = [case.rows, case.columns, case.depth]
    table = np.array([*flags, *sizes, *leading, *(x.ctypes.data for x in (a, b, c))], np.int64)
    run_blas = repeat.function("blas", *[ctypes.c_void_p] * 2, ctypes.c_int64)
    other = best_time(lambda times: run_blas(blas, table.ctypes.data, times), flops)
    return flops / own * 1e-9, flops / other * 1e-9, compile_time * 1e3


def table(target: HostTarget) -> str:
    """The results as a Markdown table."""
    repeat, blas = Native(_REPEAT), _openblas()
    lines = [
        "| product | rows x depth x columns | epilogue | graphc, GFLOP/s | OpenBLAS, GFLOP/s | ratio | compile, ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for case in CASES:
        own, other, ms = measure(case, repeat, blas, target)
        size = f"{case.rows} x {case.depth} x {case.columns}"
        lines.append(
            f"| {case.label} | {size} | {case.epilogue} | {own:.1f} | {other:.1f} | {own / other:.2f} | {ms:.0f} |"
        )
        print(lines[-1], flush=True)
    return "\n".join(lines)


def fill_in(path: str, text: str) -> None:
    """Replace what lies between the two table marks of a document."""
    begin, end = "<!-- table -->\n", "<!-- end -->"
    with open(path) as file:
        before, _, rest = file.read().partition(begin)
    with open(path, "w") as file:
        file.write(before + begin + text + "\n" + end + rest.partition(end)[2])


if __name__ == "__main__":
    results = table(host_target())
    if len(sys.argv) > 1:
        fill_in(sys.argv[1], results)
