"""Functions of `keras.ops` on arrays, in graphs and in models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphc as gc
from graphc import keras
from graphc.keras import ops

X = np.random.RandomState(0).rand(3, 4).astype(np.float32) + 0.1
CASES: list[tuple[str, Any, Any]] = [
    ("sum", lambda f: f(X, axis=1), X.sum(1)), ("mean", lambda f: f(X), X.mean()),
    ("std", lambda f: f(X, axis=0, keepdims=True), X.std(0, keepdims=True)), ("var", lambda f: f(X), X.var()),
    ("argmax", lambda f: f(X), X.argmax()), ("argmin", lambda f: f(X, axis=1), X.argmin(1)),
    ("concatenate", lambda f: f([X, X], axis=1), np.concatenate([X, X], 1)),
    ("take", lambda f: f(X, [5, 0]), X.ravel()[[5, 0]]),
    ("pad", lambda f: f(X, [[1, 0], [0, 2]], constant_values=3), np.pad(X, [[1, 0], [0, 2]], constant_values=3)),
    ("one_hot", lambda f: f(np.int32([1, 0]), 3), np.eye(3)[[1, 0]]), ("power", lambda f: f(X, 2.0), X**2),
    ("clip", lambda f: f(X, 0.2, 0.5), np.clip(X, 0.2, 0.5)), ("transpose", lambda f: f(X), X.T),
    ("where", lambda f: f(X > 0.5, X, 0.0), np.where(X > 0.5, X, 0)), ("flip", lambda f: f(X, [1]), X[:, ::-1]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "call", "expected"), CASES, ids=[c[0] for c in CASES])
def test_values_of_arrays(name: str, call: Any, expected: Any) -> None:
    np.testing.assert_allclose(call(getattr(ops, name)), expected, rtol=1e-5, atol=1e-6)


def test_in_models_and_their_configurations() -> None:
    one, two = keras.Input((4,)), keras.Input((4,))
    joined = ops.concatenate([ops.exp(one), two * 2.0], axis=-1)
    model = keras.Model([one, two], ops.sum(joined, axis=1, keepdims=True))
    expected = (np.exp(X) + 2 * X).sum(1, keepdims=True)
    np.testing.assert_allclose(model.predict([X, X], verbose=0), expected, rtol=1e-5)
    again = keras.models.model_from_json(model.to_json())
    np.testing.assert_allclose(again.predict([X, X], verbose=0), expected, rtol=1e-5)


def test_in_graphs_and_unknown_names() -> None:
    with gc.Graph().as_default(), gc.Session() as session:
        x = gc.placeholder(gc.float32, [None, 4])
        np.testing.assert_allclose(session.run(ops.sqrt(x), {x: X}), np.sqrt(X), rtol=1e-6)
    with pytest.raises(AttributeError, match="no function 'fft'"):
        _ = ops.fft
