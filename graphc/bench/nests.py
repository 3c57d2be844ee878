"""Time single nest kernels against NumPy: ``python -m graphc.bench.nests``."""

from __future__ import annotations

import ctypes
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphc.codegen.cpu.driver import EMIT_LEVEL, optimize
from graphc.codegen.cpu.kernel import KernelText
from graphc.codegen.cpu.nest import compile_nest
from graphc.codegen.cpu.target import host_target
from graphc.ir.dims import Dim, substitute, symbol
from graphc.ir.dtypes import as_dtype
from graphc.loops.expr import Expr
from graphc.loops.spec import Nest
from graphc.testing.nests import const, index, ld, nest, op, red, size, st

n, m = symbol("n"), symbol("m")


@dataclass
class Case:
    """A kernel, its operands, and the same in NumPy."""

    name: str
    nest: Nest
    arrays: list[np.ndarray]
    sizes: dict[str, int]
    numpy: Callable[..., Any]
    elements: int


def median_us(call: Callable[[], Any], seconds: float = 0.3) -> float:
    """Median time of a call in microseconds."""
    call()
    times: list[float] = []
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop or len(times) < 5:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


def _softmax(x: Expr) -> tuple[Expr, Expr]:
    e = op("exp", op("sub", x, red("max", x)))
    total = red("sum", e)
    return op("div", e, total), total


def _numpy_softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True))


def copy(count: int) -> Case:
    """Copy of `count` float32."""
    x = np.ones(count, "f4")
    out = np.empty_like(x)
    made = nest("p", (n,), "float32 >float32", st(1, ld(0, 1), 1))
    return Case(f"copy {count}", made, [x, out], {"n": count}, lambda: np.copyto(out, x), count)


def black_scholes(dtype: str, count: int = 1_000_000) -> Case:
    """Price of European calls, by the error function."""
    s, k, t = (ld(i, 1, dtype=dtype) for i in range(3))
    rate, vol = 0.02, 0.3

    def c(value: float) -> Expr:
        return const(value, dtype)

    def cdf(x: Expr) -> Expr:
        return op("mul", c(0.5), op("add", c(1.0), op("erf", op("mul", x, c(0.5**0.5)))))

    spread = op("mul", c(vol), op("sqrt", t))
    d1 = op("div", op("add", op("log", op("div", s, k)), op("mul", c(rate + vol * vol / 2), t)), spread)
    price = op(
        "sub",
        op("mul", s, cdf(d1)),
        op("mul", op("mul", k, op("exp", op("mul", c(-rate), t))), cdf(op("sub", d1, spread))),
    )
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(1, 2, count).astype(dtype) for _ in range(3)]

    def erf(x: np.ndarray) -> np.ndarray:  # what NumPy offers: Abramowitz and Stegun 7.1.26
        u = 1 / (1 + 0.3275911 * np.abs(x))
        p = u * (0.254829592 + u * (-0.284496736 + u * (1.421413741 + u * (-1.453152027 + u * 1.061405429))))
        return np.asarray(np.sign(x) * (1 - p * np.exp(-x * x)))

    def numpy() -> np.ndarray:
        s, k, t = arrays[:3]
        spread = vol * np.sqrt(t)
        d1 = (np.log(s / k) + (rate + vol * vol / 2) * t) / spread
        a, b = (0.5 * (1 + erf(d * 0.5**0.5)) for d in (d1, d1 - spread))
        return np.asarray(s * a - k * np.exp(-rate * t) * b)

    made = nest("p", (n,), f"{dtype} {dtype} {dtype} >{dtype}", st(3, price, 1))
    return Case(f"blackscholes {dtype} 1e6", made, [*arrays, np.empty_like(arrays[0])], {"n": count}, numpy, count)


def softmax_rows(rows: int, cols: int, known: bool) -> Case:
    """Softmax over the last axis."""
    depth: Dim = cols if known else m
    made = nest("pr", (n, depth), "float32 >float32", st(1, _softmax(ld(0, depth, 1))[0], depth, 1, full=True))
    x = np.random.default_rng(0).normal(size=(rows, cols)).astype("f4")
    name = f"softmax {rows}x{cols}{' known' if known else ''}"
    return Case(name, made, [x, np.empty_like(x)], {"n": rows, "m": cols}, lambda: _numpy_softmax(x), x.size)


