"""What is kept for later kernels, and what those compute again."""

import os
import subprocess
import sys

import numpy as np
import pytest

import graphc as gc
from graphc.bench import models
from graphc.bench.suite.ablate import compiled_without


def residual_layers(rows, width):
    """Two layers x + relu(normed(x) w) v, one step of gradient descent."""
    rng = np.random.default_rng(0)
    graph = gc.Graph()
    with graph.as_default():
        x = gc.placeholder(gc.float32, (None, width))
        weights = [gc.Variable(rng.normal(0, 0.3, (width, width)).astype(np.float32)) for _ in range(4)]
        scales = [gc.Variable(rng.normal(1, 0.1, width).astype(np.float32)) for _ in range(2)]
        value = x
        for layer, scale in enumerate(scales):
            normed = gc.nn.layer_normalization(value, scale, 0.1)
            inner = gc.nn.relu(gc.matmul(normed, weights[2 * layer]))
            value = value + gc.matmul(inner, weights[2 * layer + 1])
        loss = gc.reduce_mean(gc.square(value))
        step = gc.train.GradientDescentOptimizer(0.1).minimize(loss)
    return models.Model(graph, [loss, step], [x], [rng.normal(size=(rows, width)).astype(np.float32)], weights + scales)


def normed_columns(rows, width):
    """The same with a normalisation of columns."""
    rng = np.random.default_rng(0)
    graph = gc.Graph()
    with graph.as_default():
        x = gc.placeholder(gc.float32, (None, width))
        weights = [gc.Variable(rng.normal(0, 0.3, (width, width)).astype(np.float32)) for _ in range(3)]
        value = x
        for weight in weights:
            value = gc.matmul(value, weight)
            centred = value - gc.reduce_mean(value, axis=0, keepdims=True)
            variance = gc.reduce_mean(gc.square(centred), axis=0, keepdims=True)
            value = gc.nn.relu(centred * gc.rsqrt(variance + 1e-3))
        loss = gc.reduce_mean(gc.square(value - 0.5))
        step = gc.train.GradientDescentOptimizer(0.1).minimize(loss)
    return models.Model(graph, [loss, step], [x], [rng.normal(size=(rows, width)).astype(np.float32)], weights)


def run(model, disable=(), mode="compile"):
    config = gc.Config(disable=disable, poison=True, cache=False)
    with gc.Session(graph=model.graph, config=config, mode=mode) as session:
        feeds = dict(zip(model.feeds, model.values, strict=True))
        loss = [session.run(model.fetches, feeds)[0] for _ in range(3)][-1]
        report = session.report(model.fetches, model.feeds) if mode == "compile" else None
        return [loss, *(session.run(v) for v in model.variables)], report


def effect(report):
    (did,) = (b["did"] for b in report["backend"] if b["name"] == "min_cut")
    return did


MODELS = {"rows": residual_layers, "columns": normed_columns}


@pytest.mark.parametrize(("rows", "width"), [(1, 16), (7, 24), (33, 17)])
@pytest.mark.parametrize("model", MODELS)
def test_results_are_those_without_and_those_of_the_interpreter(model, rows, width):
    values, report = run(MODELS[model](rows, width))
    others, plain = run(MODELS[model](rows, width), ("min_cut",))
    reference, _ = run(MODELS[model](rows, width), mode="interpret")
    assert effect(report)["values not stored"] > 0 == effect(plain)["values not stored"]
    for mine, theirs, right in zip(values, others, reference, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=2e-6)
        np.testing.assert_allclose(mine, right, rtol=2e-4, atol=2e-5)


def test_the_mean_is_kept_and_not_the_centred_rows():
    _, report = run(residual_layers(8, 16))
    _, plain = run(residual_layers(8, 16), ("min_cut",))
    assert effect(report)["values stored for them"] > 0
    assert wide_temporaries(report) < wide_temporaries(plain)


def wide_temporaries(report):
    return sum(b["kind"] == "arena" and b["shape"] == "[s0_0, 16]" for c in report["calls"] for b in c["writes"])


def test_the_arena_and_the_traffic_shrink():
    forms = [compiled_without(residual_layers(64, 64), disable, 1)[1] for disable in ((), ("min_cut",))]
    assert forms[0] < forms[1]


STEP = """
import sys
import graphc as gc
from graphc.bench.models import mlp
model = mlp(32, (784, 128, 64, 10), lambda: gc.train.GradientDescentOptimizer(0.01))
with gc.Session(graph=model.graph) as session:
    session.run(model.fetches, dict(zip(model.feeds, model.values)))
print("networkx" in sys.modules)
"""


def test_a_plain_network_compiles_without_networkx(tmp_path):
    environment = os.environ | {"GRAPHC_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", STEP], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "False"
