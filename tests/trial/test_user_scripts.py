"""Scripts as a user would write them: native code, the interpreter and NumPy agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphc as gc

Build = Callable[[], tuple[Any, dict[Any, Any]]]


def run(build: Build, mode: str) -> list[np.ndarray]:
    with gc.Graph().as_default(), gc.Session(config=gc.Config(mode=mode, cache=False, poison=True)) as session:
        fetches, feeds = build()
        found = session.run(fetches, feeds)
        if mode == "compile":
            assert session.report(fetches, list(feeds))["kernels"]["host"] == 0
        return [np.asarray(value) for value in found]


def check(build: Build, expected: list[Any], rtol: float = 2e-5, atol: float = 2e-6) -> None:
    for mode in ("interpret", "compile"):
        for got, wanted in zip(run(build, mode), expected, strict=True):
            np.testing.assert_allclose(got, wanted, rtol=rtol, atol=atol, err_msg=mode)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("window", "stride"), [(2, 1), (2, 2), (3, 1), (3, 2)])
def test_padding_of_a_mean_pool_does_not_count(window: int, stride: int, known: bool) -> None:
    image = np.random.default_rng(0).normal(size=(2, 7, 3)).astype(np.float32)
    count = -(-7 // stride)
    low = max((count - 1) * stride + window - 7, 0) // 2
    starts = [i * stride - low for i in range(count)]
    expected = np.stack([image[:, max(a, 0) : a + window].mean(1) for a in starts], 1)

    def build() -> tuple[Any, dict[Any, Any]]:
        x = gc.placeholder(gc.float32, [2, 7, 1, 3] if known else [None, None, 1, 3])
        return [gc.nn.avg_pool(x, (window, 1), (stride, 1), "SAME")], {x: image[:, :, None]}

    check(build, [expected[:, :, None]])


def test_unrolled_lstm_has_short_memory_formulas() -> None:
    steps, features, width = 8, 3, 4
    random = np.random.default_rng(0)
    frames = random.normal(size=(5, steps, features)).astype(np.float32)
    weights = random.normal(0, 0.3, (features + width, 4 * width)).astype(np.float32)

    def cell(x: gc.Tensor, w: gc.Variable) -> gc.Tensor:
        rows = gc.shape(x)[0]
        h, c = gc.zeros([rows, width]), gc.zeros([rows, width])
        for frame in gc.unstack(x, axis=1):
            i, j, f, o = gc.split(gc.matmul(gc.concat([frame, h], 1), w), 4, axis=1)
            c = c * gc.sigmoid(f + 1.0) + gc.sigmoid(i) * gc.tanh(j)
            h = gc.tanh(c) * gc.sigmoid(o)
        return h

    def by_hand(w: np.ndarray) -> np.ndarray:
        def sigmoid(z: np.ndarray) -> np.ndarray:
            return 1 / (1 + np.exp(-z))

        h = c = np.zeros((5, width))
        for t in range(steps):
            i, j, f, o = np.split(np.concatenate([frames[:, t], h], 1) @ w, 4, 1)
            c = c * sigmoid(f + 1) + sigmoid(i) * np.tanh(j)
            h = np.tanh(c) * sigmoid(o)
        return h

    def build() -> tuple[Any, dict[Any, Any]]:
        x = gc.placeholder(gc.float32, [None, steps, features])
        w = gc.Variable(weights)
        h = cell(x, w)
        return [h, gc.gradients(gc.reduce_sum(gc.square(h)), w)[0]], {x: frames}

    slope = np.zeros(weights.shape)
    for place in np.ndindex(*weights.shape):
        moved = np.zeros(weights.shape)
        moved[place] = 1e-5
        slope[place] = ((by_hand(weights + moved) ** 2).sum() - (by_hand(weights - moved) ** 2).sum()) / 2e-5
    check(build, [by_hand(weights), slope], rtol=1e-4, atol=1e-5)

    with gc.Graph().as_default(), gc.Session() as session:
        fetches, feeds = build()
        session.run(fetches, feeds)
        assert len(str(session.report(fetches, list(feeds))["arena_bytes"])) < 300
