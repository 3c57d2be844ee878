"""The SGD step of a 784-128-64-10 classifier, for graphc, JAX and NumPy: the workload of the figures.

Every maker returns ``step(images, labels) -> loss``: NumPy batches in, parameters kept by the framework and updated in
place (donated, in JAX's words). All start from the same parameters, so their losses can be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

LAYERS = (784, 128, 64, 10)
BATCH = 32
RATE = 0.05

Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int32]
Step = Callable[[Images, Labels], Any]


def parameters() -> list[npt.NDArray[np.float32]]:
    """Return kernel and bias of each layer, always the same."""
    random = np.random.default_rng(0)
    arrays = []
    for inputs, outputs in pairwise(LAYERS):
        scale = np.float32(np.sqrt(2 / inputs))
        arrays += [random.standard_normal((inputs, outputs), np.float32) * scale, np.zeros(outputs, np.float32)]
    return arrays


def batches(count: int) -> list[tuple[Images, Labels]]:
    """Return `count` random batches, always the same."""
    random = np.random.default_rng(1)
    return [
        (random.random((BATCH, LAYERS[0]), np.float32), random.integers(0, LAYERS[-1], BATCH, np.int32))
        for _ in range(count)
    ]


def graphc_step() -> Step:
    """The step as a graphc session's callable."""
    import graphc as gc

    with gc.Graph().as_default() as graph:
        images = gc.placeholder(gc.float32, [None, LAYERS[0]], name="images")
        labels = gc.placeholder(gc.int32, [None], name="labels")
        arrays = parameters()
        hidden = images
        for index in range(0, len(arrays), 2):
            hidden = gc.matmul(hidden, gc.Variable(arrays[index])) + gc.Variable(arrays[index + 1])
            if index + 2 < len(arrays):
                hidden = gc.nn.relu(hidden)
        loss = gc.reduce_mean(gc.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=hidden))
        train = gc.train.GradientDescentOptimizer(RATE).minimize(loss)
        run = gc.Session(graph=graph).make_callable([loss, train], [images, labels])
    return lambda x, y: run(x, y)[0]


def jax_step() -> Step:
    """The step as ``jax.jit`` with donated parameters; the loss comes back as a JAX array, perhaps not yet computed."""
    import jax
    import jax.numpy as jnp

    def loss_of(state: Any, x: Any, y: Any) -> Any:
        hidden = x
        for index in range(0, len(state), 2):
            hidden = hidden @ state[index] + state[index + 1]
            if index + 2 < len(state):
                hidden = jax.nn.relu(hidden)
        logs = jax.nn.log_softmax(hidden)
        return -jnp.take_along_axis(logs, y[:, None], 1).mean()

    def update(state: Any, x: Any, y: Any) -> Any:
        loss, slopes = jax.value_and_grad(loss_of)(state, x, y)
        return [p - RATE * g for p, g in zip(state, slopes, strict=True)], loss

    compiled = jax.jit(update, donate_argnums=0)
    state = [jnp.asarray(array) for array in parameters()]

    def step(x: Images, y: Labels) -> Any:
        nonlocal state
        state, loss = compiled(state, x, y)
        return loss

    return step


def numpy_step() -> Step:
    """The step written by hand."""
    state = parameters()

    def step(x: Images, y: Labels) -> Any:
        values = [x]
        for index in range(0, len(state), 2):
            out = values[-1] @ state[index] + state[index + 1]
            values.append(np.maximum(out, 0) if index + 2 < len(state) else out)
        logits = values[-1] - values[-1].max(1, keepdims=True)
        exps = np.exp(logits)
        sums = exps.sum(1, keepdims=True)
        rows = np.arange(len(y))
        loss = (np.log(sums[:, 0]) - logits[rows, y]).mean()
        slope = exps / sums
        slope[rows, y] -= 1
        slope /= np.float32(len(y))
        for index in range(len(state) - 2, -1, -2):
            before = values[index // 2]
            kernel, bias = before.T @ slope, slope.sum(0)
            if index:
                slope = (slope @ state[index].T) * (before > 0)
            state[index] -= np.float32(RATE) * kernel
            state[index + 1] -= np.float32(RATE) * bias
        return loss

    return step


MAKERS: dict[str, Callable[[], Step]] = {"graphc": graphc_step, "jax": jax_step, "numpy": numpy_step}
