"""Time of the passes on random graphs of growing size, with and without gradients.

Run ``python -m graphc.bench.pass_scaling``; each figure is the median of three runs in one process.
"""

from __future__ import annotations

import random
import time
from statistics import median

from graphc.ir.dims import symbol
from graphc.ir.dtypes import float32
from graphc.ir.node import Node
from graphc.ir.program import Program
from graphc.ir.types import TensorType
from graphc.ops.builder import Builder
from graphc.passes.pipeline import run_pipeline

__all__ = ["main", "measure", "random_program"]

UNARY = ("exp", "tanh", "sigmoid", "relu", "neg", "log1p", "square", "abs", "sqrt")
BINARY = ("add", "sub", "mul", "div", "maximum")
WINDOW = 60
"""Operands are drawn from this many latest nodes, so that the graph is deep as well as wide."""


def random_program(size: int, gradients: bool, seed: int = 0) -> tuple[Builder, Program]:
    """A program of about `size` nodes on tensors of shape (n, 16).

    Parameters
    ----------
    size : int
        Nodes emitted; fewer are left where no result depends on them.
    gradients : bool
        Whether derivatives by the four inputs are results too.
    seed : int
        Of the choice of operations.

    Returns
    -------
    (Builder, Program)
    """
    rng, b = random.Random(seed), Builder()
    inputs = [b.input(i, TensorType(float32, (symbol("n"), 16))) for i in range(4)]
    nodes = list(inputs)
    while b.next_id < size:
        nodes.append(_random_node(b, rng, nodes[-WINDOW:]))
    total = nodes[-1]
    for node in nodes[-WINDOW:-1]:
        total = total + node
    total = b.emit("sum", total, axes=(0, 1), keepdims=False)
    results = [total]
    if gradients:
        gradient = b.emit("gradient", total, *inputs, ys=1, xs=4, given=(False,))
        results += [b.emit("item", gradient, index=i) for i in range(4)]
    return b, Program(tuple(inputs), tuple(results))


def _random_node(b: Builder, rng: random.Random, recent: list[Node]) -> Node:
    kind, x, y = rng.random(), rng.choice(recent), rng.choice(recent)
    if kind < 0.4:
        return b.emit(rng.choice(UNARY), x)
    if kind < 0.85:
        return b.emit(rng.choice(BINARY), x, y)
    if kind < 0.93:
        return b.emit(rng.choice(BINARY), x, rng.choice((0.0, 1.0, 2.0, -1.0, 0.5)))
    return b.emit("broadcast_to", b.emit("sum", x, axes=(1,), keepdims=True), shape=x.shape)


def measure(size: int, gradients: bool) -> tuple[int, int, float]:
    """Nodes before and after all passes, and their median time in seconds over three runs."""
    seconds: list[float] = []
    for _ in range(3):
        b, program = random_program(size, gradients)
        start = time.perf_counter()
        result, _ = run_pipeline(program, b)
        seconds.append(time.perf_counter() - start)
    return len(program.nodes()), len(result.nodes()), median(seconds)


def main() -> None:
    """Print the table."""
    print(f"{'emitted':>8} {'gradients':>9} {'nodes':>7} {'after':>7} {'ms':>8} {'us per node':>12}")
    for gradients in (False, True):
        for size in (300, 1_000, 3_000, 10_000):
            before, after, seconds = measure(size, gradients)
            each = seconds * 1e6 / max(before, after)
            print(f"{size:8} {gradients!s:>9} {before:7} {after:7} {seconds * 1e3:8.1f} {each:12.1f}")


if __name__ == "__main__":
    main()
