"""Layers: names and shapes of variables, scopes and reuse, values against NumPy, gradients, penalties, errors."""

import numpy as np
import pytest
from both_modes import CONFIGS, run_both, session

import graphc as gc
from graphc import layers

RNG = np.random.default_rng(5)


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        gc.set_random_seed(7)
        yield g


def names():
    return [v.name for v in gc.global_variables()]


def test_names_are_numbered_and_scoped():
    x = gc.placeholder(gc.float32, [None, 4])
    a = layers.dense(x, 3)
    layers.dense(a, 2)
    with gc.variable_scope("net"):
        layers.dense(x, 3)
        layers.dense(x, 3, name="out", use_bias=False)
    assert names() == [
        "dense/kernel:0", "dense/bias:0", "dense_1/kernel:0", "dense_1/bias:0", "net/dense/kernel:0",
        "net/dense/bias:0", "net/out/kernel:0",
    ]  # fmt: skip
    assert a.op.name.startswith("dense/")


def test_reuse_by_name_and_by_scope():
    x = gc.placeholder(gc.float32, [None, 4])
    layers.dense(x, 3, name="a")
    with pytest.raises(gc.GraphError, match="already exists"):
        layers.dense(x, 3, name="a")
    layers.dense(x, 3, name="a", reuse=True)
    layers.dense(x, 3, name="a", reuse=gc.AUTO_REUSE)

    def net():
        return layers.dense(layers.dense(x, 4), 4)

    with gc.variable_scope("net"):
        first = net()
    with gc.variable_scope("net", reuse=True):
        second = net()
    assert names()[2:] == [f"net/dense{n}/{v}:0" for n in ("", "_1") for v in ("kernel", "bias")]
    one, two = run_both([first, second], {x: RNG.normal(size=(2, 4))})
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("rank", [2, 3])
def test_dense(rank):
    shape = [5, 3, 4][-rank:]
    x = gc.placeholder(gc.float32, [None, *shape[1:]])
    y = layers.dense(x, 6, gc.tanh, bias_initializer=gc.initializers.RandomNormal())
    assert y.shape.as_list() == [None, *shape[1:-1], 6]
    w, b = gc.trainable_variables()
    data = RNG.normal(size=shape).astype("f4")
    found, w, b = run_both([y, w, b], {x: data})
    np.testing.assert_allclose(found, np.tanh(data @ w + b), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_conv2d(first, padding):
    shape = [2, 3, 7, 6] if first else [2, 7, 6, 3]
    x = gc.placeholder(gc.float32, [None, *shape[1:]])
    order = "channels_first" if first else "channels_last"
    y = layers.conv2d(x, 4, (3, 2), 2, padding, order, activation=gc.nn.relu)
    w, b = gc.trainable_variables()
    assert (w.name, w.shape.as_list(), b.shape.as_list()) == ("conv2d/kernel:0", [3, 2, 3, 4], [4])
    image = gc.transpose(x, [0, 2, 3, 1]) if first else x
    want = gc.nn.relu(gc.nn.conv2d(image, w, 2, padding) + b)
    want = gc.transpose(want, [0, 3, 1, 2]) if first else want
    found, want = run_both([y, want], {x: RNG.normal(size=shape)}, rtol=1e-5, atol=1e-5)
    assert list(found.shape[1:]) == y.shape.as_list()[1:]
    np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-6)


def test_conv1d_and_separable():
    x = gc.placeholder(gc.float32, [2, 8, 3])
    y = layers.conv1d(x, 5, 3, 2, "same")
    z = layers.separable_conv2d(gc.ones([1, 6, 6, 2]), 4, 3, depth_multiplier=3, padding="same")
    assert (y.shape.as_list(), z.shape.as_list()) == ([2, 4, 5], [1, 6, 6, 4])
    assert [(v.name, v.shape.as_list()) for v in gc.trainable_variables()] == [
        ("conv1d/kernel:0", [3, 3, 5]),
        ("conv1d/bias:0", [5]),
        ("separable_conv2d/depthwise_kernel:0", [3, 3, 2, 3]),
        ("separable_conv2d/pointwise_kernel:0", [1, 1, 6, 4]),
        ("separable_conv2d/bias:0", [4]),
    ]
    kernel = gc.trainable_variables()[0]
    data = RNG.normal(size=(2, 8, 3)).astype("f4")
    found, w = run_both([y, kernel], {x: data}, rtol=1e-5)
    padded = np.pad(data, [(0, 0), (0, 1), (0, 0)])
    want = np.stack([np.einsum("bkc,kco->bo", padded[:, 2 * i : 2 * i + 3], w) for i in range(4)], 1)
    np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("padding", "size"), [("same", [8, 10]), ("valid", [9, 11])])
