"""Batch normalisation: values in and after training, moving averages, a tensor that decides; forms of contrib."""

import numpy as np
import pytest
from both_modes import CONFIGS, run_both, session

import graphc as gc
from graphc import layers
from graphc.layers import contrib

RNG = np.random.default_rng(6)


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        gc.set_random_seed(7)
        yield g


def normalised(x, mean, variance, gamma=1.0, beta=0.0, epsilon=1e-3):
    return (x - mean) / np.sqrt(variance + epsilon) * gamma + beta


@pytest.mark.parametrize("mode", list(CONFIGS))
@pytest.mark.parametrize(("shape", "axis"), [((6, 3), -1), ((4, 5, 2, 3), 3), ((4, 3, 5, 2), 1)])
def test_training_and_after(mode, shape, axis, graph):
    x = gc.placeholder(gc.float32, [None, *shape[1:]])
    draw = gc.initializers.RandomNormal()
    given = {"axis": axis, "momentum": 0.8, "beta_initializer": draw, "gamma_initializer": draw, "name": "bn"}
    train = layers.batch_normalization(x, training=True, **given)
    updates = graph.get_collection(layers.UPDATE_OPS)
    after = layers.batch_normalization(x, reuse=True, **given)
    assert [v.name for v in gc.trainable_variables()] == ["bn/gamma:0", "bn/beta:0"]
    assert [v.name for v in gc.global_variables()[2:]] == ["bn/moving_mean:0", "bn/moving_variance:0"]
    assert len(updates) == 2 == len(graph.get_collection(layers.UPDATE_OPS))
    s = session(mode, graph)
    along = [-1 if i == axis % len(shape) else 1 for i in range(len(shape))]
    gamma, beta = (v.reshape(along) for v in s.run(gc.trainable_variables()))
    over = tuple(i for i in range(len(shape)) if i != axis % len(shape))
    mean, variance = 0.0, 1.0
    count = np.prod(shape) / 3
    for _ in range(3):
        data = RNG.normal(2.0, 3.0, size=shape).astype("f4")
        m, v = data.mean(over, keepdims=True), data.var(over, keepdims=True)
        found, _ = s.run([train, updates], {x: data})
        np.testing.assert_allclose(found, normalised(data, m, v, gamma, beta), rtol=1e-4, atol=1e-4)
        wide = v * count / (count - 1) if len(shape) == 4 else v
        mean, variance = 0.8 * mean + 0.2 * m, 0.8 * variance + 0.2 * wide
    want = normalised(data, mean, variance, gamma, beta)
    np.testing.assert_allclose(s.run(after, {x: data}), want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("mode", list(CONFIGS))
def test_a_tensor_decides(mode, graph):
    x, training = gc.placeholder(gc.float32, [None, 3]), gc.placeholder(gc.bool, [])
    y = layers.batch_normalization(x, momentum=0.5, training=training)
    updates = graph.get_collection(layers.UPDATE_OPS)
    averages = [v for v in gc.global_variables() if "moving" in v.name]
    gradient = gc.gradients(gc.reduce_sum(gc.square(y) * x), x)[0]
    s = session(mode, graph)
    data = RNG.normal(size=(5, 3)).astype("f4")
    before = s.run(averages)
    found, _ = s.run([y, updates], {x: data, training: False})
    np.testing.assert_allclose(found, normalised(data, 0, 1), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(before, s.run(averages))
    want = 3 * data**2 / 1.001
    np.testing.assert_allclose(s.run(gradient, {x: data, training: False}), want, rtol=1e-4, atol=1e-5)
    found, _ = s.run([y, updates], {x: data, training: True})
    np.testing.assert_allclose(found, normalised(data, data.mean(0), data.var(0)), rtol=1e-4, atol=1e-5)
    mean, variance = s.run(averages)
    np.testing.assert_allclose(mean, data.mean(0) / 2, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(variance, 0.5 + data.var(0) / 2, rtol=1e-4)


def test_gradient_in_training():
    x = gc.placeholder(gc.float64, [4, 2])
    y = layers.batch_normalization(x, training=True)
    loss = gc.reduce_sum(y * RNG.normal(size=(4, 2)))
    gradient = gc.gradients(loss, x)[0]
    data, h = RNG.normal(size=(4, 2)), 1e-5
    found = run_both(gradient, {x: data})
    want = np.zeros_like(data)
    s = session("interpret")
    for at in np.ndindex(data.shape):
        step = np.zeros_like(data)
        step[at] = h
        want[at] = (s.run(loss, {x: data + step}) - s.run(loss, {x: data - step})) / (2 * h)
    np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-7)


def test_contrib_names_and_values(graph):
    x = gc.placeholder(gc.float32, [None, 6, 6, 2])
    h = contrib.conv2d(x, 3, [3, 3], weights_regularizer=layers.l2_regularizer(0.1))
    h = contrib.max_pool2d(h, [2, 2])
    h = contrib.flatten(h)
    h = contrib.fully_connected(h, 4)
    h = contrib.fully_connected(h, 5, activation_fn=None, normalizer_fn=contrib.batch_norm, scope="out")
    y = contrib.linear(contrib.dropout(h, 0.9, is_training=False), 1, biases_initializer=None, scope="last")
    assert [v.name for v in gc.global_variables()] == [
        "Conv/weights:0", "Conv/biases:0", "fully_connected/weights:0", "fully_connected/biases:0", "out/weights:0",
        "out/BatchNorm/beta:0", "out/BatchNorm/moving_mean:0", "out/BatchNorm/moving_variance:0", "last/weights:0",
    ]  # fmt: skip
    assert len(graph.get_collection("regularization_losses")) == 1
    assert len(graph.get_collection(layers.UPDATE_OPS)) == 2
    data = RNG.normal(size=(3, 6, 6, 2)).astype("f4")
    found, values = run_both([y, gc.global_variables()], {x: data}, rtol=1e-4, atol=1e-5)
    padded = np.pad(data, [(0, 0), (1, 1), (1, 1), (0, 0)])
    patches = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    h = np.maximum(np.einsum("bhwcij,ijco->bhwo", patches, values[0]) + values[1], 0)
    h = h.reshape(3, 3, 2, 3, 2, 3).max((2, 4)).reshape(3, -1)
    h = np.maximum(h @ values[2] + values[3], 0) @ values[4]
    h = (h - h.mean(0)) / np.sqrt(h.var(0) + 1e-3)
    np.testing.assert_allclose(found, h @ values[8], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("mode", list(CONFIGS))
def test_contrib_updates_in_place(mode, graph):
    x = gc.placeholder(gc.float32, [4, 2])
    y = contrib.batch_norm(x, decay=0.5, updates_collections=None, scale=True)
    data = RNG.normal(size=(4, 2)).astype("f4")
    s = session(mode, graph)
    s.run(y, {x: data})
    mean = graph.get_collection("variables", "BatchNorm/moving_mean")[0]
    np.testing.assert_allclose(s.run(mean), data.mean(0) / 2, rtol=1e-5, atol=1e-7)


def test_contrib_layer_norm_and_others():
    x = gc.placeholder(gc.float32, [None, 3, 4])
    y = contrib.layer_norm(x, activation_fn=gc.tanh)
    assert [(v.name, v.shape.as_list()) for v in gc.trainable_variables()] == [
        ("LayerNorm/beta:0", [4]),
        ("LayerNorm/gamma:0", [4]),
    ]
    data = RNG.normal(size=(2, 3, 4)).astype("f4")
    want = (data - data.mean((1, 2), keepdims=True)) / data.std((1, 2), keepdims=True)
    np.testing.assert_allclose(run_both(y, {x: data}), np.tanh(want), rtol=1e-4, atol=1e-5)
    z = contrib.stack(gc.ones([2, 3]), contrib.fully_connected, [4, 5], scope="s")
    e = contrib.embed_sequence(gc.constant([[1, 2]]), 5, 3)
    c = contrib.conv2d_transpose(gc.ones([1, 2, 2, 1]), 3, 3, 2)
    p = contrib.avg_pool2d(gc.ones([1, 4, 4, 1]), 2)
    assert [t.shape.as_list() for t in (z, e, c, p)] == [[2, 5], [1, 2, 3], [1, 4, 4, 3], [1, 2, 2, 1]]
    assert [v.name for v in gc.trainable_variables()[2:]] == [
        "s/s_1/weights:0", "s/s_1/biases:0", "s/s_2/weights:0", "s/s_2/biases:0", "EmbedSequence/embeddings:0",
        "Conv2d_transpose/weights:0", "Conv2d_transpose/biases:0",
    ]  # fmt: skip


def test_contrib_initializers():
    s = session("interpret")
    uniform = s.run(contrib.xavier_initializer()([300, 100]))
    assert abs(uniform).max() <= (6 / 400) ** 0.5
    normal = s.run(contrib.xavier_initializer(uniform=False)([300, 100]))
    assert abs(normal.var() * 200 - 1) < 0.05
    he = s.run(contrib.variance_scaling_initializer()([300, 100]))
    assert abs(he.var() * 150 - 1) < 0.05
