"""What the common mistakes of scripts say: the user's line, shapes or names, and what to do."""

import re

import numpy as np
import pytest

import graphc.compat.tf1 as tf

LINE = r"(?s).*at \S*test_common_errors\.py:\d+: .*"


@pytest.fixture(autouse=True)
def fresh():
    tf.reset_default_graph()
    yield
    tf.reset_default_graph()


def missing_feed():
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    tf.Session().run(x * 2)


def fed_shape():
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    tf.Session().run(x * 2, {x: np.zeros((2, 4))})


def shape_clash():
    tf.matmul(tf.zeros([2, 3]), tf.zeros([4, 5]))


def broadcast_clash():
    return tf.zeros([2, 3]) + tf.zeros([4, 5])


def sizes_of_a_run():
    x, y = tf.placeholder(tf.float32, [None], name="x"), tf.placeholder(tf.float32, [None], name="y")
    tf.Session().run(x + y, {x: [1, 2], y: [1, 2, 3]})


def no_gradient():
    w = tf.Variable(1.0, name="w")
    steps = tf.cast(w, tf.int32)
    tf.train.GradientDescentOptimizer(0.1).minimize(tf.cast(steps, tf.float32))


def fetched_none():
    w = tf.Variable(1.0, name="w")
    tf.Session().run(tf.gradients(tf.constant(2.0), [w]))


def made_twice():
    tf.get_variable("w", [2])
    tf.get_variable("w", [2])


def reused_without_being():
    with tf.variable_scope("s", reuse=True):
        tf.get_variable("w", [2])


def reused_in_another_shape():
    tf.get_variable("w", [2])
    with tf.variable_scope("", reuse=True):
        tf.get_variable("w", [3])


def uninitialized():
    w = tf.Variable(1.0, name="w")
    tf.Session().run(w * 2)


def foreign_operand():
    with tf.Graph().as_default():
        c = tf.constant(1.0)
    return tf.constant(2.0) + c


def foreign_fetch():
    with tf.Graph().as_default():
        c = tf.constant(1.0)
    tf.Session().run(c)


def foreign_feed():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32)
    tf.Session().run(tf.constant(1.0), {x: 2.0})


def not_a_number():
    x = tf.placeholder(tf.float32, [None])
    tf.Session().run(tf.check_numerics(tf.log(x), "log of x"), {x: [1.0, -1.0]})


MISTAKES = [
    (missing_feed, "x (float32, shape (?, 3)) must be fed: pass feed_dict="),
    (fed_shape, "x:0 has shape (?, 3): an array of shape (2, 4) cannot be fed"),
    (shape_clash, "matmul: inner sizes 3 and 4 differ in float32[2, 3] and float32[4, 5]"),
    (broadcast_clash, "add: shapes (2, 3) and (4, 5) do not broadcast: 2 against 4"),
    (sizes_of_a_run, "sizes 2 and 3 do not fit together in add"),
    (no_gradient, "does not depend differentiably on any of the variables: w:0. A cast to integers"),
    (fetched_none, "a gradient is None where nothing depends differentiably on the variable"),
    (made_twice, "Variable w already exists, disallowed. Did you mean to set reuse=True"),
    (reused_without_being, "Variable s/w does not exist, or was not created with get_variable(). Did you mean to set"),
    (reused_in_another_shape, "specified shape (3,) and found shape (2,); it was made at"),
    (uninitialized, "Attempting to use uninitialized value w: run its initializer first"),
    (foreign_operand, "the tensor Const:0 belongs to another graph, made at"),
    (foreign_fetch, "make the session for that graph, Session(graph=x.graph)"),
    (foreign_feed, "it belongs to another graph than this session's; it was made at"),
    (not_a_number, "log of x: the value at position [1] of [2] is nan; no variable was changed"),
]


@pytest.mark.parametrize(("mistake", "said"), MISTAKES, ids=[m.__name__ for m, _ in MISTAKES])
def test_it_says_what_is_wrong_where_and_what_to_do(mistake, said):
    with pytest.raises(Exception) as raised:
        mistake()
    text = str(raised.value)
    assert said in text
    assert re.fullmatch(LINE, text), text


def test_where_a_checkpoint_does_not_fit(tmp_path):
    tf.Variable(np.zeros((2, 3), np.float32), name="w")
    tf.Variable(1.0, name="v")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "model"))
    tf.reset_default_graph()
    tf.Variable(np.zeros((3, 3), np.float32), name="w")
    tf.Variable(1.0, name="u")
    with pytest.raises(ValueError, match="does not fit the variables; nothing was changed") as raised:
        tf.train.Saver().restore(tf.Session(), path)
    text = str(raised.value)
    for said in ("missing in the file:\n    u", "extra in the file:\n    v", "w: (2, 3) float32 in the file, (3, 3)"):
        assert said in text
    assert "pass Saver(var_list)" in text
    assert re.fullmatch(LINE, text)