def test_conv2d_transpose(padding, size):
    x = gc.placeholder(gc.float32, [None, 4, 5, 2])
    y = layers.conv2d_transpose(x, 3, 3, 2, padding, use_bias=False)
    kernel = gc.trainable_variables()[0]
    assert y.shape.as_list() == [None, *size, 3]
    assert kernel.shape.as_list() == [3, 3, 3, 2]
    # The transpose: <conv(a), x> = <a, y>.
    a = gc.constant(RNG.normal(size=(2, *size, 3)).astype("f4"))
    left = gc.reduce_sum(gc.nn.conv2d(a, kernel, 2, padding) * x)
    right = gc.reduce_sum(a * y)
    found = run_both([left, right], {x: RNG.normal(size=(2, 4, 5, 2))}, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-4)


def test_pooling():
    data = RNG.normal(size=(2, 4, 6, 3)).astype("f4")
    x = gc.placeholder(gc.float32, [None, 4, 6, 3])
    top, mean = layers.max_pooling2d(x, 2), layers.average_pooling2d(x, (2, 3), (2, 3), name="mean")
    line, average = layers.max_pooling1d(x[:, 0], 2, 2), layers.average_pooling1d(x[:, 0], 3, 3)
    turned = layers.max_pooling2d(gc.transpose(x, [0, 3, 1, 2]), 2, 2, data_format="channels_first")
    found = run_both([top, mean, line, average, turned], {x: data})
    tiles = data.reshape(2, 2, 2, 3, 2, 3)
    np.testing.assert_array_equal(found[0], tiles.max((2, 4)))
    np.testing.assert_allclose(found[1], data.reshape(2, 2, 2, 2, 3, 3).mean((2, 4)), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found[2], data[:, 0].reshape(2, 3, 2, 3).max(2))
    np.testing.assert_allclose(found[3], data[:, 0].reshape(2, 2, 3, 3).mean(2), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found[4], found[0].transpose(0, 3, 1, 2))


def test_flatten_of_unknown_sizes():
    x = gc.placeholder(gc.float32, [None, None, 3])
    assert run_both(layers.flatten(x), {x: np.zeros((2, 5, 3))}).shape == (2, 15)
    free = gc.placeholder(gc.float32)
    assert run_both(layers.flatten(free), {free: np.zeros((2, 5, 3))}).shape == (2, 15)


def test_dropout():
    x = gc.placeholder(gc.float32, [4000])
    training, rate = gc.placeholder(gc.bool, []), gc.placeholder(gc.float32, [])
    fixed, fed = layers.dropout(x, 0.25, training=True), layers.dropout(x, rate, training=training)
    off = layers.dropout(x, 0.25)
    data = RNG.normal(size=4000).astype("f4")
    one, two, three = run_both([fixed, fed, off], {x: data, training: True, rate: 0.25})
    for y in (one, two):
        kept = y != 0
        assert abs(kept.mean() - 0.75) < 0.03
        np.testing.assert_allclose(y[kept], data[kept] / 0.75, rtol=1e-6)
    np.testing.assert_array_equal(three, data)
    np.testing.assert_array_equal(run_both(fed, {x: data, training: False, rate: 0.25}), data)


def test_placeholders_without_a_shape_hide_none():
    x, switch, rate = gc.placeholder(gc.float32, [None, 5]), gc.placeholder(gc.bool), gc.placeholder(gc.float32)
    y = layers.batch_normalization(layers.dropout(x, rate, training=switch), training=switch)
    assert y.shape.as_list() == [None, 5]
    assert gc.nn.dropout(x, rate).shape.as_list() == [None, 5]
    found = run_both(y, {x: np.ones((2, 5)), switch: False, rate: 0.5})
    np.testing.assert_allclose(found, np.full((2, 5), 1 / np.sqrt(1.001)), rtol=1e-5)


def test_embedding():
    ids = gc.placeholder(gc.int32, [None, 2])
    y = layers.embedding(ids, 5, 3)
    table = gc.trainable_variables()[0]
    assert table.name == "embedding/embeddings:0"
    found, rows = run_both([y, table], {ids: [[0, 4], [2, 2]]})
    np.testing.assert_array_equal(found, rows[[[0, 4], [2, 2]]])


