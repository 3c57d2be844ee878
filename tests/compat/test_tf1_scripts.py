"""Small scripts in the manner of public ones: models, loops, checkpoints, data sets, options."""

import os
import sys

import numpy as np
import pytest

import graphc.compat.tf1 as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as g:
        yield g


def blobs(count=90, seed=0):
    random = np.random.RandomState(seed)
    labels = np.arange(count) % 3
    return (random.randn(count, 2) * 0.3 + np.array([[0, 2], [2, 0], [-2, -1]])[labels]).astype(np.float32), labels


def test_linear_regression_fed_sample_by_sample():
    x, y = tf.placeholder("float"), tf.placeholder("float")
    w, b = tf.Variable(0.3, name="weight"), tf.Variable(-0.2, name="bias")
    cost = tf.reduce_sum(tf.pow(tf.add(tf.multiply(x, w), b) - y, 2)) / (2 * 8)
    train = tf.train.GradientDescentOptimizer(0.05).minimize(cost)
    xs = np.linspace(0.0, 2.0, 8)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(300):
            for pair in zip(xs, 3.0 * xs + 1.0, strict=True):
                sess.run(train, feed_dict=dict(zip((x, y), pair, strict=True)))
        assert sess.run(cost, feed_dict={x: xs, y: 3.0 * xs + 1.0}) < 1e-3
        assert abs(sess.run(w) - 3.0) < 0.1


def test_softmax_classifier_with_summaries_steps_and_checkpoint(tmp_path):
    points, labels = blobs()
    x, y = tf.placeholder(tf.float32, [None, 2], name="x"), tf.placeholder(tf.int32, [None, 1], name="y")
    hot = tf.reshape(tf.one_hot(y, 3), [-1, 3])
    with tf.name_scope("model"):
        w = tf.Variable(tf.truncated_normal([2, 3], stddev=0.1, seed=1), name="w")
        logits = tf.nn.xw_plus_b(x, w, tf.Variable(tf.zeros([3]), name="b"))
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=hot))
    step = tf.Variable(0, trainable=False, name="global_step")
    rate = tf.train.exponential_decay(0.1, step, 100, 0.9, staircase=True)
    optimizer = tf.train.AdamOptimizer(learning_rate=rate)
    pairs = [(tf.clip_by_value(g, -1.0, 1.0), v) for g, v in optimizer.compute_gradients(loss)]
    train = optimizer.apply_gradients(pairs, global_step=step)
    right = tf.equal(tf.argmax(logits, 1), tf.argmax(hot, 1))
    accuracy = tf.reduce_mean(tf.cast(right, tf.float32))
    tf.summary.scalar("loss", loss)
    tf.summary.histogram("weights", w)
    merged, saver = tf.summary.merge_all(), tf.train.Saver()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        writer = tf.summary.FileWriter(str(tmp_path / "logs"), sess.graph)
        for i in range(150):
            text, _ = sess.run([merged, train], feed_dict={x: points, y: labels[:, None]})
            writer.add_summary(text, i)
        writer.close()
        assert sess.run(accuracy, {x: points, y: labels[:, None]}) > 0.97
        assert sess.run(step) == 150
        kept, path = sess.run(w), saver.save(sess, str(tmp_path / "model"), global_step=step)
    assert os.listdir(tmp_path / "logs")
    with tf.Session() as sess:
        saver.restore(sess, tf.train.latest_checkpoint(str(tmp_path)))
        np.testing.assert_array_equal(sess.run(w), kept)
        assert path == tf.train.latest_checkpoint(str(tmp_path))


