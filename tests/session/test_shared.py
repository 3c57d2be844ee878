"""Shared variables, and the arguments of functions."""

import numpy as np
import pytest

import graphc as gc


def test_get_and_set() -> None:
    with gc.Graph().as_default():
        w = gc.shared(np.array([1.0, 2.0]), "w")
        f = gc.function([], w * 2.0, updates=[(w, w + 1.0)])
        copy = w.get_value()
        assert f().tolist() == [2, 4]
        assert copy.tolist() == [1, 2]
        assert w.get_value().tolist() == w.eval().tolist() == [2, 3]
        held = w.get_value(borrow=True)
        f()
        assert held.tolist() == [3, 4]
        w.set_value([0, 0])
        assert f().tolist() == [0, 0]
        copy[:] = 9
        assert w.get_value().tolist() == [1, 1]


def test_a_fixed_shape_is_kept_and_another_may_change() -> None:
    with gc.Graph().as_default():
        w, data = gc.shared(np.zeros(2), "w"), gc.shared(np.zeros((0, 2)), fixed_shape=False)
        with pytest.raises(gc.GraphError, match=r"w:0 has shape \(2,\).*fixed_shape=False"):
            w.set_value(np.zeros(3))
        f = gc.function([], gc.reduce_sum(data, axis=0))
        assert f().tolist() == [0, 0]
        data.set_value([[1, 2], [3, 4], [5, 6]])
        assert f().tolist() == [9, 12]


def test_it_is_not_trained_by_default() -> None:
    with gc.Graph().as_default():
        w = gc.shared(1.0)
        assert gc.trainable_variables() == []
        assert gc.global_variables() == [w]


def test_updates_see_old_values_and_widen() -> None:
    with gc.Graph().as_default():
        a, b = gc.shared(np.array(1.0)), gc.shared(np.array(2.0))
        step = gc.placeholder(gc.int32, [])
        f = gc.function([step], [a, b], updates={a: b, b: a + b})
        assert f(0) == [1, 2]
        assert f(0) == [2, 3]
        assert f(0) == [3, 5]
        gc.function([step], [], updates=[(a, step)])(7)
        assert a.get_value() == 7
        with pytest.raises(gc.GraphError, match="Cast it first"):
            gc.function([], [], updates=[(gc.shared(np.int32(1)), a)])


def test_unused_inputs() -> None:
    with gc.Graph().as_default():
        x, y = gc.placeholder(gc.float64, [], name="x"), gc.placeholder(gc.float64, [], name="y")
        with pytest.raises(gc.GraphError, match="depends on its input y: leave it out"):
            gc.function([x, y], x * 2.0, on_unused_input="raise")
        with pytest.warns(UserWarning, match="depends on its input y"):
            f = gc.function([x, y], x * 2.0, on_unused_input="warn")
        assert f(1.0, 5.0) == 2
        assert gc.function([x], x, on_unused_input="raise")(4.0) == 4
        with pytest.raises(gc.GraphError, match="on_unused_input is one of"):
            gc.function([x], x, on_unused_input="error")


def test_names_and_defaults() -> None:
    with gc.Graph().as_default():
        x = gc.placeholder(gc.float64, [], name="x")
        again = gc.placeholder(gc.float64, [], name="x")
        z = gc.placeholder(gc.float64, [], name="z")
        f = gc.function([x, gc.In(z, 10.0, name="rate")], x * z, name="scaled")
        assert f.name == "scaled"
        assert (f(2.0), f(2.0, 3.0), f(x=2.0, rate=4.0), f(2.0, rate=5.0)) == (20, 6, 8, 10)
        g = gc.function([again], again + 1.0)
        assert (g(x=1.0), g(x_1=1.0)) == (2, 2)
        with pytest.raises(gc.FeedError, match="values are missing for x"):
            f(rate=1.0)
        with pytest.raises(gc.FeedError, match="takes x, rate"):
            f(1.0, y=2.0)
        both = gc.function([x, again], x - again)
        assert both(x=3.0, x_1=1.0) == 2


def test_downcast_when_allowed() -> None:
    with gc.Graph().as_default():
        n = gc.placeholder(gc.int32, [None], name="n")
        with pytest.raises(gc.FeedError, match="do not fit"):
            gc.function([n], n)([1.5])
        assert gc.function([n], n, allow_input_downcast=True)([1.5, -1.5]).tolist() == [1, -1]
