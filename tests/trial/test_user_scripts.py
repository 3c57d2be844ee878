"""Scripts as a user would write them: native code, the interpreter and NumPy agree."""

from __future__ import annotations

import threading
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


def test_one_step_of_k_means() -> None:
    random = np.random.default_rng(0)
    points = np.concatenate([random.normal(c, 0.3, (20, 2)) for c in (0.0, 3.0, 6.0)]).astype(np.float32)
    start = points[[0, 20, 40]] + 0.5
    nearest = ((points[:, None] - start) ** 2).sum(2).argmin(1)
    centres = np.stack([points[nearest == k].mean(0) for k in range(3)])

    def build() -> tuple[Any, dict[Any, Any]]:
        x = gc.placeholder(gc.float32, [None, 2])
        centre = gc.Variable(start)
        label = gc.argmin(gc.reduce_sum(gc.square(x[:, None, :] - centre), axis=2), axis=1)
        total = gc.unsorted_segment_sum(x, label, 3)
        count = gc.unsorted_segment_sum(gc.ones_like(x[:, 0]), label, 3)
        return [label, gc.assign(centre, total / gc.maximum(count[:, None], 1.0))], {x: points}

    check(build, [nearest, centres])


def test_threads_with_graphs_of_their_own_and_with_one_session() -> None:
    found: dict[int, float] = {}

    def own(k: int) -> None:
        with gc.Graph().as_default(), gc.Session() as session:
            x, v = gc.placeholder(gc.float32, [None]), gc.Variable(np.float32(k))
            count = gc.assign_add(v, 1.0)
            for _ in range(50):
                session.run(count)
            found[k] = float(session.run(gc.reduce_sum(x) * v, {x: np.ones(k + 1, np.float32)}))

    threads = [threading.Thread(target=own, args=(k,)) for k in range(4)]
    with gc.Graph().as_default(), gc.Session() as shared:
        total = gc.Variable(0)
        count = gc.assign_add(total, 1)
        threads += [threading.Thread(target=lambda: [shared.run(count) for _ in range(500)]) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert shared.run(total) == 1500
    assert found == {k: (k + 50) * (k + 1) for k in range(4)}
