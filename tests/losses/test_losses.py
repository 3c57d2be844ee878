"""Losses against NumPy formulas: every reduction, weights, collections."""

import numpy as np
import pytest
from both_modes import run_both

import graphc as gc

L, R = gc.losses, gc.losses.Reduction
RNG = np.random.default_rng(0)
Y, P = RNG.random((4, 3)).astype(np.float32), RNG.random((4, 3)).astype(np.float32) * 0.98 + 0.01
HOT = np.eye(3, dtype=np.float32)[[0, 2, 1, 1]]
X = RNG.normal(size=(4, 3)).astype(np.float32) * 3


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


def unit(a):
    return a / np.linalg.norm(a, axis=1, keepdims=True)


def xent(labels, x):
    return -(labels * (x - np.log(np.exp(x).sum(-1, keepdims=True)))).sum(-1)


def sigmoid_xent(y, x):
    s = 1 / (1 + np.exp(-x.astype(np.float64)))
    return -y * np.log(s) - (1 - y) * np.log(1 - s)


CASES = {
    "absolute": (lambda **k: L.absolute_difference(Y, P, **k), np.abs(Y - P)),
    "squared": (lambda **k: L.mean_squared_error(Y, P, **k), (Y - P) ** 2),
    "huber": (
        lambda **k: L.huber_loss(Y, P, delta=0.3, **k),
        np.where(np.abs(Y - P) <= 0.3, (Y - P) ** 2 / 2, 0.3 * np.abs(Y - P) - 0.045),
    ),
    "log": (lambda **k: L.log_loss(Y, P, **k), -Y * np.log(P + 1e-7) - (1 - Y) * np.log(1 - P + 1e-7)),
    "hinge": (lambda **k: L.hinge_loss(HOT, X, **k), np.maximum(0, 1 - (2 * HOT - 1) * X)),
    "cosine": (
        lambda **k: L.cosine_distance(unit(Y), unit(P), axis=1, **k),
        1 - (unit(Y) * unit(P)).sum(1, keepdims=True),
    ),
    "sigmoid": (lambda **k: L.sigmoid_cross_entropy(HOT, X, **k), sigmoid_xent(HOT, X)),
    "sigmoid smooth": (
        lambda **k: L.sigmoid_cross_entropy(HOT, X, label_smoothing=0.2, **k), sigmoid_xent(HOT * 0.8 + 0.1, X)),
    "softmax": (lambda **k: L.softmax_cross_entropy(HOT, X, **k), xent(HOT, X)),
    "softmax smooth": (
        lambda **k: L.softmax_cross_entropy(HOT, X, label_smoothing=0.3, **k), xent(HOT * 0.7 + 0.1, X)),
    "sparse": (lambda **k: L.sparse_softmax_cross_entropy(HOT.argmax(1), X, **k), xent(HOT, X)),
    "sparse column": (lambda **k: L.sparse_softmax_cross_entropy(HOT.argmax(1)[:, None], X, **k), xent(HOT, X)),
}  # fmt: skip


def reduced(losses, weights, reduction):
    w = np.broadcast_to(weights, losses.shape)
    total = (losses * w).sum()
    return {
        R.NONE: lambda: losses * w,
        R.SUM: lambda: total,
        R.MEAN: lambda: total / w.sum() if w.sum() else 0.0,
        R.SUM_OVER_BATCH_SIZE: lambda: total / losses.size,
        R.SUM_BY_NONZERO_WEIGHTS: lambda: total / (w != 0).sum() if (w != 0).any() else 0.0,
    }[reduction]()


@pytest.mark.parametrize("name", CASES)
def test_values(name):
    make, losses = CASES[name]
    np.testing.assert_allclose(run_both(make(), rtol=1e-5), losses.mean(), rtol=2e-5)
    rows = np.float32([0.5, 0.0, 2.0, 0.0]).reshape([4] + [1] * (losses.ndim - 1))
    np.testing.assert_allclose(
        run_both(make(weights=rows, reduction=R.NONE), rtol=1e-5), losses * rows, rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("weights", [1.0, 0.5, 0, np.float32([[2.0], [0.0], [1.0], [0.0]]), np.zeros((4, 1))])
@pytest.mark.parametrize("reduction", R.all())
def test_reductions(reduction, weights):
    losses = np.abs(Y)
    found = L.compute_weighted_loss(losses, weights, reduction=reduction)
    np.testing.assert_allclose(run_both(found), reduced(losses, weights, reduction), rtol=1e-5)


def test_a_column_of_weights_for_a_row_of_losses():
    weights = np.float32([[1.0], [0.0], [3.0], [0.0]])
    found = L.sparse_softmax_cross_entropy(HOT.argmax(1), X, weights)
    want = reduced(xent(HOT, X), weights[:, 0], R.SUM_BY_NONZERO_WEIGHTS)
    np.testing.assert_allclose(run_both(found, rtol=1e-5), want, rtol=1e-5)


def test_pairwise():
    e = (P - Y).astype(np.float64)
    pairs = [sum((e[r, i] - e[r, j]) ** 2 for i in range(3) for j in range(3)) / (3 * 2) for r in range(4)]
    np.testing.assert_allclose(run_both(L.mean_pairwise_squared_error(Y, P), rtol=1e-5), np.mean(pairs), rtol=1e-5)


def test_gradients_do_not_see_elements_of_weight_zero():
    p = gc.constant(P)
    (slope,) = gc.gradients(L.mean_squared_error(Y, p, np.float32([[1.0], [0.0], [1.0], [0.0]])), p)
    want = 2 * (P - Y) / 6 * np.float32([[1], [0], [1], [0]])
    np.testing.assert_allclose(run_both(slope), want, rtol=1e-5, atol=1e-7)


def test_losses_are_found_again(graph):
    with pytest.raises(gc.GraphError, match="no losses"):
        L.get_total_loss()
    assert run_both(L.get_regularization_loss()) == 0.0
    one = L.absolute_difference([1.0], [3.0])
    L.absolute_difference([1.0], [9.0], loss_collection=None)
    own = gc.constant(0.5)
    L.add_loss(own)
    graph.add_to_collection("regularization_losses", gc.constant(0.25))
    assert L.get_losses() == [one, own]
    assert run_both([L.get_total_loss(), L.get_total_loss(False), L.get_regularization_loss()]) == [2.75, 2.5, 0.25]


def test_errors():
    with pytest.raises(gc.GraphError, match=r"labels of shape \(4,\) do not fit predictions of shape \(4, 1\)"):
        L.mean_squared_error(np.zeros(4), np.zeros((4, 1)))
    with pytest.raises(gc.GraphError, match="no reduction"):
        L.absolute_difference([1.0], [1.0], reduction="mean")
    with pytest.raises(gc.GraphError, match="axis="):
        L.cosine_distance(Y, P)
    with pytest.raises(gc.GraphError, match="not None"):
        L.log_loss(None, P)
