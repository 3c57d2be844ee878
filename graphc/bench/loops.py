"""What loops cost: a recurrent cell of 16 units over 1,000 steps, forward and with gradients, and a loop with a test.

Run ``python -m graphc.bench.loops``. The arithmetic of the cell is measured by the same steps written one after
another, so that the difference is what the loop adds. Where JAX is installed its ``lax.scan`` takes turns.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import graphc as gc

__all__ = ["main"]

STEPS, WIDTH = 1000, 16
UNROLLED = 50

Feeds = tuple[np.ndarray, ...]


def microseconds(runs: dict[str, Callable[[], Any]], rounds: int = 60) -> dict[str, float]:
    """Median time of each, measured in turns."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds + 3):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - started)
    return {name: float(np.median(found[3:])) * 1e6 for name, found in times.items()}


def feeds(batch: int) -> Feeds:
    """Sequence, first state, two matrices and the bias."""
    rng = np.random.default_rng(0)
    shapes = (STEPS, batch, WIDTH), (batch, WIDTH), (WIDTH, WIDTH), (WIDTH, WIDTH), (WIDTH,)
    return tuple((rng.normal(size=shape) * 0.2).astype(np.float32) for shape in shapes)


def _cell(h: Any, x: Any, w: Any, u: Any, b: Any) -> Any:
    return gc.tanh(gc.matmul(h, w) + gc.matmul(x, u) + b)


def graphc_runs(values: Feeds) -> dict[str, Callable[[], Any]]:
    """The scan forward, with gradients, and some steps without a loop."""
    config = gc.Config(threads=1)
    with gc.Graph().as_default():
        xs, h0, w, u, b = (gc.placeholder(gc.float32, value.shape) for value in values)
        states = gc.scan(lambda h, x: _cell(h, x, w, u, b), xs, initializer=h0)
        gradients = gc.gradients(gc.reduce_sum(states * states), [w, u, b])
        h = h0
        for step in range(UNROLLED):
            h = _cell(h, xs[step], w, u, b)
        forward = gc.function([xs, h0, w, u, b], states, config=config)
        backward = gc.function([xs, h0, w, u, b], gradients, config=config)
        unrolled = gc.function([xs, h0, w, u, b], h, config=config)
    return {
        "scan": lambda: forward(*values),
        "scan, gradients": lambda: backward(*values),
        "without a loop": lambda: unrolled(*values),
    }


def jax_runs(values: Feeds) -> dict[str, Callable[[], Any]]:
    """The same with `jax.lax.scan`, nothing where there is no JAX."""
    if importlib.util.find_spec("jax") is None:
        return {}
    import jax
    import jax.numpy as jnp

    def states(xs: Any, h0: Any, w: Any, u: Any, b: Any) -> Any:
        def step(h: Any, x: Any) -> Any:
            new = jnp.tanh(h @ w + x @ u + b)
            return new, new

        return jax.lax.scan(step, h0, xs)[1]

    def loss(xs: Any, h0: Any, *rest: Any) -> Any:
        found = states(xs, h0, *rest)
        return jnp.sum(found * found)

    forward, backward = jax.jit(states), jax.jit(jax.grad(loss, argnums=(2, 3, 4)))
    arrays = [jnp.asarray(value) for value in values]
    return {
        "jax scan": lambda: forward(*arrays).block_until_ready(),
        "jax scan, gradients": lambda: jax.block_until_ready(backward(*arrays)),
    }


def while_nanoseconds() -> float:
    """One step of a loop that counts."""
    with gc.Graph().as_default():
        n = gc.placeholder(gc.int32, [])
        last = gc.while_loop(lambda k: k < n, lambda k: k + 1, [0])
        count = gc.function([n], last, config=gc.Config(threads=1))
    limit = np.array(100_000, np.int32)
    return microseconds({"count": lambda: count(limit)}, 20)["count"] / 100


def main() -> None:
    """Print all figures."""
    print(f"{STEPS} steps of a cell of {WIDTH} units, microseconds for all steps")
    for batch in (1, 32):
        values = feeds(batch)
        found = microseconds(graphc_runs(values) | jax_runs(values))
        arithmetic = found.pop("without a loop") / UNROLLED
        print(f"batch {batch}: " + ", ".join(f"{name} {value:.0f}" for name, value in found.items()))
        print(f"  a step {found['scan'] / STEPS * 1e3:.0f} ns, without a loop {arithmetic * 1e3:.0f} ns")
    print(f"a step of while_loop that counts: {while_nanoseconds():.1f} ns")


if __name__ == "__main__":
    main()