def cross_entropy(rows: int, cols: int, known: bool) -> Case:
    """Softmax cross-entropy with integer labels, and its gradient."""
    depth: Dim = cols if known else m
    x, label = ld(0, depth, 1), ld(1, 1, 0, dtype="int64")
    p, total = _softmax(x)
    hit = op("cast", op("eq", index(1), label), dtype=as_dtype("float32"))
    loss = op("sub", op("add", op("log", total), red("max", x)), ld(0, depth, 0, dynamic=label))
    made = nest("pr", (n, depth), "float32 int64 >float32 >float32", st(2, loss, 1, 0),
                st(3, op("sub", p, hit), depth, 1, full=True))  # fmt: skip
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(rows, cols)).astype("f4"), rng.integers(0, cols, rows)

    def numpy() -> Any:
        top = logits.max(1, keepdims=True)
        e = np.exp(logits - top)
        total = e.sum(1, keepdims=True)
        grad = e / total
        grad[np.arange(rows), labels] -= 1
        return np.log(total)[:, 0] + top[:, 0] - logits[np.arange(rows), labels], grad

    arrays = [logits, labels, np.empty(rows, "f4"), np.empty_like(logits)]
    name = f"softmax-xent+grad {rows}x{cols}{' known' if known else ''}"
    return Case(name, made, arrays, {"n": rows, "m": cols}, numpy, logits.size)


def layer_norm(rows: int, cols: int, known: bool) -> Case:
    """Layer normalisation with scale and shift."""
    depth: Dim = cols if known else m
    x, scale, shift = ld(0, depth, 1), ld(1, 0, 1), ld(2, 0, 1)
    count = op("cast", size(depth), dtype=as_dtype("float32"))
    mean = op("div", red("sum", x), count)
    centred = op("sub", x, mean)
    variance = op("div", red("sum", op("mul", centred, centred)), count)
    factor = op("div", const(1.0), op("sqrt", op("add", variance, const(1e-5))))
    y = op("add", op("mul", op("mul", centred, factor), scale), shift)
    made = nest("pr", (n, depth), "float32 float32 float32 >float32", st(3, y, depth, 1, full=True))
    data = np.random.default_rng(0).normal(size=(rows, cols)).astype("f4")
    gamma, beta = np.ones(cols, "f4"), np.zeros(cols, "f4")

    def numpy() -> np.ndarray:
        centre = data - data.mean(1, keepdims=True)
        return np.asarray(centre / np.sqrt((centre * centre).mean(1, keepdims=True) + 1e-5) * gamma + beta)

    arrays = [data, gamma, beta, np.empty_like(data)]
    name = f"layer norm {rows}x{cols}{' known' if known else ''}"
    return Case(name, made, arrays, {"n": rows, "m": cols}, numpy, data.size)


def column_sums(rows: int, cols: int, known: bool) -> Case:
    """Sum over the first axis."""
    width: Dim = cols if known else m
    made = nest("pr", (width, n), "float32 >float32", st(1, red("sum", ld(0, 1, width)), 1, 0))
    x = np.random.default_rng(0).normal(size=(rows, cols)).astype("f4")
    name = f"column sums {rows}x{cols}{' known' if known else ''}"
    return Case(name, made, [x, np.empty(cols, "f4")], {"n": rows, "m": cols}, lambda: x.sum(0), x.size)


def total(count: int) -> Case:
    """Sum of everything."""
    made = nest("r", (n,), "float32 >float32", st(1, red("sum", ld(0, 1)), 0))
    x = np.ones(count, "f4")
    return Case(f"sum {count}", made, [x, np.empty(1, "f4")], {"n": count}, lambda: x.sum(), count)


