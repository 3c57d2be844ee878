"""Layers and recurrent networks as TensorFlow 1 scripts write them."""

import numpy as np
import pytest

import graphc.compat.tf1 as tf

RNG = np.random.default_rng(2)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as g:
        tf.set_random_seed(1)
        yield g


@pytest.mark.parametrize("cell", ["BasicLSTMCell", "GRUCell", "LSTMCell", "BasicRNNCell"])
def test_a_classifier_of_sequences(cell):
    steps, inputs, hidden, classes = 6, 4, 12, 3
    x = tf.placeholder("float", [None, steps, inputs])
    y = tf.placeholder("float", [None, classes])
    weights = {"out": tf.Variable(tf.random_normal([hidden, classes]))}
    biases = {"out": tf.Variable(tf.random_normal([classes]))}
    parts = tf.unstack(x, steps, 1)
    outputs, _ = tf.contrib.rnn.static_rnn(getattr(tf.contrib.rnn, cell)(hidden), parts, dtype=tf.float32)
    logits = tf.matmul(outputs[-1], weights["out"]) + biases["out"]
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=y))
    train = tf.train.AdamOptimizer(learning_rate=0.03).minimize(loss)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), tf.argmax(y, 1)), tf.float32))
    data = RNG.normal(size=(48, steps, inputs)).astype("f4")
    feeds = {x: data, y: np.eye(classes)[data[:, :, 0].sum(1).argsort().argsort() // 16]}
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(60):
            sess.run(train, feed_dict=feeds)
        assert sess.run(accuracy, feed_dict=feeds) > 0.8


def test_a_stacked_network_with_fed_state():
    batch, units, vocabulary = 2, 5, 7
    words = tf.placeholder(tf.int32, [batch, None])
    keep = tf.placeholder_with_default(1.0, [])
    with tf.variable_scope("rnnlm", initializer=tf.random_uniform_initializer(-0.3, 0.3)):
        table = tf.get_variable("embedding", [vocabulary, units])
        inputs = tf.nn.embedding_lookup(table, words)
        cells = [
            tf.nn.rnn_cell.DropoutWrapper(
                tf.nn.rnn_cell.BasicLSTMCell(units, state_is_tuple=True), output_keep_prob=keep
            )
            for _ in range(2)
        ]
        cell = tf.nn.rnn_cell.MultiRNNCell(cells, state_is_tuple=True)
        start = cell.zero_state(batch, tf.float32)
        outputs, last = tf.nn.dynamic_rnn(cell, inputs, initial_state=start)
        logits = tf.layers.dense(tf.reshape(outputs, [-1, units]), vocabulary, name="softmax")
    assert [v.name for v in tf.trainable_variables()] == [
        "rnnlm/embedding:0",
        "rnnlm/rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel:0",
        "rnnlm/rnn/multi_rnn_cell/cell_0/basic_lstm_cell/bias:0",
        "rnnlm/rnn/multi_rnn_cell/cell_1/basic_lstm_cell/kernel:0",
        "rnnlm/rnn/multi_rnn_cell/cell_1/basic_lstm_cell/bias:0",
        "rnnlm/softmax/kernel:0",
        "rnnlm/softmax/bias:0",
    ]
    gradients, _ = tf.clip_by_global_norm(tf.gradients(tf.reduce_mean(tf.square(logits)), tf.trainable_variables()), 5)
    train = tf.train.GradientDescentOptimizer(0.1).apply_gradients(
        zip(gradients, tf.trainable_variables(), strict=True)
    )
    ids = RNG.integers(0, vocabulary, (batch, 6))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        whole, end = sess.run([logits, last], {words: ids})
        state = sess.run(start)
        for t in range(6):
            one, state = sess.run([logits, last], {words: ids[:, t : t + 1], start: state})
            np.testing.assert_allclose(one, whole.reshape(batch, 6, -1)[:, t], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(state[1].h, end[1].h, rtol=1e-4, atol=1e-6)
        sess.run(train, {words: ids, keep: 0.5})
        assert not np.array_equal(sess.run(logits, {words: ids}), whole)


def test_a_convolutional_network():
    images = tf.placeholder(tf.float32, [None, 12, 12, 1])
    labels = tf.placeholder(tf.int64, [None])
    training = tf.placeholder(tf.bool)
    net = tf.layers.conv2d(inputs=images, filters=6, kernel_size=[3, 3], padding="same", activation=tf.nn.relu)
    net = tf.layers.batch_normalization(net, training=training, momentum=0.8)
    net = tf.layers.max_pooling2d(inputs=net, pool_size=[2, 2], strides=2)
    net = tf.contrib.layers.flatten(net)
    net = tf.contrib.layers.fully_connected(net, 16, weights_regularizer=tf.contrib.layers.l2_regularizer(scale=1e-3))
    net = tf.layers.dropout(net, rate=0.2, training=training)
    logits = tf.layers.dense(
        net, 2, kernel_initializer=tf.contrib.layers.xavier_initializer(), bias_initializer=tf.zeros_initializer()
    )
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    loss += tf.add_n(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        train = tf.train.AdamOptimizer(0.01).minimize(loss)
    right = tf.reduce_mean(tf.cast(tf.nn.in_top_k(logits, labels, 1), tf.float32))
    data = RNG.normal(size=(40, 12, 12, 1)).astype("f4")
    classes = (data[:, :6].mean((1, 2, 3)) > data[:, 6:].mean((1, 2, 3))).astype("i8")
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(40):
            sess.run(train, {images: data, labels: classes, training: True})
        assert sess.run(right, {images: data, labels: classes, training: False}) > 0.9


def test_functions_with_old_arguments():
    x = tf.constant(np.arange(24.0, dtype="f4").reshape(2, 3, 4))
    turned = tf.reverse_sequence(x, [1, 3], seq_dim=1, batch_dim=0)
    table = [tf.Variable(np.full((2, 3), i, "f4")) for i in range(2)]
    rows = tf.nn.embedding_lookup(table, [0, 1, 2, 3])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        found, rows = sess.run([turned, rows])
    np.testing.assert_array_equal(found[1], np.arange(12, 24).reshape(3, 4)[::-1])
    np.testing.assert_array_equal(rows[:, 0], [0, 1, 0, 1])


@pytest.mark.parametrize("name", ["nce_loss", "sampled_softmax_loss"])
def test_word_vectors(name):
    words, context = tf.placeholder(tf.int32, shape=[16]), tf.placeholder(tf.int32, shape=[16, 1])
    table = tf.Variable(tf.random_uniform([30, 8], -1.0, 1.0))
    weights = tf.Variable(tf.truncated_normal([30, 8], stddev=1.0 / 8**0.5))
    biases = tf.Variable(tf.zeros([30]))
    loss = tf.reduce_mean(
        getattr(tf.nn, name)(
            weights=weights, biases=biases, labels=context, inputs=tf.nn.embedding_lookup(table, words), num_sampled=8,
            num_classes=30,
        )
    )  # fmt: skip
    train = tf.train.GradientDescentOptimizer(1.0).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        ids = np.arange(16)
        feeds = {words: ids, context: (ids[:, None] + 1) % 16}
        before = np.mean([sess.run(loss, feeds) for _ in range(10)])
        for _ in range(60):
            sess.run(train, feeds)
        assert np.mean([sess.run(loss, feeds) for _ in range(10)]) < 0.7 * before


def test_arguments_of_layers_hold_within_a_scope():
    slim = tf.contrib.slim
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 4])
        penalty = slim.l2_regularizer(0.5)
        with slim.arg_scope([slim.fully_connected], activation_fn=None, weights_regularizer=penalty) as scope:
            plain = slim.fully_connected(x, 3, scope="a")
            with slim.arg_scope([slim.fully_connected], weights_regularizer=None):
                slim.fully_connected(x, 3, scope="b")
        rectified = slim.fully_connected(x, 3, scope="c")
        with slim.arg_scope(scope):
            slim.repeat(x, 2, slim.fully_connected, 4, scope="d")
        assert plain.op.type != "relu"
        assert rectified.op.type == "relu"
        assert len(graph.get_collection("regularization_losses")) == 3
        assert [v.op.name for v in tf.trainable_variables()][-4::2] == ["d/d_1/weights", "d/d_2/weights"]
        with pytest.raises(ValueError, match="matmul takes no part in scopes"), slim.arg_scope([tf.matmul]):
            pass


def test_branches_that_are_known_are_taken_at_once():
    smart_cond = tf.contrib.framework.smart_cond
    with tf.Graph().as_default(), tf.Session() as sess:
        training = tf.placeholder(tf.bool, [])
        assert smart_cond(True, lambda: 1, lambda: 2) == 1
        chosen = smart_cond(training, lambda: tf.constant(1.0), lambda: tf.constant(2.0))
        assert sess.run(chosen, {training: False}) == 2.0
