"""What a fresh process measures for the figures: ``python -m graphc.bench.workers NAME [ARGUMENT]`` prints JSON.

Each figure has processes of its own, so that no framework's threads, memory or imports disturb another's.
"""

from __future__ import annotations

import gc as collector
import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any


def step(framework: str) -> dict[str, Any]:
    """Median seconds of one MLP step over blocks of 100, the last result of each waited for; and the first losses."""
    from graphc.bench import mlp

    made, data = mlp.MAKERS[framework](), mlp.batches(50)
    losses = [float(made(*batch)) for batch in data[:5]]
    blocks = []
    for _ in range(25):
        start = time.perf_counter()
        for batch in data + data:
            loss = made(*batch)
        float(loss)
        blocks.append((time.perf_counter() - start) / (2 * len(data)))
    return {"seconds": median(blocks), "losses": losses}


def first(framework: str) -> dict[str, Any]:
    """The moment (seconds since the epoch) at which the first result of the compiled MLP step is there."""
    from graphc.bench import mlp

    loss = float(mlp.MAKERS[framework]()(*mlp.batches(1)[0]))
    return {"moment": time.time(), "losses": [loss]}


def call() -> dict[str, Any]:
    """Median seconds of a call of sum(sigmoid(W x + b)) on 8-vectors, over blocks of 1,000 calls."""
    import numpy as np

    import graphc as gc

    random = np.random.default_rng(0)
    weights, bias, x = (random.standard_normal(s).astype(np.float32) for s in ((8, 8), 8, 8))
    with gc.Graph().as_default() as graph:
        fed = gc.placeholder(gc.float32, [8])
        logits = gc.reduce_sum(gc.constant(weights) * fed, 1) + gc.constant(bias)
        run = gc.Session(graph=graph).make_callable(gc.reduce_sum(gc.sigmoid(logits)), [fed])
    expected = float((1 / (1 + np.exp(-(weights @ x + bias)))).sum())
    found = float(run(x))
    if abs(found - expected) > 1e-5 * abs(expected):
        raise AssertionError(f"sum(sigmoid(W x + b)) is {expected}, the compiled call gave {found}")
    blocks = []
    for _ in range(30):
        start = time.perf_counter()
        for _ in range(1000):
            run(x)
        blocks.append((time.perf_counter() - start) / 1000)
    return {"seconds": median(blocks)}


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


WORKERS: dict[str, Callable[..., dict[str, Any]]] = {
    "step": step, "first": first, "call": call, "kept": kept, "passes": passes,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(WORKERS[sys.argv[1]](*sys.argv[2:])))
