"""The guard against NaN: the first operation that makes one is named, and the run leaves nothing behind."""

import numpy as np
import pytest

import graphc as gc


@pytest.fixture(params=["compile", "interpret"])
def session(request):
    with gc.Graph().as_default():
        yield gc.Session(config=gc.Config(mode=request.param, nan_guard=True))


def test_the_first_operation_is_named_and_variables_stay(session):
    x = gc.placeholder(gc.float32, [None], name="x")
    w = gc.Variable([2.0, 2.0], name="w")
    root = gc.sqrt(x - 3.0)
    step = gc.assign(w, w * gc.exp(root))
    assert session.run(step, {x: [3, 3]}).tolist() == [2, 2]
    with pytest.raises(gc.NotANumberError, match=r"made by sqrt, 1 of 2 elements, the first at \[1\]") as raised:
        session.run(step, {x: [3, 2]})
    assert "test_nan_guard.py" in str(raised.value)
    assert "root = gc.sqrt(x - 3.0)" in str(raised.value)
    assert "from -1.0 to 0.0" in str(raised.value)
    assert session.run(w).tolist() == [2, 2]


def test_operations_of_the_gradient_are_named_with_the_line_they_belong_to(session):
    x = gc.placeholder(gc.float32, [None], name="x")
    safe = gc.where(x > 0.0, gc.sqrt(x), 0.0 * x)
    (slope,) = gc.gradients(gc.reduce_sum(safe), [x])
    assert session.run(slope, {x: [4.0]}).tolist() == [0.25]
    with pytest.raises(gc.NotANumberError, match="of the gradient") as raised:
        session.run(slope, {x: [4.0, 0.0]})
    assert "safe = gc.where" in str(raised.value)


def test_a_nan_that_is_fed_is_called_so(session):
    x = gc.placeholder(gc.float32, [None], name="x")
    with pytest.raises(gc.NotANumberError, match="a feed holds NaN"):
        session.run(x + 1.0, {x: [np.nan]})


def test_a_nan_that_a_variable_held_is_called_so(session):
    w = gc.Variable(np.array([np.nan, 1.0], np.float32), name="weights")
    with pytest.raises(gc.NotANumberError, match=r"a variable holds NaN \(weights"):
        session.run(w * 2.0)


def test_random_numbers_are_the_same_in_the_repeated_run(session):
    z = gc.random_uniform([1000], seed=3)
    odd = gc.sqrt(z - 0.001)
    with pytest.raises(gc.NotANumberError, match="made by sqrt") as raised:
        session.run(odd)
    again = gc.Session(mode="interpret").run(odd)
    assert f"{np.isnan(again).sum()} of 1000 elements" in str(raised.value)


def test_infinities_and_unguarded_sessions_pass():
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float32, [])
        guarded = gc.Session(config=gc.Config(nan_guard=True))
        assert guarded.run(1.0 / x, {x: 0.0}) == np.inf
        assert np.isnan(gc.Session().run(x / x, {x: 0.0}))


def test_a_guarded_function():
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float32, [])
        f = gc.function([x], gc.log(x), config=gc.Config(nan_guard=True))
        assert f(1.0) == 0
        with pytest.raises(gc.NotANumberError, match="made by log"):
            f(-1.0)
        assert f.report()["calls"]
