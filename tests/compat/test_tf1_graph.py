"""Graphs, names, sessions and state as TensorFlow 1 scripts use them."""

import numpy as np
import pytest

import graphc as gc
import graphc.compat.tf1 as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as g:
        yield g


def test_default_names_of_operations_and_variables(graph):
    x, y = tf.placeholder("float", [None, 2]), tf.placeholder(tf.float32)
    w, b = tf.Variable(tf.zeros([2, 3])), tf.Variable(1.0)
    with tf.variable_scope("dense"):
        k = tf.get_variable("kernel", [2, 3])
    with tf.variable_scope("dense_1"):
        k1 = tf.get_variable("kernel", shape=[3, 1], dtype="float")
    product = tf.matmul(x, w) + b
    names = [t.name for t in (x, y, w, b, k, k1, product, tf.reduce_mean(product), tf.nn.relu(product), x / 2.0)]
    assert names == ["Placeholder:0", "Placeholder_1:0", "Variable:0", "Variable_1:0", "dense/kernel:0",
                     "dense_1/kernel:0", "add:0", "Mean:0", "Relu:0", "truediv:0"]  # fmt: skip
    assert graph.get_tensor_by_name("dense_1/kernel:0") is k1.value()
    assert graph.get_operation_by_name("Mean").name == "Mean"
    assert [v.name for v in tf.trainable_variables("dense")] == ["dense/kernel:0", "dense_1/kernel:0"]
    assert [v.name for v in tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope="dense_1")] == ["dense_1/kernel:0"]
    assert x.get_shape().as_list() == [None, 2]
    assert int(k.get_shape()[1]) * 2 == (k.shape[1] * 2).value == 6
    assert isinstance(k, tf.Variable)
    assert x.dtype.base_dtype == tf.float32


def test_set_shape_is_used_and_checked():
    x = tf.placeholder(tf.float32)
    x.set_shape([None, 3])
    y = x + tf.ones([2, 3])
    y.set_shape([2, None])
    assert tf.matmul(x, tf.ones([3, 4])).get_shape().as_list() == [None, 4]
    with pytest.raises(ValueError, match="cannot have"):
        y.set_shape([5, 3])
    with tf.Session() as sess:
        assert sess.run(y, {x: np.zeros((2, 3))}).tolist() == np.ones((2, 3)).tolist()


def test_sessions_evaluate_and_run():
    sess = tf.InteractiveSession(config=tf.ConfigProto(gpu_options=tf.GPUOptions(allow_growth=True)))
    v = tf.Variable([1.0, 2.0])
    tf.initialize_all_variables().run()
    assert v.eval().tolist() == [1.0, 2.0]
    tf.assign_add(v, [1.0, 1.0]).op.run()
    step = v.assign(v * 2.0)
    assert sess.run({"new": step, "old": [v, (v,)]})["old"][0].tolist() == [2.0, 3.0]
    assert tf.get_default_session() is sess
    sess.close()
    assert tf.get_default_session() is None
    with tf.Session() as other, tf.device("/gpu:0"):
        other.run(tf.global_variables_initializer())
        assert tf.constant(2).eval() == 2
    with pytest.raises(RuntimeError, match="closed Session"):
        other.run(v)


def test_feeds_of_whole_floats_default_placeholders_and_tuples():
    n, rate = tf.placeholder(tf.int32, [None]), tf.placeholder_with_default(0.5, [])
    state = (tf.placeholder(tf.float32, [2]), tf.placeholder(tf.float32, [2]))
    with tf.Session() as sess:
        assert sess.run(n + 1, {n: np.array([1.0, 2.0])}).tolist() == [2, 3]
        with pytest.raises(ValueError, match="do not fit"):
            sess.run(n, {n: np.array([1.5])})
        assert [sess.run(rate * 2.0), sess.run(rate * 2.0, {rate: 3})] == [1.0, 6.0]
        assert sess.run(state[0] - state[1], {state: (np.ones(2), np.zeros(2))}).tolist() == [1.0, 1.0]
        assert sess.run("Placeholder:0", {"Placeholder:0": [4]}).tolist() == [4]


def test_variables_must_be_initialised():
    w = tf.Variable(tf.random_normal([2], seed=1), name="w")
    copy = tf.Variable(w.initialized_value() * 2.0, name="copy")
    flag, names = tf.is_variable_initialized(w), tf.report_uninitialized_variables()
    with tf.Session() as sess:
        assert not sess.run(flag)
        assert sess.run(names).tolist() == [b"w", b"copy"]
        with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value w"):
            sess.run(w)
        sess.run(tf.global_variables_initializer())
        assert sess.run([names, flag])[1]
        np.testing.assert_allclose(sess.run(copy), 2.0 * sess.run(w), rtol=1e-6)
        train = tf.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(w * w))
        with pytest.raises(tf.errors.FailedPreconditionError, match=r"beta1_power|w/"):
            sess.run(train)


def test_reuse_of_variables():

    def plain(x):
        return tf.matmul(x, tf.get_variable("w", [2, 2], initializer=tf.ones, regularizer=tf.nn.l2_loss))

    x = tf.ones([1, 2])
    with tf.variable_scope("a") as scope:
        plain(x)
        scope.reuse_variables()
        plain(x)
    with tf.variable_scope("a", reuse=tf.AUTO_REUSE):
        plain(x)
    assert len(tf.global_variables()) == 1
    assert len(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)) == 1
    with pytest.raises(ValueError, match=r"a/w already exists.*reuse") as error, tf.variable_scope("a"):
        plain(x)
    assert "test_tf1_graph.py" in str(error.value)


def test_order_of_writes_and_control_dependencies():
    v = tf.Variable(1.0)
    step = tf.Variable(0, trainable=False, name="step")
    with tf.control_dependencies([tf.assign(v, 5.0)]):
        after = tf.identity(v)
        count = tf.assign_add(step, 1)
    both = tf.tuple([v * 2.0, None])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run([after, v, count]) == [5.0, 1.0, 1]
        assert sess.run(both[0]) == 10.0
        sess.run(tf.group(tf.assign_sub(v, 1.0), tf.no_op(), name="all"))
        assert sess.run(v) == 4.0
        up = tf.count_up_to(step, 2)
        assert sess.run(up) == 1
        with pytest.raises(tf.errors.OpError):
            sess.run(up)


def test_a_growing_graph_warns_once_and_names_the_line(graph):
    v = tf.Variable(1.0)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())

        def loop():
            for _ in range(12):
                sess.run(v * 2.0)

        with pytest.warns(RuntimeWarning, match=r"keeps growing(.|\n)*sess\.run\(v \* 2\.0\)") as caught:
            loop()
        assert len(caught) == 1
        graph.finalize()
        with pytest.raises(ValueError, match="finalized"):
            tf.constant(1.0)


def test_text_constants_and_no_proto():
    hello = tf.constant("Hello")
    with tf.Session() as sess:
        assert sess.run(hello) == b"Hello"
        assert sess.run([tf.constant(3), hello]) == [3, b"Hello"]
    with pytest.raises(NotImplementedError, match="export_meta_graph"):
        tf.get_default_graph().as_graph_def()


def test_native_graphs_are_not_changed():
    with gc.Graph().as_default():
        assert (gc.constant([1.0]) + gc.constant(np.float64([1.0]))).dtype == gc.float64
