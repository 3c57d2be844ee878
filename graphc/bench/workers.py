"""What a fresh process measures for the figures: ``python -m graphc.bench.workers NAME [ARGUMENT]`` prints JSON.

Each figure has processes of its own, so that no framework's threads, memory or imports disturb another's.
"""

from __future__ import annotations

import gc as collector
import json
import sys
import time
from collections.abc import Callable
from typing import Any


def kept(count: int = 300, warm_up: int = 20) -> dict[str, Any]:
    """Megabytes of resident memory that each of many different functions leaves after it was compiled, run, dropped."""
    for number in range(warm_up):
        _one_function(number)
    before = _resident()
    for number in range(warm_up, warm_up + count):
        _one_function(number)
    return {"megabytes": (_resident() - before) / count / 2**20, "functions": count}


def _one_function(number: int) -> None:
    """Compile, run and drop a function that no other number gives."""
    import numpy as np

    import graphc as gc

    with gc.Graph().as_default() as graph:
        x = gc.placeholder(gc.float32, [None])
        y = x
        for bit in range(9):
            y = gc.tanh(y) + x if number >> bit & 1 else gc.exp(-y) * x
        with gc.Session(graph=graph) as session:
            session.run(gc.reduce_sum(y), {x: np.ones(7, np.float32)})


def _resident() -> int:
    """Bytes of resident memory after a full collection."""
    collector.collect()
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def passes(nodes: str) -> dict[str, Any]:
    """Seconds that the whole-program passes take on the training step of a deep network of about so many nodes."""
    import numpy as np

    import graphc as gc
    from graphc.passes.pipeline import run_pipeline
    from graphc.session.lower import Feed, lower

    width, depth = 16, max(1, round(int(nodes) / 17))
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float32, [None, width])
        hidden = x
        for layer in range(depth):
            kernel = gc.Variable(np.full((width, width), 1 / (layer + 1), np.float32))
            hidden = gc.tanh(gc.matmul(hidden, kernel) + gc.Variable(np.zeros(width, np.float32))) + hidden
        loss = gc.reduce_mean(gc.square(hidden))
        train = gc.train.GradientDescentOptimizer(0.1).minimize(loss)
        lowered = lower([loss, train], [Feed(x, 2)])
    start = time.perf_counter()
    _, reports = run_pipeline(lowered.program, lowered.builder)
    seconds = time.perf_counter() - start
    largest = max(report.nodes_after for report in reports)
    return {"seconds": seconds, "nodes": largest, "by_pass": {r.name: r.seconds for r in reports}}


WORKERS: dict[str, Callable[..., dict[str, Any]]] = {"kept": kept, "passes": passes}

if __name__ == "__main__":
    print(json.dumps(WORKERS[sys.argv[1]](*sys.argv[2:])))
