"""Assertions of scripts fail runs; they did not always."""

import pytest

import graphc.compat.tf1 as tf


@pytest.mark.parametrize(
    ("make", "good", "bad"),
    [
        (lambda x: tf.Assert(tf.reduce_all(x > 0), [x]), [1.0, 2.0], [1.0, 0.0]),
        (lambda x: tf.assert_positive(x), [1.0], [0.0]),
        (lambda x: tf.assert_equal(x, 3.0, message="not three"), [3.0, 3.0], [3.0, 4.0]),
        (lambda x: tf.assert_less(x=x, y=[5.0]), [4.0], [5.0]),
    ],
)
def test_assertions(make, good, bad):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None])
        with tf.control_dependencies([make(x)]):
            y = tf.identity(x * 2)
        with tf.Session() as sess:
            assert sess.run(y, {x: good}).tolist() == [2 * v for v in good]
            with pytest.raises(tf.errors.InvalidArgumentError, match=r"not hold|three"):
                sess.run(y, {x: bad})
