"""Where values, gradients and errors of TensorFlow 1 are not the native ones."""

import numpy as np
import pytest

import graphc.compat.tf1 as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as g:
        yield g


def run(*fetches, **feeds):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        found = sess.run(list(fetches), feeds.get("feed"))
    return found[0] if len(found) == 1 else found


def test_integers_stay_integers():
    x = tf.constant([1, 2, 4])
    total, mean, down, true, python = run(
        tf.reduce_sum(x), tf.reduce_mean(-x), tf.div(-x, 2), tf.truediv(x, 2), x / tf.constant(2)
    )
    assert total.dtype == np.int32
    assert [total, mean] == [7, -2]
    assert down.tolist() == [-1, -1, -2]
    assert true.dtype == python.dtype == np.float64
    assert python.tolist() == [0.5, 1.0, 2.0]
    assert run(tf.argmax([[1.0, 3.0]], dimension=1)).dtype == np.int64
    assert run(tf.shape(tf.zeros([2, 3]))).dtype == np.int32
    assert run(tf.count_nonzero([[1, 0], [2, 3]], axis=0)).tolist() == [2, 1]


def test_element_types_do_not_mix():
    single, double = tf.constant([1.0]), tf.constant(np.float64([1.0]))
    for build in (lambda: single + double, lambda: tf.multiply(double, single), lambda: single < double):
        with pytest.raises(TypeError, match=r"float64.*float32|float32.*float64") as error:
            build()
        assert "tf.cast" in str(error.value)
        assert "test_tf1_semantics.py" in str(error.value)
    with pytest.raises(TypeError, match="int32"):
        tf.constant([1]) * single
    assert run(single * np.float64(2.0)).dtype == np.float32
    assert run(tf.to_float([1, 2]) * 2).dtype == np.float32


def test_gradients_at_kinks_and_none():
    x = tf.placeholder(tf.float32, [3])
    values = np.float32([-1.0, 0.0, 1.0])

    def slope(y):
        return run(tf.gradients(y, x)[0], feed={x: values}).tolist()

    assert slope(tf.abs(x)) == [-1.0, 0.0, 1.0]
    assert slope(tf.maximum(x, 0.0)) == [0.0, 1.0, 1.0]
    assert slope(tf.maximum(0.0, x)) == [0.0, 0.0, 1.0]
    assert slope(tf.minimum(x, 0.0)) == [1.0, 1.0, 0.0]
    assert slope(tf.nn.relu(x)) == [0.0, 0.0, 1.0]
    assert slope(tf.clip_by_value(x, -1.0, 0.0)) == [1.0, 1.0, 0.0]
    assert slope(tf.sign(x)) == [0.0, 0.0, 0.0]
    for y in (tf.floor(x), tf.ceil(x), tf.round(x), tf.rint(x), tf.cast(x, tf.int32) + 1, tf.argmax(x)):
        z = y if y.dtype == tf.float32 else tf.to_float(y)
        assert tf.gradients(z, x) == [None]
    nan = run(tf.maximum(x, 0.0), tf.minimum(0.0, x), feed={x: [np.nan, 1.0, -1.0]})
    assert np.isnan([nan[0][0], nan[1][0]]).all()


def test_old_keywords_and_orders():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    assert run(tf.reduce_mean(x, reduction_indices=[1], keep_dims=True)).tolist() == [[1.5], [3.5]]
    assert run(tf.concat(1, [x, x])).shape == run(tf.concat([x, x], axis=1)).shape == (2, 4)
    assert run(tf.expand_dims(x, dim=0)).shape == (1, 2, 2)
    assert run(tf.nn.softmax(x, dim=-1)).shape == (2, 2)
    assert [p.tolist() for p in run(*tf.split(1, 2, x))] == [[[1.0], [3.0]], [[2.0], [4.0]]]
    assert run(tf.where([True, False], x, -x)).tolist() == [[1.0, 2.0], [-3.0, -4.0]]
    assert run(tf.pack([tf.mul(2.0, 3.0), tf.sub(2.0, 3.0), tf.neg(1.0)])).tolist() == [6.0, -1.0, -1.0]
    logits, labels = tf.constant([[2.0, 0.0]]), tf.constant([[1.0, 0.0]])
    named = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    assert run(named).tolist() == run(tf.nn.softmax_cross_entropy_with_logits(logits, labels)).tolist()
    np.testing.assert_allclose(run(named), np.log1p(np.exp(-2.0)), rtol=1e-6)


