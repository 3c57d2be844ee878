"""Activations, penalties, constraints and losses with gradients, held against values computed by Keras 3 in float32."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as gc
from graphc.keras import activations, constraints, losses, regularizers

DATA = Path(__file__).parent.parent / "data"
CASES = json.loads((DATA / "keras_parts.json").read_text())
ARRAYS = np.load(DATA / "keras_parts.npz", allow_pickle=False)
OWNERS = {"regularizer": regularizers, "constraint": constraints, "loss": losses}


def of(kind: str) -> Any:
    chosen = [c for c in CASES if c["kind"] == kind]
    return pytest.mark.parametrize("case", chosen, ids=[f"{c['key']}-{c['cls']}" for c in chosen])


def stored(case: dict[str, Any], name: str) -> Any:
    key = f"{case['key']}/{name}"
    return ARRAYS[key] if key in ARRAYS.files else None


def test_sparsemax_is_the_nearest_distribution() -> None:
    """Keras 3.15 gives zeros where the support is not the first elements; this is the definition."""
    x = np.random.RandomState(0).randn(50, 6).astype(np.float32)
    p = activations.sparsemax(x)
    np.testing.assert_allclose(p.sum(1), 1.0, rtol=1e-6)
    cut = np.where(p > 0, x - p, np.inf).min(1, keepdims=True)
    np.testing.assert_allclose(p, np.maximum(x - cut, 0), atol=1e-6)


@of("activation")
def test_activation(case: dict[str, Any]) -> None:
    function = activations.get(case["cls"])
    found = function(stored(case, "x"), **case["config"])
    np.testing.assert_allclose(found, stored(case, "y"), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c["kind"] in ("regularizer", "constraint")], ids=lambda c: c["key"]
)
def test_penalty_or_constraint(case: dict[str, Any]) -> None:
    made = OWNERS[case["kind"]].get({"class_name": case["cls"], "config": case["config"]})
    np.testing.assert_allclose(made(stored(case, "x")), stored(case, "y"), rtol=1e-5, atol=1e-7)


@of("loss")
def test_loss_and_gradient(case: dict[str, Any]) -> None:
    loss = losses.get({"class_name": case["cls"], "config": case["config"]})
    labels, scores, weights = (stored(case, n) for n in ("yt", "yp", "sw"))
    with gc.Graph().as_default():
        p = gc.placeholder(gc.float32, scores.shape)
        value = loss(gc.constant(labels), p, sample_weight=weights)
        (slope,) = gc.gradients(value, [p])
        for mode in ("interpret", "compile"):
            found = gc.Session(config=gc.Config(mode=mode)).run([value, slope], {p: scores})
            np.testing.assert_allclose(found[0], stored(case, "y"), rtol=2e-5, atol=1e-6)
            np.testing.assert_allclose(found[1], stored(case, "g"), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(loss(labels, scores, sample_weight=weights), stored(case, "y"), rtol=2e-5, atol=1e-6)


def test_ignored_samples_count_neither_in_the_sum_nor_in_the_mean() -> None:
    """The values are those of Keras 3."""
    labels = np.array([0, 1, 1, 2], np.int32)
    p = np.float32([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3], [0.1, 0.8, 0.1], [0.25, 0.25, 0.5]])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=1)
    np.testing.assert_allclose(loss(labels, p), 0.5249110460281372, rtol=1e-6)
    weighted = loss(labels, p, sample_weight=np.float32([1, 2, 3, 4]))
    np.testing.assert_allclose(weighted, 1.5646318197250366, rtol=1e-6)


def test_a_label_out_of_range_fails_the_step() -> None:
    with gc.Graph().as_default():
        y, p = gc.placeholder(gc.int32, [None]), gc.placeholder(gc.float32, [None, 2])
        step = gc.function([y, p], losses.sparse_categorical_crossentropy(y, p))
    with pytest.raises(gc.ExecutionError):
        step([3], [[0.5, 0.5]])


def test_a_label_out_of_range_is_refused_for_arrays_too() -> None:
    with pytest.raises(gc.ExecutionError, match=r"value 5 at position .* is out of range for 3 classes"):
        losses.SparseCategoricalCrossentropy()([5], [[0.2, 0.3, 0.5]])
