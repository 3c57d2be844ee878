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


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda x: tf.assert_rank(x, 2), r"x:0 has rank 1, and not rank 2\n  at .*test_tf1_assertions"),
        (lambda x: tf.assert_rank_at_least(x, 2), "rank 2 or more"),
        (lambda x: tf.assert_rank_in(x, [0, 3]), r"one of the ranks \(0, 3\)"),
        (lambda x: tf.assert_scalar(x), "and not rank 0"),
        (lambda x: tf.assert_type(x, tf.int32, message="no ids"), "no ids: x:0 is of type float32, and not int32"),
        (lambda x: tf.assert_integer(x), "and not of integers"),
    ],
)
def test_what_is_known_is_checked_when_the_graph_is_built(check, message):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None], name="x")
        with pytest.raises(ValueError, match=message):
            check(x)
        tf.assert_rank(x, 1)
        tf.assert_type(x, tf.float32)
        assert tf.assert_scalar(x[0]).shape.ndims == 0


def test_nearness_is_checked_in_the_run():
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32, [None])
        check = tf.assert_near(x, [1.0, 2.0])
        sess.run(check, {x: [1.0, 2.0 + 2e-7]})
        with pytest.raises(tf.errors.InvalidArgumentError, match="not hold"):
            sess.run(check, {x: [1.0, 2.001]})