def test_images_with_channels_first():
    x = np.random.RandomState(0).randn(2, 3, 8, 8).astype(np.float32)
    w = np.random.RandomState(1).randn(3, 3, 3, 4).astype(np.float32)
    last = np.transpose(x, [0, 2, 3, 1])
    first = tf.nn.max_pool(tf.nn.conv2d(x, w, [1, 1, 2, 2], "SAME", data_format="NCHW"), [1, 1, 2, 2], [1, 1, 2, 2],
                           "VALID", data_format="NCHW")  # fmt: skip
    plain = tf.nn.max_pool(tf.nn.conv2d(last, w, strides=[1, 2, 2, 1], padding="SAME"), ksize=[1, 2, 2, 1],
                           strides=[1, 2, 2, 1], padding="VALID")  # fmt: skip
    a, b = run(first, plain)
    np.testing.assert_allclose(a, np.transpose(b, [0, 3, 1, 2]), rtol=1e-5, atol=1e-5)


def test_small_functions_of_nn():
    x = np.random.RandomState(0).randn(1, 2, 2, 5).astype(np.float32)
    squares = np.array([(x[..., max(0, c - 1) : c + 2] ** 2).sum(-1) for c in range(5)])
    np.testing.assert_allclose(
        run(tf.nn.lrn(x, depth_radius=1, bias=2.0, alpha=0.5, beta=0.75)),
        x / (2.0 + 0.5 * np.moveaxis(squares, 0, -1)) ** 0.75,
        rtol=1e-5,
    )
    assert run(tf.nn.in_top_k([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]], [2, 2], 2)).tolist() == [True, False]
    assert run(tf.nn.zero_fraction([0.0, 1.0, 0.0, 2.0])) == 0.5
    z, q = np.float32([0.0, 1.0]), 3.0
    value = run(tf.nn.weighted_cross_entropy_with_logits(z, tf.constant([0.5, -1.0]), q))
    p = 1.0 / (1.0 + np.exp(-np.float64([0.5, -1.0])))
    np.testing.assert_allclose(value, -(q * z * np.log(p) + (1 - z) * np.log(1 - p)), rtol=1e-5)
    assert run(tf.norm([3.0, 4.0])) == 5.0
    assert run(tf.nn.crelu([[1.0, -2.0]])).tolist() == [[1.0, 0.0, 0.0, 2.0]]


def test_errors_name_the_line_and_what_to_do():
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.Variable(tf.zeros([3, 2]), name="w")
    y = tf.matmul(x, w)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"must feed.*x.*float32.*\(\?, 3\)") as missing:
            sess.run(y)
        with pytest.raises(ValueError, match=r"x:0 has shape \(\?, 3\).*\(2, 4\)") as shape:
            sess.run(y, {x: np.zeros((2, 4))})
        with pytest.raises(tf.errors.InvalidArgumentError, match="index 7") as index:
            sess.run(tf.gather(w, [7]))
    with pytest.raises(ValueError, match=r"matmul.*3") as clash:
        tf.matmul(x, tf.zeros([4, 2]))
    with pytest.raises(ValueError, match="does not depend") as none:
        tf.train.GradientDescentOptimizer(0.1).minimize(tf.to_float(tf.argmax(y, 1)))
    with tf.Graph().as_default(), tf.Session() as other, pytest.raises(ValueError, match="another graph") as foreign:
        other.run(y, {x: np.zeros((1, 3))})
    for error in (missing, shape, index, clash, none, foreign):
        assert "test_tf1_semantics.py" in str(error.value)
    assert missing.value.message
