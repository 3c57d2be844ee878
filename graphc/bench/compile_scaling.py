"""Time of a whole compilation on graphs of growing size: passes, schedule, kernels, object.

Run ``python -m graphc.bench.compile_scaling``. Each form of graph is made as a program with gradients, from a few
hundred nodes to about 20,000; every figure is one compilation in a warm process, in microseconds a node.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import graphc as gc
from graphc.bench.pass_scaling import random_program
from graphc.ir.dims import symbol
from graphc.ir.dtypes import float32
from graphc.ir.node import Node
from graphc.ir.program import Program
from graphc.ir.types import Shape, TensorType
from graphc.ops.builder import Builder
from graphc.session.build import compile_program
from graphc.session.lower import Lowered

__all__ = ["GRAPHS", "chain_program", "main", "rnn_program", "wide_program"]

Made = tuple[Builder, Program]


def _with_gradients(b: Builder, inputs: list[Node], value: Node) -> Made:
    """A program of the sum of a value and its derivatives by all inputs."""
    total = b.emit("sum", value, axes=tuple(range(value.rank)), keepdims=False)
    gradient = b.emit("gradient", total, *inputs, ys=1, xs=len(inputs), given=(False,))
    results = [total, *(b.emit("item", gradient, index=i) for i in range(len(inputs)))]
    return b, Program(tuple(inputs), tuple(results))


def chain_program(size: int) -> Made:
    """One long chain of elementwise operations, about `size` nodes with its gradient."""
    b = Builder()
    x = b.input(0, TensorType(float32, (symbol("n"), 16)))
    value = x
    for k in range(size // 5):
        value = b.emit(("tanh", "sigmoid", "sin")[k % 3], value) + x
    return _with_gradients(b, [x], value)


def wide_program(size: int) -> Made:
    """Many products side by side, each with an activation and a sum of its own."""
    b = Builder()
    x = b.input(0, TensorType(float32, (symbol("n"), 16)))
    weights = [b.input(1 + k, TensorType(float32, (16, 16))) for k in range(size // 12)]
    parts = []
    for w in weights:
        product = b.emit("matmul", x, w, transpose_x=False, transpose_y=False)
        parts.append(b.emit("sum", b.emit("tanh", product), axes=(1,), keepdims=False))
    while len(parts) > 1:
        parts = [left + right for left, right in zip(parts[::2], parts[1::2], strict=False)] + parts[len(parts) & ~1 :]
    return _with_gradients(b, [x, *weights], parts[0])


def rnn_program(size: int) -> Made:
    """An unrolled recurrent layer, about `size` nodes with its gradients."""
    b = Builder()
    types: list[Shape] = [(symbol("n"), 16), (8, 16), (16, 16), (16,)]
    h, w, u, bias = (b.input(i, TensorType(float32, shape)) for i, shape in enumerate(types))
    steps = [b.input(4 + k, TensorType(float32, (symbol("n"), 8))) for k in range(size // 16)]
    value = h
    for x in steps:
        product = b.emit("matmul", x, w, transpose_x=False, transpose_y=False)
        again = b.emit("matmul", value, u, transpose_x=False, transpose_y=False)
        value = b.emit("tanh", product + again + bias)
    total = b.emit("sum", value, axes=(0, 1), keepdims=False)
    gradient = b.emit("gradient", total, h, w, u, bias, ys=1, xs=4, given=(False,))
    results = [total, *(b.emit("item", gradient, index=i) for i in range(4))]
    return b, Program((h, w, u, bias, *steps), tuple(results))


GRAPHS: dict[str, Callable[[int], Made]] = {
    "random": lambda size: random_program(size // 2, True),
    "chain": chain_program,
    "wide": wide_program,
    "rnn": rnn_program,
}


def measure(form: str, size: int) -> tuple[int, int, dict[str, float], float]:
    """Nodes after the passes, kernel calls, seconds by stage, and seconds in all."""
    b, program = GRAPHS[form](size)
    start = time.perf_counter()
    built = compile_program(Lowered(program, b, [], []), gc.Config(threads=1))
    total = time.perf_counter() - start
    assert built.program is not None
    return len(built.program.nodes()), len(built.calls), built.report["seconds"], total


def main() -> None:
    """Print a table of microseconds a node."""
    measure("rnn", 300)
    heads = ("graph", "nodes", "calls", "passes", "schedule", "kernels to object", "rest", "all")
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for form in GRAPHS:
        for size in (1_000, 4_000, 10_000, 20_000):
            nodes, calls, seconds, total = measure(form, size)
            each = 1e6 / nodes
            known = seconds["passes"], seconds["schedule"]
            code = seconds["total"] - sum(known)
            cells = [*known, code, total - seconds["total"], total]
            print(f"| {form} | {nodes} | {calls} | {' | '.join(f'{s * each:.0f}' for s in cells)} |", flush=True)


if __name__ == "__main__":
    main()
