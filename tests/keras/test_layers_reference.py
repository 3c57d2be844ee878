"""Layers with gradients and states, held against values computed by Keras 3 in float32."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import graphc as gc
from graphc.keras import layers
from graphc.keras.eager import tracing

DATA = Path(__file__).parent.parent / "data"
CASES = [c for c in json.loads((DATA / "keras_reference.json").read_text()) if "cls" in c and "weights" in c]
ARRAYS = np.load(DATA / "keras_reference.npz", allow_pickle=False)


def stored(case: dict[str, Any], name: str) -> Any:
    return ARRAYS[f"{case['name']}/{name}"]


def numbered(case: dict[str, Any], name: str) -> list[Any]:
    found = []
    while f"{case['name']}/{name}{len(found)}" in ARRAYS.files:
        found.append(stored(case, f"{name}{len(found)}"))
    return found


@pytest.mark.parametrize("case", [c for c in CASES if hasattr(layers, c["cls"])], ids=lambda c: c["name"])
def test_layer(case: dict[str, Any]) -> None:
    layer = getattr(layers, case["cls"]).from_config(case["config"])
    x, outputs, cotangents = stored(case, "x"), numbered(case, "y"), numbered(case, "ct")
    layer(np.zeros_like(x))
    assert [v.name.split("/")[-1].split(":")[0] for v in layer.trainable_weights] == case["weights"]
    for variable, value in zip(layer.trainable_weights, numbered(case, "w"), strict=True):
        variable.assign(value)
    states = [v for v in layer.non_trainable_weights if "seed" not in v.name]
    names = [s for s in case["states"] if "seed" not in s]
    assert len(states) == len(names)
    for number, variable in enumerate(states):
        variable.assign(stored(case, f"state{number}_before"))
    with gc.Graph().as_default() as graph, tracing():
        fed = gc.placeholder(gc.float32, x.shape)
        found = layer(fed, training=case["training"])
        listed = list(found) if isinstance(found, list | tuple) else [found]
        total = gc.add_n([gc.reduce_sum(y * c) for y, c in zip(listed, cotangents, strict=True)])
        gradients = gc.gradients(total, [fed, *layer.trainable_weights])
        step = gc.function([fed], [listed, gradients], updates=graph.get_collection(gc.layers.UPDATE_OPS))
    values, slopes = step(x)
    for value, expected in zip(values, outputs, strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)
    for slope, expected in zip(slopes, [stored(case, "gx"), *numbered(case, "gw")], strict=True):
        np.testing.assert_allclose(slope, expected, rtol=1e-4, atol=1e-4)
    for number, variable in enumerate(states):
        np.testing.assert_allclose(variable.numpy(), stored(case, f"state{number}_after"), rtol=1e-4, atol=1e-6)
