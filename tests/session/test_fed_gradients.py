"""Gradients pass through fed tensors: the fed value is used after it, the derivative of what computes it before it."""

import numpy as np
import pytest

import graphc as gc
from tests.both_modes import CONFIGS, run_both, session

X = np.array([1.0, 2.0, -0.5])
Y = np.array([3.0, 1.0, 4.0])


@pytest.fixture(autouse=True)
def graph():
    with gc.Graph().as_default() as g:
        yield g


def placeholder(shape=(None,), name="x"):
    return gc.placeholder(gc.float64, list(shape), name=name)


def test_the_fed_value_is_used_after_and_the_operands_before():
    x = placeholder()
    y = x * x
    z = y * y * y
    (slope,) = gc.gradients(z, x)
    np.testing.assert_allclose(run_both(slope, {x: X, y: Y}), 3 * Y**2 * 2 * X)
    np.testing.assert_allclose(run_both(slope, {x: X}), 6 * X**5)


def test_the_slope_at_the_fed_tensor_itself_and_before_it():
    x = placeholder()
    y = x * x
    z = gc.exp(y)
    at_y, at_x = run_both(gc.gradients(z, [y, x]), {x: X, y: Y})
    np.testing.assert_allclose(at_y, np.exp(Y))
    np.testing.assert_allclose(at_x, np.exp(Y) * 2 * X)


def test_two_feeds_on_one_path_and_two_paths():
    x = placeholder()
    a = gc.sin(x)
    b = a * a
    z = b * b + 5.0 * a + gc.exp(x)
    (slope,) = gc.gradients(z, x)
    found = run_both(slope, {x: X, a: Y, b: Y + 1})
    np.testing.assert_allclose(found, (2 * (Y + 1) * 2 * Y + 5) * np.cos(X) + np.exp(X))


def test_the_second_derivative_passes_through_as_well():
    x = placeholder()
    y = x * x
    (first,) = gc.gradients(y * y * y, x)
    (second,) = gc.gradients(first, x)
    np.testing.assert_allclose(run_both(second, {x: X, y: Y}), 6 * Y * (2 * X) ** 2 + 3 * Y**2 * 2)


def test_a_fed_gradient_is_differentiated_as_computed():
    x = placeholder()
    (first,) = gc.gradients(x * x * x, x)
    (second,) = gc.gradients(first * first, x)
    np.testing.assert_allclose(run_both(second, {x: X, first: Y}), 2 * Y * 6 * X)
    np.testing.assert_array_equal(run_both(first * 1.0, {first: Y}), Y)


def test_jacobian_and_hessian_pass_through():
    x = placeholder((3,))
    y = x * x
    np.testing.assert_allclose(run_both(gc.jacobian(y * y, x), {x: X, y: Y}), np.diag(2 * Y * 2 * X))
    curved = gc.hessian(gc.reduce_sum(y * y), x)
    np.testing.assert_allclose(run_both(curved, {x: X, y: Y}), np.diag(2 * (2 * X) ** 2 + 2 * Y * 2))


def test_jvp_and_hvp_pass_through():
    x = placeholder()
    y = x * x
    (moved,) = gc.jvp(y * y, x, np.ones(3))
    np.testing.assert_allclose(run_both(moved, {x: X, y: Y}), 2 * Y * 2 * X)
    (product,) = gc.hvp(gc.reduce_sum(y * y), x, np.ones(3))
    np.testing.assert_allclose(run_both(product, {x: X, y: Y}), 2 * (2 * X) ** 2 + 2 * Y * 2)


def test_a_variable_before_the_feed_gets_its_gradient():
    w = gc.Variable(np.array([2.0, -1.0, 0.5]))
    x = placeholder()
    hidden = w * x
    (slope,) = gc.gradients(gc.reduce_sum(hidden * hidden), w)
    np.testing.assert_allclose(run_both(slope, {x: X, hidden: Y}), 2 * Y * X)


@pytest.mark.parametrize("mode", CONFIGS)
def test_an_optimizer_step_with_a_fed_layer(mode):
    w = gc.Variable(np.array([2.0, -1.0, 0.5]))
    x = placeholder()
    hidden = w * x
    train = gc.train.GradientDescentOptimizer(0.25).minimize(gc.reduce_sum(hidden * hidden))
    with session(mode) as running:
        running.run(train, {x: X, hidden: Y})
        np.testing.assert_allclose(running.run(w), np.array([2.0, -1.0, 0.5]) - 0.25 * 2 * Y * X)


def test_a_fed_variable_is_differentiated_at_the_fed_value():
    w = gc.Variable(np.array([2.0, -1.0, 0.5]))
    loss = gc.reduce_sum(w * w)
    (slope,) = gc.gradients(loss, w)
    np.testing.assert_allclose(run_both(slope, {w: Y}), 2 * Y)
    np.testing.assert_allclose(run_both(slope), [4.0, -2.0, 1.0])


