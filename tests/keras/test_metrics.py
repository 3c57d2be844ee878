"""Metrics over two batches, with weights and without, held against values computed by Keras 3 in float32."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as gc
from graphc.keras import metrics

DATA = Path(__file__).parent.parent / "data"
CASES = json.loads((DATA / "keras_metrics.json").read_text())
ARRAYS = np.load(DATA / "keras_metrics.npz", allow_pickle=False)


def batches(case: dict[str, Any]) -> Any:
    for b in range(2):
        names = [f"{case['key']}/{n}{b}" for n in ("y", "p", "w", "r")]
        yield [ARRAYS[n] if n in ARRAYS.files else None for n in names]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["key"])
def test_metric(case: dict[str, Any]) -> None:
    metric = metrics.get({"class_name": case["cls"], "config": case["config"]})
    for y, p, w, expected in batches(case):
        metric.update_state(y, p, sample_weight=w)
        np.testing.assert_allclose(metric.result(), expected, rtol=2e-5, atol=1e-6)
    metric.reset_state()
    assert all(not v.numpy().any() for v in metric.variables)
    assert metrics.deserialize(metrics.serialize(metric)).get_config() == metric.get_config()


@pytest.mark.parametrize("name", ["SparseCategoricalAccuracy", "AUC", "MeanIoU"])
def test_batches_are_added_inside_of_the_native_step(name: str) -> None:
    case = next(c for c in CASES if c["cls"] == name)
    metric = metrics.get({"class_name": name, "config": case["config"]})
    with gc.Graph().as_default():
        first = next(iter(batches(case)))
        y = gc.placeholder(first[0].dtype, [None, *first[0].shape[1:]])
        p = gc.placeholder(first[1].dtype, [None, *first[1].shape[1:]])
        add = gc.function([y, p], [], updates=[metric.update_state(y, p)])
    for labels, scores, _, expected in batches(case):
        add(labels, scores)
        np.testing.assert_allclose(metric.result(), expected, rtol=2e-5, atol=1e-6)


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match=r"no metric of the name 'acuracy'.*'accuracy'"):
        metrics.get("acuracy")
    with pytest.raises(ValueError, match="thresholds are from 0 to 1"):
        metrics.Precision(thresholds=2.0)
    with pytest.raises(ValueError, match="batch, classes"):
        metrics.F1Score().update_state([1.0, 0.0], [1.0, 0.0])
