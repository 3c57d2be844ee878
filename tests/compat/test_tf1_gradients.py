"""Gradients of one's own: RegisterGradient, gradient_override_map, with_gradient."""

import numpy as np
import pytest

import graphc as gc
import graphc.compat.tf1 as tf


@pytest.fixture(params=["compile", "interpret"])
def session(request):
    with tf.Graph().as_default() as graph, gc.Session(graph, mode=request.param) as session:
        yield session


def squares(x):
    return (x * x).astype(np.float32)


def py_func(func, inp, Tout, grad, shapes=None):
    """As scripts write it."""
    name = f"PyFuncGrad{np.random.randint(10**9)}"
    tf.RegisterGradient(name)(grad)
    with tf.get_default_graph().gradient_override_map({"PyFunc": name}):
        found = tf.py_func(func, inp, Tout, stateful=True)
    if shapes is not None:
        found[0].set_shape(shapes)
    return found[0]


@pytest.mark.parametrize("shape", [None, [3]])
def test_a_function_of_python_with_its_gradient(session, shape):
    calls = []

    def noted(x):
        calls.append(1)
        return squares(x)

    x = tf.placeholder(tf.float32, [3], name="x")
    w = tf.Variable(2.0, name="w")
    y = py_func(noted, [x * w], [tf.float32], lambda op, g: g * 2.0 * op.inputs[0], shape)
    loss = tf.reduce_sum(y * 3.0)
    value, (dx, dw) = session.run([loss, tf.gradients(loss, [x, w])], {x: [1, 2, 3]})
    assert value == 3 * 4 * 14.0
    assert dx.tolist() == [24.0, 48.0, 72.0]
    assert dw == 3 * 2 * 2 * 14.0
    assert len(calls) == 1


def test_the_rule_may_call_python(session):
    def slope(op, g):
        return g * tf.py_func(lambda x: (2 * x).astype(np.float32), [op.inputs[0]], tf.float32)

    x = tf.placeholder(tf.float32, [None])
    y = py_func(squares, [x], [tf.float32], slope)
    (dx,) = tf.gradients(tf.reduce_sum(y), [x])
    assert session.run(dx, {x: [1, -2]}).tolist() == [2.0, -4.0]


def test_known_operations_get_other_gradients(session):
    guide = f"GuidedRelu{np.random.randint(10**9)}"

    @tf.RegisterGradient(guide)
    def guided(op, g):
        return tf.where(g > 0, g * tf.cast(op.outputs[0] > 0, tf.float32), tf.zeros_like(g))

    x = tf.placeholder(tf.float32, [4])
    graph = tf.get_default_graph()
    with graph.gradient_override_map({"Relu": guide, "Sign": "Identity"}):
        rectified, signs = tf.nn.relu(x), tf.sign(x)
    plain = tf.nn.relu(x)
    weights = tf.constant([1.0, -1.0, 1.0, -1.0])
    feed = {x: [1, 2, -3, -4]}
    assert session.run(tf.gradients(rectified * weights, [x])[0], feed).tolist() == [1.0, 0.0, 0.0, 0.0]
    assert session.run(tf.gradients(plain * weights, [x])[0], feed).tolist() == [1.0, -1.0, 0.0, 0.0]
    value, slope = session.run([signs, tf.gradients(signs * weights, [x])[0]], feed)
    assert value.tolist() == [1.0, 1.0, -1.0, -1.0]
    assert slope.tolist() == [1.0, -1.0, 1.0, -1.0]


def test_unknown_and_taken_names():
    with tf.Graph().as_default() as graph, graph.gradient_override_map({"Relu": "NoSuchGradient"}):
        with pytest.raises(LookupError, match="no gradient is registered under 'NoSuchGradient'") as error:
            tf.nn.relu(tf.constant(1.0))
        assert "test_tf1_gradients.py" in str(error.value)
    tf.RegisterGradient("TakenInThisTest")(lambda op, g: g)
    with pytest.raises(KeyError, match="registered already"):
        tf.RegisterGradient("TakenInThisTest")