def test_a_default_that_is_replaced_passes_the_gradient_on():
    w = gc.Variable(np.array([2.0, -1.0, 0.5]))
    chosen = gc.identity(w)
    (slope,) = gc.gradients(gc.reduce_sum(chosen * chosen), w)
    np.testing.assert_allclose(run_both(slope, {chosen: Y}), 2 * Y)


def test_no_gradient_passes_through_a_fed_integer():
    x = placeholder()
    rounded = gc.cast(x, gc.int32)
    z = gc.cast(rounded, gc.float64) * x
    (slope,) = gc.gradients(z, x)
    np.testing.assert_allclose(run_both(slope, {x: X, rounded: np.array([1, 2, 3], np.int32)}), [1.0, 2.0, 3.0])


def test_stopped_and_cut_paths_stay_cut():
    x = placeholder()
    y = x * x
    (stopped,) = gc.gradients(gc.stop_gradient(y) * y, x)
    np.testing.assert_allclose(run_both(stopped, {x: X, y: Y}), Y * 2 * X)
    (cut,) = gc.gradients(y * x, x, stop_gradients=[y])
    np.testing.assert_allclose(run_both(cut, {x: X, y: Y}), Y)


def test_what_no_gradient_needs_is_not_computed():
    x, unfed = placeholder(), placeholder(name="unfed")
    y = x * unfed
    z = y * y
    np.testing.assert_allclose(run_both(z, {y: Y}), Y**2)
    (at_y,) = gc.gradients(z, y)
    np.testing.assert_allclose(run_both(at_y, {y: Y}), 2 * Y)
    other = placeholder(name="other")
    at_other = gc.gradients(y * other, [other])[0]
    np.testing.assert_allclose(run_both(at_other, {y: Y, other: X}), Y)


def test_only_the_gradients_that_are_fetched_need_what_is_before_the_feed():
    x = placeholder()
    first, second = gc.Variable(np.full(3, 2.0)), gc.Variable(np.full(3, 5.0))
    hidden = x * first
    slopes = gc.gradients(gc.reduce_sum(hidden * hidden * second), [first, second])
    np.testing.assert_allclose(run_both(slopes[1], {hidden: Y}), Y**2)
    with pytest.raises(gc.GraphError, match=r"x .*must be fed.*fed mul:0"):
        gc.Session(mode="interpret").run(slopes[0], {hidden: Y})


def test_a_placeholder_before_the_feed_that_the_gradient_needs_is_asked_for():
    x, p = placeholder(), placeholder(name="p")
    y = x * p
    (slope,) = gc.gradients(y * y, x)
    for mode in CONFIGS:
        with pytest.raises(gc.GraphError, match=r"placeholder p .*must be fed(.|\n)*test_fed_gradients.py"):
            session(mode).run(slope, {x: X, y: Y})
    np.testing.assert_allclose(run_both(slope, {x: X, p: Y, y: Y}), 2 * Y * Y)


def test_assignments_before_the_feed_run_only_with_its_gradient():
    x = placeholder()
    count = gc.Variable(0.0)
    with gc.control_dependencies([gc.assign_add(count, 1.0)]):
        y = x * x
    (slope,) = gc.gradients(y * y, x)
    for mode in CONFIGS:
        with session(mode) as running:
            running.run(y * y, {y: Y})
            assert running.run(count) == 0.0
            running.run(slope, {x: X, y: Y})
            assert running.run(count) == 1.0


@pytest.mark.parametrize("mode", CONFIGS)
def test_a_feed_of_another_size_names_the_tensor_that_is_fed(mode):
    x = placeholder()
    y = gc.multiply(x, x, name="squared")
    (slope,) = gc.gradients(y * y, x)
    with pytest.raises(gc.GraphError, match=r"sizes 2 and 3(.|\n)*feed of squared:0(.|\n)*test_fed_gradients.py"):
        session(mode).run(slope, {x: X, y: Y[:2]})


@pytest.mark.parametrize("mode", CONFIGS)
def test_a_feed_of_another_rank_names_the_tensor_that_is_fed(mode):
    x = gc.placeholder(gc.float64)
    y = gc.multiply(x, x, name="squared")
    (slope,) = gc.gradients(y * y, x)
    running = session(mode)
    np.testing.assert_allclose(running.run(slope, {x: X, y: Y}), 2 * Y * 2 * X)
    with pytest.raises(gc.GraphError, match=r"is fed to squared:0(.|\n)*one shape(.|\n)*test_fed_gradients.py"):
        running.run(slope, {x: X, y: Y[None]})


def test_the_feed_is_gone_before_code_is_generated():
    x = placeholder((3,))
    y = gc.sigmoid(x)
    (slope,) = gc.gradients(gc.reduce_sum(gc.log(y)), x)
    with gc.Session(config=gc.Config(cache=False)) as running:
        found = running.run(slope, {x: X, y: np.full(3, 0.5)})
        report = running.report(slope, [x, y])
    s = 1 / (1 + np.exp(-X))
    np.testing.assert_allclose(found, 2 * s * (1 - s))
    assert len(report["calls"]) == 1
    assert report["kernels"]["host"] == 0
