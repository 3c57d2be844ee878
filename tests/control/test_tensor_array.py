"""Arrays of tensors, in loops and outside."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphc as gc

from .modes import every_mode, run
from .test_branches import refused


@every_mode
def test_outside_of_loops(mode: str) -> None:
    a = gc.TensorArray(gc.float32, size=3)
    b = a.write(0, [1.0, 2.0]).write(2, [5.0, 6.0])
    found = run(mode, [b.stack(), b.read(2), b.gather([2, 0]), b.concat(), b.size()])
    np.testing.assert_array_equal(found[0], [[1, 2], [0, 0], [5, 6]])
    np.testing.assert_array_equal(found[1], [5, 6])
    np.testing.assert_array_equal(found[2], [[5, 6], [1, 2]])
    np.testing.assert_array_equal(found[3], [1, 2, 0, 0, 5, 6])
    assert found[4] == 3


@every_mode
def test_a_recurrent_loop_with_unknown_sizes(mode: str) -> None:
    x = gc.placeholder(gc.float64, [None, None, 2])
    w = gc.placeholder(gc.float64, [2, 2])
    steps = gc.shape(x)[0]
    rows = gc.TensorArray(gc.float64, size=steps).unstack(x)
    out = gc.TensorArray(gc.float64, size=steps)

    def step(t: Any, h: Any, out: Any) -> Any:
        h = gc.tanh(gc.matmul(rows.read(t) + h, w))
        return t + 1, h, out.write(t, h)

    _, last, out = gc.while_loop(lambda t, h, out: t < steps, step, (0, gc.zeros_like(x[0]), out))
    rng = np.random.default_rng(3)
    feeds = {x: rng.standard_normal((4, 3, 2)), w: rng.standard_normal((2, 2))}
    h, expected = np.zeros((3, 2)), []
    for row in feeds[x]:
        h = np.tanh((row + h) @ feeds[w])
        expected.append(h)
    found = run(mode, [out.stack(), last], feeds)
    np.testing.assert_allclose(found[0], expected, rtol=1e-13)
    np.testing.assert_allclose(found[1], h, rtol=1e-13)
    loss = gc.reduce_sum(out.stack() * out.stack())
    slope = run(mode, gc.gradients(loss, w)[0], feeds)
    for index in np.ndindex(2, 2):
        values = []
        for sign in (1, -1):
            moved = feeds[w].copy()
            moved[index] += sign * 1e-5
            values.append(run(mode, loss, {**feeds, w: moved}))
        np.testing.assert_allclose(slope[index], (values[0] - values[1]) / 2e-5, rtol=1e-7)


@every_mode
def test_an_array_in_a_branch_and_a_nested_loop(mode: str) -> None:
    def row(i: Any, a: Any) -> Any:
        def cell(j: Any, a: Any) -> Any:
            return j + 1, gc.cond(j < i, lambda: a.write(i * 3 + j, 10 * i + j), lambda: a)

        return i + 1, gc.while_loop(lambda j, a: j < 3, cell, (0, a))[1]

    array = gc.TensorArray(gc.int32, size=9, element_shape=[])
    found = run(mode, gc.while_loop(lambda i, a: i < 3, row, (0, array))[1].stack())
    np.testing.assert_array_equal(found.reshape(3, 3), [[0, 0, 0], [10, 0, 0], [20, 21, 0]])


def test_errors() -> None:
    a = gc.TensorArray(gc.float32, size=3)
    refused(lambda: a.read(0), "nothing was written")
    refused(lambda: gc.TensorArray(gc.float32, dynamic_size=True).write(0, 1.0), "give the size")
    refused(lambda: gc.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a), (0, a)), "does not write")