def test_xor_by_hand():
    x, y = tf.placeholder(tf.float32, [4, 2]), tf.placeholder(tf.float32, [4, 1])
    tf.set_random_seed(777)
    w1, w2 = tf.Variable(tf.random_normal([2, 4])), tf.Variable(tf.random_normal([4, 1]))
    b1, b2 = tf.Variable(tf.zeros([4])), tf.Variable(tf.zeros([1]))
    hidden = tf.sigmoid(tf.add(tf.matmul(x, w1), b1))
    out = tf.sigmoid(tf.matmul(hidden, w2) + b2)
    cost = -tf.reduce_mean(y * tf.log(out) + (1.0 - y) * tf.log(1.0 - out))
    d_out = (out - y) / tf.to_float(tf.shape(x)[0])
    d_hidden = tf.matmul(d_out, tf.transpose(w2)) * hidden * (1.0 - hidden)
    by_hand = [tf.matmul(tf.transpose(x), d_hidden), tf.reduce_sum(d_hidden, 0), tf.matmul(tf.transpose(hidden), d_out),
               tf.reduce_sum(d_out, reduction_indices=[0])]  # fmt: skip
    variables = [w1, b1, w2, b2]
    step = [tf.assign(v, v - 2.0 * g) for v, g in zip(variables, by_hand, strict=True)]
    feed = {x: [[0, 0], [0, 1], [1, 0], [1, 1]], y: [[0], [1], [1], [0]]}
    with tf.Session() as sess:
        sess.run(tf.initialize_all_variables())
        for a, b in zip(*sess.run([by_hand, tf.gradients(cost, variables)], feed), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
        for _ in range(800):
            sess.run(step, feed_dict=feed)
        assert sess.run(tf.round(out), feed).ravel().tolist() == [0.0, 1.0, 1.0, 0.0]


def test_two_networks_with_var_lists_and_an_interactive_session():
    z, real = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.float32, [None, 1])

    def network(x, scope, reuse=False):
        with tf.variable_scope(scope, reuse=reuse):
            w = tf.get_variable("w", [x.get_shape()[-1].value, 1])
            return tf.matmul(x, w) + tf.get_variable("b", initializer=tf.constant([0.0]))

    fake = network(z, "generator")
    judged, judged_fake = network(real, "judge"), network(fake, "judge", reuse=True)
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=judged, labels=tf.ones_like(judged)))
    fooled = tf.reduce_mean(tf.nn.softplus(-judged_fake))
    mine = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="generator")
    train = [tf.train.RMSPropOptimizer(0.01).minimize(loss, var_list=tf.trainable_variables("judge")),
             tf.train.MomentumOptimizer(0.01, 0.9).minimize(fooled, var_list=mine)]  # fmt: skip
    sess = tf.InteractiveSession()
    tf.global_variables_initializer().run()
    before = [v.eval() for v in tf.trainable_variables()]
    feed = {z: np.ones((4, 2)), real: np.full((4, 1), 3.0)}
    sess.run(train[1], feed)
    after = [v.eval() for v in tf.trainable_variables()]
    changed = [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert changed == [True, True, False, False]
    assert sess.run([loss, *train], feed)[0] > 0.0
    sess.close()


def test_branches_loops_and_python():
    x = tf.placeholder(tf.float32, [None])
    chosen = tf.cond(tf.reduce_sum(x) > 0.0, lambda: x * 2.0, lambda: -x)
    count, total = tf.while_loop(lambda i, s: i < 4, lambda i, s: [i + 1, s + tf.reduce_sum(x)], [0, 0.0])
    sums = tf.scan(lambda a, b: a + b, x)
    squares = tf.map_fn(lambda v: v * v, x)
    python = tf.py_func(lambda v: v[::-1].copy(), [x], tf.float32)
    with tf.Session() as sess:
        got = sess.run([chosen, count, total, sums, squares, python], {x: [1.0, 2.0]})
        assert [np.asarray(g).tolist() for g in got] == [[2.0, 4.0], 4, 12.0, [1.0, 3.0], [1.0, 4.0], [2.0, 1.0]]
        assert sess.run(chosen, {x: [-1.0, 0.5]}).tolist() == [1.0, -0.5]
        assert sess.run(tf.gradients(sums, x)[0], {x: [1.0, 2.0, 3.0]}).tolist() == [3.0, 2.0, 1.0]


def test_switches_without_a_shape_leave_the_shape_of_results_known():
    training, keep = tf.placeholder(tf.bool), tf.placeholder(tf.float32)
    x = tf.placeholder(tf.float32, [None, 3])
    hidden = tf.nn.dropout(tf.layers.dropout(x, 0.5, training=training), keep)
    y = tf.layers.dense(tf.cond(training, lambda: hidden * 2.0, lambda: hidden), 2, kernel_initializer=tf.ones)
    assert y.get_shape().as_list() == [None, 2]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run(y, {x: np.ones((1, 3)), training: False, keep: 1.0}).tolist() == [[3.0, 3.0]]


def test_data_sets_end_as_scripts_expect():
    data = tf.data.Dataset.from_tensor_slices((np.arange(5, dtype=np.float32), np.arange(5))).repeat(2).batch(4)
    value, label = data.make_one_shot_iterator().get_next()
    seen = []
    with tf.Session() as sess:
        try:
            while True:
                seen.append(sess.run(value * 2.0).tolist())
        except tf.errors.OutOfRangeError:
            pass
    assert seen == [[0.0, 2.0, 4.0, 6.0], [8.0, 0.0, 2.0, 4.0], [6.0, 8.0]]
    assert label.dtype.is_integer


def test_matrices_and_clipping():
    a = np.float32([[4.0, 1.0], [1.0, 3.0]])
    s, u, v = tf.svd(a)
    (clipped,), norm = tf.clip_by_global_norm([tf.constant([3.0, 4.0])], 1.0)
    fetches = [tf.matrix_solve(a, [[1.0], [2.0]]), tf.cholesky(a), u @ tf.diag(s) @ tf.transpose(v), clipped, norm]
    with tf.Session() as sess:
        solved, factor, again, short, length = sess.run(fetches)
    np.testing.assert_allclose(a @ solved, [[1.0], [2.0]], rtol=1e-5)
    np.testing.assert_allclose(factor @ factor.T, a, rtol=1e-5)
    np.testing.assert_allclose(again, a, rtol=1e-4)
    np.testing.assert_allclose(short, [0.6, 0.8], rtol=1e-6)
    assert length == 5.0


def test_example_data_falls_back_loudly(tmp_path):
    from graphc.compat.tf1.examples.tutorials.mnist import input_data

    with pytest.warns(UserWarning, match="NOT MNIST"):
        mnist = input_data.read_data_sets(str(tmp_path), one_hot=True)
    images, labels = mnist.train.next_batch(50)
    assert images.shape == (50, 784)
    assert labels.shape == (50, 10)
    assert labels.sum() == 50.0
    total = mnist.train.num_examples + mnist.validation.num_examples + mnist.test.num_examples
    assert total == 1797
    start, seen = mnist.train.epochs_completed, 0
    while mnist.train.epochs_completed == start:
        seen += len(mnist.train.next_batch(100)[0])
    assert seen >= mnist.train.num_examples - 50


def test_flags_and_app(monkeypatch):
    flags = tf.app.flags
    flags.DEFINE_integer("steps", 10, "how many")
    flags.DEFINE_string("name", "a", "which")
    flags.DEFINE_boolean("fast", False, "whether")
    monkeypatch.setattr(sys, "argv", ["script", "--steps=3", "--fast", "rest"])
    seen = []

    def main(argv):
        seen.extend([flags.FLAGS.steps, flags.FLAGS.name, flags.FLAGS.fast, argv])

    with pytest.raises(SystemExit):
        tf.app.run(main)
    assert seen == [3, "a", True, ["script", "rest"]]
    with pytest.raises(AttributeError, match="steps"):
        flags.FLAGS.nothing  # noqa: B018
