"""What joining the updates of short vectors is worth: a step of Adam on 50 vectors, with and without `horizontal`.

Run ``python -m graphc.bench.updates``, once with ``GRAPHC_THREADS=1`` and once without. Gradients are fed; vector k has
16 * k elements more than the shortest one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import graphc as gc
from graphc.bench.loops import microseconds

__all__ = ["main"]

VECTORS = 50
SHORTEST = (64, 512, 2_000, 8_000, 30_000)


def step(shortest: int, disable: tuple[str, ...]) -> Callable[[], Any]:
    """The update as a function without arguments."""
    sizes = [shortest + 16 * k for k in range(VECTORS)]
    with gc.Graph().as_default() as graph:
        gradients = [gc.placeholder(gc.float32, [n]) for n in sizes]
        variables = [gc.Variable(np.full(n, 0.1, np.float32)) for n in sizes]
        update = gc.train.AdamOptimizer().apply_gradients(list(zip(gradients, variables, strict=True)))
        run = gc.Session(graph, gc.Config(disable=disable)).make_callable(update, gradients)
    values = [np.full(n, 0.01, np.float32) for n in sizes]
    return lambda: run(*values)


def main() -> None:
    """Print a table."""
    print("| elements of the shortest vector | joined, us | apart, us |\n|---|---|---|")
    for shortest in SHORTEST:
        runs = {"joined": step(shortest, ()), "apart": step(shortest, ("horizontal",))}
        found = microseconds(runs, rounds=400)
        print(f"| {shortest} | {found['joined']:.1f} | {found['apart']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