def transpose(rows: int, cols: int) -> Case:
    """Transposed copy."""
    made = nest("pp", (m, n), "float32 >float32", st(1, ld(0, 1, m), n, 1))
    x = np.random.default_rng(0).normal(size=(rows, cols)).astype("f4")
    out = np.empty((cols, rows), "f4")
    return Case(f"transpose {rows}x{cols}", made, [x, out], {"n": rows, "m": cols}, lambda: np.copyto(out, x.T), x.size)


def bias_add(rows: int, cols: int) -> Case:
    """Add of a row to every row, with relu."""
    made = nest("pp", (n, cols), "float32 float32 >float32",
                st(2, op("relu", op("add", ld(0, cols, 1), ld(1, 0, 1))), cols, 1))  # fmt: skip
    x, b = np.ones((rows, cols), "f4"), np.ones(cols, "f4")
    return Case(
        f"bias+relu {rows}x{cols}", made, [x, b, np.empty_like(x)], {"n": rows}, lambda: np.maximum(x + b, 0), x.size
    )


def cases() -> list[Case]:
    """Everything that is timed."""
    return [
        copy(4096), copy(16_000_000), black_scholes("float32"), black_scholes("float64"),
        cross_entropy(4096, 1000, False), cross_entropy(4096, 1000, True), cross_entropy(32, 10, True),
        softmax_rows(128, 1000, False), softmax_rows(32, 10, False), softmax_rows(32, 10, True),
        layer_norm(4096, 768, False), layer_norm(4096, 768, True), layer_norm(64, 768, True),
        column_sums(4096, 1000, False), column_sums(4096, 64, True), column_sums(4096, 10, True),
        column_sums(32, 128, True), total(4096), total(1_000_000), transpose(1024, 1024), transpose(64, 64),
        bias_add(32, 128), bias_add(4096, 10),
    ]  # fmt: skip


@dataclass
class Machine:
    """A kernel compiled as programs are, and the milliseconds that took."""

    call: Callable[[int, int, int], int]
    keep: Any
    emit_ms: float
    llvm_ms: float
    text: KernelText


def compile_case(case: Case) -> Machine:
    """Emit and compile the kernel of a case."""
    import llvmlite.binding as llvm

    host = host_target()
    start = time.perf_counter()
    text = compile_nest(case.nest, "kernel", host)
    emitted = time.perf_counter()
    module = llvm.parse_assembly(text.ir)
    optimize(llvm, module, host)
    code = host.machine(EMIT_LEVEL).emit_object(module)
    compiled = time.perf_counter()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), host.machine(EMIT_LEVEL))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    call = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(
        engine.get_function_address("kernel")
    )
    return Machine(call, engine, (emitted - start) * 1e3, (compiled - emitted) * 1e3, text)


def run(case: Case) -> str:
    """Time a case; one line of the table."""
    machine = min((compile_case(case) for _ in range(3)), key=lambda made: made.emit_ms + made.llvm_ms)
    text = machine.text
    words = [a.ctypes.data for a in case.arrays] + [int(substitute(d, case.sizes)) for d in text.sizes]  # type: ignore[arg-type]
    block = np.array(words, np.int64)
    extent, pointer = int(substitute(text.extent, case.sizes)), block.ctypes.data  # type: ignore[arg-type]
    mine, theirs = median_us(lambda: machine.call(pointer, 0, extent)), median_us(case.numpy)
    return (
        f"{case.name:32}{mine:10.1f}{mine * 1e3 / case.elements:9.3f}{theirs:10.1f}{theirs / mine:8.1f}"
        f"{machine.emit_ms:8.1f}{machine.llvm_ms:8.1f}{text.ir.count(chr(10)):7}"
    )


def main() -> None:
    """Print the table, of the kernels whose names contain an argument if there are some."""
    wanted = sys.argv[1:]
    print(f"{'kernel':32}{'us':>10}{'ns/elt':>9}{'NumPy us':>10}{'ratio':>8}{'emit ms':>8}{'LLVM ms':>8}{'lines':>7}")
    for case in cases():
        if wanted and not any(word in case.name for word in wanted):
            continue
        try:
            print(run(case), flush=True)
        except KeyError as missing:
            print(f"{case.name:32} needs {missing}")


if __name__ == "__main__":
    main()
