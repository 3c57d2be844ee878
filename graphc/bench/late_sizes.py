"""A training step whose sizes are data: the squared error of the rows that a mask takes, a new mask in every run.

Run ``python -m graphc.bench.late_sizes``. One thread; NumPy takes turns.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np

import graphc as gc
from graphc.bench.loops import microseconds

__all__ = ["main"]

RATE = np.float32(1e-3)


def runs(rows: int, columns: int) -> dict[str, Callable[[], Any]]:
    """The step of ours and NumPy's, each on the same masks."""
    random = np.random.default_rng(0)
    data = random.normal(size=(rows, columns)).astype(np.float32)
    wanted = random.normal(size=rows).astype(np.float32)
    masks = [random.random(rows) < 0.5 for _ in range(16)]
    with gc.Graph().as_default() as graph:
        x, t = gc.placeholder(gc.float32, [None, columns]), gc.placeholder(gc.float32, [None])
        mask, w = gc.placeholder(gc.bool, [None]), gc.Variable(np.zeros(columns, np.float32))
        missed = gc.boolean_mask(gc.matmul(x, w), mask) - gc.boolean_mask(t, mask)
        loss = gc.reduce_mean(gc.square(missed))
        train = gc.train.GradientDescentOptimizer(float(RATE)).minimize(loss)
        run = gc.Session(graph, gc.Config(threads=1)).make_callable([loss, train], [x, t, mask])
    weights = np.zeros(columns, np.float32)
    ours, theirs = cycle(masks), cycle(masks)

    def by_numpy() -> None:
        taken = next(theirs)
        error = (data @ weights)[taken] - wanted[taken]
        np.mean(error**2)
        spread = np.zeros(rows, np.float32)
        spread[taken] = error * np.float32(2.0 / len(error))
        weights[:] -= RATE * (data.T @ spread)

    return {"graphc": lambda: run(data, wanted, next(ours)), "NumPy": by_numpy}


def main() -> None:
    """Print a table."""
    print("| rows, columns | graphc, us | NumPy, us |\n|---|---|---|")
    for rows, columns in ((64, 16), (1_024, 32), (16_384, 64)):
        found = microseconds(runs(rows, columns), rounds=400)
        print(f"| {rows:,}, {columns} | {found['graphc']:.1f} | {found['NumPy']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