def test_penalties(graph):
    x = gc.placeholder(gc.float32, [2, 3])
    y = layers.dense(
        x, 2, kernel_regularizer=layers.l2_regularizer(0.5), bias_initializer=gc.initializers.Ones(),
        bias_regularizer=layers.l1_l2_regularizer(0.5, 2.0), activity_regularizer=layers.l1_regularizer(0.1),
    )  # fmt: skip
    layers.dense(x, 2, kernel_regularizer=layers.l2_regularizer(0.0), name="none")
    penalties = graph.get_collection("regularization_losses")
    w = gc.trainable_variables()[0]
    found, w, y = run_both([penalties, w, y], {x: np.ones((2, 3))})
    np.testing.assert_allclose(found, [0.25 * (w**2).sum(), 0.5 * 2 + 2.0, 0.1 * abs(y).sum()], rtol=1e-5)
    with pytest.raises(gc.GraphError, match="not below 0"):
        layers.l1_regularizer(-1.0)


def test_reused_variables_are_penalised_once(graph):
    x = gc.placeholder(gc.float32, [2, 3])
    for reuse in (None, True):
        layers.dense(x, 2, kernel_regularizer=layers.l2_regularizer(0.5), name="a", reuse=reuse)
    assert len(graph.get_collection("regularization_losses")) == 1


def test_objects_share_their_variables():
    x = gc.placeholder(gc.float32, [None, 4])
    layer = layers.Dense(3, activation=gc.nn.relu, name="shared")
    with pytest.raises(gc.GraphError, match="first applied"):
        _ = layer.kernel
    with gc.variable_scope("net"):
        a = layer(x)
    b = layer(x)
    other = layers.Dense(2)
    other.apply(a)
    assert [v.name for v in layer.variables] == ["net/shared/kernel:0", "net/shared/bias:0"]
    assert other.kernel.name == "dense/kernel:0"
    assert other.bias is other.trainable_variables[1]
    np.testing.assert_array_equal(*run_both([a, b], {x: RNG.normal(size=(2, 4))}))
    pool, flat, drop = layers.MaxPooling2D(2), layers.Flatten(), layers.Dropout(0.5)
    y = drop(flat(pool(layers.Conv2D(2, 3)(gc.ones([1, 6, 6, 1])))), training=True)
    assert y.shape.as_list() == [1, 8]


@pytest.mark.parametrize("mode", list(CONFIGS))
def test_training_lowers_a_loss(mode, graph):
    x, t = gc.placeholder(gc.float32, [None, 8, 8, 1]), gc.placeholder(gc.int32, [None])
    h = layers.max_pooling2d(layers.conv2d(x, 4, 3, activation=gc.nn.relu), 2, 2)
    h = layers.batch_normalization(layers.dense(layers.flatten(h), 8), training=True)
    loss = gc.reduce_mean(gc.nn.sparse_softmax_cross_entropy_with_logits(labels=t, logits=layers.dense(h, 2)))
    with gc.control_dependencies(graph.get_collection(layers.UPDATE_OPS)):
        step = gc.train.AdamOptimizer(0.01).minimize(loss)
    data = RNG.normal(size=(32, 8, 8, 1)).astype("f4")
    feeds = {x: data, t: (data[:, :4].sum((1, 2, 3)) > 0).astype("i4")}
    s = session(mode, graph)
    before = s.run(loss, feeds)
    for _ in range(30):
        s.run(step, feeds)
    assert s.run(loss, feeds) < 0.6 * before


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: layers.dense(gc.placeholder(gc.float32, [None, None]), 2), "must be known"),
        (lambda: layers.dense(gc.placeholder(gc.float32), 2), "at least 2 axes"),
        (lambda: layers.dense(gc.placeholder(gc.int32, [2, 2]), 2), "cast it to float"),
        (lambda: layers.conv2d(gc.placeholder(gc.float32, [2, 2]), 2, 3), "4 axes"),
        (lambda: layers.conv2d(gc.zeros([1, 4, 4, 1]), 2, (3, 3, 3)), "kernel_size must be 2"),
        (lambda: layers.conv2d(gc.zeros([1, 4, 4, 1]), 2, 3, data_format="NCHW"), "channels_first"),
        (lambda: layers.batch_normalization(gc.zeros([2, 3]), axis=5), "no axis"),
    ],
)
def test_errors_name_the_line(call, words):
    with pytest.raises(gc.GraphError, match=words) as caught:
        call()
    assert "test_layers.py" in str(caught.value)
