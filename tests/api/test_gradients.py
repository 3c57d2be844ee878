"""Gradients through the public functions: unconnected, stopped, seeded, of higher order, by intermediate tensors."""

import numpy as np
import pytest
from both_modes import run_both

import graphc as gc


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


def test_none_where_nothing_is_connected():
    x, y = gc.placeholder(gc.float32, [3]), gc.placeholder(gc.float32, [3])
    through_integers = gc.cast(gc.cast(x, gc.int32), gc.float32)
    assert gc.gradients(x * 2.0, y) == [None]
    assert gc.gradients(through_integers, x) == [None]
    assert gc.gradients(gc.stop_gradient(x) * 2.0, x) == [None]
    assert gc.gradients(x * x, [x, y])[1] is None
    mixed = gc.gradients(x * through_integers, x)[0]
    np.testing.assert_array_equal(run_both(mixed, {x: [1.5, 2.5, 3.0]}), [1.0, 2.0, 3.0])


def test_stopped_seeded_and_intermediate():
    x = gc.placeholder(gc.float64, [2])
    a, b = x * 3.0, x * 3.0
    y = a * b + gc.exp(a)
    by_a, by_b = gc.gradients(y, [a, b])
    stopped = gc.gradients(y, x, stop_gradients=[a])[0]
    seeded = gc.gradients(y, x, grad_ys=[np.array([1.0, 0.0])])[0]
    value = np.array([0.1, -0.2])
    got = run_both([by_a, by_b, stopped, seeded], {x: value})
    np.testing.assert_allclose(got[0], 3 * value + np.exp(3 * value))
    np.testing.assert_allclose(got[1], 3 * value)
    np.testing.assert_allclose(got[2], 9 * value)
    np.testing.assert_allclose(got[3], (18 * value + 3 * np.exp(3 * value)) * [1, 0])


def test_second_order_against_formulas():
    x, v = gc.placeholder(gc.float64, [3]), gc.placeholder(gc.float64, [3])
    y = gc.reduce_sum(gc.sin(x)) * gc.reduce_sum(x)
    fetches = [gc.jacobian(gc.sin(x) * x[0], x), gc.hessian(y, x), gc.hvp(y, x, v)[0], gc.jvp(gc.sin(x), x, v)[0]]
    value, move = np.array([0.3, -1.0, 2.0]), np.array([1.0, 2.0, -0.5])
    got = run_both(fetches, {x: value, v: move})
    jacobian = np.diag(np.cos(value) * value[0])
    jacobian[:, 0] += np.sin(value)
    hessian = np.diag(-np.sin(value) * value.sum()) + np.cos(value)[:, None] + np.cos(value)[None]
    np.testing.assert_allclose(got[0], jacobian)
    np.testing.assert_allclose(got[1], hessian)
    np.testing.assert_allclose(got[2], hessian @ move)
    np.testing.assert_allclose(got[3], np.cos(value) * move)


def test_minimising_what_depends_on_nothing_says_why():
    gc.Variable(1.0, name="w")
    with pytest.raises(gc.GraphError, match=r"does not depend differentiably on any of the variables: w:0"):
        gc.train.GradientDescentOptimizer(0.1).minimize(gc.constant(1.0) * 2.0)


@pytest.mark.parametrize("mode", ["compile", "interpret"])
def test_derivatives_by_variables_of_another_graph(mode):
    with gc.Graph().as_default():
        w = gc.Variable([[2.0], [3.0]])
    with gc.Graph().as_default(), gc.Session(mode=mode) as session:
        x = gc.placeholder(gc.float32, [None, 2])
        loss = gc.reduce_sum(gc.square(gc.matmul(x, w)))
        (slope,) = gc.gradients(loss, [w])
        with gc.control_dependencies([gc.no_op()]):
            late = gc.reduce_sum(gc.square(w.value()))
        found = session.run([slope, gc.gradients(late, w)[0], gc.jacobian(loss, w)], {x: [[1.0, 1.0]]})
        np.testing.assert_allclose(found[0], [[10.0], [10.0]])
        np.testing.assert_allclose(found[1], [[4.0], [6.0]])
        np.testing.assert_allclose(found[2], found[0])
        train = gc.train.GradientDescentOptimizer(0.1).minimize(loss, var_list=[w])
        session.run(train, {x: [[1.0, 1.0]]})
        np.testing.assert_allclose(session.run(w), [[1.0], [2.0]])
